"""Here are the routes of flows."""

from routilux.commands import Done, Findings, ForgetFlow, Validate
from routilux_monitor.contract import flows as contract
from routilux_monitor.contract.fields import Page
from routilux_monitor.monitor import Monitor
from routilux_monitor.rest import find
from routilux_monitor.rest.asking import ask
from routilux_monitor.rest.jobs import ASKED
from routilux_monitor.routes import Call, NoBody, NoQuery, route
from routilux_monitor.views import flows as views
from routilux_monitor.views.values import values


async def list_flows(monitor: Monitor, call: Call[NoBody, Page]) -> contract.FlowList:
    """The flows of all runtimes, by name."""
    known = sorted(monitor.known.flows.items())
    shown = known[call.query.offset : call.query.offset + call.query.limit]
    return contract.FlowList([views.flow(record.info) for _, record in shown], len(known))


async def get_flow(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Flow:
    """One flow: its routines and connections."""
    return views.flow((await find.flow(monitor, call.path["flow_id"])).info)


async def forget(monitor: Monitor, call: Call[NoBody, NoQuery]) -> None:
    """End a flow's processes and cancel its jobs, as DELETE /workers/{worker_id} does, and let its runtime
    forget it. It is listed on only while there are jobs of it, or once its program runs it again.
    """
    record = await find.live_flow(monitor, call.path["flow_id"])
    await ask(monitor, record.runtime_id, ForgetFlow(record.flow_id), Done)
    await monitor.known.forget_flow(record.flow_id)


async def get_metrics(
    monitor: Monitor, call: Call[NoBody, contract.FlowMetricsQuery]
) -> contract.FlowMetrics:
    """How many jobs of a flow there were, and the metrics of the newest."""
    info = (await find.flow(monitor, call.path["flow_id"])).info
    counts = await monitor.known.count_jobs(flow_id=info.flow_id)
    newest = await monitor.known.find_jobs(flow_id=info.flow_id, limit=call.query.limit)
    return views.flow_metrics(info, counts, newest.jobs)


async def get_values(monitor: Monitor, call: Call[NoBody, contract.ValuesQuery]) -> contract.ValueList:
    """What has passed a place of a flow lately, as far as the traces of its jobs tell."""
    info = (await find.flow(monitor, call.path["flow_id"])).info
    jobs = [job for job in monitor.known.jobs.values() if job.flow_id == info.flow_id]
    return values(jobs, call.query)


async def validate(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Validation:
    """What `flow.validate()` finds."""
    record = await find.live_flow(monitor, call.path["flow_id"])
    return views.validation(await ask(monitor, record.runtime_id, Validate(record.flow_id), Findings))


async def list_routines(monitor: Monitor, call: Call[NoBody, NoQuery]) -> dict[str, contract.FlowRoutine]:
    """The routines of a flow, by id."""
    return views.routines((await find.flow(monitor, call.path["flow_id"])).info)


async def get_routine(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.RoutineInfo:
    """One routine: its slots, events, policy and configuration."""
    info = (await find.flow(monitor, call.path["flow_id"])).info
    return views.routine_info(find.routine(info, call.path["routine_id"]))


async def list_connections(monitor: Monitor, call: Call[NoBody, NoQuery]) -> list[contract.Connection]:
    """The connections of a flow, in its order."""
    return [views.connection(c) for c in (await find.flow(monitor, call.path["flow_id"])).info.connections]


ROUTES = (
    route("GET", "/flows", list_flows),
    route("GET", "/flows/{flow_id}", get_flow, "FLOW_NOT_FOUND"),
    route("DELETE", "/flows/{flow_id}", forget, "FLOW_NOT_FOUND", *ASKED, status=204),
    route("GET", "/flows/{flow_id}/metrics", get_metrics, "FLOW_NOT_FOUND"),
    route("GET", "/flows/{flow_id}/values", get_values, "FLOW_NOT_FOUND"),
    route(
        "POST",
        "/flows/{flow_id}/validate",
        validate,
        "FLOW_NOT_FOUND",
        "RUNTIME_SHUTDOWN",
        "TIMEOUT_EXCEEDED",
    ),
    route("GET", "/flows/{flow_id}/routines", list_routines, "FLOW_NOT_FOUND"),
    route(
        "GET",
        "/flows/{flow_id}/routines/{routine_id}/info",
        get_routine,
        "FLOW_NOT_FOUND",
        "ROUTINE_NOT_FOUND",
    ),
    route("GET", "/flows/{flow_id}/connections", list_connections, "FLOW_NOT_FOUND"),
)
