"""What has failed is tried again as often as was said, later, and without holding up anything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from process.flows import retries
from process.flows.stages import numbers
from process.flows.workers import TIMEOUT, kill, until, workers
from routilux import Flow, JobFailed, JobState, Routine, Runtime, policies, retry
from routilux.supervisor.ledger import VISIBLE

KINDS = [
    retries.Single,
    retries.Yields,
    retries.Batches,
    retries.Joins,
    retries.Finishes,
    retries.FinishesBatches,
]


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """Closed in the end, whatever hangs: leaving it normally would wait for that."""
    made = Runtime()
    yield made
    made.close(grace=1.0)


def trying(kind: type[retries.Counted], on_error: Any) -> Flow:
    """Numbers that are brought to each slot of the routine."""
    flow = Flow().pipe(numbers)
    flow.add_routine(kind(), "tries", on_error=on_error)
    for slot in kind().slot_names:
        flow.connect("numbers", "output", "tries", slot)
    return flow


def seen(job: JobState) -> tuple[Any, ...]:
    """All that a submitter can tell of a job that does not depend on time."""
    job.wait(TIMEOUT)
    payloads = Counter(job.results(TIMEOUT)) if job.error is None else None
    failure = job.error.cause_type if isinstance(job.error, JobFailed) else job.error
    return job.status, payloads, failure, len(job.errors)


@pytest.mark.parametrize("kind", KINDS)
def test_both_engines_try_again_as_often_and_then_do_the_same(kind: type[retries.Counted]) -> None:
    for on_error in (retry(2, 0.01), *(retry(1, 0.01, then) for then in ("skip", "continue", "stop"))):
        flow = trying(kind, on_error)
        told = []
        for engine in ("inline", "local"):
            runtime = Runtime(engine=engine)
            try:
                job = runtime.exec(flow, n=10)
                told.append((seen(job), job.counters if job.error is None else None))
            finally:
                runtime.close(grace=1.0)
        assert told[0] == told[1]


def test_each_delay_is_twice_the_one_before(runtime: Runtime, tmp_path: Path) -> None:
    flow = Flow().pipe(retries.Waits(path=str(tmp_path)), on_error=retry(3, backoff=0.2, then="skip"))
    assert runtime.exec(flow, value=2).results(TIMEOUT) == []
    times = [float(line.split()[1]) for line in tries(tmp_path)]
    delays = [later - earlier for earlier, later in pairwise(times)]
    assert len(delays) == 3
    assert all(delay >= expected for delay, expected in zip(delays, (0.2, 0.4, 0.8), strict=True))


def tries(folder: Path) -> list[str]:
    path = folder / "tries"
    return path.read_text(encoding="ascii").splitlines() if path.exists() else []


def waiting(folder: Path, backoff: float = 100.0, kind: type[Routine] = retries.Waits) -> Flow:
    """The number 2 fails until `well` is in the folder."""
    flow = Flow().pipe(numbers)
    return flow.pipe(kind(path=str(folder)), "waits", on_error=retry(5, backoff=backoff))


def test_what_waits_for_another_attempt_holds_up_nobody(runtime: Runtime, tmp_path: Path) -> None:
    flow = waiting(tmp_path)
    job = runtime.exec(flow, n=2000)
    outputs = job.outputs()
    assert [next(outputs).payload for _ in range(1999)] == [n for n in range(2000) if n != 2]
    assert runtime.run(flow, n=1, timeout=TIMEOUT) == 0
    assert (job.status, len(tries(tmp_path))) == ("running", 1)
    job.cancel()


def test_what_waits_in_an_inbox_holds_up_nobody(runtime: Runtime, tmp_path: Path) -> None:
    pairs = retries.Waits(path=str(tmp_path)).set_activation_policy(policies.batch_size(1))
    pairs.set_logic(in_batches)
    flow = Flow().pipe(numbers).pipe(pairs, "waits", on_error=retry(5, backoff=100.0))
    job = runtime.exec(flow, n=500)
    outputs = job.outputs()
    assert [next(outputs).payload for _ in range(499)] == [n for n in range(500) if n != 2]
    job.cancel()
    assert runtime.run(flow, n=1, timeout=TIMEOUT) == 0


def in_batches(self: Any, value: list[int]) -> None:
    retries.Waits.logic(self, value[0])


def test_an_attempt_outlives_the_process_that_failed(runtime: Runtime, tmp_path: Path) -> None:
    job = runtime.exec(waiting(tmp_path, backoff=1.0), n=50)
    until(lambda: tries(tmp_path))
    (tmp_path / "well").touch()  # well before the next attempt, or one that the kill makes necessary
    kill("waits")
    assert sorted(job.results(TIMEOUT)) == list(range(50))
    done = dict.fromkeys(("activations", "received", "emitted"), 50)
    assert job.counters["waits"] == dict.fromkeys(VISIBLE, 0) | done
    assert len(tries(tmp_path)) == 1


def test_failures_are_counted_over_the_death_of_the_process(runtime: Runtime, tmp_path: Path) -> None:
    job = runtime.exec(waiting(tmp_path, backoff=0.1), n=3)
    for times in (1, 3):
        until(lambda times=times: len(tries(tmp_path)) >= times)  # type: ignore[misc]
        kill("waits")
    assert isinstance(job.wait(TIMEOUT).error, JobFailed)
    assert 6 <= len(tries(tmp_path)) <= 8  # one that is killed before its commit is run again


def test_a_job_that_waits_for_an_attempt_can_be_cancelled_and_leaves_its_place(tmp_path: Path) -> None:
    runtime = Runtime(max_pending=1)
    try:
        flow = waiting(tmp_path)
        job = runtime.exec(flow, n=3)
        until(lambda: tries(tmp_path))
        job.cancel()
        assert job.wait(TIMEOUT).status == "cancelled"
        assert runtime.exec(flow, timeout=TIMEOUT, n=1).result() == 0
    finally:
        runtime.close(grace=1.0)


def test_a_paused_job_is_not_tried_again_and_costs_nothing(runtime: Runtime, tmp_path: Path) -> None:
    job = runtime.exec(waiting(tmp_path, backoff=0.2), n=3)
    until(lambda: tries(tmp_path))
    job.pause()
    before = len(tries(tmp_path))
    (worker,) = workers("waits")
    with pytest.raises(TimeoutError):
        job.wait(0.5)
    used = sum(worker.cpu_times()[:2])
    with pytest.raises(TimeoutError):
        job.wait(1.0)
    assert sum(worker.cpu_times()[:2]) - used < 0.2
    assert len(tries(tmp_path)) <= before + 1
    (tmp_path / "well").touch()
    job.resume()
    assert sorted(job.results(TIMEOUT)) == [0, 1, 2]


def test_many_messages_may_wait_at_once(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(retries.Single(failures=1), "tries", on_error=retry(2, backoff=0.3))
    job = runtime.exec(flow, n=3000)
    assert Counter(job.results(TIMEOUT)) == Counter((w, n) for n in range(3000) for w in ("before", "after"))
    assert job.counters["tries"]["activations"] == 3000
