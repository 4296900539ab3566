"""Here are the routes that tell what a job's routines and slots do, and have done."""

from routilux import clock
from routilux_monitor import perfetto
from routilux_monitor.contract import jobs as contract
from routilux_monitor.contract import metrics
from routilux_monitor.contract.errors import ApiError
from routilux_monitor.lineage import Lineage
from routilux_monitor.model import JobRecord
from routilux_monitor.monitor import Monitor
from routilux_monitor.rest import find
from routilux_monitor.roles import Role
from routilux_monitor.routes import Call, File, NoBody, NoQuery, route
from routilux_monitor.views import recordings, states, traces
from routilux_monitor.views.metrics import job_metrics


async def get_monitoring(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Monitoring:
    """All routines of a job's flow: what they do, what waits before them, what they are."""
    record = await find.job(monitor, call.path["job_id"])
    info = await find.flow_of(monitor, record)
    return states.monitoring(record, info, find.instance_of(monitor, record), clock.wall())


async def get_routines(monitor: Monitor, call: Call[NoBody, NoQuery]) -> dict[str, metrics.ExecutionState]:
    """What each routine does and has done for a job."""
    record = await find.job(monitor, call.path["job_id"])
    return states.of_job(record, await find.flow_of(monitor, record), find.instance_of(monitor, record))


async def get_queues(monitor: Monitor, call: Call[NoBody, NoQuery]) -> dict[str, list[metrics.QueueStatus]]:
    """What waits before each routine, all jobs of the running flow together."""
    record = await find.job(monitor, call.path["job_id"])
    return states.queues(await find.flow_of(monitor, record), find.instance_of(monitor, record))


async def get_queue(monitor: Monitor, call: Call[NoBody, NoQuery]) -> list[metrics.QueueStatus]:
    """What waits before one routine, all jobs of the running flow together."""
    record = await find.job(monitor, call.path["job_id"])
    info = await find.flow_of(monitor, record)
    routine = find.routine(info, call.path["routine_id"])
    return states.queues_of(routine, states.ways(info), find.instance_of(monitor, record))


async def get_metrics(monitor: Monitor, call: Call[NoBody, NoQuery]) -> metrics.JobMetrics:
    """Durations, counts and errors of a job, by routine."""
    return job_metrics(await find.job(monitor, call.path["job_id"]))


async def get_execution_trace(
    monitor: Monitor, call: Call[NoBody, metrics.TraceQuery]
) -> metrics.ExecutionTrace:
    """The events of a job, the oldest first."""
    record = await find.job(monitor, call.path["job_id"])
    return traces.trace(record, call.query.routine_id, call.query.offset, call.query.limit)


async def get_trace(monitor: Monitor, call: Call[NoBody, metrics.TraceFileQuery]) -> File:
    """The whole trace as a file: as in /execution-trace, or for Perfetto, with arrows between processes."""
    record = await find.job(monitor, call.path["job_id"])
    if call.query.format == "json":
        return File(f"{record.job_id}.json", traces.trace(record, "", 0, None))
    shown = record if call.role is Role.DEBUG else traces.without_payloads(record)
    return File(f"{record.job_id}.perfetto.json", perfetto.trace(shown))


async def get_lineage(monitor: Monitor, call: Call[NoBody, NoQuery]) -> metrics.Lineage:
    """Which messages a message of a traced job was made of, and what was made of it."""
    record = await find.job(monitor, call.path["job_id"])
    return traces.lineage(record.job_id, await _message(monitor, record, call.path["message_id"]))


async def get_recording(monitor: Monitor, call: Call[NoBody, NoQuery]) -> metrics.MessageRecording:
    """A message of a job that was traced as a whole, to be replayed.

    It is there if it has at most 4 KiB, as long as the trace has it.
    """
    record, message_id = await find.job(monitor, call.path["job_id"]), call.path["message_id"]
    found = await _message(monitor, record, message_id)
    copy = record.copies.get(message_id)
    if copy is None:
        raise ApiError("MESSAGE_NOT_KEPT", recordings.why_not(record, message_id))
    return recordings.recording(record, found, copy)


async def _message(monitor: Monitor, record: JobRecord, message_id: str) -> Lineage:
    found = await monitor.known.lineage(record.job_id, message_id)
    if found is None:
        raise ApiError(
            "MESSAGE_NOT_FOUND",
            f"the trace of job {record.job_id!r} has no message {message_id!r}",
            is_traced=record.is_traced,
            trace_dropped=record.trace_dropped,
        )
    return found


_GRAPH = ("JOB_NOT_FOUND", "FLOW_NOT_FOUND")

ROUTES = (
    route("GET", "/jobs/{job_id}/monitoring", get_monitoring, *_GRAPH),
    route("GET", "/jobs/{job_id}/routines/status", get_routines, *_GRAPH),
    route("GET", "/jobs/{job_id}/queues/status", get_queues, *_GRAPH),
    route(
        "GET", "/jobs/{job_id}/routines/{routine_id}/queue-status", get_queue, *_GRAPH, "ROUTINE_NOT_FOUND"
    ),
    route("GET", "/jobs/{job_id}/metrics", get_metrics, "JOB_NOT_FOUND"),
    route("GET", "/jobs/{job_id}/execution-trace", get_execution_trace, "JOB_NOT_FOUND"),
    route("GET", "/jobs/{job_id}/trace", get_trace, "JOB_NOT_FOUND"),
    route(
        "GET",
        "/jobs/{job_id}/messages/{message_id}/lineage",
        get_lineage,
        "JOB_NOT_FOUND",
        "MESSAGE_NOT_FOUND",
    ),
    route(
        "GET",
        "/jobs/{job_id}/messages/{message_id}/recording",
        get_recording,
        "JOB_NOT_FOUND",
        "MESSAGE_NOT_FOUND",
        "MESSAGE_NOT_KEPT",
    ),
)
