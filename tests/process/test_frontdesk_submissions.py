"""Jobs that are submitted at the front desk of a runtime, and those that it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from process.flows.typed import TakesArrays, TakesPoints
from process.flows.workers import until
from process.visitors import Visitor, chain, refused
from routilux import ExecutionStatus, Flow, JobState, Runtime
from routilux.commands import (
    AboutJob,
    Act,
    ActOnFlow,
    ActOnLetter,
    Describe,
    Description,
    ForgetFlow,
    Letters,
    Logs,
    Refusal,
    Request,
    ResultPage,
    Results,
    SharedDataOf,
    StartFlow,
    Submit,
    Validate,
)
from routilux.ipc.codec import Decoder

pytestmark = pytest.mark.one_python

TIMEOUT = 30.0


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    made = Runtime(max_pending=3)
    yield made
    made.close(grace=1.0)


@pytest.fixture
def visitor(runtime: Runtime) -> Iterator[Visitor]:
    with Visitor(runtime._premises.path()) as made:
        yield made


@pytest.fixture(scope="module")
def standing() -> Iterator[tuple[Visitor, JobState]]:
    """A visitor of a runtime with a job that has ended and one that is held, and that one: for questions that
    change nothing.
    """
    flow = chain()
    with closing(Runtime(max_pending=3)) as runtime:
        runtime.exec(flow, n=1, job_id="ended").wait(TIMEOUT)
        held = runtime.exec(flow, n=1, job_id="held", start_paused=True)
        with Visitor(runtime._premises.path()) as visitor:
            refused(visitor, Letters(limit=0))  # from here on they are connected
            yield visitor, held


def test_a_submission_runs_as_a_job(runtime: Runtime, visitor: Visitor) -> None:
    runtime.start(chain())
    request = Submit("chain", "numbers", "n", 3, job_id="mine", metadata={"by": "me"}, start_paused=True)
    job = visitor.get(request, AboutJob).job
    assert (job.job_id, job.metadata, job.is_traced) == ("mine", {"by": "me"}, True)
    (known,) = runtime.jobs()  # one that had ended would be forgotten
    known.resume()
    known.wait(TIMEOUT)
    page = visitor.get(Results("mine"), ResultPage)
    found: Any = Decoder().decode(page.items[0].encoded)
    assert sorted(found) == [0, 2, 4]
    assert known.results() == [found]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Submit("nowhere"), "FLOW_NOT_FOUND"),
        (Submit("chain", "nobody"), "ROUTINE_NOT_FOUND"),
        (Submit("chain", "numbers", "m", 1), "SLOT_NOT_FOUND"),
        (Submit("chain", inputs={"m": 1}), "SLOT_NOT_FOUND"),
        (Submit("chain"), "VALIDATION_ERROR"),
        (Submit("chain", "numbers", "n", 1, inputs={"n": 1}), "VALIDATION_ERROR"),
        (Submit("chain", data=1, job_id=""), "VALIDATION_ERROR"),
        (Submit("chain", data=1, metadata={"much": "x" * 100_000}), "VALIDATION_ERROR"),
        (StartFlow("nowhere"), "FLOW_NOT_FOUND"),
        (Validate("nowhere"), "FLOW_NOT_FOUND"),
        (ForgetFlow("nowhere"), "FLOW_NOT_FOUND"),
        (Act("nobody", "pause"), "JOB_NOT_FOUND"),
        (Act("ended", "pause"), "JOB_ALREADY_COMPLETED"),
        (Act("held", "explode"), "VALIDATION_ERROR"),
        (Results("nobody"), "JOB_NOT_FOUND"),
        (Results("held", offset=-1), "VALIDATION_ERROR"),
        (Results("held", limit=10**9), "VALIDATION_ERROR"),
        (Logs("nobody"), "JOB_NOT_FOUND"),
        (SharedDataOf("nobody"), "JOB_NOT_FOUND"),
        (ActOnFlow("nobody", "stop"), "WORKER_NOT_FOUND"),
        (ActOnLetter(1, "requeue"), "LETTER_NOT_FOUND"),
        (Letters(limit=0), "VALIDATION_ERROR"),
    ],
)
def test_what_cannot_be_done_is_refused(
    standing: tuple[Visitor, JobState], request_: Request, code: str
) -> None:
    visitor, held = standing
    assert refused(visitor, request_) == code
    assert held.status is ExecutionStatus.PAUSED


def test_json_becomes_what_the_slot_takes(runtime: Runtime, visitor: Visitor) -> None:
    flow = Flow("typed").pipe(TakesPoints(), "points")
    runtime.start(flow)
    assert refused(visitor, Submit("typed", data={"x": "no number"})) == "VALIDATION_ERROR"
    visitor.get(Submit("typed", data={"x": 1, "tags": ["a"]}, start_paused=True), AboutJob)
    (known,) = runtime.jobs()
    known.resume()
    assert known.wait(TIMEOUT).error is None


def test_what_no_json_can_give_is_refused(runtime: Runtime, visitor: Visitor) -> None:
    runtime.start(Flow("arrays").pipe(TakesArrays(), "arrays"))
    refusal = visitor.get(Submit("arrays", data=[1, 2]), Refusal)
    assert refusal.code == "VALIDATION_ERROR"
    assert refusal.details == {"field": "data", "slot": "value"}
    assert "takes ndarray" in refusal.message


def test_a_full_ledger_is_answered_soon_and_holds_up_nobody(runtime: Runtime, visitor: Visitor) -> None:
    flow = chain()
    jobs = [runtime.exec(flow, n=1, start_paused=True) for _ in range(3)]
    assert refused(visitor, Submit("chain", data=1)) == "BUSY"
    jobs[0].resume()
    jobs[0].wait(TIMEOUT)
    assert visitor.get(Submit("chain", data=1, start_paused=True), AboutJob).job.status == "paused"


def test_a_timeout_counts_from_the_admission_on(runtime: Runtime, visitor: Visitor) -> None:
    runtime.start(chain())
    visitor.get(Submit("chain", data=1, timeout=0.05, start_paused=True), AboutJob)
    until(lambda: [job.status for job in visitor.get(Describe(), Description).jobs] == ["failed"])


def test_a_closed_runtime_takes_no_jobs(runtime: Runtime, visitor: Visitor) -> None:
    runtime.run(chain(), n=1)
    runtime.drain()
    assert refused(visitor, Submit("chain", data=1)) == "RUNTIME_SHUTDOWN"
