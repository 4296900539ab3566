"""What the end of a runtime, or of one of its flows, makes of jobs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from process.flows.script import run_script
from process.flows.stages import Ticks, Total, double, numbers, pid
from process.flows.workers import TIMEOUT, until
from process.gates import Gates, gated
from routilux import ClosedError, Flow, FlowError, JobState, Runtime

# --- the runtime's end ---


def test_leaving_normally_waits_for_the_jobs() -> None:
    with Runtime() as runtime:
        job = runtime.exec(Flow().pipe(Ticks()).pipe(Total()), n=100)
    assert (job.status, job.result()) == ("completed", 4950)


def test_leaving_by_an_exception_cancels_the_jobs(gates: Gates) -> None:
    def leave() -> None:
        with Runtime() as runtime:
            jobs.append(runtime.exec(gated(gates), value=1))
            gates.entered()
            raise KeyError

    jobs: list[JobState] = []
    with pytest.raises(KeyError):
        leave()
    assert jobs[0].status == "cancelled"


def test_close_cancels_wakes_those_who_wait_and_is_idempotent(gates: Gates) -> None:
    runtime = Runtime(grace=0.1)
    job = runtime.exec(gated(gates), value=1)
    gates.entered()
    waiter = threading.Thread(target=job.wait)
    waiter.start()
    runtime.close()
    runtime.close()
    waiter.join(TIMEOUT)
    assert (waiter.is_alive(), job.status) == (False, "cancelled")
    with pytest.raises(ClosedError):
        runtime.exec(Flow().pipe(double), value=1)


def test_the_results_of_an_ended_job_outlive_the_runtime() -> None:
    with Runtime() as runtime:
        job = runtime.exec(Flow().pipe(numbers), n=1000)
    assert (job.results(), job.counters["numbers"]["activations"]) == (list(range(1000)), 1)


def test_a_stopped_flow_starts_anew(runtime: Runtime) -> None:
    flow = Flow().pipe(pid)
    before = runtime.run(flow, value=1, timeout=TIMEOUT)
    runtime.stop(flow)
    assert runtime.run(flow, value=1, timeout=TIMEOUT) != before


def test_stopping_a_flow_cancels_its_jobs_and_no_others(runtime: Runtime, gates: Gates) -> None:
    flow, other = gated(gates), Flow("other").pipe(Ticks()).pipe(Total())
    job, left_alone = runtime.exec(flow, value=1), runtime.exec(other, n=100)
    gates.entered()
    runtime.stop(flow, grace=0.1)
    assert job.status == "cancelled"
    assert left_alone.result(TIMEOUT) == 4950


def test_stopping_what_does_not_run_is_fine(runtime: Runtime) -> None:
    runtime.stop(Flow().pipe(double))


def test_a_drained_runtime_works_off_what_its_sources_have_sent(runtime: Runtime) -> None:
    flow = Flow().pipe(Ticks(seconds=0.0), "ticks").pipe(Total(), "total")
    job = runtime.exec(flow, n=10**12)
    until(lambda: job.counters["total"]["activations"] > 100)
    runtime.drain(TIMEOUT)
    assert job.status == "cancelled"
    assert "was cut short" in str(job.error)


@pytest.mark.parametrize(
    "options", [{"max_pending": 0}, {"max_pending": 1 << 17}, {"engine": "ray"}, {"workers": {"a": 0}}]
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(FlowError, match=next(iter(options))):
        Runtime(**options)


SHARED = """
from process.flows.stages import double
from routilux import Flow, Runtime

runtime = Runtime.get_instance()
assert runtime is Runtime.get_instance()
print(runtime.run(Flow().pipe(double), value=4, timeout=30))
"""


def test_the_shared_runtime_is_closed_when_the_process_ends(tmp_path: Path) -> None:
    done = run_script(tmp_path, SHARED)
    assert (done.stdout, done.stderr, done.returncode) == ("8\n", "", 0)


def test_the_shared_runtime_is_made_anew_once_closed() -> None:
    first = Runtime.get_instance()
    first.close()
    second = Runtime.get_instance()
    assert second is not first
    second.close()
