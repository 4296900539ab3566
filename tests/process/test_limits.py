"""What takes too long is killed, what is worn is replaced, and a job that holds too much fails by name."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from process.flows import limits
from process.flows.sources import Flood
from process.flows.stages import Echo, Slow, Ticks, Total, numbers
from process.flows.told import until_told
from process.flows.workers import TIMEOUT, until, workers
from routilux import Flow, JobFailed, Runtime

pytestmark = pytest.mark.one_python

MIB = 1 << 20


# --- the time of an activation ---


@pytest.mark.parametrize("how", ["c", "python", "generator"])
def test_what_runs_too_long_is_killed_three_times_then_given_up(
    runtime: Runtime, tmp_path: Path, how: str
) -> None:
    attempts = tmp_path / "attempts"
    flow = Flow().pipe(numbers).pipe(limits.Stuck(path=str(attempts), how=how), "stuck", timeout=0.4)
    job = runtime.exec(flow, n=40)
    assert sorted(job.results(TIMEOUT)) == [n for n in range(40) if n != 3]
    (letter,) = runtime.dead_letters.all()
    assert (letter.routine, letter.payload) == ("stuck", 3)
    assert letter.reason == "ran longer than its timeout of 0.4 s"
    assert "ran longer than its timeout of 0.4 s 3 times while working on" in str(job.errors[0])
    assert (job.counters["stuck"]["activations"], job.counters["stuck"]["dead"]) == (39, 1)
    assert len(set(attempts.read_text(encoding="ascii").split())) == 3


def test_a_batch_that_runs_too_long_is_given_up_as_a_whole(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(limits.StuckBatch(), "stuck", timeout=0.4)
    job = runtime.exec(flow, n=8)
    assert job.results(TIMEOUT) == [1, 9, 13]
    assert sorted(letter.payload for letter in runtime.dead_letters.all()) == [2, 3]


def test_a_finish_that_runs_too_long_fails_its_job(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(limits.StuckFinish(), "stuck", timeout=0.3)
    error = runtime.exec(flow, n=3).wait(TIMEOUT).error
    assert isinstance(error, JobFailed)
    assert "finish() has killed its process again and again" in str(error)


def test_the_timeout_is_that_of_one_activation(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(Slow(seconds=0.02), "slow", timeout=1.0)
    assert len(runtime.exec(flow, n=100).results(TIMEOUT)) == 100
    assert runtime.dead_letters.all() == []


def test_waiting_for_room_does_not_count(runtime: Runtime) -> None:
    flow = Flow().pipe(limits.Pours(), "pours", timeout=0.5).pipe(Slow(seconds=0.001), "slow")
    flow.pipe(Total().set_logic(counts), "total")
    job = runtime.exec(flow, value=1500)
    assert job.result(TIMEOUT) == 1500
    assert job.finished_at is not None
    assert job.started_at is not None
    assert job.finished_at - job.started_at > 1.5
    assert (runtime.dead_letters.all(), job.counters["pours"]["dead"]) == ([], 0)


def counts(self: Any, value: object) -> None:
    self.state["total"] = self.state.get("total", 0) + 1


def test_the_pause_of_a_job_does_not_count(runtime: Runtime, tmp_path: Path) -> None:
    flow = Flow().pipe(until_told, "ticks", timeout=1.5).pipe(Total(), "total")
    job = runtime.exec(flow, path=str(tmp_path / "enough"))
    until(lambda: job.counters["total"]["activations"])
    job.pause()
    with pytest.raises(TimeoutError):
        job.wait(2.0)
    (tmp_path / "enough").touch()
    job.resume()
    assert job.result(TIMEOUT) == sum(range(job.counters["total"]["activations"]))
    assert runtime.dead_letters.all() == []


def test_other_jobs_go_on_beside_one_that_is_stuck(runtime: Runtime, tmp_path: Path) -> None:
    flow = Flow().pipe(limits.Stuck(path=str(tmp_path / "attempts")), "stuck", workers=2, timeout=0.5)
    stuck, free = runtime.exec(flow, value=3), [runtime.exec(flow, value=n) for n in (0, 1, 2)]
    assert [job.result(TIMEOUT) for job in free] == [0, 1, 2]
    assert stuck.results(TIMEOUT) == []


# --- the wear of a process ---


@pytest.mark.parametrize(
    ("kind", "options", "activations"),
    [(limits.Worn, {"max_activations": 10}, 10), (limits.WornBatch, {"max_activations": 3}, 3)],
)
def test_a_process_is_replaced_after_so_many_activations(
    runtime: Runtime, kind: type[limits.Worn], options: Any, activations: int
) -> None:
    flow = Flow().pipe(numbers).pipe(kind(), "worn", **options)
    found = runtime.exec(flow, n=45).results(TIMEOUT)
    times = len(found)
    assert sum(value for value, *_ in found) == sum(range(45))
    assert [seen for _, seen, *_ in found] == list(range(1, times + 1))
    assert [runs for *_, runs in found] == [1 + at % activations for at in range(times)]
    assert len({pid for _, _, pid, _ in found}) == -(-times // activations)


def test_a_process_that_has_grown_is_replaced(runtime: Runtime) -> None:
    runtime.run(flow := Flow().pipe(limits.Worn(), "worn"), value=0, timeout=TIMEOUT)
    (worker,) = workers("worn")
    fresh = worker.memory_full_info().uss / 1e6
    runtime.stop(flow)
    growing = Flow().pipe(numbers).pipe(limits.Worn(grows=2 * MIB), "worn", max_rss_mb=fresh + 30)
    found = runtime.exec(growing, n=60).results(TIMEOUT)
    assert [seen for _, seen, *_ in found] == list(range(1, 61))
    assert 2 <= len({pid for _, _, pid, _ in found}) <= 20


def test_to_be_replaced_is_no_crash(runtime: Runtime, caplog: pytest.LogCaptureFixture) -> None:
    flow = Flow().pipe(numbers).pipe(limits.Worn(), "worn", workers=2, max_activations=1)
    flow.pipe(Echo(), "echo", max_activations=4)
    with caplog.at_level(logging.WARNING, logger="routilux"):
        job = runtime.exec(flow, n=12)
        assert sorted(value for value, *_ in job.results(TIMEOUT)) == list(range(12))
    assert caplog.records == []
    assert {name: counted["dead"] for name, counted in job.counters.items()} == dict.fromkeys(flow.nodes, 0)
    assert job.errors == []


def test_a_source_and_a_finish_may_be_of_replaced_processes(runtime: Runtime) -> None:
    flow = Flow().pipe(Ticks(seconds=0.0), max_activations=1).pipe(Total(), "total", max_activations=5)
    jobs = [runtime.exec(flow, n=n) for n in (12, 5, 0, 1)]
    assert [job.result(TIMEOUT) for job in jobs] == [66, 10, 0, 0]


# --- the memory of a job ---


def test_a_job_that_holds_too_much_fails_and_names_what_it_waits_for() -> None:
    flow = Flow()
    flow.add_routine(Flood(size=4000), "flood")
    flow.add_routine(Echo(), "few")
    flow.add_routine(limits.Hoards(), "hoards")
    flow.connect("flood", "out", "hoards", "many")
    flow.connect("few", "out", "hoards", "few")
    runtime = Runtime(heap=16 * MIB)
    try:
        job = runtime.exec(flow, entry="flood", timeout=TIMEOUT, n=20_000)
        assert runtime.post(flow, "few", "value", 1, timeout=TIMEOUT).results() == []
        message = str(job.wait(TIMEOUT).error)
        assert "bytes waiting at routine 'hoards'" in message
        assert "from flood.out->hoards.many" in message
        again = runtime.exec(flow, entry="flood", timeout=TIMEOUT, n=3)
        assert again.wait(TIMEOUT).status == "completed"
    finally:
        runtime.close(grace=1.0)
