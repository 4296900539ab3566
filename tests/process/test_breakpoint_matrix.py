"""For each kind of breakpoint, each way to suspend, each kind of flow: the right message is held, what is to
go on goes on, and in the end all is as without a breakpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from process.flows import held
from process.flows.workers import TIMEOUT
from routilux import BreakpointError, Flow, JobState, Runtime
from routilux.debug.session import Session

N = 8
SUSPENDS = ("worker", "job", "message")
BESIDE = ("beside", "value")
FLOWS = {
    name: held.with_beside(make())
    for name, make in {**held.FLOWS, "chain": held.chain}.items()
    if name in ("fork", "several", "join", "cycle", "batches", "chain")
}


@dataclass(frozen=True)
class Case:
    """Where, in which flow, on what condition; the message that is held first."""

    flow: str
    place: Mapping[str, Any]
    condition: str
    data: Any
    sibling: Any = None
    """What comes of the same emission on another connection."""
    suspends: tuple[str, ...] = SUSPENDS

    @property
    def type(self) -> str:
        names = {"slot_name": "slot", "event_name": "event", "source_routine_id": "connection"}
        return next((kind for name, kind in names.items() if name in self.place), "routine")

    def __str__(self) -> str:
        return f"{self.flow}-{self.type}"


def at_routine(flow: str, routine: str, condition: str, data: Any) -> Case:
    return Case(flow, {"routine_id": routine}, condition, data, suspends=("worker", "job"))


def at_slot(flow: str, place: str, condition: str, data: Any, sibling: Any = None) -> Case:
    routine, slot = place.split(".")
    return Case(flow, {"routine_id": routine, "slot_name": slot}, condition, data, sibling)


def at_event(flow: str, place: str, condition: str, data: Any, **more: Any) -> Case:
    routine, event = place.split(".")
    return Case(flow, {"routine_id": routine, "event_name": event}, condition, data, **more)


def at_connection(flow: str, place: str, condition: str, data: Any, sibling: Any = None) -> Case:
    (source, event), (target, slot) = (end.split(".") for end in place.split("->"))
    names = ("source_routine_id", "source_event_name", "target_routine_id", "target_slot_name")
    where = dict(zip(names, (source, event, target, slot), strict=True))
    return Case(flow, where, condition, data, sibling)


PAIR = (("left", 6), ("right", 6))
CASES = (
    # one of two connections
    at_routine("fork", "double", "data == 3", 3),
    at_slot("fork", "left.value", "data == 6", 6, ("right", 6)),
    at_event("fork", "double.output", "data == 6", 6),
    at_connection("fork", "double.output->left.value", "data == 6", 6, ("right", 6)),
    # several workers
    at_routine("several", "double", "data == 3", 3),
    at_slot("several", "left.value", "data == 6", 6),
    at_event("several", "double.output", "data == 6", 6),
    at_connection("several", "count.output->double.value", "data == 3", 3),
    # a join
    at_routine("join", "pairs", "a[1] == 6", {"a": PAIR[0], "b": PAIR[1]}),
    at_slot("join", "pairs.b", "data[1] == 6", PAIR[1]),
    at_event("join", "pairs.out", "data[0][1] == 6", PAIR, suspends=("worker", "job")),
    at_connection("join", "left.output->pairs.a", "data[1] == 6", PAIR[0]),
    # a cycle
    at_routine("cycle", "halves", "data == 7", 7),
    at_slot("cycle", "halves.value", "data == 7", 7),
    at_event("cycle", "halves.again", "data == 3", 3),
    at_connection("cycle", "halves.again->halves.value", "data == 3", 3),
    # a batch
    at_routine("batches", "batches", "4 in data", [4, 5, 6, 7]),
    at_slot("batches", "batches.value", "data == 5", 5),
    at_event("batches", "batches.out", "4 in data", [4, 5, 6, 7]),
    at_connection("batches", "batches.out->left.value", "4 in data", [4, 5, 6, 7]),
    # a generator, and its entry
    at_routine("chain", "count", f"data == {N}", N),
    at_slot("chain", "count.n", f"data == {N}", N),
    at_event("chain", "count.output", "data == 3", 3),
    at_connection("chain", "count.output->double.value", "data == 3", 3),
)
MATRIX = [(case.flow, case, suspend) for case in CASES for suspend in case.suspends]
THIRD = {"routine_id": "left", "slot_name": "value", "hit_condition": "% 3"}
IN_ORDER = {"routine_id": "double", "slot_name": "value", "condition": "data % 3 == 1"}


@pytest.fixture(scope="module")
def runtime(request: pytest.FixtureRequest) -> Iterator[Runtime]:
    """With the processes of one flow, which stay up from case to case: each has held something before."""
    flow = FLOWS[request.param]
    with Runtime(heap=1 << 24) as made:
        job = start(made, flow, breakpoints=[{"routine_id": name} for name in flow.nodes])
        with job.session() as session:
            session.inject(*BESIDE, 0)
            resume_all(session, job)
        yield made


def start(runtime: Runtime, flow: Flow, **more: Any) -> JobState:
    return runtime.exec(flow, entry="count", n=N, timeout=TIMEOUT, **more)


def plain(flow: Flow, *more: Any) -> list[str]:
    """What comes out without a breakpoint, in the order that is promised: none between routines."""
    with Runtime(engine="inline") as reference:
        return sorted(map(repr, (*start(reference, flow).results(TIMEOUT), *more)))


def resume_all(session: Session, job: JobState) -> None:
    """Until the job has ended, whatever is held."""
    while not job.ended:
        try:
            session.wait(TIMEOUT).resume()
        except BreakpointError:  # it has ended just then
            continue


def until_out(job: JobState, wanted: Any) -> list[Any]:
    """What comes out, as far as that."""
    found: list[Any] = []
    for output in job.outputs() if wanted is not None else ():
        found.append(output.payload)
        if output.payload == wanted:
            break
    return found


@pytest.mark.parametrize(("runtime", "case", "suspend"), MATRIX, ids=str, indirect=["runtime"])
def test_the_right_message_is_held_and_what_is_to_go_on_goes_on(
    runtime: Runtime, case: Case, suspend: str
) -> None:
    flow, before = FLOWS[case.flow], []
    job = start(runtime, flow, breakpoints=[{**case.place, "condition": case.condition, "suspend": suspend}])
    with job.session() as session:
        hold = session.wait(TIMEOUT)
        assert (hold.type, hold.data, hold.attempt) == (case.type, case.data, 1)
        session.inject(*BESIDE, 1)
        other = runtime.post(flow, *BESIDE, 2, timeout=TIMEOUT)
        assert next(other.outputs()).payload == ("beside", 2)
        assert job.counters["beside"]["activations"] == (suspend != "job")
        if suspend == "message":
            assert sorted(map(repr, start(runtime, flow).results(TIMEOUT))) == plain(flow)
            before = until_out(job, case.sibling)
        resume_all(session, job)
    assert sorted(map(repr, before + job.results(TIMEOUT))) == plain(flow, ("beside", 1))
    other.wait(TIMEOUT)


@pytest.mark.parametrize("suspend", SUSPENDS)
@pytest.mark.parametrize("runtime", ["fork", "several", "join", "batches"], indirect=True)
def test_two_jobs_at_once_are_held_each_by_itself(
    request: pytest.FixtureRequest, runtime: Runtime, suspend: str
) -> None:
    flow = FLOWS[request.node.callspec.params["runtime"]]
    jobs = [start(runtime, flow, breakpoints=[{**THIRD, "suspend": suspend}]) for _ in range(2)]
    for job in jobs:
        with job.session() as session:
            resume_all(session, job)
    assert [sorted(map(repr, job.results(TIMEOUT))) for job in jobs] == [plain(flow)] * 2


@pytest.mark.parametrize("suspend", SUSPENDS)
@pytest.mark.parametrize("runtime", ["chain"], indirect=True)
def test_the_order_of_a_connection_is_kept(runtime: Runtime, suspend: str) -> None:
    job = start(runtime, FLOWS["chain"], breakpoints=[{**IN_ORDER, "suspend": suspend}])
    with job.session() as session:
        resume_all(session, job)
    assert job.results(TIMEOUT) == [("left", 2 * n) for n in range(N)]
