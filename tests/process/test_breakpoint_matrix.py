"""For each kind of breakpoint, each way to suspend, each kind of flow: the right message is held, what is to
go on goes on, and in the end all is as without a breakpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from process.flows import held
from process.flows.workers import TIMEOUT
from routilux import BreakpointError, Flow, JobState, Output, Runtime
from routilux.debug.session import Session

pytestmark = pytest.mark.one_python

N = 8
BESIDE = ("beside", "value")
FLOWS = {
    name: held.with_beside(make())
    for name, make in {**held.FLOWS, "chain": held.chain}.items()
    if name in ("fork", "several", "join", "cycle", "batches", "chain")
}
SUSPENDS = ("worker", "job", "message")
KINDS = ("routine", "slot", "event", "connection")
COMBINATIONS = [(kind, how) for kind in KINDS for how in SUSPENDS if (kind, how) != ("routine", "message")]


@dataclass(frozen=True)
class Case:
    """Where, on what condition; the message that is held first."""

    place: Mapping[str, Any]
    condition: str
    data: Any
    sibling: Any = None
    """What comes of the same emission on another connection."""


def at(place: str, condition: str, data: Any, sibling: Any = None, *, kind: str = "") -> Case:
    """`a.event->b.slot`, `a.slot` and `a.event` by their kind, or `a`."""
    ends = [end.split(".") for end in place.split("->")]
    if len(ends) == 2:
        names = ("source_routine_id", "source_event_name", "target_routine_id", "target_slot_name")
        return Case(dict(zip(names, (*ends[0], *ends[1]), strict=True)), condition, data, sibling)
    where = dict(zip(("routine_id", f"{kind}_name"), ends[0], strict=False))
    return Case(where, condition, data, sibling)


PAIR = (("left", 6), ("right", 6))
CASES = {
    "fork": (  # one of two connections
        at("double", "data == 3", 3),
        at("left.value", "data == 6", 6, ("right", 6), kind="slot"),
        at("double.output", "data == 6", 6, kind="event"),
        at("double.output->left.value", "data == 6", 6, ("right", 6)),
    ),
    "several": (  # several workers
        at("double", "data == 3", 3),
        at("left.value", "data == 6", 6, kind="slot"),
        at("double.output", "data == 6", 6, kind="event"),
        at("count.output->double.value", "data == 3", 3),
    ),
    "join": (
        at("pairs", "a[1] == 6", {"a": PAIR[0], "b": PAIR[1]}),
        at("pairs.b", "data[1] == 6", PAIR[1], kind="slot"),
        at("left.output", "data[1] == 6", PAIR[0], kind="event"),
        at("left.output->pairs.a", "data[1] == 6", PAIR[0]),
    ),
    "cycle": (
        at("halves", "data == 7", 7),
        at("halves.value", "data == 7", 7, kind="slot"),
        at("halves.again", "data == 3", 3, kind="event"),
        at("halves.again->halves.value", "data == 3", 3),
    ),
    "batches": (  # a policy that gathers
        at("batches", "4 in data", [4, 5, 6, 7]),
        at("batches.value", "data == 5", 5, kind="slot"),
        at("batches.out", "4 in data", [4, 5, 6, 7], kind="event"),
        at("batches.out->left.value", "4 in data", [4, 5, 6, 7]),
    ),
    "chain": (  # a generator, and its entry
        at("count", f"data == {N}", N),
        at("count.n", f"data == {N}", N, kind="slot"),
        at("count.output", "data == 3", 3, kind="event"),
        at("count.output->double.value", "data == 3", 3),
    ),
}
"""Per flow, in the order of KINDS."""


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Of the flow that the runtime has up."""
    return str(request.node.callspec.params["runtime"])


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


def debugged(job: JobState) -> None:
    """By somebody who resumes whatever is held of it."""
    with job.session() as session:
        resume_all(session, job)


def until_out(outputs: Iterator[Output], wanted: Any) -> list[Any]:
    """What comes out, as far as that."""
    found: list[Any] = []
    for output in outputs if wanted is not None else ():
        found.append(output.payload)
        if output.payload == wanted:
            break
    return found


EVERY_FLOW = pytest.mark.parametrize("runtime", FLOWS, indirect=True, scope="module")


@EVERY_FLOW
@pytest.mark.parametrize(("kind", "suspend"), COMBINATIONS)
def test_the_right_message_is_held_and_what_is_to_go_on_goes_on(
    runtime: Runtime, name: str, kind: str, suspend: str
) -> None:
    flow, case, before = FLOWS[name], CASES[name][KINDS.index(kind)], []
    job = start(runtime, flow, breakpoints=[{**case.place, "condition": case.condition, "suspend": suspend}])
    outputs = job.outputs()
    with job.session() as session:
        hold = session.wait(TIMEOUT)
        assert (hold.type, hold.data, hold.attempt) == (kind, case.data, 1)
        session.inject(*BESIDE, 1)
        other = runtime.post(flow, *BESIDE, 2, timeout=TIMEOUT)
        assert next(other.outputs()).payload == ("beside", 2)
        assert job.counters["beside"]["activations"] == (suspend != "job")
        if suspend == "message":
            assert sorted(map(repr, start(runtime, flow).results(TIMEOUT))) == plain(flow)
            before = until_out(outputs, case.sibling)
        resume_all(session, job)
    found = [*before, *(output.payload for output in outputs)]
    assert sorted(map(repr, found)) == plain(flow, ("beside", 1))
    other.wait(TIMEOUT)


@EVERY_FLOW
@pytest.mark.parametrize("suspend", SUSPENDS)
def test_two_jobs_at_once_are_held_each_by_itself(runtime: Runtime, name: str, suspend: str) -> None:
    flow, place = FLOWS[name], CASES[name][KINDS.index("slot")].place
    jobs = [start(runtime, flow, breakpoints=[{**place, "suspend": suspend}]) for _ in range(2)]
    with ThreadPoolExecutor() as both:  # each needs the processes in which the other may be held
        list(both.map(debugged, jobs))
    assert [sorted(map(repr, job.results(TIMEOUT))) for job in jobs] == [plain(flow)] * 2


@EVERY_FLOW
@pytest.mark.parametrize("suspend", SUSPENDS)
def test_the_order_of_a_connection_is_kept(runtime: Runtime, name: str, suspend: str) -> None:
    flow, place = FLOWS[name], CASES[name][KINDS.index("connection")].place
    job = start(runtime, flow, breakpoints=[{**place, "suspend": suspend, "hit_condition": "% 3"}])
    debugged(job)
    assert in_order(name, job) == in_order(name, start(runtime, flow))


def in_order(name: str, job: JobState) -> list[Any]:
    """What comes out, in the order that is promised: none where two ways or two workers meet."""
    results = job.results(TIMEOUT)
    if name == "fork":
        return [[each for each in results if each[0] == side] for side in ("left", "right")]
    return sorted(results, key=repr) if name in ("several", "cycle") else results
