"""What a submitter can do with jobs of the inline engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pure.inlineflows import Gather, double, numbers
from routilux import (
    Busy,
    ClosedError,
    DeadlineExceeded,
    ExecutionStatus,
    Flow,
    FlowError,
    JobCancelled,
    JobFailed,
    JobState,
    Runtime,
    routine,
)

# --- submissions ---


def test_an_entry_without_arguments_is_triggered(runtime: Runtime) -> None:
    assert runtime.run(Flow().pipe(lambda: "ran", "runs")) == "ran"


def test_inputs_may_be_a_mapping_and_keywords(runtime: Runtime) -> None:
    flow = Flow().pipe(routine(lambda a, b: (a, b)), "pairs")
    assert runtime.run(flow, {"a": 1}, b=2) == (1, 2)


def test_post_reaches_any_slot(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(double)
    assert runtime.post(flow, "double", "value", 21).result() == 42


def test_a_flow_may_be_named(runtime: Runtime) -> None:
    with pytest.raises(FlowError, match="no_such_flow"):
        runtime.exec("no_such_flow", value=1)


def test_an_unfinished_job_id_is_taken_and_an_ended_one_free(runtime: Runtime) -> None:
    flow = Flow().pipe(double)
    job = runtime.exec(flow, job_id="seven", start_paused=True, value=1)
    with pytest.raises(FlowError, match="'seven' is under way already"):
        runtime.exec(flow, job_id="seven", value=1)
    job.resume()
    assert runtime.exec(flow, job_id="seven", value=4).result() == 8


@pytest.mark.parametrize("job_id", ["", "x" * 128, "é" * 64])
def test_a_job_id_that_does_not_fit_is_refused(runtime: Runtime, job_id: Any) -> None:
    with pytest.raises(FlowError, match="text of 1 to 127 bytes"):
        runtime.exec(Flow().pipe(double), job_id=job_id, value=1)


def test_more_jobs_than_max_pending_are_refused() -> None:
    flow = Flow().pipe(double)
    with Runtime(engine="inline", max_pending=2) as runtime:
        held = [runtime.exec(flow, start_paused=True, value=n) for n in range(2)]
        with pytest.raises(Busy, match="max_pending"):
            runtime.exec(flow, timeout=0.01, value=3)
        for job in held:
            job.resume()
        assert runtime.run(flow, value=3) == 6


def test_jobs_are_listed_by_status(runtime: Runtime) -> None:
    flow = Flow().pipe(double)
    done, paused = runtime.exec(flow, value=1), runtime.exec(flow, start_paused=True, value=1)
    assert runtime.jobs() == [done, paused]
    assert runtime.jobs("completed") == [done]
    assert runtime.jobs(ExecutionStatus.PAUSED) == [paused]
    paused.cancel()
    with pytest.raises(ValueError, match="nonsense"):
        runtime.jobs("nonsense")


def test_a_closed_runtime_takes_no_jobs() -> None:
    runtime = Runtime(engine="inline")
    runtime.close()
    runtime.close()
    with pytest.raises(ClosedError):
        runtime.exec(Flow().pipe(double), value=1)


def test_closing_cancels_what_is_held() -> None:
    runtime = Runtime(engine="inline")
    job = runtime.exec(Flow().pipe(double), start_paused=True, value=1)
    runtime.close()
    assert job.status == "cancelled"


# --- pause, cancel, timeout ---


def test_a_job_started_paused_runs_when_resumed(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(double), start_paused=True, value=4)
    assert (job.status, job.counters["double"]["activations"]) == ("paused", 0)
    job.resume()
    assert (job.status, job.result()) == ("completed", 8)


def test_a_job_started_paused_knows_when_it_started(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(double), start_paused=True, value=4)
    job.resume()
    assert job.started_at is not None


def test_a_job_can_be_paused_from_within_and_goes_on_where_it_was(runtime: Runtime) -> None:
    box: list[JobState] = []

    @routine
    def pauses(value: int) -> int:
        if value == 3:
            box[0].pause()
        return value

    flow = Flow().pipe(numbers).pipe(pauses)
    box.append(runtime.exec(flow, start_paused=True, n=6))
    box[0].resume()
    assert box[0].status == "paused"
    box[0].resume()
    assert box[0].results() == [0, 1, 2, 3, 4, 5]


def test_pausing_and_resuming_an_ended_job_changes_nothing(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(double), value=1)
    job.pause()
    job.resume()
    job.cancel()
    assert (job.status, job.result()) == ("completed", 2)


def test_cancel_from_within_logic_ends_the_job(runtime: Runtime) -> None:
    box: list[JobState] = []
    seen: list[int] = []

    @routine
    def stops(value: int) -> int:
        seen.append(value)
        if value == 3:
            box[0].cancel()
        return value

    box.append(runtime.exec(Flow().pipe(numbers).pipe(stops), start_paused=True, n=1000))
    box[0].resume()
    assert (box[0].status, seen) == ("cancelled", [0, 1, 2, 3])
    with pytest.raises(JobCancelled):
        box[0].result()
    assert runtime.run(Flow().pipe(double), value=1) == 2


def test_cancel_from_within_a_generator_closes_it(runtime: Runtime) -> None:
    box: list[JobState] = []
    closed: list[bool] = []

    @routine
    def endless(value: int) -> Iterator[int]:
        try:
            while True:
                if value == 5:
                    box[0].cancel()
                yield value
                value += 1
        finally:
            closed.append(True)

    box.append(runtime.exec(Flow().pipe(endless), start_paused=True, value=0))
    box[0].resume()
    assert (box[0].status, closed) == ("cancelled", [True])


def test_a_job_ends_at_its_timeout(runtime: Runtime) -> None:
    @routine
    def endless(value: int) -> Iterator[int]:
        while True:
            yield value

    @routine
    def sink(value: int) -> None:
        pass

    began = time.monotonic()
    job = runtime.exec(Flow().pipe(endless).pipe(sink), timeout=0.05, value=1)
    assert isinstance(job.error, DeadlineExceeded)
    assert (job.status, time.monotonic() - began < 5) == ("failed", True)


def test_wait_has_a_timeout_of_its_own(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(double), start_paused=True, value=1)
    with pytest.raises(DeadlineExceeded, match=f"'{job.job_id}' has not ended within 0.01 seconds"):
        job.wait(timeout=0.01)
    job.resume()
    assert job.wait(timeout=1) is job


def test_threads_may_share_one_runtime(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(double).pipe(Gather())
    found: list[Any] = []
    threads = [threading.Thread(target=lambda n=n: found.append(runtime.run(flow, n=n))) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(map(len, found)) == [1, 2, 3, 4, 5, 6, 7, 8]


# --- streams ---


def test_a_stream_is_one_job(runtime: Runtime) -> None:
    flow = Flow().pipe(double).pipe(Gather())
    assert list(runtime.stream(flow, range(5))) == [[0, 2, 4, 6, 8]]


def test_a_stream_raises_why_the_job_failed(runtime: Runtime) -> None:
    with pytest.raises(JobFailed, match="ZeroDivisionError"):
        list(runtime.stream(Flow().pipe(routine(lambda value: 1 / value), "inverts"), [1, 0, 2]))


def test_a_stream_raises_what_the_iterable_raises(runtime: Runtime) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        list(runtime.stream(Flow().pipe(double), items()))


def test_a_stream_left_early_is_cancelled(runtime: Runtime) -> None:
    def endless() -> Iterator[int]:
        while True:
            yield 1

    stream = runtime.stream(Flow().pipe(double), endless())
    assert next(stream) == 2
    stream.close()  # type: ignore[attr-defined]  # it is a generator, though not promised to be
    assert runtime.jobs("running") == []


def test_a_stream_of_several_slots_wants_one_named(runtime: Runtime) -> None:
    flow = Flow().pipe(routine(lambda a, b: (a, b)), "pairs")
    with pytest.raises(FlowError, match=r"has the slots a, b: pass slot="):
        runtime.stream(flow, [1])
    assert list(runtime.stream(flow, [1], slot="a")) == []


def test_an_empty_stream_ends(runtime: Runtime) -> None:
    assert list(runtime.stream(Flow().pipe(double), [])) == []
