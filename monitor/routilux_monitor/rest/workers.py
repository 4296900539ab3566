"""Here are the routes of workers: running instances of flows."""

from msgspec import structs

from routilux import clock
from routilux.commands import AboutFlow, ActOnFlow, StartFlow
from routilux_monitor.contract import jobs as jobs_contract
from routilux_monitor.contract import metrics
from routilux_monitor.contract import workers as contract
from routilux_monitor.contract.errors import ApiError, invalid
from routilux_monitor.contract.fields import Page
from routilux_monitor.model import Instance
from routilux_monitor.monitor import Monitor
from routilux_monitor.rest import find
from routilux_monitor.rest.asking import ask
from routilux_monitor.rest.jobs import ASKED
from routilux_monitor.routes import Call, NoBody, NoQuery, route
from routilux_monitor.views import jobs as jobs_views
from routilux_monitor.views import states
from routilux_monitor.views import workers as views
from routilux_monitor.views.times import seconds

AVERAGED = 1000
"""Jobs, the newest, that the average duration of a worker is made of."""


async def start(monitor: Monitor, call: Call[contract.WorkerPost, NoQuery]) -> contract.Worker:
    """Start a flow's processes. If they run already, that instance is the answer."""
    record = await find.live_flow(monitor, call.body.flow_id)
    wanted, running = call.body.worker_id, record.info.worker_id
    if wanted is not None and wanted != running:
        raise invalid(
            "the runtime chooses the id of a new worker: leave `worker_id` out",
            place="body",
            pointer="/worker_id",
        )
    answer = await ask(monitor, record.runtime_id, StartFlow(record.flow_id), AboutFlow)
    info = answer.flow
    return contract.Worker(
        worker_id=info.worker_id,
        flow_id=info.flow_id,
        status=info.state,
        created_at=seconds(info.started_at),
        started_at=seconds(info.started_at),
        jobs_processed=info.jobs_processed,
        jobs_failed=info.jobs_failed,
        runtime_id=record.runtime_id,
        stopped_at=None,
    )


async def list_workers(monitor: Monitor, call: Call[NoBody, contract.WorkerQuery]) -> contract.WorkerList:
    """Running instances and those that ran while this monitor did, the newest first."""
    query = call.query
    found = [
        instance
        for instance in monitor.known.instances.values()
        if query.flow_id in ("", instance.flow_id) and query.runtime_id in ("", instance.runtime_id)
    ]
    found.sort(key=lambda instance: instance.started_at, reverse=True)
    return views.page(found, query.limit, query.offset)


async def get_worker(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Worker:
    """One instance."""
    return views.worker(find.instance(monitor, call.path["worker_id"]))


async def stop(monitor: Monitor, call: Call[NoBody, NoQuery]) -> None:
    """End an instance's processes; its jobs are cancelled."""
    await _act(monitor, call.path["worker_id"], "stop")


async def pause(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Worker:
    """Pause all jobs of an instance."""
    return await _acted(monitor, call.path["worker_id"], "pause")


async def resume(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Worker:
    """Go on with all jobs of an instance."""
    return await _acted(monitor, call.path["worker_id"], "resume")


async def _acted(monitor: Monitor, worker_id: str, action: str) -> contract.Worker:
    instance, answer = await _act(monitor, worker_id, action)
    return structs.replace(
        views.worker(instance),
        status=answer.flow.state,
        jobs_processed=answer.flow.jobs_processed,
        jobs_failed=answer.flow.jobs_failed,
    )


async def _act(monitor: Monitor, worker_id: str, action: str) -> tuple[Instance, AboutFlow]:
    instance = find.instance(monitor, worker_id)
    if instance.stopped_at is not None:
        raise ApiError("WORKER_NOT_RUNNING", f"worker {worker_id!r} is stopped", worker_id=worker_id)
    return instance, await ask(monitor, instance.runtime_id, ActOnFlow(worker_id, action), AboutFlow)


async def list_jobs(monitor: Monitor, call: Call[NoBody, Page]) -> jobs_contract.JobList:
    """The jobs of an instance, the newest first."""
    instance = find.instance(monitor, call.path["worker_id"])
    limit, offset = call.query.limit, call.query.offset
    found = await monitor.known.find_jobs(worker_id=instance.worker_id, limit=limit, offset=offset)
    return jobs_views.page(found, limit, offset)


async def get_statistics(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.WorkerStatistics:
    """What an instance has done."""
    instance = find.instance(monitor, call.path["worker_id"])
    counts = await monitor.known.count_jobs(worker_id=instance.worker_id)
    newest = await monitor.known.find_jobs(worker_id=instance.worker_id, limit=AVERAGED)
    return views.statistics(instance, counts, newest.jobs, clock.wall())


async def get_history(monitor: Monitor, call: Call[NoBody, Page]) -> list[contract.HistoryItem]:
    """What the jobs of an instance have come to, the newest first."""
    instance = find.instance(monitor, call.path["worker_id"])
    limit, offset = call.query.limit, call.query.offset
    found = await monitor.known.find_jobs(worker_id=instance.worker_id, limit=limit, offset=offset)
    return views.history(found.jobs)


async def get_logs(monitor: Monitor, call: Call[NoBody, jobs_contract.LogQuery]) -> contract.WorkerLogs:
    """What an instance's routines have logged and printed outside any job, as in `setup` and `teardown`, the
    oldest first; and what its supervisor notes of it.
    """
    return views.logs(find.instance(monitor, call.path["worker_id"]), call.query)


async def get_routines(monitor: Monitor, call: Call[NoBody, NoQuery]) -> dict[str, metrics.ExecutionState]:
    """What each routine does and has done, all jobs together."""
    instance = find.instance(monitor, call.path["worker_id"])
    info = (await find.flow(monitor, instance.flow_id)).info
    jobs = [job for job in monitor.known.jobs.values() if job.worker_id == instance.worker_id]
    return states.of_instance(instance, info, jobs)


async def get_processes(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.ProcessList:
    """The processes of an instance: the supervisor, and those that run routines."""
    return views.processes(find.instance(monitor, call.path["worker_id"]), clock.wall())


_ACTED = ("WORKER_NOT_FOUND", "WORKER_NOT_RUNNING", *ASKED)

ROUTES = (
    route("POST", "/workers", start, "FLOW_NOT_FOUND", *ASKED, status=201),
    route("GET", "/workers", list_workers),
    route("GET", "/workers/{worker_id}", get_worker, "WORKER_NOT_FOUND"),
    route("DELETE", "/workers/{worker_id}", stop, *_ACTED, status=204),
    route("POST", "/workers/{worker_id}/pause", pause, *_ACTED),
    route("POST", "/workers/{worker_id}/resume", resume, *_ACTED),
    route("GET", "/workers/{worker_id}/jobs", list_jobs, "WORKER_NOT_FOUND"),
    route("GET", "/workers/{worker_id}/statistics", get_statistics, "WORKER_NOT_FOUND"),
    route("GET", "/workers/{worker_id}/history", get_history, "WORKER_NOT_FOUND"),
    route("GET", "/workers/{worker_id}/logs", get_logs, "WORKER_NOT_FOUND"),
    route("GET", "/workers/{worker_id}/routines/states", get_routines, "WORKER_NOT_FOUND", "FLOW_NOT_FOUND"),
    route("GET", "/workers/{worker_id}/processes", get_processes, "WORKER_NOT_FOUND"),
)
