"""Workers are killed at random while a flow runs: every message is processed once all the same."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from faults.crashes import Reaper, commits, pids, restarts, supervisor_of, until_ready
from faults.routines import (
    Everything,
    Expand,
    Fickle,
    Joined,
    Pairs,
    Sevens,
    Steady,
    Tally,
    by_seven,
    double,
    negate,
    numbers,
    serial,
)
from process.flows.workers import until
from routilux import Flow, JobFailed, Runtime

TIMEOUT = 50.0
COPIES = 50
SEEDS = [*range(3), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(3, 20))]


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    made = Runtime()
    yield made
    made.close(grace=1.0)


def meeting(meet: type[Pairs]) -> Flow:
    """Both ways of every number meet again, in batches; nothing depends on who is faster but the order."""
    flow = Flow().pipe(numbers).pipe(Expand(copies=COPIES)).pipe(serial)
    flow.add_routine(double, workers=2)
    flow.add_routine(negate)
    flow.add_routine(meet(), "meet")
    flow.add_routine(Sevens(), "sevens")
    flow.add_routine(Everything(), "everything")
    for name, slot in (("double", "left"), ("negate", "right")):
        flow.connect("serial", "output", name, "value")
        flow.connect(name, "output", "meet", slot)
    flow.connect("meet", "out", "sevens", "value")
    flow.connect("sevens", "out", "everything", "value")
    return flow


def flat(batches: list[list[tuple[int, int]]]) -> list[tuple[int, int]]:
    return [pair for batch in batches for pair in batch]


@pytest.mark.parametrize("seed", SEEDS)
def test_two_jobs_with_a_join_are_exact_while_workers_are_killed(runtime: Runtime, seed: int) -> None:
    flow = meeting(Joined)
    jobs = [runtime.exec(flow, n=n) for n in (40, 60)]
    reaper = Reaper(supervisor_of(runtime, flow), seed, spared=["numbers-0"])
    reaper.until_ended(jobs)
    for job, n in zip(jobs, (40, 60), strict=True):
        whole = [(2 * number, -number) for number in range(n * COPIES)]
        assert sorted(flat(job.result(TIMEOUT))) == whole
        assert job.counters["meet"]["activations"] == len(whole)
        assert job.errors == []
    assert restarts(supervisor_of(runtime, flow)) > 0


def test_every_worker_killed_at_once_and_again_is_recovered(runtime: Runtime) -> None:
    flow = meeting(Pairs)
    runtime.exec(flow, n=1).wait(TIMEOUT)
    supervisor = supervisor_of(runtime, flow)
    reaper = Reaper(supervisor, 0)
    job = runtime.exec(flow, n=200)
    for _ in range(2):
        until_ready(supervisor)
        reaper.kill_all()
        until(lambda: restarts(supervisor) >= reaper.kills)
    assert len(flat(job.result(TIMEOUT))) == 200 * COPIES
    assert job.counters["meet"]["activations"] == 200 * COPIES
    assert restarts(supervisor) >= 18


@pytest.mark.parametrize("ballast", [0, 50_000])
def test_state_survives_kills_exactly(runtime: Runtime, ballast: int) -> None:
    n = 300 if ballast else 20_000
    flow = Flow().pipe(numbers).pipe(Tally(ballast=ballast))
    job = runtime.exec(flow, n=n)
    Reaper(supervisor_of(runtime, flow), 1, spared=["numbers-0"]).until_ended([job])
    whole = (n, n * (n - 1) // 2)
    assert job.results(TIMEOUT) == ([whole, list(range(n))] if ballast else [whole])


def test_two_workers_with_a_key_each_keep_their_state(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(double).pipe(Tally(), workers=2, key=by_seven)
    job = runtime.exec(flow, n=20_000)
    Reaper(supervisor_of(runtime, flow), 2, spared=["numbers-0"]).until_ended([job])
    counts, sums = zip(*job.results(TIMEOUT), strict=True)
    assert (sum(counts), sum(sums)) == (20_000, 20_000 * 19_999)


def kill_source_once_under_way(runtime: Runtime, flow: Flow, name: str) -> None:
    """Wait until the generator has sent something early, then kill its process."""
    supervisor, waiting = supervisor_of(runtime, flow), threading.Event()
    (index,) = supervisor.plan.workers_of(name)
    for _ in range(3000):
        if commits(supervisor, index) >= 3:
            os.kill(pids(supervisor)[f"{name}-0"], signal.SIGKILL)
            return
        waiting.wait(0.01)
    pytest.fail("nothing was sent early")


def test_a_generator_that_repeats_itself_is_exact_after_a_kill(runtime: Runtime) -> None:
    flow = Flow().pipe(Steady(), "steady").pipe(Everything())
    job = runtime.exec(flow, n=400_000)
    kill_source_once_under_way(runtime, flow, "steady")
    assert job.result(TIMEOUT) == [(0, number) for number in range(400_000)]
    assert restarts(supervisor_of(runtime, flow)) == 1


def test_a_generator_that_does_not_repeat_itself_fails_its_job(runtime: Runtime) -> None:
    flow = Flow().pipe(Fickle(), "fickle").pipe(Everything())
    job = runtime.exec(flow, n=10_000_000)
    kill_source_once_under_way(runtime, flow, "fickle")
    with pytest.raises(JobFailed, match=r"'fickle'.*must repeat itself"):
        job.result(TIMEOUT)


def test_a_worker_that_was_stopped_for_a_second_is_not_replaced(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(double).pipe(Everything())
    runtime.exec(flow, n=1).wait(TIMEOUT)
    before = pids(supervisor_of(runtime, flow))
    os.kill(before["double-0"], signal.SIGSTOP)
    job = runtime.exec(flow, n=20_000)
    threading.Event().wait(1.0)  # what is tested is a second of it, not what happens meanwhile
    os.kill(before["double-0"], signal.SIGCONT)
    assert job.result(TIMEOUT) == list(range(0, 40_000, 2))
    assert pids(supervisor_of(runtime, flow)) == before
    assert restarts(supervisor_of(runtime, flow)) == 0
