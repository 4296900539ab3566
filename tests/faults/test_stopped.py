"""A worker that stays stopped is replaced; one that is continued in time, or just busy, is not."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator

import pytest

from faults.crashes import pids, restarts, supervisor_of
from faults.routines import Everything, double, hold_the_interpreter, numbers
from process.flows.workers import until
from routilux import Flow, FlowError, Runtime

TIMEOUT = 50.0


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    made = Runtime(stop_limit=2.0)
    yield made
    made.close(grace=1.0)


@pytest.mark.parametrize("attempt", [0, *(pytest.param(n, marks=pytest.mark.soak) for n in range(1, 5))])
def test_a_worker_that_stays_stopped_is_replaced_and_the_result_is_exact(
    runtime: Runtime, attempt: int, caplog: pytest.LogCaptureFixture
) -> None:
    flow = Flow().pipe(numbers).pipe(double).pipe(Everything())
    runtime.exec(flow, n=1).wait(TIMEOUT)
    before = pids(supervisor_of(runtime, flow))
    with caplog.at_level(logging.WARNING, "routilux.supervisor"):
        os.kill(before["double-0"], signal.SIGSTOP)
        assert runtime.exec(flow, n=20_000).result(TIMEOUT) == list(range(0, 40_000, 2))
    assert restarts(supervisor_of(runtime, flow)) == 1
    after = pids(supervisor_of(runtime, flow))
    assert {name for name in before if before[name] != after[name]} == {"double-0"}
    suspect, killed = (record.getMessage() for record in caplog.records)
    assert f"'double' is suspect: a signal has stopped its process {before['double-0']}" in suspect
    assert "'double' had been stopped by a signal for more than 2 s" in killed


@pytest.mark.parametrize("attempt", [0, *(pytest.param(n, marks=pytest.mark.soak) for n in range(1, 5))])
def test_a_worker_that_holds_the_interpreter_for_long_is_left_alone(
    runtime: Runtime, attempt: int, caplog: pytest.LogCaptureFixture
) -> None:
    flow = Flow().pipe(hold_the_interpreter)
    with caplog.at_level(logging.WARNING, "routilux.supervisor"):
        assert runtime.exec(flow, seconds=5).result(TIMEOUT) == 5
    assert restarts(supervisor_of(runtime, flow)) == 0
    assert not caplog.records


def test_stopped_several_times_for_a_moment_is_not_stopped_for_long() -> None:
    """Each time it is counted as stopped for a second; together that is more than the limit."""
    runtime, flow = Runtime(stop_limit=3.5), Flow().pipe(numbers).pipe(double).pipe(Everything())
    try:
        runtime.exec(flow, n=1).wait(TIMEOUT)
        supervisor = supervisor_of(runtime, flow)
        before = pids(supervisor)
        for _ in range(4):
            os.kill(before["double-0"], signal.SIGSTOP)
            until(lambda: supervisor._stopped.suspects)
            os.kill(before["double-0"], signal.SIGCONT)
            until(lambda: not supervisor._stopped.suspects)
        assert runtime.exec(flow, n=1000).result(TIMEOUT) == list(range(0, 2000, 2))
        assert pids(supervisor) == before
    finally:
        runtime.close(grace=1.0)


@pytest.mark.parametrize("limit", [0, -1.0, float("inf"), "2", True])
def test_a_limit_that_is_no_time_is_refused(limit: float) -> None:
    with pytest.raises(FlowError, match="stop_limit="):
        Runtime(stop_limit=limit)
