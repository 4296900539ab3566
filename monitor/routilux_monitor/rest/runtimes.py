"""Here are the routes of runtimes."""

from routilux_monitor.contract import system as contract
from routilux_monitor.model import RuntimeRecord
from routilux_monitor.monitor import Monitor
from routilux_monitor.rest import find
from routilux_monitor.routes import Call, NoBody, NoQuery, route
from routilux_monitor.views.times import maybe_seconds, seconds


def _runtime(monitor: Monitor, record: RuntimeRecord) -> contract.RuntimeItem:
    jobs = monitor.known.jobs.values()
    return contract.RuntimeItem(
        runtime_id=record.runtime_id,
        thread_pool_size=0,
        is_default=record.introduction.is_default,
        active_job_count=sum(not job.ended and job.runtime_id == record.runtime_id for job in jobs),
        is_shutdown=record.is_gone,
        pid=record.introduction.pid,
        version=record.introduction.version,
        started_at=seconds(record.introduction.started_at),
        ended_at=maybe_seconds(record.gone_at),
    )


async def list_runtimes(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.RuntimeList:
    """The runtimes of this user on this machine."""
    records = sorted(monitor.known.runtimes.values(), key=lambda record: record.introduction.started_at)
    default = next((r for r in records if r.introduction.is_default and not r.is_gone), None)
    return contract.RuntimeList(
        [_runtime(monitor, record) for record in records],
        len(records),
        default.runtime_id if default else None,
    )


async def get_runtime(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.RuntimeItem:
    """One runtime."""
    return _runtime(monitor, find.runtime(monitor, call.path["runtime_id"]))


ROUTES = (
    route("GET", "/runtimes", list_runtimes),
    route("GET", "/runtimes/{runtime_id}", get_runtime, "RUNTIME_NOT_FOUND"),
)
