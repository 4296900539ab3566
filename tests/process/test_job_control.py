"""What cancels a job, what pauses one, and what its neighbours notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from process.flows.sources import numbers_until
from process.flows.stages import Gather, Mixed, Slow, Ticks, Total, double, numbers
from process.flows.workers import TIMEOUT, until
from process.gates import Gates, gated
from routilux import DeadlineExceeded, Flow, JobCancelled, Runtime

# --- cancel, timeout ---


def test_a_running_job_can_be_cancelled_and_the_next_one_runs(runtime: Runtime, gates: Gates) -> None:
    flow = gated(gates)
    job = runtime.exec(flow, value=1)
    worker = gates.entered()
    job.cancel()
    assert job.wait(TIMEOUT).status == "cancelled"
    with pytest.raises(JobCancelled, match=f"'{job.job_id}' was cancelled"):
        job.result()
    gates.open()
    again = runtime.exec(flow, value=2)
    assert gates.entered() == worker
    gates.open()
    assert again.result(TIMEOUT) == 2


def test_a_paused_job_can_be_cancelled(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(double), start_paused=True, value=1)
    job.cancel()
    assert job.wait(TIMEOUT).status == "cancelled"


def test_an_ended_job_stays_as_it_is(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(double), value=1).wait(TIMEOUT)
    for act in (job.cancel, job.pause, job.resume, job.cancel):
        act()
    assert (job.status, job.result(), job.error) == ("completed", 2, None)


def test_cancelling_stops_an_endless_source(runtime: Runtime) -> None:
    flow = Flow().pipe(Ticks(seconds=0.0), "ticks").pipe(Total())
    job = runtime.exec(flow, n=10**12)
    until(lambda: job.counters["total"]["activations"] > 1000)
    job.cancel()
    assert job.wait(TIMEOUT).status == "cancelled"
    assert runtime.run(flow, n=10, timeout=TIMEOUT) == 45


def test_a_cancelled_job_does_not_disturb_its_neighbours(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(Slow(seconds=0.0002), "slow").pipe(Gather())
    jobs = [runtime.exec(flow, n=500) for _ in range(6)]
    for job in jobs[::2]:
        job.cancel()
    assert [job.wait(TIMEOUT).status for job in jobs] == ["cancelled", "completed"] * 3
    assert [job.result() for job in jobs[1::2]] == [list(range(500))] * 3


def test_a_job_fails_at_its_timeout(runtime: Runtime, gates: Gates) -> None:
    flow = gated(gates)
    first = runtime.exec(flow, value=0)  # so that the process is there
    gates.entered()
    gates.open()
    first.wait(TIMEOUT)
    job = runtime.exec(flow, timeout=3.0, value=1)
    gates.entered()  # in time: nothing else is to be done
    assert isinstance(job.wait(TIMEOUT).error, DeadlineExceeded)
    assert job.status == "failed"
    gates.open()
    again = runtime.exec(flow, value=2)
    gates.entered()
    gates.open()
    assert again.result(TIMEOUT) == 2


def test_the_timeout_of_one_job_is_not_anothers(runtime: Runtime) -> None:
    flow = Flow().pipe(Ticks(seconds=0.002)).pipe(Total())
    jobs = [runtime.exec(flow, timeout=timeout, n=100) for timeout in (0.05, None)]
    assert [job.wait(TIMEOUT).status for job in jobs] == ["failed", "completed"]


# --- pause ---


def test_a_job_started_paused_waits_for_resume(runtime: Runtime) -> None:
    flow = Flow().pipe(double)
    job = runtime.exec(flow, start_paused=True, value=4)
    assert runtime.run(flow, value=1, timeout=TIMEOUT) == 2
    assert (job.status, job.counters["double"]["activations"]) == ("paused", 0)
    job.resume()
    assert job.result(TIMEOUT) == 8
    assert job.started_at is not None


def test_no_activation_starts_while_a_job_is_paused(runtime: Runtime, gates: Gates) -> None:
    flow = gated(gates)
    flow.pipe(double)
    job = runtime.exec(flow, value=4)
    gates.entered()
    job.pause()
    gates.open()
    assert runtime.post(flow, "double", "value", 1, timeout=TIMEOUT).result() == 2
    assert (job.status, job.counters["double"]["activations"]) == ("paused", 0)
    job.resume()
    assert job.result(TIMEOUT) == 8


@pytest.mark.parametrize("ahead", [0, 500])
def test_pausing_a_job_within_a_generator_does_not_hold_another(
    runtime: Runtime, tmp_path: Path, ahead: int
) -> None:
    enough = tmp_path / "enough"
    flow = Flow().pipe(numbers_until, "numbers").pipe(Slow(seconds=0.0005), "slow").pipe(Total(), "total")
    held = runtime.exec(flow, what=(ahead, str(enough)))
    until(lambda: held.counters["total"]["activations"])
    held.pause()
    assert runtime.run(flow, what=(100, ""), timeout=TIMEOUT) == 4950
    assert held.status == "paused"
    enough.touch()
    held.resume()
    assert held.result(TIMEOUT) == sum(range(held.counters["total"]["activations"]))


@pytest.mark.parametrize("ends", ["resume", "cancel"])
def test_a_generator_that_is_held_is_left_alone_by_those_that_pass_it(
    runtime: Runtime, gates: Gates, ends: str
) -> None:
    flow = Flow().pipe(Mixed(), "mixed")
    list(runtime.stream(flow, (("", 1) for _ in range(2000))))  # a commit spans several messages from now on
    held = runtime.exec(flow, value=("", 300))
    outputs = held.outputs()
    assert next(outputs).payload == (0, 1)
    held.pause()
    other = runtime.exec(flow, value=(gates.path, 1))
    worker = gates.entered()
    getattr(held, ends)()
    gates.open()
    assert other.result(TIMEOUT) == (0, 1)
    if ends == "resume":
        assert [output.payload for output in outputs] == [(number, 1) for number in range(1, 300)]
    last = runtime.exec(flow, value=(gates.path, 1))
    assert gates.entered() == worker
    gates.open()
    assert last.result(TIMEOUT) == (0, 1)


def test_a_job_may_be_paused_and_resumed_over_and_over(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(double, workers=2).pipe(Gather())
    job = runtime.exec(flow, n=30_000)
    for _ in range(50):
        job.pause()
        job.resume()
    assert sorted(job.result(TIMEOUT)) == [2 * n for n in range(30_000)]
