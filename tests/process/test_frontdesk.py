"""What the front desk of a runtime answers, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import msgspec
import pytest
import zmq

from faults.routines import Deadly
from process.flows.stages import Echo, Total, double, invert, numbers
from process.hearing import Listener
from process.visitors import Visitor, chain, refused
from routilux import ExecutionStatus, Flow, FlowError, FlowRegistry, Runtime
from routilux.commands import (
    AboutFlow,
    AboutJob,
    Act,
    ActOnFlow,
    ActOnLetter,
    Describe,
    Description,
    Done,
    Findings,
    ForgetFlow,
    Introduction,
    LetterPage,
    Letters,
    ResultItem,
    ResultPage,
    Results,
    SharedDataOf,
    SharedDataPage,
    StartFlow,
    Submit,
    Validate,
)
from routilux.frontdesk import clerk
from routilux.hookevents import FlowStats
from routilux.ipc.codec import Decoder
from routilux.ipc.endpoints import endpoint

pytestmark = pytest.mark.one_python

TIMEOUT = 30.0


class Sharing(Echo):
    """Says in its job's data what it has seen."""

    def logic(self, value: int) -> None:
        self.job.data["seen"] = value
        super().logic(value)


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    made = Runtime(max_pending=3)
    yield made
    made.close(grace=1.0)


@pytest.fixture
def visitor(runtime: Runtime) -> Iterator[Visitor]:
    with Visitor(runtime._premises.path()) as made:
        yield made


# ---- what there is ----------------------------------------------------------------------------------------


def test_a_runtime_that_has_run_nothing_is_not_to_be_found(runtime: Runtime) -> None:
    assert runtime._premises._directory is None


def test_the_introduction_says_who_is_there(runtime: Runtime, visitor: Visitor) -> None:
    said = msgspec.json.decode((runtime._premises.path() / "runtime.json").read_bytes(), type=Introduction)
    assert said.pid == os.getpid()
    assert visitor.get(Describe(), Description).introduction == said


def test_a_flow_is_described_with_its_routines_and_connections(runtime: Runtime, visitor: Visitor) -> None:
    runtime.run(chain(), n=3)
    flow = visitor.flow()
    assert [(r.routine_id, r.workers, r.policy) for r in flow.routines] == [
        ("numbers", 1, "Immediate()"),
        ("double", 2, "Immediate()"),
        ("gather", 1, "WholeJob()"),
    ]
    assert [c.connection_id for c in flow.connections] == [
        "numbers.output->double.value",
        "double.output->gather.value",
    ]
    assert flow.routines[2].doc == "Emits the list of everything at the end."
    assert "stages.py:" in flow.routines[0].source
    assert (flow.state, flow.processes, flow.jobs_processed, flow.jobs_failed) == ("running", 5, 1, 0)
    assert Path(flow.directory, "hooks-0").exists()


def test_a_registered_flow_is_known_before_it_runs(visitor: Visitor) -> None:
    registry = FlowRegistry.get_instance()
    registry.register_by_name("known", Flow("known").pipe(double))
    try:
        flow = visitor.flow()
    finally:
        registry._flows.pop("known")
    assert (flow.flow_id, flow.worker_id, flow.processes) == ("known", "", 0)


def test_two_flows_of_one_name_have_ids_of_their_own(runtime: Runtime, visitor: Visitor) -> None:
    for flow in (chain(), chain()):
        runtime.run(flow, n=1)
    found = visitor.get(Describe(), Description)
    assert [flow.flow_id for flow in found.flows] == ["chain", "chain#2"]
    assert sorted(job.flow_id for job in found.jobs) == ["chain", "chain#2"]


def test_a_job_that_nobody_holds_any_more_is_remembered(runtime: Runtime, visitor: Visitor) -> None:
    flow = Flow("fails").pipe(invert)
    runtime.exec(flow, value=0, metadata={"n": 1}).wait(TIMEOUT)
    (job,) = visitor.get(Describe(), Description).jobs
    assert (job.status, job.error_type, job.routine) == ("failed", "ZeroDivisionError", "invert")
    assert "1 / value" in job.traceback
    assert (job.metadata, job.counters["invert"]["errors"]) == ({"n": 1}, 1)
    assert visitor.get(Results(job.job_id), ResultPage) == ResultPage((), 0, is_gone=True)


def test_too_many_jobs_for_one_answer_are_counted(
    runtime: Runtime, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clerk, "MOST_JOBS", 2)
    flow = chain()
    *_, last = [runtime.exec(flow, n=1).wait(TIMEOUT) for _ in range(3)]
    held = runtime.exec(flow, n=1, start_paused=True)
    found = visitor.get(Describe(), Description)
    assert [job.job_id for job in found.jobs] == [last.job_id, held.job_id]
    assert found.omitted == 2


# ---- jobs and flows ---------------------------------------------------------------------------------------


