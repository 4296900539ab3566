"""The store keeps count: never too much, exactly once the runtime has said how it ended."""

from __future__ import annotations

import time
from typing import Any

import pytest

from monitor.fakeruntime import (
    activated,
    committed,
    counters,
    durations,
    job_changed,
    worker_stats,
)
from monitor.told import FLOW, INTRODUCTION, A, B, C, Told, stats
from routilux.commands import JobInfo
from routilux.hookevents import (
    DeadLettered,
    Debugged,
    Emitted,
    Failed,
    Failure,
    Held,
    LogLine,
    Placed,
    Pressed,
    ProcessChanged,
)
from routilux_monitor.jobtable import JobLimits
from routilux_monitor.jobtrack import Bounds
from routilux_monitor.lineage import entries, lineage
from routilux_monitor.model import TraceEvent
from routilux_monitor.store import Limits
from routilux_monitor.trace import weight


def info(status: str, **more: Any) -> JobInfo:
    return JobInfo("j", "f", "w", status, 100.0, 100.0, **more)


def test_a_jobs_life_is_told_in_order() -> None:
    told, heard = Told(), list[TraceEvent]()
    told.store.listen(heard.append)
    for status in ("pending", "running", "paused", "running", "completed"):
        told.tell(0, job_changed("j", status))
    assert [e.kind for e in heard] == ["job_started", "job_paused", "job_resumed", "job_completed"]
    assert [e.number for e in heard] == [1, 2, 3, 4]


def test_commits_that_come_before_their_job_do_not_hide_its_start() -> None:
    told = Told()
    told.tell(A, committed("j"))
    told.tell(0, job_changed("j", "running"))
    assert [e.kind for e in told.job.trace] == ["routine_completed", "job_started"]


def test_an_old_description_does_not_undo_what_events_have_told() -> None:
    told = Told()
    before = time.time() - 60
    told.tell(0, job_changed("j", "paused"))
    told.describe(info("running", counters=counters(a=3)), at=before)
    assert (told.job.status, told.job.routines["a"].activations) == ("paused", 3)
    told.tell(0, job_changed("j", "failed", error=Failure("E", "no")))
    told.describe(info("running"), at=time.time() + 60)
    assert (told.job.status, told.job.error) == ("failed", Failure("E", "no"))


def test_a_job_that_its_runtime_does_not_know_any_more_is_lost() -> None:
    told = Told()
    told.tell(0, job_changed("j", "running"))
    told.describe(at=time.time() - 60)
    assert told.job.status == "running"
    told.describe(at=time.time() + 60)
    assert told.job.status == "lost"
    told.describe(info("completed", finished_at=9.0, counters=counters(a=3)), at=time.time() + 60)
    assert (told.job.status, told.job.routines["a"].activations) == ("completed", 3)


def test_durations_of_all_incarnations_count() -> None:
    told = Told()
    told.tell(A, worker_stats(3, {"j": durations(3)}))
    told.tell(A, committed("j"), worker_stats(5, {"j": durations(5)}))
    told.epochs[A] = 2
    told.tell(A, worker_stats(2, {"j": durations(2)}, dropped=4))
    assert told.store.instances["w"].durations["a"] == durations(7)
    assert told.job.routines["a"].durations == durations(7)
    assert told.store.instances["w"].dropped == 4


def test_figures_that_a_process_had_forgotten_are_not_lost() -> None:
    told = Told()
    told.tell(0, job_changed("j", "running"))
    for count in (3, 5, 5, 2, 4):
        told.tell(A, worker_stats(9, {"j": durations(count)}))
    assert told.job.routines["a"].durations == durations(9)


def test_rates_come_from_what_figures_grow_by() -> None:
    told = Told()
    for second in range(30):
        told.tell(0, stats(10 * second, carried=100 * second))
        told.now += 1.0
    instance = told.store.instances["w"]
    assert instance.routine_rates["a"] == pytest.approx(10)
    assert instance.connection_rates[0] == pytest.approx(100)
    for _ in range(30):
        told.tell(0, stats(290, carried=2900))
        told.now += 1.0
    assert instance.routine_rates["a"] == pytest.approx(0, abs=0.1)


def test_a_death_is_told_to_the_jobs_under_way() -> None:
    told = Told()
    told.tell(0, stats(), job_changed("j", "running"), job_changed("old", "completed"))
    told.tell(0, ProcessChanged(1, A, "a", 0, "died", 1, "was killed by signal 9 (SIGKILL)", 1))
    assert told.job.trace[-1].kind == "process_died"
    assert told.store.instances["w"].processes[A].state == "dead"
    assert told.store.jobs["old"].trace[-1].kind == "job_completed"


def test_an_error_of_an_activation_with_an_event_of_its_own_is_told_once() -> None:
    told, failure = Told(), Failure("ValueError", "no")
    told.tell(A, Failed(1, "j", "skip", failure), activated("j", "0:0:0", status="skipped", error=failure))
    told.tell(A, Failed(2, "j", "skip", failure), committed("j", 0, skipped=1))
    assert len(told.job.errors) == 2
    assert [e.kind for e in told.job.trace].count("routine_failed") == 2
    assert told.job.routines["a"].skipped == 2


