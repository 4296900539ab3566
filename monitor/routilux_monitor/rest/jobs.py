"""Here are the routes that submit jobs, act on them and wait for them."""

from typing import Literal

from routilux.commands import AboutJob, Act, JobInfo, RoutineInfo, Submit
from routilux_monitor import wire
from routilux_monitor.contract import jobs as contract
from routilux_monitor.contract.errors import ApiError, invalid
from routilux_monitor.model import FlowRecord, JobRecord
from routilux_monitor.monitor import Monitor
from routilux_monitor.rest import find
from routilux_monitor.rest.asking import ask
from routilux_monitor.rest.debugfields import fields_of
from routilux_monitor.routes import Call, NoBody, NoQuery, route
from routilux_monitor.views import jobs as views

TRIGGER = "trigger"
"""The slot of a routine that has none."""

ASKED = ("RUNTIME_SHUTDOWN", "TIMEOUT_EXCEEDED", "BUSY")
"""What may come of asking a runtime."""

SUBMITTED = (
    "FLOW_NOT_FOUND",
    "ROUTINE_NOT_FOUND",
    "SLOT_NOT_FOUND",
    "WORKER_NOT_FOUND",
    "IDEMPOTENCY_CONFLICT",
    "JOB_ALREADY_EXISTS",
    *ASKED,
)


async def submit(monitor: Monitor, call: Call[contract.JobPost, NoQuery]) -> contract.Job:
    """Submit one payload to a slot: a new job."""
    post = call.body
    return await monitor.keys.once(
        post.idempotency_key, b"jobs" + wire.encode(post), lambda: _submit(monitor, post)
    )


async def _submit(monitor: Monitor, post: contract.JobPost) -> contract.Job:
    record = await find.live_flow(monitor, post.flow_id)
    if post.worker_id is not None:
        _check_worker(monitor, record, post.worker_id)
    known = monitor.known.jobs.get(post.job_id or "")
    if known is not None and known.runtime_id == record.runtime_id:
        raise ApiError("JOB_ALREADY_EXISTS", f"there is a job {post.job_id!r} already", job_id=post.job_id)
    request = Submit(
        flow_id=post.flow_id,
        routine_id=post.routine_id,
        slot_name=slot_of(record, post.routine_id, post.slot_name),
        data=post.data,
        job_id=post.job_id,
        timeout=post.timeout,
        start_paused=post.start_paused,
        breakpoints=tuple(map(fields_of, post.breakpoints)),
        metadata=post.metadata,
    )
    return views.job(await submitted(monitor, record, request))


async def submitted(monitor: Monitor, flow: FlowRecord, request: Submit) -> JobRecord:
    """The record of the new job."""
    answer = await ask(monitor, flow.runtime_id, request, AboutJob)
    return monitor.known.learn(flow.runtime_id, answer.job)


def _check_worker(monitor: Monitor, flow: FlowRecord, worker_id: str) -> None:
    instance = find.instance(monitor, worker_id)
    if instance.flow_id != flow.flow_id:
        raise invalid(
            f"worker {worker_id!r} runs flow {instance.flow_id!r}, not {flow.flow_id!r}",
            place="body",
            pointer="/worker_id",
        )
    if flow.info.worker_id != worker_id:
        raise ApiError("WORKER_NOT_RUNNING", f"worker {worker_id!r} is stopped", worker_id=worker_id)


def slot_of(flow: FlowRecord, routine_id: str, slot_name: str) -> str:
    """The slot to submit to: empty for the trigger of a routine without slots."""
    routine: RoutineInfo = find.routine(flow.info, routine_id)
    slots = [slot.name for slot in routine.slots]
    if slot_name in slots:
        return slot_name
    if not slots and slot_name == TRIGGER:
        return ""
    raise ApiError(
        "SLOT_NOT_FOUND",
        f"routine {routine_id!r} has no slot {slot_name!r}",
        slot_name=slot_name,
        slots=slots or [TRIGGER],
    )


async def list_jobs(monitor: Monitor, call: Call[NoBody, contract.JobQuery]) -> contract.JobList:
    """Jobs under way and ended, the newest first."""
    query = call.query
    found = await monitor.known.find_jobs(
        flow_id=query.flow_id,
        worker_id=query.worker_id,
        status=query.status or "",
        runtime_id=query.runtime_id,
        limit=query.limit,
        offset=query.offset,
    )
    return views.page(found, query.limit, query.offset)


async def get_job(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Job:
    """One job."""
    return views.job(await find.job(monitor, call.path["job_id"]))


async def get_state(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.JobState:
    """One job with its counters and its error in full."""
    record = await find.job(monitor, call.path["job_id"])
    flow = monitor.known.flows.get(record.flow_id)
    return views.state(record, flow.info if flow else None)


async def get_status(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.JobStatusShort:
    """Whether a job has ended, and how."""
    return views.short(await find.job(monitor, call.path["job_id"]))


async def pause(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Job:
    """Start no more activations of a job."""
    return await _act(monitor, call.path["job_id"], "pause")


async def resume(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Job:
    """Go on with a paused job."""
    return await _act(monitor, call.path["job_id"], "resume")


async def cancel(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Job:
    """End a job without finishing it."""
    return await _act(monitor, call.path["job_id"], "cancel")


async def _act(monitor: Monitor, job_id: str, action: Literal["pause", "resume", "cancel"]) -> contract.Job:
    record = await find.job(monitor, job_id)
    if record.ended:
        raise ApiError(
            "JOB_ALREADY_COMPLETED", f"job {job_id!r} is {record.status}", job_id=job_id, status=record.status
        )
    answer = await ask(monitor, record.runtime_id, Act(job_id, action), AboutJob)
    return views.job(_learn(monitor, record, answer.job))


def _learn(monitor: Monitor, record: JobRecord, info: JobInfo) -> JobRecord:
    return monitor.known.learn(record.runtime_id, info)


async def wait(monitor: Monitor, call: Call[NoBody, contract.WaitQuery]) -> contract.Waited:
    """Wait until a job has ended, or for `timeout` seconds."""
    record = await find.job(monitor, call.path["job_id"])
    waited = await monitor.waits.until_ended(record, call.query.timeout)
    return contract.Waited(
        status="completed" if record.ended else "timeout",
        job_id=record.job_id,
        final_status=views.status(record) if record.ended else None,
        waited_seconds=waited,
    )


_ACTED = ("JOB_NOT_FOUND", "JOB_ALREADY_COMPLETED", *ASKED)

ROUTES = (
    route("POST", "/jobs", submit, *SUBMITTED, "WORKER_NOT_RUNNING", status=201),
    route("GET", "/jobs", list_jobs),
    route("GET", "/jobs/{job_id}", get_job, "JOB_NOT_FOUND"),
    route("GET", "/jobs/{job_id}/state", get_state, "JOB_NOT_FOUND"),
    route("GET", "/jobs/{job_id}/status", get_status, "JOB_NOT_FOUND"),
    route("POST", "/jobs/{job_id}/pause", pause, *_ACTED),
    route("POST", "/jobs/{job_id}/resume", resume, *_ACTED),
    route("POST", "/jobs/{job_id}/cancel", cancel, *_ACTED),
    route("POST", "/jobs/{job_id}/wait", wait, "JOB_NOT_FOUND", "BUSY"),
)
