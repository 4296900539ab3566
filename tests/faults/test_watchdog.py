"""A flow that stands still is told from one that takes long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from faults.crashes import supervisor_of
from faults.routines import numbers
from routilux import Flow, InternalError, Runtime, policies, routine
from routilux.supervisor import watchdog

TIMEOUT = 50.0


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    monkeypatch.setattr(watchdog, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(watchdog, "LOOKS", 10)
    made = Runtime()
    yield made
    made.close(grace=1.0)


@routine(policy=policies.time_interval(1.5))
def later(values: list[int]) -> int:
    return len(values)


def test_a_job_that_nothing_can_finish_fails_and_says_where_it_stands(runtime: Runtime) -> None:
    flow = Flow("still").pipe(numbers)
    runtime.run(flow, n=1)
    supervisor = supervisor_of(runtime, flow)
    with supervisor._lock:  # a message that is counted and lies nowhere
        job = runtime.exec(flow, n=3)
        account = supervisor._ledger.find(job)
        assert account is not None
        supervisor._desk.tx.create(account.slot, 1)
        supervisor._desk.commit()
    with pytest.raises(InternalError, match=r"stands still.*no message is left anywhere.*please report"):
        job.result(TIMEOUT)


def test_a_timer_is_no_standstill(runtime: Runtime) -> None:
    assert runtime.run(Flow().pipe(numbers).pipe(later), n=3, timeout=TIMEOUT) == 3
