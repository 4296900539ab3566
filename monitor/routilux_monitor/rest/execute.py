"""Here is the route that submits a job and answers with what came of it."""

from routilux import clock
from routilux.commands import Submit
from routilux_monitor import wire
from routilux_monitor.contract import jobs as contract
from routilux_monitor.contract.errors import ApiError
from routilux_monitor.model import JobRecord
from routilux_monitor.monitor import Monitor
from routilux_monitor.rest import find
from routilux_monitor.rest.jobs import SUBMITTED, slot_of, submitted
from routilux_monitor.rest.reading import payloads_of, with_lines
from routilux_monitor.routes import Call, NoQuery, route
from routilux_monitor.views import jobs as views
from routilux_monitor.views.traces import is_told

LONGEST = 300.0
"""Seconds that a request stays open; a job may take longer and is waited for with POST /jobs/{j}/wait."""
GRACE = 5.0
"""Seconds for a job whose time is up to say so."""
LAST_WORDS = 0.25
"""Seconds for what processes say of a job to arrive after the supervisor has told its end: each has a socket
of its own, and what was printed comes by it.
"""


async def execute(monitor: Monitor, call: Call[contract.ExecutePost, NoQuery]) -> contract.Executed:
    """Submit a job and wait for its result.

    `timeout` is the job's, as in POST /jobs. If it has not ended when the request has to (after 300 seconds),
    the error names the job, which goes on.
    """
    post = call.body
    return await monitor.keys.once(
        post.idempotency_key, b"execute" + wire.encode(post), lambda: _execute(monitor, post)
    )


async def _execute(monitor: Monitor, post: contract.ExecutePost) -> contract.Executed:
    flow = await find.live_flow(monitor, post.flow_id)
    request = Submit(
        flow_id=post.flow_id,
        routine_id=post.routine_id,
        slot_name=slot_of(flow, post.routine_id, post.slot_name),
        data=post.data,
        timeout=post.timeout,
        metadata=post.metadata,
    )
    began = clock.monotonic()
    record = await submitted(monitor, flow, request)
    if not post.wait:
        return contract.Executed(record.job_id, record.worker_id, views.status(record))
    await monitor.waits.until_ended(record, min(LONGEST, (post.timeout or LONGEST) + GRACE))
    if not record.ended:
        raise ApiError(
            "TIMEOUT_EXCEEDED",
            f"job {record.job_id!r} goes on: wait for its end with POST /jobs/{record.job_id}/wait",
            job_id=record.job_id,
        )
    elapsed = clock.monotonic() - began
    await monitor.waits.until(record, lambda: is_told(record), LAST_WORDS)
    return await _executed(monitor, record, elapsed)


async def _executed(monitor: Monitor, record: JobRecord, elapsed: float) -> contract.Executed:
    return contract.Executed(
        job_id=record.job_id,
        worker_id=record.worker_id,
        status=views.status(record),
        output=views.printed(await with_lines(monitor, record)),
        result=views.result_of(await payloads_of(monitor, record)),
        error=views.error_line(record),
        elapsed_seconds=elapsed,
    )


ROUTES = (route("POST", "/execute", execute, *SUBMITTED),)
