"""Here is how a request's names become what they name; what is not there is an error."""

from routilux.commands import FlowInfo, RoutineInfo
from routilux_monitor.contract.errors import ApiError
from routilux_monitor.model import FlowRecord, Instance, JobRecord, RuntimeRecord
from routilux_monitor.monitor import Monitor


async def flow(monitor: Monitor, flow_id: str) -> FlowRecord:
    """Whoever has just made a flow finds it, though the feed may not have heard of it yet."""
    if flow_id not in monitor.known.flows:
        await monitor.known.refresh()
    found = monitor.known.flows.get(flow_id)
    if found is None:
        raise ApiError("FLOW_NOT_FOUND", f"no flow {flow_id!r} is known", flow_id=flow_id)
    return found


async def live_flow(monitor: Monitor, flow_id: str) -> FlowRecord:
    """As `flow`, for a request that its runtime has to carry out: an earlier run of the name does not stand
    in the way of one that has just begun.
    """
    found = await flow(monitor, flow_id)
    runtime = monitor.known.runtimes.get(found.runtime_id)
    if runtime is None or runtime.is_gone:
        await monitor.known.refresh()
        found = await flow(monitor, flow_id)
    return found


def routine(info: FlowInfo, routine_id: str) -> RoutineInfo:
    for found in info.routines:
        if found.routine_id == routine_id:
            return found
    raise ApiError(
        "ROUTINE_NOT_FOUND",
        f"flow {info.flow_id!r} has no routine {routine_id!r}",
        routine_id=routine_id,
        routines=[r.routine_id for r in info.routines],
    )


async def job(monitor: Monitor, job_id: str) -> JobRecord:
    """One that has just begun, though the feed may not have heard of it yet, rather than one of an earlier
    runtime that had the same id.
    """
    found = monitor.known.jobs.get(job_id)
    if found is None:
        await monitor.known.refresh()
        found = monitor.known.jobs.get(job_id) or await monitor.known.past_job(job_id)
    if found is None:
        raise ApiError("JOB_NOT_FOUND", f"no job {job_id!r} is known", job_id=job_id)
    return found


def instance(monitor: Monitor, worker_id: str) -> Instance:
    found = monitor.known.instances.get(worker_id)
    if found is None:
        raise ApiError("WORKER_NOT_FOUND", f"no worker {worker_id!r} is known", worker_id=worker_id)
    return found


def runtime(monitor: Monitor, runtime_id: str) -> RuntimeRecord:
    found = monitor.known.runtimes.get(runtime_id)
    if found is None:
        raise ApiError("RUNTIME_NOT_FOUND", f"no runtime {runtime_id!r} is known", runtime_id=runtime_id)
    return found


async def flow_of(monitor: Monitor, record: JobRecord) -> FlowInfo:
    """The graph that a job runs in."""
    return (await flow(monitor, record.flow_id)).info


def instance_of(monitor: Monitor, record: JobRecord) -> Instance | None:
    """Where a job runs, if that is still known."""
    return monitor.known.instances.get(record.worker_id)
