"""What becomes of an error in the inline engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pure.inlineflows import double, numbers
from routilux import (
    Event,
    Flow,
    JobFailed,
    PayloadError,
    RoutiluxError,
    Routine,
    Runtime,
    Slot,
    policies,
    retry,
    routine,
)
from routilux.engines.host import COUNTERS

NONE = dict.fromkeys(COUNTERS, 0)

# --- errors ---


class Halves(Routine):
    """Emits, and fails at 2 after it has."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        self.out.emit(value)
        if value == 2:
            raise ValueError("two")
        self.out.emit(-value)


class Yields(Routine):
    """As Halves, by a generator."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> Iterator[int]:
        yield value
        if value == 2:
            raise ValueError("two")
        yield -value


KINDS = pytest.mark.parametrize("kind", [Halves, Yields])


@KINDS
def test_an_error_stops_the_job_unless_told_otherwise(runtime: Runtime, kind: type[Routine]) -> None:
    job = runtime.exec(Flow().pipe(numbers).pipe(kind(), "halves"), n=4)
    assert job.status == "failed"
    assert isinstance(job.error, JobFailed)
    assert (job.error.routine, job.error.cause_type, job.error.job_id) == ("halves", "ValueError", job.job_id)
    with pytest.raises(JobFailed, match="two"):
        job.result()


@KINDS
def test_skip_sends_nothing_of_the_failed_activation(runtime: Runtime, kind: type[Routine]) -> None:
    job = runtime.exec(Flow(on_error="skip").pipe(numbers).pipe(kind()), n=4)
    assert job.results() == [0, 0, 1, -1, 3, -3]
    assert [str(error).splitlines()[0] for error in job.errors] == [
        f"routine '{'halves' if kind is Halves else 'yields'}' of job '{job.job_id}' raised ValueError: two"
    ]


@KINDS
def test_continue_sends_what_was_emitted_before(runtime: Runtime, kind: type[Routine]) -> None:
    job = runtime.exec(Flow(on_error="continue").pipe(numbers).pipe(kind()), n=4)
    assert job.results() == [0, 0, 1, -1, 2, 3, -3]
    assert len(job.errors) == 1


def failing(times: int, *, by_generator: bool) -> tuple[Routine, list[int]]:
    """A routine that fails that many times before it succeeds, and its attempts."""
    attempts: list[int] = []

    def tried(value: int) -> int:
        attempts.append(value)
        if len(attempts) <= times:
            raise ValueError(f"attempt {len(attempts)}")
        return value

    def plain(self: Any, value: int) -> None:
        self.emit("out", "before")
        self.emit("out", tried(value))

    def generator(value: int) -> Iterator[object]:
        yield "before"
        yield tried(value)

    made = Routine().set_logic(generator if by_generator else plain)
    made.add_slot("value")
    made.add_event("out")
    return made, attempts


GENERATORS = pytest.mark.parametrize("by_generator", [False, True], ids=["plain", "generator"])


@GENERATORS
def test_retry_runs_the_activation_again(runtime: Runtime, by_generator: bool) -> None:  # noqa: FBT001 - a parameter of the test
    made, attempts = failing(2, by_generator=by_generator)
    flow = Flow(on_error=retry(2, backoff=0))
    flow.add_routine(made, "tries")
    job = runtime.exec(flow, value=7)
    assert job.results() == ["before", 7]
    assert (attempts, job.errors, job.counters["tries"]["activations"]) == ([7, 7, 7], [], 1)


@GENERATORS
def test_retry_gives_up_as_it_was_told(runtime: Runtime, by_generator: bool) -> None:  # noqa: FBT001 - as above
    made, attempts = failing(9, by_generator=by_generator)
    flow = Flow(on_error=retry(2, backoff=0, then="skip"))
    flow.add_routine(made, "tries")
    job = runtime.exec(flow, value=7)
    assert (job.status, job.results(), len(attempts)) == ("completed", [], 3)
    assert job.counters["tries"] == NONE | {"activations": 1, "received": 1, "skipped": 1}


def test_an_error_in_a_batch_is_one_activations(runtime: Runtime) -> None:
    class Fussy(Routine):
        value = Slot()
        out = Event()
        policy = policies.batch_size(2)

        def logic(self, value: list[int]) -> None:
            if 2 in value:
                raise ValueError(value)
            self.out.emit(value)

    job = runtime.exec(Flow(on_error="skip").pipe(numbers).pipe(Fussy()), n=6)
    assert job.results() == [[0, 1], [4, 5]]
    assert job.counters["fussy"]["skipped"] == 1


@pytest.mark.parametrize(("on_error", "found"), [("skip", []), ("continue", ["before"])])
def test_an_error_in_finish_follows_the_strategy_too(
    runtime: Runtime, on_error: Any, found: list[str]
) -> None:
    class Ends(Routine):
        value = Slot()
        out = Event()

        def logic(self, value: int) -> None:
            pass

        def finish(self) -> None:
            self.out.emit("before")
            raise ValueError("at the end")

    job = runtime.exec(Flow(on_error=on_error).pipe(Ends()), value=0)
    assert (job.status, job.results(), len(job.errors)) == ("completed", found, 1)


def test_the_traceback_begins_in_the_users_code(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(Halves()), value=2)
    assert isinstance(job.error, JobFailed)
    assert f'File "{__file__}"' in str(job.error)
    assert 'raise ValueError("two")' in job.error.traceback
    assert "/routilux/" not in job.error.traceback


def test_sys_exit_in_logic_is_an_error_like_any_other(runtime: Runtime) -> None:
    def leave(value: int) -> None:
        raise SystemExit(value)

    job = runtime.exec(Flow().pipe(leave), value=3)
    assert isinstance(job.error, JobFailed)
    assert job.error.cause_type == "SystemExit"


def test_an_error_whose_text_cannot_be_made_is_still_told(runtime: Runtime) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def fail(value: int) -> None:
        raise Mute

    job = runtime.exec(Flow().pipe(fail), value=3)
    assert "Mute" in str(job.error)


def test_a_payload_that_cannot_be_sent_names_routine_event_and_type(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(routine(lambda value: threading.Lock()), name="locks"), value=1)
    assert "PayloadError" in str(job.error)
    assert "routine 'locks' cannot emit a lock on event 'output'" in str(job.error)


def test_a_submission_that_cannot_be_sent_is_refused(runtime: Runtime) -> None:
    with pytest.raises(PayloadError, match="cannot send a lock to routine 'double'"):
        runtime.exec(Flow().pipe(double), value=threading.Lock())
    assert runtime.jobs("running") == []


def test_a_job_of_many_errors_keeps_some_and_counts_all(runtime: Runtime) -> None:
    def fail(value: int) -> None:
        raise ValueError(value)

    job = runtime.exec(Flow(on_error="skip").pipe(numbers).pipe(fail), n=500)
    assert job.counters["fail"]["skipped"] == 500
    assert 100 <= len(job.errors) <= 500


def test_output_that_nobody_reads_fails_the_job() -> None:
    with Runtime(engine="inline", max_output=100_000) as runtime:
        job = runtime.exec(Flow().pipe(numbers), n=10_000)
    with pytest.raises(RoutiluxError, match=r"more than 100,000 bytes that nobody reads.*max_output"):
        job.results()
