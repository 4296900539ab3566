"""Facts about the list of a runtime's jobs, and what a job is known by."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from routilux import Flow, FlowError, JobFailed, Runtime, routine
from routilux import joblist as module
from routilux.joblist import Ended, JobList


@routine
def half(n: int) -> float:
    return 1 / n


@pytest.fixture
def runtime() -> Runtime:
    return Runtime(engine="inline")


def jobs_of(runtime: Runtime) -> JobList:
    return runtime._admission.jobs


FLOW = Flow("halves").pipe(half)


def test_a_job_that_nobody_holds_is_remembered_by_what_became_of_it(runtime: Runtime) -> None:
    runtime.exec(FLOW, n=1, job_id="gone", metadata={"a": 1})
    gc.collect()
    assert runtime.jobs() == []
    found = jobs_of(runtime).find("gone")
    assert isinstance(found, Ended)
    assert (found.job(), found.status, found.metadata) == (None, "completed", {"a": 1})
    assert found.counted()["half"]["activations"] == 1


def test_what_a_failed_job_has_seen_is_not_kept_alive(runtime: Runtime) -> None:
    job = runtime.exec(FLOW, n=0)
    seen = weakref.ref(job)
    with pytest.raises(JobFailed) as caught:
        job.result()
    assert caught.value is job.error
    del job, caught
    gc.collect()
    assert seen() is None
    (found,) = jobs_of(runtime).ended()
    assert found.failure is not None
    assert found.failure.type == "ZeroDivisionError"


def test_the_last_of_an_id_is_found(runtime: Runtime) -> None:
    for n in (1, 0):
        runtime.exec(FLOW, n=n, job_id="same")
    found = jobs_of(runtime).find("same")
    assert isinstance(found, Ended)
    assert found.status == "failed"


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 3)
    runtime = Runtime(engine="inline")
    jobs = [runtime.exec(FLOW, n=1) for _ in range(5)]
    assert [ended.job_id for ended in jobs_of(runtime).ended()] == [job.job_id for job in jobs[2:]]


def test_jobs_of_two_runtimes_have_different_ids() -> None:
    jobs = [Runtime(engine="inline").exec(FLOW, n=1) for _ in range(2)]
    assert jobs[0].job_id != jobs[1].job_id
    assert all(job.job_id.startswith("job-") for job in jobs)


def test_a_job_under_way_keeps_its_id_to_itself(runtime: Runtime) -> None:
    held = runtime.exec(FLOW, n=1, job_id="held", start_paused=True)
    with pytest.raises(FlowError, match="'held' is under way already"):
        runtime.exec(FLOW, n=1, job_id="held")
    assert jobs_of(runtime).find("held") is held


@pytest.mark.parametrize("metadata", [{"a": object()}, {"a": "\ud800"}, ["a"], "text", {"a": "x" * 70_000}])
def test_metadata_is_what_json_knows(runtime: Runtime, metadata: Any) -> None:
    with pytest.raises(FlowError, match="metadata="):
        runtime.exec(FLOW, n=1, metadata=metadata)
    assert runtime.jobs() == []


def test_metadata_is_a_copy(runtime: Runtime) -> None:
    mine = {"list": [1]}
    job = runtime.exec(FLOW, n=1, metadata=mine, start_paused=True)
    mine["list"].append(2)
    assert job.metadata == {"list": [1]}


def test_a_job_is_traced_if_it_is_asked_for(runtime: Runtime) -> None:
    job = runtime.post(FLOW, "half", "n", 1, trace=True)
    assert job.is_traced
    assert not runtime.exec(FLOW, n=1).is_traced
