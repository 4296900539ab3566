"""What routines keep is there again: the data of a job, their state, and where a long activation was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Literal

import numpy as np
import pytest

from process.flows import arrays, shared
from process.flows.stages import Echo, Gather, numbers
from process.flows.workers import TIMEOUT, kill, until, workers
from routilux import Flow, JobFailed, JobState, Routine, Runtime

ENGINES = pytest.mark.parametrize("engine", ["local", "inline"])


@pytest.fixture
def either(engine: Literal["local", "inline"]) -> Iterator[Runtime]:
    made = Runtime(engine=engine)
    yield made
    made.close(grace=1.0)


def failure(job: JobState) -> JobFailed:
    error = job.wait(TIMEOUT).error
    assert isinstance(error, JobFailed)
    return error


# --- job.data ---


@ENGINES
def test_routines_share_the_data_of_their_job(either: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(arrays.Notes()).pipe(shared.Looks())
    for n in (9, 4):  # the second job finds nothing of the first
        *looks, (keys, length, last) = either.exec(flow, n=n).results(TIMEOUT)
        assert looks == [(v, v * v, [v] * v, False, 7) for v in range(n)]
        assert keys == [*(f"a{v}" for v in range(1, n, 2)), "last"]
        assert (length, last) == (len(keys), n - 1)


def test_jobs_side_by_side_do_not_see_each_others_data(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(arrays.Notes(), workers=2).pipe(Gather())
    flow.pipe(shared.Looks().set_logic(keys_of_job))
    jobs = [runtime.exec(flow, n=n) for n in (30, 5, 12)]
    assert [job.results(TIMEOUT)[0] for job in jobs] == [30, 5, 12]


def keys_of_job(self: Any, value: list[int]) -> None:
    self.out.emit(sum(key.startswith("a") for key in self.job.data))


def operations(runtime: Runtime, *steps: Any) -> JobState:
    """A job of these operations, one after the other."""
    flow = Flow().pipe(shared.steps_of).pipe(shared.Operates(), "operates")
    return runtime.exec(flow, steps=list(steps))


@ENGINES
def test_what_is_got_is_equal_to_what_was_set(either: Runtime) -> None:
    value = {"tuple": (1, 2), "set": {3}, "bytes": b"x" * 20_000, "none": None, 5: [1.5]}
    steps = [("set", "k", value), ("get", "k"), ("set", "k", None), ("get", "k"), ("list",)]
    assert operations(either, *steps).results(TIMEOUT) == [value, None, [("k", None)]]


@ENGINES
def test_a_value_that_is_changed_in_place_is_not_set(either: Runtime) -> None:
    assert operations(either, ("set", "k", [0]), ("in place", "k")).results(TIMEOUT) == [[0]]


@ENGINES
@pytest.mark.parametrize("step", [("get", "k"), ("delete", "k")])
def test_what_is_not_there_is_a_key_error(either: Runtime, step: Any) -> None:
    error = failure(operations(either, step))
    assert (error.cause_type, error.routine) == ("KeyError", "operates")


@ENGINES
def test_a_value_that_cannot_be_sent_is_refused(either: Runtime) -> None:
    error = failure(operations(either, ("callable", "k")))
    assert "job.data['k'] cannot hold a" in str(error)


def test_more_data_than_a_job_may_share_is_refused(runtime: Runtime) -> None:
    most = 64 << 20
    assert operations(runtime, ("large", most - 1000), ("large", most - 2000)).results(TIMEOUT) == []
    error = failure(operations(runtime, ("large", most)))
    assert "job.data of job" in str(error)
    assert "would hold more than 64 MiB: send large values as messages" in str(error)


def test_data_and_state_outlive_the_death_of_a_process(runtime: Runtime, tmp_path: Path) -> None:
    flow = Flow().pipe(numbers).pipe(shared.Dies(path=str(tmp_path / "died")), "dies")
    found = runtime.exec(flow, n=10).results(TIMEOUT)
    assert [(value, total) for value, total, _ in found] == [(n, n * (n + 1) // 2) for n in range(10)]
    assert found[-1][2] >= 11  # what is set is set, also by an attempt that died


def test_the_data_of_an_ended_job_is_gone(runtime: Runtime) -> None:
    flow = Flow().pipe(shared.Operates(), "operates")
    runtime.exec(flow, job_id="one", what=("set", "k", 1)).wait(TIMEOUT)
    assert runtime.exec(flow, job_id="one", what=("list",)).result(TIMEOUT) == []


# --- cursor ---


@pytest.fixture
def deaths(tmp_path: Path) -> Path:
    """A source with that file does not come to its end before as many deaths as there are bytes in it."""
    path = tmp_path / "deaths"
    path.touch()
    return path


def await_more(job: JobState) -> None:
    """Wait until more has arrived than had when this began, or no more can."""
    before = job.counters["echo"]["activations"]
    until(lambda: job.ended or job.counters["echo"]["activations"] > before)


@pytest.mark.parametrize("kind", [shared.Lottery, shared.Ladder])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_source_that_notes_where_it_is_may_differ_when_it_is_run_again(
    runtime: Runtime, deaths: Path, kind: type[shared.Lottery], seed: int
) -> None:
    chance, source = Random(seed), kind(seconds=0.005, deaths=str(deaths))
    flow = Flow().pipe(source, "source").pipe(Echo(), "echo").pipe(Gather(), "gather")
    job = runtime.exec(flow, n=5 * shared.STRETCH)
    for died in range(1, 5):
        until(lambda: workers("source"))
        await_more(job)  # a source that is killed three times before it has sent anything is given up
        with pytest.raises(TimeoutError):
            job.wait(chance.uniform(0.0, 0.15))
        kill("source")
        deaths.write_bytes(bytes(died))
    found = job.result(TIMEOUT)
    assert [number for number, _ in found] == list(range(300))
    assert len({each for _, each in found}) == 300
    assert job.counters["source"]["activations"] == 1
    assert runtime.dead_letters.all() == []


def test_what_such_a_generator_yields_is_sent_with_its_cursor(runtime: Runtime, tmp_path: Path) -> None:
    flow = Flow().pipe(shared.Slips(path=str(tmp_path / "slipped")), "source").pipe(Gather())
    found = runtime.exec(flow, n=10).result(TIMEOUT)
    assert [number for number, _ in found] == list(range(10))


@pytest.mark.parametrize("victims", [("gather",), ("source", "gather")])
def test_each_message_of_such_a_source_arrives_once_whoever_dies(
    runtime: Runtime, deaths: Path, victims: tuple[str, ...]
) -> None:
    source = shared.Lottery(seconds=0.001, deaths=str(deaths))
    flow = Flow().pipe(source, "source").pipe(Gather(), "gather")
    jobs = [runtime.exec(flow, n=n) for n in (400, 30, 300)]
    until(lambda: jobs[0].counters["source"]["activations"] or workers("source"))
    with pytest.raises(TimeoutError):
        jobs[0].wait(0.3)
    for victim in victims:
        kill(victim)
    deaths.write_bytes(bytes(10))
    assert [[number for number, _ in job.result(TIMEOUT)] for job in jobs] == [
        list(range(n)) for n in (400, 30, 300)
    ]


def test_without_a_cursor_such_a_source_fails_and_says_what_to_do(runtime: Runtime) -> None:
    flow = Flow().pipe(shared.Lottery(seconds=0.002, with_cursor=False), "source")
    job = runtime.exec(flow, n=1_000_000)
    next(job.outputs())  # what has been sent cannot be taken back
    kill("source")
    message = str(job.wait(TIMEOUT).error)
    assert "routine 'source' was run again after a crash" in message
    assert "flush(cursor=" in message


@ENGINES
@pytest.mark.parametrize("kind", [shared.Lottery, shared.Ladder])
def test_each_activation_starts_without_a_cursor(either: Runtime, kind: type[Routine]) -> None:
    flow = Flow().pipe(numbers).pipe(kind())
    found = either.exec(flow, n=25).results(TIMEOUT)
    assert [number for number, _ in found] == [each for n in range(25) for each in range(n)]


@ENGINES
def test_nor_does_one_in_a_batch_at_full_speed(either: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(shared.Flushes())
    found = either.exec(flow, n=3500).results(TIMEOUT)
    assert found == [(value, copy) for value in range(3500) for copy in range(2)]


def test_a_cursor_must_be_small(runtime: Runtime) -> None:
    source = shared.Lottery().set_logic(flushes_an_array)
    error = failure(runtime.exec(Flow().pipe(source, "source"), n=1))
    assert "a cursor is a position" in str(error)


def flushes_an_array(self: Any, n: int) -> None:
    self.out.emit(n)
    self.flush(np.zeros(1 << 20))
