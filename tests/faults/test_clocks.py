"""Only monotonic clocks count: when the time of day jumps, nothing times out, and nothing waits for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import cycle

import pytest

from faults.routines import Jumpy, Pairs, double, numbers
from routilux import DeadlineExceeded, Flow, Runtime, clock, policies, retry

TIMEOUT = 50.0


@pytest.fixture(params=["an hour ahead", "an hour back", "to and fro"])
def runtime(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """In its process, and in its workers, each look at the time of day shows another."""
    shifts = {"an hour ahead": [0.0, 3600.0], "an hour back": [0.0, -3600.0]}
    true, shift = time.time, cycle(shifts.get(request.param, [-3600.0, 3600.0]))
    monkeypatch.setattr(time, "time", lambda: true() + next(shift))
    monkeypatch.setattr(clock, "wall", time.time)
    made = Runtime()
    yield made
    made.close(grace=1.0)


def test_no_timeout_passes_early(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(Jumpy(), timeout=30.0).pipe(double)
    job = runtime.exec(flow, timeout=TIMEOUT, n=500)
    assert sorted(job.results(TIMEOUT)) == list(range(0, 1000, 2))
    assert job.errors == []


def test_retries_and_intervals_go_on(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers)
    flow.add_routine(Jumpy(fails=1), "jumpy", on_error=retry(3, backoff=0.01))
    batch = Jumpy()
    batch.set_activation_policy(policies.time_interval(0.05))
    flow.add_routine(batch, "batch")
    flow.connect("numbers", "output", "jumpy", "value")
    flow.connect("jumpy", "out", "batch", "value")
    batches = runtime.exec(flow, n=100).results(TIMEOUT)
    assert sorted(value for batch in batches for value in batch) == list(range(100))


def test_a_timeout_passes_all_the_same(runtime: Runtime) -> None:
    flow = Flow()
    flow.add_routine(Pairs(), "pairs")
    job = runtime.exec(flow, {"left": 1, "right": 2}, timeout=0.2, start_paused=True)
    with pytest.raises(DeadlineExceeded):
        job.result(TIMEOUT)