def test_a_job_is_paused_traced_resumed_and_cancelled(runtime: Runtime, visitor: Visitor) -> None:
    streamed = runtime.stream(Flow("open").pipe(Echo(), "echo"), iter(lambda: 1, 2))
    assert next(streamed) == 1
    (job,) = runtime.jobs()
    for action, status in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        assert visitor.get(Act(job.job_id, action), AboutJob).job.status == status
    assert refused(visitor, Act(job.job_id, "cancel")) == "JOB_ALREADY_COMPLETED"
    streamed.close()  # type: ignore[attr-defined]  # a generator


@pytest.mark.parametrize("action", ["trace", "untrace"])
def test_tracing_reaches_the_word_that_workers_read(runtime: Runtime, visitor: Visitor, action: str) -> None:
    flow, is_traced = chain(), action == "trace"
    job = runtime.exec(flow, n=1, start_paused=True, trace=not is_traced)
    assert visitor.get(Act(job.job_id, action), AboutJob).job.is_traced is is_traced
    ledger = runtime._engine._running[flow]._ledger  # type: ignore[attr-defined]
    account = ledger.find(job)
    assert ledger._own.words[ledger._traced + account.slot] == is_traced


def test_results_are_read_page_by_page_and_stay(runtime: Runtime, visitor: Visitor) -> None:
    job = runtime.exec(Flow("plain").pipe(numbers), n=250).wait(TIMEOUT)
    found: list[ResultItem] = []
    while len(found) < 250:
        page = visitor.get(Results(job.job_id, offset=len(found), limit=100), ResultPage)
        assert page.total == 250
        found += page.items
    assert [Decoder().decode(item.encoded) for item in found] == list(range(250))
    assert [item.message_id for item in found] == [output.message_id for output in job.outputs()]


def test_a_large_result_is_cut(runtime: Runtime, visitor: Visitor) -> None:
    job = runtime.exec(Flow("large").pipe(Echo(), "echo"), value=b"x" * 300_000).wait(TIMEOUT)
    (item,) = visitor.get(Results(job.job_id), ResultPage).items
    assert (len(item.encoded), item.is_large) == (64 << 10, True)
    assert item.nbytes > 300_000


def test_shared_data_is_there_while_the_job_is(runtime: Runtime, visitor: Visitor) -> None:
    streamed = runtime.stream(Flow("shares").pipe(Sharing(), "sharing"), iter(lambda: 1, 2))
    assert next(streamed) == 1
    (job,) = runtime.jobs()
    page = visitor.get(SharedDataOf(job.job_id), SharedDataPage)
    assert {k: Decoder().decode_large(memoryview(v)) for k, v in page.values.items()} == {"seen": 1}
    streamed.close()  # type: ignore[attr-defined]  # a generator
    assert visitor.get(SharedDataOf(job.job_id), SharedDataPage).values == {}


def test_a_flow_starts_without_a_job_pauses_resumes_and_stops(runtime: Runtime, visitor: Visitor) -> None:
    flow = chain()
    runtime.run(flow, n=1)
    runtime.stop(flow)
    assert visitor.flow().worker_id == ""
    started = visitor.get(StartFlow("chain"), AboutFlow).flow
    assert started.worker_id
    with Listener(started.directory) as listener:
        listener.until(FlowStats, lambda event: all(p.state == "idle" for p in event.processes[1:]))
    job = runtime.exec(flow, n=1, start_paused=True)
    assert visitor.get(ActOnFlow(started.worker_id, "resume"), AboutFlow).flow.worker_id == started.worker_id
    job.wait(TIMEOUT)
    other = runtime.exec(flow, n=1, start_paused=True)
    assert visitor.get(ActOnFlow(started.worker_id, "pause"), AboutFlow).flow.state == "paused"
    visitor.get(ActOnFlow(started.worker_id, "stop"), AboutFlow)
    assert other.wait(TIMEOUT).status is ExecutionStatus.CANCELLED
    assert refused(visitor, ActOnFlow(started.worker_id, "stop")) == "WORKER_NOT_FOUND"


def test_a_flow_that_is_forgotten_stops_and_is_unknown_until_the_program_runs_it_again(
    runtime: Runtime, visitor: Visitor
) -> None:
    flow = chain()
    job = runtime.exec(flow, n=1, start_paused=True)
    assert visitor.get(ForgetFlow("chain"), Done) == Done()
    assert job.wait(TIMEOUT).status is ExecutionStatus.CANCELLED
    described = visitor.get(Describe(), Description)
    assert "chain" not in {known.flow_id for known in described.flows}
    assert [(known.flow_id, known.status) for known in described.jobs] == [("chain", "cancelled")]
    assert refused(visitor, StartFlow("chain")) == refused(visitor, ForgetFlow("chain")) == "FLOW_NOT_FOUND"
    runtime.run(flow, n=1)
    assert visitor.flow().flow_id == "chain"


