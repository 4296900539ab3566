"""Here are the routes of breakpoints: of one job, and of a flow for all of its jobs."""

from routilux.commands import Done
from routilux.debug.conditions import check
from routilux.debugcommands import (
    BreakpointList,
    ChangeBreakpoint,
    ListBreakpoints,
    RemoveBreakpoint,
    SetBreakpoint,
)
from routilux_monitor.contract import debugging as contract
from routilux_monitor.contract.errors import ApiError
from routilux_monitor.monitor import Monitor
from routilux_monitor.rest import find
from routilux_monitor.rest.asking import ask
from routilux_monitor.rest.debugfields import changes_of, fields_of
from routilux_monitor.rest.jobs import ASKED
from routilux_monitor.roles import Role
from routilux_monitor.routes import Call, NoBody, NoQuery, route
from routilux_monitor.views import debugging as views

Post = Call[contract.BreakpointPost, NoQuery]
Put = Call[contract.BreakpointPut, NoQuery]
Get = Call[NoBody, NoQuery]


async def list_of_job(monitor: Monitor, call: Get) -> contract.BreakpointList:
    """The breakpoints that concern a job, those of its flow among them; none once it has ended."""
    record = await find.job(monitor, call.path["job_id"])
    if record.ended:
        return contract.BreakpointList([], 0)
    request = ListBreakpoints(record.job_id, renews=call.role is Role.DEBUG)
    return views.breakpoints((await ask(monitor, record.runtime_id, request, BreakpointList)).breakpoints)


async def set_for_job(monitor: Monitor, call: Post) -> contract.Breakpoint:
    """Hold messages of a job, from the next one on."""
    record = await find.job(monitor, call.path["job_id"])
    request = SetBreakpoint(fields_of(call.body), job_id=record.job_id)
    return await _one(monitor, record.runtime_id, request)


async def change_for_job(monitor: Monitor, call: Put) -> contract.Breakpoint:
    """Change a breakpoint. What is held at it stays held."""
    record = await find.job(monitor, call.path["job_id"])
    request = ChangeBreakpoint(call.path["breakpoint_id"], changes_of(call.body), job_id=record.job_id)
    return await _one(monitor, record.runtime_id, request)


async def remove_for_job(monitor: Monitor, call: Get) -> None:
    """Take a breakpoint away. What is held at it goes on."""
    record = await find.job(monitor, call.path["job_id"])
    request = RemoveBreakpoint(call.path["breakpoint_id"], job_id=record.job_id)
    await ask(monitor, record.runtime_id, request, Done)


async def list_of_flow(monitor: Monitor, call: Get) -> contract.BreakpointList:
    """The breakpoints of a flow for all of its jobs."""
    record = await find.live_flow(monitor, call.path["flow_id"])
    request = ListBreakpoints(flow_id=record.flow_id)
    return views.breakpoints((await ask(monitor, record.runtime_id, request, BreakpointList)).breakpoints)


async def set_for_flow(monitor: Monitor, call: Post) -> contract.Breakpoint:
    """Hold messages of every job of a flow. Its processes are started if they do not run."""
    record = await find.live_flow(monitor, call.path["flow_id"])
    return await _one(monitor, record.runtime_id, SetBreakpoint(fields_of(call.body), flow_id=record.flow_id))


async def change_for_flow(monitor: Monitor, call: Put) -> contract.Breakpoint:
    """Change a breakpoint of a flow."""
    return await _change(monitor, call.path["flow_id"], call)


async def change_for_worker(monitor: Monitor, call: Put) -> contract.Breakpoint:
    """Change a breakpoint of the flow that a worker runs."""
    instance = find.instance(monitor, call.path["worker_id"])
    if instance.stopped_at is not None:
        why = f"worker {instance.worker_id!r} is stopped"
        raise ApiError("WORKER_NOT_RUNNING", why, worker_id=instance.worker_id)
    return await _change(monitor, instance.flow_id, call)


async def _change(monitor: Monitor, flow_id: str, call: Put) -> contract.Breakpoint:
    record = await find.live_flow(monitor, flow_id)
    request = ChangeBreakpoint(call.path["breakpoint_id"], changes_of(call.body), flow_id=flow_id)
    return await _one(monitor, record.runtime_id, request)


async def remove_for_flow(monitor: Monitor, call: Get) -> None:
    """Take a breakpoint of a flow away. What is held at it goes on."""
    record = await find.live_flow(monitor, call.path["flow_id"])
    request = RemoveBreakpoint(call.path["breakpoint_id"], flow_id=record.flow_id)
    await ask(monitor, record.runtime_id, request, Done)


async def _one(
    monitor: Monitor, runtime_id: str, request: SetBreakpoint | ChangeBreakpoint
) -> contract.Breakpoint:
    answer = await ask(monitor, runtime_id, request, BreakpointList)
    return views.breakpoint_(answer.breakpoints[0])


async def check_condition(
    monitor: Monitor, call: Call[contract.ConditionPost, NoQuery]
) -> contract.ConditionChecked:
    """Whether a text is a condition, and if not, what is wrong where. Nothing is set."""
    problem = check(call.body.condition)
    if problem is None:
        return contract.ConditionChecked(valid=True, message=None, column=None, length=None)
    return contract.ConditionChecked(
        valid=False, message=problem.message, column=problem.column, length=problem.length
    )


_JOB = ("JOB_NOT_FOUND", "JOB_ALREADY_COMPLETED", *ASKED)
_FLOW = ("FLOW_NOT_FOUND", *ASKED)
_GONE = "BREAKPOINT_NOT_FOUND"
_OF_JOB, _OF_FLOW = "/jobs/{job_id}/breakpoints", "/flows/{flow_id}/breakpoints"
_ONE = "/{breakpoint_id}"

ROUTES = (
    route("GET", _OF_JOB, list_of_job, "JOB_NOT_FOUND", *ASKED),
    route("POST", _OF_JOB, set_for_job, *_JOB, status=201),
    route("PUT", _OF_JOB + _ONE, change_for_job, *_JOB, _GONE),
    route("DELETE", _OF_JOB + _ONE, remove_for_job, *_JOB, _GONE, status=204),
    route("GET", _OF_FLOW, list_of_flow, *_FLOW),
    route("POST", _OF_FLOW, set_for_flow, *_FLOW, status=201),
    route("PUT", _OF_FLOW + _ONE, change_for_flow, *_FLOW, _GONE),
    route("DELETE", _OF_FLOW + _ONE, remove_for_flow, *_FLOW, _GONE, status=204),
    route(
        "PUT",
        "/workers/{worker_id}/breakpoints" + _ONE,
        change_for_worker,
        *_FLOW,
        "WORKER_NOT_FOUND",
        "WORKER_NOT_RUNNING",
        _GONE,
    ),
    route("POST", "/conditions/check", check_condition),
)