def test_errors_logs_and_letters_lie_with_their_job() -> None:
    told = Told()
    told.tell(A, Failed(1, "j", "skip", Failure("ValueError", "no", "traceback", "a"), "0:0:0"))
    told.tell(A, LogLine(1, "a", 0, "j", "INFO", "in it"), LogLine(1, "a", 0, "", "INFO", "outside"))
    told.tell(0, DeadLettered(1, "j", "a", "item", "0:0:0", "was killed", 3), Pressed(1, "", "a", "raised"))
    assert [e.failure.type for e in told.job.errors] == ["ValueError"]
    assert [line.text for line in told.job.logs] == ["in it"]
    assert [e.kind for e in told.job.trace] == ["routine_failed", "dead_letter"]
    assert [line.text for line in told.store.instances["w"].logs] == ["outside", "raised"]


def test_what_debuggers_do_is_in_the_trace() -> None:
    told = Told()
    told.tell(0, job_changed("j", "running"))
    told.tell(0, Held(1, "j", "hold-1", "bp-1", "event", A, "a", event="output", preview="7"))
    told.tell(0, Debugged(2, "j", "edit", "a", A, "hold-1"), Debugged(3, "j", "inject", "b", slot="item"))
    assert [(e.kind, e.routine_id, e.data.get("action")) for e in told.job.trace][-3:] == [
        ("breakpoint_hit", "a", None),
        ("breakpoint_resumed", "a", "edit"),
        ("message_injected", "b", "inject"),
    ]


def test_the_trace_is_bounded_and_tells_what_it_dropped() -> None:
    limits = Limits(jobs=JobLimits(job=Bounds(events=10, logs=5, errors=3)))
    told = Told(limits)
    for _ in range(30):
        told.tell(A, committed("j"), LogLine(1, "a", 0, "j", "INFO", "x"))
        told.tell(A, Failed(1, "j", "skip", Failure("E", "no")))
    job = told.job
    assert (len(list(job.events)), job.trace_dropped) == (10, 50)
    assert (len(job.logs), job.logs_dropped) == (5, 25)
    assert (len(job.errors), job.errors_dropped) == (3, 27)
    assert [e.number for e in job.events] == [46, 48, 50, 52, 54, *range(56, 61)]  # the errors are even


def busy(events: int, nbytes: int = 1 << 20) -> Told:
    """Its job has had a letter, four hundred commits, and then another."""
    told = Told(Limits(jobs=JobLimits(job=Bounds(events=events, event_bytes=nbytes))))
    told.tell(0, job_changed("j", "running"), DeadLettered(1, "j", "a", "item", "0:0:0", "was killed", 3))
    for _ in range(400):
        told.tell(A, committed("j"))
    told.tell(0, DeadLettered(2, "j", "a", "item", "0:0:1", "was killed", 3))
    return told


@pytest.mark.parametrize("told", [busy(10), busy(1000, nbytes=6_000)])
def test_what_matters_outlives_what_is_common_in_a_bounded_trace(told: Told) -> None:
    events = list(told.job.events)
    assert [e.kind for e in events[:3]] == ["job_started", "dead_letter", "routine_completed"]
    assert [e.kind for e in events[-2:]] == ["routine_completed", "dead_letter"]
    assert [e.number for e in events] == [1, 2, *range(403 - len(events) + 3, 404)]
    assert len(events) + told.job.trace_dropped == 403
    assert len(events) <= 10 or sum(map(weight, events)) <= 6_000


def test_what_matters_takes_half_of_a_trace_at_most() -> None:
    told = Told(Limits(jobs=JobLimits(job=Bounds(events=10))))
    for number in range(50):
        told.tell(0, DeadLettered(number, "j", "a", "item", f"0:0:{number}", "was killed", 3))
    for _ in range(50):
        told.tell(A, committed("j"))
    assert [e.number for e in told.job.events] == [*range(46, 51), *range(96, 101)]
    assert told.job.trace_dropped == 90


def test_activations_that_no_event_has_told_are_missing_from_the_trace() -> None:
    told = Told()
    told.tell(0, job_changed("j", "running"))
    told.tell(A, committed("j", 3))
    told.tell(0, job_changed("j", "completed", counters=counters(a=5, b=4)))
    told.tell(B, committed("j", 4))
    told.store.settle(time.time())
    assert told.job.trace_dropped == 0  # word of them may be on its way
    told.store.settle(time.time() + 60)
    assert told.job.trace_dropped == 2


def test_jobs_that_ended_first_are_let_go_of_first_and_do_not_come_again() -> None:
    told = Told(Limits(jobs=JobLimits(ended=2)))
    for name in ("one", "two", "three"):
        told.tell(0, job_changed(name, "running"), job_changed(name, "completed"))
    assert list(told.store.jobs) == ["two", "three"]
    told.tell(A, committed("one"))
    told.describe(replace_id(info("completed"), "one"), at=time.time())
    assert list(told.store.jobs) == ["two", "three"]


