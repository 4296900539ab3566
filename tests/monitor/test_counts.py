"""What the store counts is never more than the truth, and exact once a job has ended, whatever was lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.fakeruntime import activated, committed, counters, job_changed
from monitor.told import A, Told, stats
from routilux.hookevents import HookEvent, JobFigures
from routilux_monitor.views.metrics import job_metrics


def test_events_and_snapshots_never_add_up_to_more_than_the_truth() -> None:
    told = Told()
    told.tell(A, committed("j", 5))
    told.tell(0, stats(0, JobFigures("j", "running", counters(a=5), 1)))
    assert told.job.routines["a"].activations == 5
    told.tell(A, committed("j", 2))
    assert told.job.routines["a"].activations == 7


def test_a_snapshot_makes_good_for_events_that_were_dropped() -> None:
    told = Told()
    told.tell(A, committed("j", 5))
    told.tell(0, stats(0, JobFigures("j", "running", counters(a=50), 1)))
    assert told.job.routines["a"].activations == 50


def counted(activations: int) -> dict[str, dict[str, int]]:
    """Where each activation uses two messages and makes three."""
    return {"a": {"activations": activations, "received": 2 * activations, "emitted": 3 * activations}}


def shown(told: Told) -> tuple[int, int, int]:
    """The job's activations, and its messages."""
    totals = job_metrics(told.job)
    return told.job.routines["a"].activations, totals.total_slot_calls, totals.total_event_emits


@given(
    truth=st.integers(0, 50),
    data=st.data(),
)
def test_once_ended_a_job_has_the_counters_of_its_runtime(truth: int, data: st.DataObject) -> None:
    """Whatever was lost, and in whatever order the rest comes."""
    told = Told()
    arrived = data.draw(st.integers(0, truth))
    snapshot = data.draw(st.integers(0, truth))
    each = committed("j", received={0: 2}, emitted={0: 1, 1: 2})
    events: list[tuple[int, HookEvent]] = [(A, each)] * arrived
    figures = JobFigures("j", "running", counted(snapshot), 1)
    end = job_changed("j", "completed", finished_at=101.0, counters=counted(truth))
    happenings = data.draw(st.permutations([*events, (0, stats(0, figures)), (0, end)]))
    is_over = False
    for process, event in happenings:
        told.tell(process, event)
        is_over |= event is end
        if "j" in told.store.jobs and "a" in told.job.routines:
            assert all(n <= times * truth for n, times in zip(shown(told), (1, 2, 3), strict=True))
        if is_over:
            assert shown(told) == (truth, 2 * truth, 3 * truth)


def test_only_a_first_attempt_counts_as_an_activation() -> None:
    told = Told()
    for attempt, status in enumerate(("retried", "retried", "completed"), 1):
        told.tell(A, activated("j", "0:0:0", attempt=attempt, status=status, received={}))
    told.tell(A, activated("j", is_finish=True))
    assert told.job.routines["a"].activations == 1
