"""The monitor's memory is bounded, whatever it is told."""

from __future__ import annotations

import psutil
import pytest

from monitor.fakeruntime import activated, committed, durations, job_changed, worker_stats
from monitor.told import A, Told
from routilux.hookevents import Copy, Emitted, Failed, Failure, HookEvent, LogLine
from routilux_monitor.jobtable import JobLimits
from routilux_monitor.jobtrack import Bounds
from routilux_monitor.store import Limits

LIMITS = Limits(
    jobs=JobLimits(
        ended=50,
        under_way=20,
        nbytes=2 << 20,
        let_go=100,
        job=Bounds(500, 200_000, 100, 20_000, 20, copy_bytes=20_000),
    )
)
COPY = Copy(1000, bytes(1016))


def happenings(job_id: str, number: int) -> list[HookEvent]:
    """A hundred events of a job."""
    names = [f"{number}:{n}" for n in range(3)]
    return [
        *[committed(job_id, 3)] * 85,
        *[activated(job_id, *names, copy=COPY, emitted=(Emitted(0, 0, 3, tuple(names), "p" * 100),))] * 5,
        *[LogLine(1, "a", 0, job_id, "INFO", "x" * 200)] * 5,
        *[Failed(1, job_id, "skip", Failure("E", "m" * 100, "t" * 1000))] * 5,
    ]


@pytest.mark.timeout(300)
def test_a_million_events_leave_no_more_than_the_bounds_allow() -> None:
    """Of a thousand jobs, one after the other; one in ten never ends."""
    told = Told(LIMITS)
    sizes: list[int] = []
    for job in range(1000):
        name = f"job-{job}"
        told.tell(0, job_changed(name, "running"))
        for number in range(10):
            told.tell(A, *happenings(name, number))
        told.tell(A, worker_stats(job, {name: durations(job)}))
        if job % 10:
            told.tell(0, job_changed(name, "completed"))
        if job % 100 == 99:
            sizes.append(psutil.Process().memory_info().rss)
    store, jobs = told.store, told.store.jobs.values()
    assert len(jobs) <= LIMITS.jobs.ended + LIMITS.jobs.under_way
    assert store.nbytes <= LIMITS.jobs.nbytes
    assert max(len(record.trace) for record in jobs) <= LIMITS.jobs.job.events
    assert max(record.copies.nbytes for record in jobs) <= LIMITS.jobs.job.copy_bytes
    assert max(len(record.errors) for record in jobs) <= LIMITS.jobs.job.errors
    assert max(len(record.logs) for record in jobs) <= LIMITS.jobs.job.logs
    assert sizes[-1] - sizes[2] < 8 << 20
