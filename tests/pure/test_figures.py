"""The figures of a worker are cumulative, also for a job that pauses for a while."""

from __future__ import annotations

from routilux.hookevents import WorkerStats
from routilux.worker.figures import MOST_QUIET, REPEATED_NS, Figures


def told(figures: Figures, now: int) -> WorkerStats:
    return figures.told(now, activations=0, dropped=0, log_dropped=0)


def test_a_quiet_job_is_told_no_more_and_goes_on_where_it_was() -> None:
    figures = Figures()
    figures.add("j", [(-3000, 0, 3)])
    assert told(figures, REPEATED_NS).jobs["j"].count == 3
    assert told(figures, REPEATED_NS + 1).jobs == {}
    assert not figures.is_news
    figures.add("j", [(REPEATED_NS, REPEATED_NS + 2, 2)])
    assert told(figures, REPEATED_NS + 3).jobs["j"].count == 5


def test_so_many_quiet_jobs_are_remembered() -> None:
    figures = Figures()
    for number in range(MOST_QUIET + 1):
        figures.add(str(number), [(-1000, 0, 1)])
    told(figures, REPEATED_NS)
    for name in ("0", "1"):
        figures.add(name, [(0, REPEATED_NS, 1)])
    jobs = told(figures, REPEATED_NS).jobs
    assert (jobs["0"].count, jobs["1"].count) == (1, 2)
