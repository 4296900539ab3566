"""What is held at a breakpoint, what goes on meanwhile, and that nothing is lost or comes twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from process.flows import held
from process.flows.workers import TIMEOUT, kill, until
from routilux import BreakpointError, DeadlineExceeded, Flow, JobState, Runtime
from routilux.debug.session import Hold

pytestmark = pytest.mark.one_python

N = 40
CONNECTION = {
    "source_routine_id": "double",
    "source_event_name": "output",
    "target_routine_id": "left",
    "target_slot_name": "value",
}


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """Closed in the end, whatever is held."""
    made = Runtime(heap=1 << 24)
    yield made
    made.close(grace=1.0)


def let_all_go(job: JobState) -> list[Hold]:
    """Resume whatever is held, until the job has ended."""
    seen: list[Hold] = []
    with job.session() as session:
        while not job.ended:
            try:
                hold = session.wait(TIMEOUT)
                hold.resume()
            except BreakpointError:  # it ended, or went on, just then
                continue
            seen.append(hold)
    return seen


def plain(flow: Flow, n: int = N) -> list[Any]:
    """What comes out without a breakpoint, in the order that is promised: of each routine by itself."""
    with Runtime(engine="inline") as reference:
        return sorted(map(repr, reference.exec(flow, n=n).results(TIMEOUT)))


PLACES: dict[str, list[dict[str, Any]]] = {
    "fork": [CONNECTION, {"routine_id": "double"}, {"routine_id": "right", "slot_name": "value"}],
    "join": [{"routine_id": "pairs"}, {"routine_id": "pairs", "slot_name": "b"}],
    "several": [CONNECTION, {"routine_id": "double", "event_name": "output"}, {"routine_id": "double"}],
    "ordered": [CONNECTION, {"routine_id": "double"}],
    "batches": [{"routine_id": "batches"}, {"routine_id": "batches", "event_name": "out"}],
    "cycle": [
        {"routine_id": "halves", "event_name": "again"},
        {"routine_id": "halves", "slot_name": "value"},
    ],
    "sums": [{"routine_id": "sums", "event_name": "out"}, {"routine_id": "sums"}],
}


@pytest.fixture(scope="module")
def standing(request: pytest.FixtureRequest) -> Iterator[tuple[Runtime, Flow, list[dict[str, Any]]]]:
    """A runtime with one flow, whose processes are up and have each held something, and the places there."""
    flow = held.FLOWS[request.param]()
    with closing(Runtime(heap=1 << 24)) as made:
        let_all_go(made.exec(flow, n=N, breakpoints=[{"routine_id": name} for name in flow.nodes]))
        yield made, flow, PLACES[request.param]


@pytest.mark.parametrize("standing", PLACES, indirect=True, scope="module")
@pytest.mark.parametrize("suspend", ["worker", "job"])
def test_what_is_held_and_let_go_changes_nothing(
    standing: tuple[Runtime, Flow, list[dict[str, Any]]], suspend: str
) -> None:
    runtime, flow, places = standing
    for place in places:
        wanted = {**place, "suspend": suspend, "hit_condition": "% 3"}
        job = runtime.exec(flow, n=N, breakpoints=[wanted], timeout=TIMEOUT)
        seen = let_all_go(job)
        assert sorted(map(repr, job.results(TIMEOUT))) == plain(flow)
        assert seen, place
        assert {hold.type for hold in seen} == {job_type(place)}


def job_type(place: dict[str, Any]) -> str:
    names = {"slot_name": "slot", "event_name": "event", "source_routine_id": "connection"}
    return next((kind for name, kind in names.items() if name in place), "routine")


def test_one_of_two_connections_is_held_and_its_message_is_shown(runtime: Runtime) -> None:
    job = runtime.exec(held.fork(), n=5, breakpoints=[{**CONNECTION, "condition": "data == 4"}])
    hold = job.session().wait(TIMEOUT)
    assert (hold.connection_id, hold.data, hold.attempt) == ("double.output->left.value", 4, 1)
    assert hold.parents == (hold.message_id,)
    hold.resume()
    assert len(job.results(TIMEOUT)) == 10
    assert len(job.breakpoints.list()) == 0


def test_what_came_before_the_held_message_is_out(runtime: Runtime) -> None:
    job = runtime.exec(held.fork(), n=5, breakpoints=[{**CONNECTION, "condition": "data == 4"}])
    job.session().wait(TIMEOUT)
    outputs = job.outputs()
    before = sorted(next(outputs).payload for _ in range(4))
    assert before == [("left", 0), ("left", 2), ("right", 0), ("right", 2)]
    job.cancel()


def test_another_job_goes_on_while_one_is_held_elsewhere(runtime: Runtime) -> None:
    flow = held.fork()
    one = runtime.exec(flow, n=1, breakpoints=[{"routine_id": "left"}])
    one.session().wait(TIMEOUT)
    other = runtime.post(flow, "right", "value", 7)
    assert other.result(TIMEOUT) == ("right", 7)
    assert not one.ended
    one.session().resume()
    assert len(one.results(TIMEOUT)) == 2


def test_a_breakpoint_of_one_job_does_not_hold_another(runtime: Runtime) -> None:
    flow = held.fork()
    one = runtime.exec(flow, n=1, breakpoints=[{"routine_id": "left", "condition": "data == 99"}])
    assert len(one.results(TIMEOUT)) == 2
    two = runtime.exec(flow, n=1, start_paused=True)
    two.breakpoints.add(routine_id="left")
    assert len(runtime.exec(flow, n=1).results(TIMEOUT)) == 2
    two.resume()
    two.session().wait(TIMEOUT).resume()
    assert len(two.results(TIMEOUT)) == 2


def test_a_submission_is_held_after_exec_has_returned(runtime: Runtime) -> None:
    flow = held.fork()
    job = runtime.exec(flow, n=3, breakpoints=[{"routine_id": "count", "slot_name": "n"}])
    hold = job.session().wait(TIMEOUT)
    assert (hold.data, hold.slot_name) == (3, "n")
    hold.edit(1)
    assert sorted(job.results(TIMEOUT)) == [("left", 0), ("right", 0)]


def test_a_dropped_submission_leaves_a_job_that_ends(runtime: Runtime) -> None:
    job = runtime.exec(held.fork(), n=3, breakpoints=[{"routine_id": "count", "slot_name": "n"}])
    job.session().wait(TIMEOUT).drop()
    assert job.results(TIMEOUT) == []


def test_fed_messages_wait_behind_a_held_one(runtime: Runtime) -> None:
    flow = Flow("fed").pipe(held.double, "double")
    runtime.breakpoints(flow).add(routine_id="double", slot_name="value", condition="data == 1")
    found: list[int] = []
    reader = threading.Thread(target=lambda: found.extend(runtime.stream(flow, [0, 1, 2, 3])), daemon=True)
    reader.start()
    until(lambda: runtime.jobs() and runtime.jobs()[0].session().holds)
    runtime.jobs()[0].session().holds[0].edit(10)
    reader.join(TIMEOUT)
    assert found == [0, 20, 4, 6]


@pytest.mark.parametrize("place", [CONNECTION, {"routine_id": "double", "event_name": "output"}])
def test_a_dropped_message_does_not_hold_up_an_order(runtime: Runtime, place: dict[str, Any]) -> None:
    wanted = {**place, "condition": "data % 20 == 0"}
    job = runtime.exec(held.ordered(), n=N, breakpoints=[wanted], timeout=TIMEOUT)
    with job.session() as session:
        for _ in range(4):
            session.wait(TIMEOUT).drop()
    assert job.results(TIMEOUT) == [("left", 2 * n) for n in range(N) if n % 10]


def test_an_edit_is_made_on_one_connection_only(runtime: Runtime) -> None:
    job = runtime.exec(held.fork(), n=2, breakpoints=[{**CONNECTION, "condition": "data == 2"}])
    job.session().wait(TIMEOUT).edit(100)
    assert sorted(job.results(TIMEOUT)) == [("left", 0), ("left", 100), ("right", 0), ("right", 2)]


def test_an_edit_of_another_type_is_refused_and_the_message_is_still_held(runtime: Runtime) -> None:
    flow = Flow("typed").pipe(held.count).pipe(held.Typed(), "typed")
    job = runtime.exec(flow, n=1, breakpoints=[{"routine_id": "typed", "slot_name": "value"}])
    hold = job.session().wait(TIMEOUT)
    with pytest.raises(BreakpointError, match="takes int"):
        hold.edit("seven")
    hold.edit(7)
    assert job.result(TIMEOUT) == 7


def test_who_resumes_twice_is_told(runtime: Runtime) -> None:
    job = runtime.exec(held.fork(), n=1, breakpoints=[{"routine_id": "left"}])
    hold = job.session().wait(TIMEOUT)
    hold.resume()
    with pytest.raises(BreakpointError, match="let go"):
        hold.resume()
    job.wait(TIMEOUT)


def test_an_injected_message_belongs_to_the_job(runtime: Runtime) -> None:
    job = runtime.exec(held.fork(), n=1, breakpoints=[{"routine_id": "left"}])
    session = job.session()
    hold = session.wait(TIMEOUT)
    session.inject("right", "value", 5)
    hold.resume()
    assert sorted(job.results(TIMEOUT)) == [("left", 0), ("right", 0), ("right", 5)]
    assert [action.action for action in session.audit] == ["add breakpoint", "inject", "resume"]


def test_a_killed_process_holds_the_same_message_again(runtime: Runtime, tmp_path: Path) -> None:
    log = tmp_path / "runs"
    flow = Flow("killed").pipe(held.count).pipe(held.Pids(log_file=str(log)), "pids")
    wanted = {"routine_id": "pids", "event_name": "out", "hit_condition": "== 3"}
    job = runtime.exec(flow, n=6, breakpoints=[wanted], timeout=TIMEOUT)
    session = job.session()
    first = session.wait(TIMEOUT)
    for attempt in (2, 3, 4, 5):  # more often than a message may kill its process
        kill("pids")
        until(lambda: [hold.attempt for hold in session.holds] == [attempt])  # noqa: B023 - called at once
    again = session.holds[0]
    assert (again.data, again.message_id) == (first.data, first.message_id) == (2, first.message_id)
    again.resume()
    assert job.results(TIMEOUT) == list(range(6))
    assert [line.split()[0] for line in log.read_text().splitlines()].count("1") == 1
    assert runtime.dead_letters.all() == []


def test_ten_thousand_hits_lose_nothing_and_keep_the_order(runtime: Runtime) -> None:
    flow = Flow("many").pipe(held.count).pipe(held.double, "double").pipe(held.left, "left")
    job = runtime.exec(flow, n=10_000, breakpoints=[CONNECTION], timeout=10 * TIMEOUT)
    assert len(let_all_go(job)) == 10_000
    assert job.results(TIMEOUT) == [("left", 2 * n) for n in range(10_000)]


@pytest.mark.parametrize(
    "place", [CONNECTION, {"routine_id": "left"}, {"routine_id": "count", "slot_name": "n"}]
)
def test_cancel_releases_what_is_held(runtime: Runtime, place: dict[str, Any]) -> None:
    flow = held.fork()
    job = runtime.exec(flow, n=5, breakpoints=[place])
    hold = job.session().wait(TIMEOUT)
    job.cancel()
    assert job.wait(TIMEOUT).status == "cancelled"
    with pytest.raises(BreakpointError):
        hold.resume()
    assert len(runtime.exec(flow, n=5).results(TIMEOUT)) == 10


def test_close_releases_what_is_held() -> None:
    with Runtime(heap=1 << 24) as runtime:
        job = runtime.exec(held.fork(), n=5, breakpoints=[CONNECTION])
        job.session().wait(TIMEOUT)
        runtime.close()
    assert job.ended


def test_what_nobody_debugs_any_more_goes_on_by_itself(runtime: Runtime) -> None:
    flow = held.fork()
    job = runtime.exec(flow, n=1, start_paused=True)
    job.control.debugger.lease = 0.2
    job.breakpoints.add(routine_id="left")
    with job.session() as session:
        job.resume()
        session.wait(TIMEOUT)
        with pytest.raises(DeadlineExceeded):
            job.wait(0.5)
    assert len(job.results(TIMEOUT)) == 2
    assert "auto-resume" in [action.action for action in job.session().audit]


def test_a_job_that_is_suspended_stands_still_as_a_whole(runtime: Runtime) -> None:
    flow = held.fork()
    job = runtime.exec(flow, n=1, breakpoints=[{"routine_id": "left", "suspend": "job"}])
    hold = job.session().wait(TIMEOUT)
    job.session().inject("right", "value", 5)
    assert runtime.post(flow, "right", "value", 7).result(TIMEOUT) == ("right", 7)
    assert job.counters["right"]["activations"] <= 1  # of what came before the hold
    hold.resume()
    assert sorted(job.results(TIMEOUT)) == [("left", 0), ("right", 0), ("right", 5)]


def test_a_log_point_writes_and_does_not_hold(runtime: Runtime) -> None:
    wanted = {**CONNECTION, "action": "log", "log_message": "{data + 1} of {job}", "condition": "data > 2"}
    job = runtime.exec(held.fork(), n=4, job_id="logged", breakpoints=[wanted], timeout=TIMEOUT)
    assert len(job.results(TIMEOUT)) == 8
    session = job.session()
    until(lambda: len(session.log) == 2)
    assert [note.text for note in session.log] == ["5 of logged", "7 of logged"]


def test_a_log_point_s_lines_are_kept_of_jobs_that_end_before_they_arrive(runtime: Runtime) -> None:
    flow, point = held.fork(), {**CONNECTION, "action": "log", "log_message": "{data}"}
    runtime.start(flow)
    for _ in range(200):  # of some of these the end comes first
        session = runtime.exec(flow, n=1, breakpoints=[point]).wait(TIMEOUT).session()
        until(lambda: len(session.log) == 1)  # noqa: B023 - it is asked at once


def test_what_a_breakpoint_has_come_to_is_told(runtime: Runtime) -> None:
    flow = held.fork()
    job = runtime.exec(flow, n=4, start_paused=True)
    job.breakpoints.add(breakpoint_id="b", **CONNECTION, condition="data.size > 2")
    found = job.breakpoints.add(breakpoint_id="c", routine_id="right", condition="data == 6")
    assert found.type == "routine"
    job.resume()
    hold = job.session().wait(TIMEOUT)
    until(lambda: job.breakpoints["b"].condition_errors == 4)
    assert job.breakpoints["b"].hit_count == 0
    assert job.breakpoints["c"].hit_count == 1
    assert not job.breakpoints.update("b", enabled=False).enabled
    job.breakpoints.remove("c")  # what is held there goes on
    assert len(job.results(TIMEOUT)) == 8
    with pytest.raises(BreakpointError):
        hold.resume()


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"routine_id": "lefd"}, "did you mean 'left'"),
        ({"routine_id": "left", "slot_name": "valu"}, "did you mean 'value'"),
        ({"routine_id": "left", "event_name": "out"}, "did you mean 'output'"),
        ({**CONNECTION, "source_routine_id": "count"}, "no connection 'count.output->left.value'"),
        ({"routine_id": "left", "condition": "datta ** 2"}, "a power"),
        ({"routine_id": "left", "hit_condition": "3"}, ">= 3"),
        ({"routine_id": "left", "colour": 1}, "no field 'colour'"),
        ({}, "needs a place"),
    ],
)
def test_a_breakpoint_that_the_flow_has_no_place_for_is_refused(
    runtime: Runtime, wanted: dict[str, Any], said: str
) -> None:
    with pytest.raises(BreakpointError, match=said):
        runtime.exec(held.fork(), n=1, breakpoints=[wanted])
    assert runtime.jobs() == []


def test_the_inline_engine_says_what_to_use_instead() -> None:
    with Runtime(engine="inline") as runtime:
        job = runtime.exec(held.fork(), n=1)
        with pytest.raises(BreakpointError, match="your editor's debugger"):
            _ = job.breakpoints
        with pytest.raises(BreakpointError, match="local"):
            runtime.exec(held.fork(), n=1, breakpoints=[{"routine_id": "left"}])
        with pytest.raises(BreakpointError, match="local"):
            runtime.breakpoints(held.fork())


def test_the_error_of_a_condition_is_shown(runtime: Runtime) -> None:
    job = runtime.exec(held.fork(), n=4, start_paused=True)
    job.breakpoints.add(breakpoint_id="b", **CONNECTION, condition="data.size > 2")
    job.breakpoints.add(routine_id="right", condition="data == 6")
    job.resume()
    job.session().wait(TIMEOUT)
    until(lambda: "no field 'size'" in job.breakpoints["b"].last_error)
    job.session().resume()
    job.wait(TIMEOUT)


@pytest.mark.parametrize("place", [CONNECTION, {"routine_id": "count", "slot_name": "n"}])
def test_draining_lets_everything_go(runtime: Runtime, place: dict[str, Any]) -> None:
    job = runtime.exec(held.fork(), n=5, breakpoints=[place])
    job.session().wait(TIMEOUT)
    runtime.drain(TIMEOUT)
    assert job.ended