def test_a_registered_flow_is_forgotten_by_one_runtime_alone(runtime: Runtime, visitor: Visitor) -> None:
    registry = FlowRegistry.get_instance()
    registry.register_by_name("chain", flow := chain())
    try:
        visitor.get(ForgetFlow("chain"), Done)
        code = refused(visitor, Submit("chain", data=1))
        assert registry.get_by_name("chain") is flow
        with closing(Runtime()) as other, Visitor(other._premises.path()) as elsewhere:
            assert elsewhere.flow().flow_id == "chain"
    finally:
        registry._flows.pop("chain")
    assert code == "FLOW_NOT_FOUND"


def test_validation_says_what_is_wrong(runtime: Runtime, visitor: Visitor) -> None:
    flow = Flow("wrong").pipe(double)
    flow.connect("double", "nothing", "nobody", "value")
    with pytest.raises(FlowError):
        runtime.exec(flow, value=1)
    registry = FlowRegistry.get_instance()
    registry.register_by_name("wrong", flow)
    try:
        findings = visitor.get(Validate("wrong"), Findings)
        code = refused(visitor, StartFlow("wrong"))
    finally:
        registry._flows.pop("wrong")
    assert findings.errors == tuple(str(f) for f in flow.validate() if f.severity == "error")
    assert code == "VALIDATION_ERROR"


def test_dead_letters_are_listed_requeued_and_discarded(runtime: Runtime, visitor: Visitor) -> None:
    flow = Flow("deadly").pipe(numbers).pipe(Deadly(first=2), "deadly")
    runtime.exec(flow, n=4).wait(TIMEOUT)
    page = visitor.get(Letters(), LetterPage)
    assert (page.total, page.letters[0].routine_id, page.letters[0].preview) == (1, "deadly", "2")
    assert visitor.get(Letters(flow_id="another"), LetterPage).total == 0
    letter = page.letters[0].id
    assert visitor.get(Letters(letter_id=letter), LetterPage) == page
    visitor.get(ActOnLetter(letter, "requeue"), AboutJob)
    assert refused(visitor, ActOnLetter(letter, "requeue")) == "VALIDATION_ERROR"
    for job in runtime.jobs():
        job.wait(TIMEOUT)
    (again,) = visitor.get(Letters(), LetterPage).letters  # it has died of the same once more
    assert visitor.get(ActOnLetter(again.id, "discard"), Done) == Done()
    assert refused(visitor, ActOnLetter(again.id, "discard")) == "LETTER_NOT_FOUND"
    assert refused(visitor, Letters(letter_id=again.id)) == "LETTER_NOT_FOUND"


# ---- whoever else comes -----------------------------------------------------------------------------------


def test_junk_is_counted_and_answered_to_nobody(runtime: Runtime, visitor: Visitor) -> None:
    runtime.run(chain(), n=1)
    desk = runtime._premises._desk
    assert desk is not None
    for parts in ([b""], [b"junk"], [b"a", b"b"], [b"\x92\x01\x80"], [bytes(1000)]):
        visitor.socket.send_multipart(parts)
    assert visitor.get(Describe(), Description).jobs
    assert desk.malformed == 5


def test_bytes_that_are_no_message_are_cut_off(runtime: Runtime, visitor: Visitor) -> None:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(runtime._premises.path() / "desk"))
        with suppress(ConnectionError):  # it may be cut off before all is sent
            raw.sendall(b"GET / HTTP/1.1\r\n\r\n" + bytes(100_000))
    assert visitor.get(Describe(), Description).flows == ()


def test_a_visitor_that_does_not_listen_holds_up_no_other(runtime: Runtime, visitor: Visitor) -> None:
    flow = chain()
    for _ in range(5):
        runtime.run(flow, n=1)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    deaf = context.socket(zmq.DEALER)
    deaf.set(zmq.RCVHWM, 1)
    deaf.connect(endpoint(runtime._premises.path(), "desk"))
    question = msgspec.msgpack.encode((1, msgspec.to_builtins(Describe())))
    for _ in range(2000):
        deaf.send(question)
    assert len(visitor.get(Describe(), Description).jobs) == 5
    context.destroy(linger=0)


def test_a_closed_runtime_leaves_no_desk(runtime: Runtime) -> None:
    runtime.run(chain(), n=1)
    path = runtime._premises.path()
    assert json.loads((path / "runtime.json").read_text())["pid"] == os.getpid()
    runtime.close()
    assert not path.exists()


def test_a_runtime_whose_directory_was_removed_opens_another(runtime: Runtime) -> None:
    runtime.run(chain(), n=1)
    first = runtime._premises.path()
    shutil.rmtree(first)
    runtime.run(Flow("another").pipe(Total(), "total"), value=1)
    with Visitor(runtime._premises.path()) as visitor:
        assert "another" in {flow.flow_id for flow in visitor.get(Describe(), Description).flows}


def test_a_flow_is_started_from_a_directory_that_was_removed(runtime: Runtime, visitor: Visitor) -> None:
    flow = chain()
    runtime.run(flow, n=1)
    runtime.stop(flow)
    shutil.rmtree(runtime._premises.path())
    assert visitor.get(StartFlow("chain"), AboutFlow).flow.worker_id
    with Visitor(runtime._premises.path()) as another:
        assert another.flow().state == "running"