def replace_id(job: JobInfo, job_id: str) -> JobInfo:
    return JobInfo(job_id, job.flow_id, job.worker_id, job.status, job.created_at)


def test_figures_that_come_after_all_was_heard_change_nothing() -> None:
    told = Told()
    told.tell(0, job_changed("j", "running"), job_changed("j", "completed", counters=counters(a=5)))
    told.tell(A, worker_stats(5, {"j": durations(5)}))
    told.store.settle(time.time() + 60)
    told.epochs[A] = 2
    told.tell(A, worker_stats(1, {"j": durations(1)}), committed("j", 7))
    assert (told.job.routines["a"].activations, told.job.routines["a"].durations) == (5, durations(5))


def test_a_job_that_has_ended_settles_when_its_last_words_have_been_awaited() -> None:
    told = Told()
    told.tell(0, job_changed("j", "running"), job_changed("j", "completed", counters=counters(a=5)))
    told.store.settle(time.time())
    told.tell(A, committed("j", 5))
    assert (told.job.trace[-1].kind, told.job.is_settled) == ("routine_completed", False)
    told.store.settle(time.time() + 60)
    assert told.job.is_settled


def test_a_job_that_is_lost_settles_too() -> None:
    told = Told()
    told.tell(0, job_changed("j", "running"))
    told.store.settle(time.time() + 60)
    assert not told.job.is_settled
    told.store.runtime_gone(INTRODUCTION.runtime_id, time.time())
    told.store.settle(time.time() + 60)
    assert (told.job.status, told.job.is_settled) == ("lost", True)


def test_a_job_let_go_of_before_its_end_comes_back_with_it() -> None:
    told = Told(Limits(jobs=JobLimits(under_way=1)))
    told.tell(0, job_changed("j", "running"), job_changed("k", "running"))
    assert list(told.store.jobs) == ["k"]
    told.tell(A, committed("j"))
    assert list(told.store.jobs) == ["k"]
    told.tell(0, job_changed("j", "completed", counters=counters(a=3)))
    assert told.job.routines["a"].activations == 3


def test_a_listener_that_raises_is_told_nothing_more() -> None:
    told, heard = Told(), list[TraceEvent]()

    def bad(event: TraceEvent) -> None:
        heard.append(event)
        raise ValueError(event)

    told.store.listen(bad)
    told.store.listen(heard.append)
    told.tell(0, job_changed("j", "running"), job_changed("j", "completed"))
    assert [event.kind for event in heard] == ["job_started", "job_started", "job_completed"]


def test_what_goes_over_two_connections_was_emitted_once() -> None:
    told = Told()
    told.tell(A, committed("j", 1, emitted={0: 5}))
    told.tell(A, activated("j", "s", emitted=(Emitted(0, 0, 2), Emitted(0, 1, 2))))
    assert told.job.routines["a"].emitted == {0: 7}


# ---- lineage ----------------------------------------------------------------------------------------------


def traced() -> Told:
    """A submission s is used by a, which makes x and y; b uses x and makes z; c uses z. y is placed later."""
    told = Told()
    first = activated("j", "s", emitted=(Emitted(0, 0, 2, ("x",)),))
    told.tell(A, first, Placed("j", first.began, ("s",), 0, 0, ("y",)))
    told.tell(B, activated("j", "x", emitted=(Emitted(0, 1, 1, ("z",)),)))
    told.tell(C, activated("j", "z"))
    return told


def test_a_message_is_followed_back_to_its_submission() -> None:
    found = lineage(traced().job.trace, "z", entries(FLOW))
    assert found is not None
    assert [m.message_id for m in found.ancestors] == ["x", "s"]
    assert (found.message.source, found.message.target, found.is_whole) == ("b", "c", True)
    assert (found.ancestors[1].source, found.ancestors[1].target) == ("", "a")
    assert found.ancestors[1].children == ("x", "y")


def test_a_message_placed_later_has_its_parents_too() -> None:
    found = lineage(traced().job.trace, "y", entries(FLOW))
    assert found is not None
    assert (found.message.parents, found.message.connection_id) == (("s",), FLOW.connections[0].connection_id)


def test_a_lineage_whose_beginning_was_dropped_says_so() -> None:
    told = traced()
    while told.job.trace[0].routine_id != "c":
        told.job.trace.popleft()
    found = lineage(told.job.trace, "z", entries(FLOW))
    assert found is not None
    assert (found.ancestors, found.message.slot, found.is_whole) == ((), "item", False)
    assert lineage(told.job.trace, "nothing", entries(FLOW)) is None


def test_an_instance_that_has_ended_counts_the_jobs_that_were_seen_to_end() -> None:
    told = Told()
    for name, status in (("j", "completed"), ("k", "failed")):
        told.tell(0, job_changed(name, "running"), job_changed(name, status, counters=counters(a=1)))
    told.store.runtime_gone(INTRODUCTION.runtime_id, 5.0)
    ended = told.store.instances["w"]
    assert (ended.jobs_processed, ended.jobs_failed) == (2, 1)
