"""Facts about work that is told as one."""

from __future__ import annotations

from array import array

from routilux.hookevents import Committed
from routilux.worker.work import Work, span

COUNTERS = (0, 1, 2)


def work_for(job_id: str = "j") -> tuple[Work, memoryview]:
    """With the words that its counters are in; they have counted before."""
    words = memoryview(array("Q", [7, 1, 2]))
    return Work(1, job_id, words, COUNTERS), words


def told(work: Work) -> Committed:
    found = work.told(99)
    assert found is not None
    return found


def test_the_time_between_runs_is_idle() -> None:
    assert span([(10, 20, 1), (25, 40, 3), (41, 42, 1)]) == (10, 42, 6)


def test_what_the_counters_have_grown_by_is_told() -> None:
    work, words = work_for()
    words[0], words[1] = 12, 2
    work.runs += [(10, 20, 4), (30, 50, 1)]
    work.received[0] = work.emitted[1] = 5
    found = told(work)
    assert (found.began, found.ended, found.idle) == (10, 50, 10)
    assert (found.activations, found.errors, found.skipped) == (5, 1, 0)
    assert (found.received, found.emitted) == ({0: 5}, {1: 5})


def test_what_is_told_by_itself_is_not_told_again() -> None:
    work, words = work_for()
    work.show(activations=1, errors=0, skipped=1)
    words[0], words[2] = 8, 3
    assert work.told(99) is None


def test_nothing_is_told_of_an_unknown_job() -> None:
    work, words = work_for("")
    words[0] = 8
    assert work.told(99) is None


def test_what_was_emitted_between_two_runs_is_told_as_of_now() -> None:
    work, _ = work_for()
    work.emitted[0] = 3
    found = told(work)
    assert (found.began, found.ended, found.activations, found.emitted) == (99, 99, 0, {0: 3})
