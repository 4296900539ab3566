"""Held in odd places: variables that are set, large payloads, keys, finish(), retries, changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from process.flows import held
from process.flows.workers import TIMEOUT, until
from routilux import BreakpointError, Flow, JobState, Runtime
from routilux.debug.session import Hold

MIB = 1 << 20
TO_ONE = {
    "source_routine_id": "frames",
    "source_event_name": "frame",
    "target_routine_id": "one",
    "target_slot_name": "frame",
}
FIRST_OUT = {"routine_id": "adds", "event_name": "out", "one_shot": True}


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """Closed in the end, whatever is held."""
    made = Runtime(heap=96 * MIB)
    yield made
    made.close(grace=1.0)


def one_by_one(job: JobState, does: Callable[[Hold, int], None]) -> int:
    """Do that with whatever is held, until the job has ended; how many they were."""
    count = 0
    with job.session() as session:
        while not job.ended:
            try:
                hold = session.wait(TIMEOUT)
            except BreakpointError:  # it has ended just then
                continue
            does(hold, count)
            count += 1
    return count


# ---- variables --------------------------------------------------------------------------------------------


def test_a_local_of_the_held_function_is_set_and_the_function_goes_on_with_it(runtime: Runtime) -> None:
    job = runtime.exec(held.adds(), n=1, breakpoints=[FIRST_OUT], timeout=TIMEOUT)
    hold = job.session().wait(TIMEOUT)
    variable = hold.set_variable("total", {"now": [1, 2]})
    assert (variable.scope, variable.type, variable.text) == ("local", "dict", "{'now': [1, 2]}")
    assert "{'now': [1, 2]}" in [found.text for found in hold.variables()]
    hold.resume()
    assert job.results(TIMEOUT) == [1, ({"now": [1, 2]}, 1, None)]
    assert [done.action for done in job.session().audit][-2:] == ["set variable", "resume"]


def test_a_local_of_a_held_generator_is_set(runtime: Runtime) -> None:
    flow = Flow("words").pipe(held.countdown, "down")
    wanted = {"routine_id": "down", "event_name": "output", "condition": "data == 3"}
    job = runtime.exec(flow, n=5, breakpoints=[wanted], timeout=TIMEOUT)
    hold = job.session().wait(TIMEOUT)
    hold.set_variable("n", 1, scope="local")
    hold.resume()
    assert job.results(TIMEOUT) == [5, 4, 3]


def test_configuration_and_state_are_set(runtime: Runtime) -> None:
    flow = held.sums()
    wanted = {"routine_id": "sums", "event_name": "out", "condition": "data == 2"}  # of 0, 2, 6, 12
    job = runtime.exec(flow, n=4, breakpoints=[wanted], timeout=TIMEOUT)
    hold = job.session().wait(TIMEOUT)
    hold.set_variable("seen", 100, scope="state")
    hold.set_variable("step", 10)
    hold.resume()
    assert job.results(TIMEOUT) == [("left", n) for n in (0, 2, 120, 150)]


@pytest.mark.parametrize(
    ("flow", "place", "name", "said"),
    [
        (
            held.adds,
            {"routine_id": "adds", "event_name": "out"},
            "totl",
            "no variable 'totl' here: there are",
        ),
        (held.fork, {"routine_id": "double", "event_name": "output"}, "value", "has returned what is held"),
        (held.fork, {"routine_id": "double"}, "value", "no function of the routine is under way"),
        (held.fork, {"routine_id": "count", "slot_name": "n"}, "n", "no process's logic"),
    ],
)
def test_a_variable_that_is_not_there_is_refused(
    runtime: Runtime, flow: Any, place: dict[str, str], name: str, said: str
) -> None:
    job = runtime.exec(flow(), n=1, breakpoints=[place], timeout=TIMEOUT)
    hold = job.session().wait(TIMEOUT)
    with pytest.raises(BreakpointError, match=said):
        hold.set_variable(name, 1)
    assert [still.hold_id for still in job.session().holds] == [hold.hold_id]
    job.cancel()


def test_a_value_that_cannot_travel_is_refused(runtime: Runtime) -> None:
    job = runtime.exec(held.adds(), n=1, breakpoints=[FIRST_OUT], timeout=TIMEOUT)
    with pytest.raises(BreakpointError, match="variable 'total' cannot become a"):
        job.session().wait(TIMEOUT).set_variable("total", (n for n in range(1)))
    job.cancel()


# ---- what is set, and counted, meanwhile ------------------------------------------------------------------


def test_what_is_set_while_a_process_is_held_holds_its_next_emission(runtime: Runtime) -> None:
    job = runtime.exec(held.adds(), n=1, breakpoints=[{"routine_id": "adds"}], timeout=TIMEOUT)
    session = job.session()
    hold = session.wait(TIMEOUT)
    job.breakpoints.add(routine_id="adds", event_name="out")
    hold.resume()
    assert session.wait(TIMEOUT).data == 1
    session.resume()
    assert session.wait(TIMEOUT).data == (1, 1, None)
    session.resume()
    assert job.results(TIMEOUT) == [1, (1, 1, None)]


def test_a_breakpoint_taken_away_while_its_process_is_held_elsewhere_holds_nothing(runtime: Runtime) -> None:
    wanted = [{"routine_id": "adds"}, {"routine_id": "adds", "event_name": "out", "breakpoint_id": "gone"}]
    job = runtime.exec(held.adds(), n=1, breakpoints=wanted, timeout=TIMEOUT)
    hold = job.session().wait(TIMEOUT)
    job.breakpoints.remove("gone")
    hold.resume()
    assert job.results(TIMEOUT) == [1, (1, 1, None)]


def test_log_points_and_hit_conditions_work_on_submissions(runtime: Runtime) -> None:
    flow = Flow("fed").pipe(held.double, "double")
    runtime.start(flow)
    slot = {"routine_id": "double", "slot_name": "value"}
    runtime.breakpoints(flow).add(**slot, action="log", log_message="{data}!", condition="data > 1")
    runtime.breakpoints(flow).add(**slot, hit_condition="% 3")
    job = runtime.exec(flow, value=1, timeout=TIMEOUT)
    assert job.result(TIMEOUT) == 2
    more = [runtime.exec(flow, value=number, timeout=TIMEOUT) for number in (2, 3)]
    more[1].session().wait(TIMEOUT).resume()
    assert [each.result(TIMEOUT) for each in more] == [4, 6]
    assert [[note.text for note in each.session().log] for each in (job, *more)] == [[], ["2!"], ["3!"]]


# ---- payloads ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suspend", ["worker", "message"])
def test_large_payloads_are_held_edited_and_dropped_and_leave_no_memory(
    runtime: Runtime, suspend: str
) -> None:
    """Twelve arrays find room: ten that were resumed, edited or dropped, and kept, would leave too little."""

    def act(hold: Hold, number: int) -> None:
        assert hold.preview.startswith("float64 (1048576,)")
        (hold.resume, hold.drop, lambda: hold.edit(np.full(1 << 20, -1.0)))[number % 3]()

    job = runtime.exec(held.frames(), n=30, breakpoints=[{**TO_ONE, "suspend": suspend}], timeout=TIMEOUT)
    assert one_by_one(job, act) == 30
    untouched, resumed, edited = [*map(float, range(30))], [*map(float, range(0, 30, 3))], [-1.0] * 10
    assert sorted(job.results(TIMEOUT)) == sorted(untouched + resumed + edited)


@pytest.mark.parametrize("suspend", ["worker", "message"])
def test_an_edit_that_changes_the_key_goes_to_the_worker_of_the_new_key(
    runtime: Runtime, suspend: str
) -> None:
    wanted = {"routine_id": "keyed", "slot_name": "value", "suspend": suspend, "condition": "key == 1"}
    job = runtime.exec(held.keyed(), n=8, breakpoints=[wanted], timeout=TIMEOUT)
    count = one_by_one(job, lambda hold, number: hold.edit({"key": number + 2}))
    results = job.results(TIMEOUT)
    homes = {key: {pid for at, pid in results if at == key} for key in (0, 2, 3)}
    assert (count, sorted(key for key, _ in results)) == (2, [0, 0, 2, 2, 2, 3, 3, 3])
    assert [len(pids) for pids in homes.values()] == [1, 1, 1]


@pytest.mark.parametrize("suspend", ["worker", "message"])
def test_what_finish_emits_is_held_and_edited(runtime: Runtime, suspend: str) -> None:
    wanted = {"routine_id": "left", "slot_name": "value", "suspend": suspend}
    job = runtime.exec(held.total(), n=5, breakpoints=[wanted], timeout=TIMEOUT)
    hold = job.session().wait(TIMEOUT)
    assert hold.data == 10
    hold.edit(11)
    assert job.results(TIMEOUT) == [("left", 11)]


@pytest.mark.parametrize("suspend", ["worker", "message"])
def test_a_batch_that_is_tried_again_is_held_again_and_comes_once(runtime: Runtime, suspend: str) -> None:
    wanted = {"routine_id": "stumbles", "event_name": "out", "suspend": suspend}
    job = runtime.exec(held.stumbles(), n=8, breakpoints=[wanted], timeout=TIMEOUT)
    count = one_by_one(job, lambda hold, _: hold.resume())
    assert count == (4 if suspend == "worker" else 2)  # a message of an attempt that failed goes nowhere
    assert sorted(job.results(TIMEOUT)) == [("left", [0, 1, 2, 3]), ("left", [4, 5, 6, 7])]


def test_a_message_set_aside_is_followed_into_its_routine(runtime: Runtime) -> None:
    wanted = {"routine_id": "left", "slot_name": "value", "suspend": "message", "condition": "data == 4"}
    job = runtime.exec(held.fork(), n=5, breakpoints=[wanted], timeout=TIMEOUT)
    session = job.session()
    first = session.wait(TIMEOUT)
    first.step_into()
    until(lambda: [hold.type for hold in session.holds] == ["routine"])
    (hold,) = session.holds
    assert (hold.routine_id, hold.data, hold.message_id) == ("left", 4, first.message_id)
    hold.resume()
    assert len(job.results(TIMEOUT)) == 10


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"routine_id": "left"}, "set it on the slot"),
        ({"type": "error"}, "holds its activation"),
        ({"routine_id": "left", "event_name": "output"}, "no routine takes it"),
        ({"routine_id": "left", "slot_name": "value", "suspend": "process"}, "suspend"),
    ],
)
def test_what_cannot_be_set_aside_is_refused(runtime: Runtime, wanted: dict[str, str], said: str) -> None:
    with pytest.raises(BreakpointError, match=said):
        runtime.exec(held.fork(), n=1, breakpoints=[{"suspend": "message", **wanted}])
