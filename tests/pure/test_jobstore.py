"""The job store: what it tells of jobs, what it forgets, and what it does when the disk refuses."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routilux import Flow, JobState, RoutiluxError, Runtime, StoreError, incarnation, routine
from routilux.deadletters import DeadLetters
from routilux.jobstore import JobStore, surplus


@routine
def numbers(count: int) -> Iterator[int]:
    yield from range(count)


@routine
def inverse(number: int) -> float:
    return 1 / number


@routine
def pixels(count: int) -> Any:
    return np.ones(count)


STRICT = Flow("strict").pipe(numbers).pipe(inverse)
LENIENT = Flow("lenient", on_error="skip").pipe(numbers).pipe(inverse)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite"


@pytest.fixture
def runtime(path: Path) -> Iterator[Runtime]:
    with Runtime(engine="inline", job_store=path) as made:
        yield made


def asked(runtime: Runtime) -> JobStore:
    assert runtime.job_store is not None
    return runtime.job_store


def ended(path: Path, *flows: Flow) -> list[JobState]:
    with Runtime(engine="inline", job_store=path) as runtime:
        return [runtime.exec(flow, count=3) for flow in flows]


def test_a_completed_job_is_told_as_its_submitter_saw_it(path: Path) -> None:
    (job,) = ended(path, LENIENT)
    (record,) = JobStore(path).jobs()
    assert (record.job_id, record.flow, record.status) == (job.job_id, "lenient", "completed")
    assert (record.started_at, record.finished_at) == (job.started_at, job.finished_at)
    assert (record.counters, record.error, record.pid) == (job.counters, None, os.getpid())


def test_the_outputs_of_a_job_can_be_read_again(path: Path) -> None:
    (job,) = ended(path, LENIENT)
    seen = list(job.outputs())
    assert [output.payload for output in seen] == [1.0, 0.5]
    assert list(JobStore(path).outputs(job.job_id)) == seen


def test_a_large_output_is_kept_too(path: Path) -> None:
    ended(path, Flow().pipe(pixels))
    with Runtime(engine="inline", job_store=path) as runtime:
        runtime.exec(Flow().pipe(pixels), count=100_000)
    (output,) = JobStore(path).outputs(2)
    assert (output.routine, output.event, output.payload.sum()) == ("pixels", "output", 100_000)


def test_a_failed_job_has_its_error_with_the_routines_traceback(path: Path) -> None:
    (job,) = ended(path, STRICT)
    error = JobStore(path).job(job.job_id).error
    assert error is not None
    assert (error.type, error.routine, error.cause) == ("JobFailed", "inverse", "ZeroDivisionError")
    assert error.message.endswith("raised ZeroDivisionError: division by zero")
    assert "return 1 / number" in error.traceback


def test_errors_that_were_passed_over_are_kept(path: Path) -> None:
    (job,) = ended(path, LENIENT)
    (error,) = JobStore(path).errors(job.job_id)
    assert (error.routine, error.cause) == ("inverse", "ZeroDivisionError")


def test_an_error_whose_text_no_file_can_hold_is_kept_escaped(path: Path) -> None:
    @routine
    def fails(count: int) -> None:
        raise ValueError("\udc80")

    ended(path, Flow().pipe(fails))
    error = JobStore(path).job(1).error
    assert error is not None
    assert error.message.endswith(r"ValueError: \udc80")


def test_a_paused_job_and_a_cancelled_one_are_told_as_such(runtime: Runtime) -> None:
    job = runtime.exec(LENIENT, count=3, start_paused=True)
    assert [record.status for record in asked(runtime).jobs()] == ["paused"]
    job.cancel()
    (record,) = asked(runtime).jobs()
    assert (record.status, record.error and record.error.type) == ("cancelled", "JobCancelled")


def test_a_job_that_was_not_admitted_is_no_job(path: Path) -> None:
    with Runtime(engine="inline", job_store=path, max_pending=1) as runtime:
        held = runtime.exec(LENIENT, count=3, start_paused=True)
        with pytest.raises(RoutiluxError):
            runtime.exec(LENIENT, count=3, timeout=0.0)
        held.resume()
    assert [record.job_id for record in JobStore(path).jobs()] == [held.job_id]


def test_jobs_are_found_by_id_status_flow_and_time(path: Path) -> None:
    first, second, third = ended(path, LENIENT, STRICT, LENIENT)
    store = JobStore(path)
    began = {record.job_id: record.began_at for record in store.jobs()}

    def ids(**wanted: Any) -> list[str]:
        return [record.job_id for record in store.jobs(**wanted)]

    assert ids() == [third.job_id, second.job_id, first.job_id]
    assert ids(job_id=second.job_id) == ids(status="failed") == ids(flow="strict") == [second.job_id]
    assert ids(since=began[second.job_id]) == ids(limit=2) == [third.job_id, second.job_id]
    assert ids(until=began[second.job_id]) == [first.job_id]


def test_a_status_that_there_is_not_is_refused(path: Path) -> None:
    with pytest.raises(RoutiluxError, match=r"status='done': there are pending, running, .*, lost"):
        JobStore(path).jobs(status="done")


def test_of_two_runs_with_one_id_the_newest_is_meant_and_the_number_tells_them_apart(path: Path) -> None:
    with Runtime(engine="inline", job_store=path) as runtime:
        for flow in (LENIENT, STRICT):
            runtime.exec(flow, count=3, job_id="nightly")
    store = JobStore(path)
    assert (store.job("nightly").flow, store.job(1).flow) == ("strict", "lenient")
    assert len(list(store.outputs(1))) == 2
    with pytest.raises(RoutiluxError, match="there is no job 'job-9' in "):
        store.job("job-9")


def test_a_store_of_the_users_own_outlives_the_runtime(path: Path) -> None:
    store = JobStore(path, max_bytes=1 << 20)
    for _ in range(2):
        with Runtime(engine="inline", job_store=store) as runtime:
            runtime.run(Flow().pipe(numbers), count=0)
    assert len(store.jobs()) == 2
    store.close()


def test_without_a_store_nothing_is_recorded() -> None:
    with Runtime(engine="inline") as runtime:
        assert runtime.job_store is None
        assert runtime.exec(LENIENT, count=1).recorder is None


# --- what is forgotten ---

ENDED = st.lists(st.tuples(st.integers(1, 50), st.floats(0, 100)), max_size=20)


@given(ENDED, st.integers(0, 500), st.integers(0, 600), st.floats(0, 100))
def test_the_surplus_is_what_is_too_old_and_the_oldest_of_what_is_too_much(
    jobs: list[tuple[int, float]], under_way: int, max_bytes: int, before: float
) -> None:
    oldest_first = [
        (number, size, at) for number, (size, at) in enumerate(sorted(jobs, key=lambda job: job[1]))
    ]
    total = under_way + sum(size for size, _ in jobs)
    gone = list(surplus(iter(oldest_first), total, before=before, max_bytes=max_bytes))
    left = oldest_first[len(gone) :]
    assert gone == [number for number, _, _ in oldest_first[: len(gone)]]
    assert all(at >= before for _, _, at in left)
    assert not left or under_way + sum(size for _, size, _ in left) <= max_bytes
    if gone:  # not one too many
        _, size, at = oldest_first[len(gone) - 1]
        assert at < before or under_way + sum(s for _, s, _ in left) + size > max_bytes


def test_whole_jobs_are_forgotten_the_oldest_first_when_there_are_too_many_bytes(path: Path) -> None:
    store = JobStore(path, max_bytes=20_000)
    with Runtime(engine="inline", job_store=store) as runtime:
        for _ in range(30):
            runtime.exec(LENIENT, count=20)
    left = store.jobs()
    assert [record.number for record in left] == list(range(30, 30 - len(left), -1))
    assert 0 < sum(record.nbytes for record in left) <= 20_000
    assert all(len(list(store.outputs(record))) == 19 for record in left)
    store.close()
    assert rows(path, "SELECT DISTINCT job FROM outputs ORDER BY job DESC") == [(r.number,) for r in left]
    assert rows(path, "SELECT nbytes FROM total") == [(sum(record.nbytes for record in left),)]


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    db = sqlite3.connect(path)
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()


def test_jobs_that_ended_too_long_ago_are_forgotten_when_another_is_recorded(path: Path) -> None:
    ended(path, LENIENT, LENIENT)
    changed(path, "UPDATE jobs SET finished_at = finished_at - 100 WHERE number = 1")
    store = JobStore(path, max_age=90.0)
    with Runtime(engine="inline", job_store=store) as runtime:
        runtime.exec(LENIENT, count=1)
    assert [record.number for record in store.jobs()] == [3, 2]


def test_to_open_a_store_with_smaller_bounds_and_ask_it_forgets_nothing(path: Path) -> None:
    ended(path, LENIENT, LENIENT)
    assert len(JobStore(path, max_age=0.0, max_bytes=1).jobs()) == 2
    assert len(JobStore(path).jobs()) == 2


def changed(path: Path, query: str) -> None:
    db = sqlite3.connect(path)
    db.execute(query)
    db.commit()
    db.close()


def test_a_job_that_alone_would_fill_the_store_says_how_much_of_it_is_missing(path: Path) -> None:
    store = JobStore(path, max_bytes=100_000)
    with Runtime(engine="inline", job_store=store) as runtime:
        job = runtime.exec(Flow().pipe(numbers), count=2000)
    (record,) = store.jobs()
    kept = [output.payload for output in store.outputs(record)]
    assert kept == list(range(len(kept)))
    assert record.nbytes <= 100_000
    # An output is a batch of its own here: 5 bytes of head, and the number in 1, 2 or 3.
    assert record.unrecorded == sum(
        5 + (1 if n < 128 else 2 if n < 256 else 3) for n in range(len(kept), 2000)
    )
    assert len(job.results()) == 2000
    store.close()


# --- lost ---


def test_a_job_under_way_in_this_very_process_is_not_lost(runtime: Runtime, path: Path) -> None:
    job = runtime.exec(LENIENT, count=3, start_paused=True)
    asked(runtime).flush()
    assert [record.status for record in JobStore(path).jobs()] == ["paused"]
    job.resume()


def test_a_job_of_an_earlier_process_with_our_id_is_lost(runtime: Runtime, path: Path) -> None:
    job = runtime.exec(LENIENT, count=3, start_paused=True)
    asked(runtime).flush()
    changed(path, "UPDATE jobs SET process = 'an earlier boot/1'")
    (record,) = JobStore(path).jobs(status="lost")
    assert (record.job_id, record.pid, record.finished_at) == (job.job_id, os.getpid(), None)
    job.resume()
    assert asked(runtime).job(record.number).status == "completed"


def test_a_process_is_told_by_its_start() -> None:
    pid, start = incarnation.own()
    assert (pid, start) == (os.getpid(), incarnation.started(os.getpid()))
    assert incarnation.started(1 << 30) is None


# --- files ---


def test_a_full_disk_is_told_and_ends_the_recording(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = JobStore(path)
    with store._db.transaction() as db:
        db.execute("PRAGMA max_page_count = 20")
    with Runtime(engine="inline", job_store=store) as runtime:
        job = runtime.exec(Flow().pipe(pixels), count=100_000)
        assert job.result().sum() == 100_000
        with pytest.raises(StoreError, match="cannot be used: database or disk is full"):
            store.flush()
        with pytest.raises(StoreError, match="cannot be used: database or disk is full"):
            runtime.exec(LENIENT, count=1)
        with pytest.raises(StoreError, match="disk is full"):
            runtime.close()
    assert "disk is full; what happens from now on is not kept" in caplog.text


def test_a_store_of_another_kind_is_refused(path: Path) -> None:
    DeadLetters(path).close()
    with pytest.raises(StoreError, match=r"jobs\.sqlite' is a file of another kind"):
        JobStore(path)
