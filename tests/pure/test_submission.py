"""What a user asks of a flow becomes seeds, or an error that says what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from routilux import Event, Flow, FlowError, Routine, Slot, routine
from routilux.submission import Seed, entry_seeds, slot_seed


class Pair(Routine):
    left = Slot()
    right = Slot()
    out = Event()

    def logic(self, left: object, right: object = None) -> None:
        pass


@routine
def inner(value: int) -> int:
    return value


def flow_of(made: Any, name: str = "entry") -> Flow:
    flow = Flow("f")
    flow.add_routine(made, name)
    flow.add_routine(inner, "inner")
    flow.connect(name, flow.nodes[name].routine.event_names[0], "inner", "value")
    return flow


def test_keywords_name_slots_of_the_entry() -> None:
    assert entry_seeds(flow_of(Pair()), None, None, {"right": 2}) == [Seed("entry", 1, 2)]


def test_a_mapping_and_keywords_come_together_and_keywords_win() -> None:
    found = entry_seeds(flow_of(Pair()), None, {"left": 1, "right": 0}, {"right": 2})
    assert found == [Seed("entry", 0, 1), Seed("entry", 1, 2)]


def test_none_is_a_payload() -> None:
    assert entry_seeds(flow_of(Pair()), None, None, {"left": None}) == [Seed("entry", 0, None)]


def test_a_named_entry_may_be_any_routine() -> None:
    assert entry_seeds(flow_of(Pair()), "inner", None, {"value": 1}) == [Seed("inner", 0, 1)]


def test_an_unknown_slot_gets_the_nearest() -> None:
    with pytest.raises(FlowError, match="'entry' has no slot 'rigth': did you mean 'right'"):
        entry_seeds(flow_of(Pair()), None, None, {"rigth": 2})


def test_a_slot_of_another_routine_is_unknown_at_the_entry() -> None:
    with pytest.raises(FlowError, match="'entry' has no slot 'value': there are 'left', 'right'"):
        entry_seeds(flow_of(Pair()), None, None, {"value": 2})


def test_nothing_given_says_what_to_pass() -> None:
    with pytest.raises(
        FlowError, match=r"'entry' needs a value for its slot: pass left=\.\.\., right=\.\.\."
    ):
        entry_seeds(flow_of(Pair()), None, None, {})


@pytest.mark.parametrize("inputs", [7, "text", ["left"]])
def test_inputs_must_be_a_mapping(inputs: Any) -> None:
    with pytest.raises(FlowError, match=f"inputs must be a mapping .* not {type(inputs).__name__}"):
        entry_seeds(flow_of(Pair()), None, inputs, {})


def test_a_routine_without_slots_is_triggered() -> None:
    assert entry_seeds(flow_of(routine(lambda: 1)), None, None, {}) == [Seed("entry", 0, None)]


def test_a_trigger_may_carry_a_payload() -> None:
    assert entry_seeds(flow_of(routine(lambda: 1)), None, None, {"trigger": 5}) == [Seed("entry", 0, 5)]


def test_defaults_of_a_function_are_used_when_nothing_is_given() -> None:
    assert entry_seeds(flow_of(routine(lambda n=3: n)), None, None, {}) == [Seed("entry", 0, 3)]


def test_defaults_must_be_there_for_every_slot() -> None:
    with pytest.raises(FlowError, match="needs a value"):
        entry_seeds(flow_of(routine(lambda a, b=3: a)), None, None, {})


def test_defaults_of_a_method_are_used() -> None:
    class Defaults(Routine):
        n = Slot()
        out = Event()

        def logic(self, n: int = 4) -> None:
            pass

    assert entry_seeds(flow_of(Defaults()), None, None, {}) == [Seed("entry", 0, 4)]


def test_defaults_of_a_logic_set_in_code_are_used() -> None:
    made = Routine().set_logic(lambda self, n=5: None)
    made.add_slot("n")
    made.add_event("out")
    assert entry_seeds(flow_of(made), None, None, {}) == [Seed("entry", 0, 5)]


def test_the_job_and_the_message_of_a_policy_are_no_slots() -> None:
    found = entry_seeds(flow_of(routine(lambda n=1, job=None: n)), None, None, {})
    assert found == [Seed("entry", 0, 1)]


def test_a_slot_of_any_routine_can_be_seeded() -> None:
    assert slot_seed(flow_of(Pair()), "entry", "right", "x") == Seed("entry", 1, "x")


@pytest.mark.parametrize(
    ("name", "slot", "message"),
    [
        ("iner", "value", "flow 'f' has no routine 'iner': did you mean 'inner'"),
        ("inner", "valu", "routine 'inner' has no slot 'valu': did you mean 'value'"),
    ],
)
def test_a_slot_that_is_not_there_is_refused(name: str, slot: str, message: str) -> None:
    with pytest.raises(FlowError, match=message):
        slot_seed(flow_of(Pair()), name, slot, 1)


def test_a_cycle_without_an_entry_wants_one_named() -> None:
    flow = Flow("round")
    flow.add_routine(inner, "a")
    flow.connect("a", "output", "a", "value")
    with pytest.raises(FlowError, match="pass entry="):
        entry_seeds(flow, None, None, {"value": 1})
    assert entry_seeds(flow, "a", None, {"value": 1}) == [Seed("a", 0, 1)]


def test_several_entries_are_named_in_the_refusal() -> None:
    flow = Flow("two")
    flow.add_routine(inner, "a")
    flow.add_routine(inner, "b")
    with pytest.raises(FlowError, match=r"\(a, b\): pass entry="):
        entry_seeds(flow, None, None, {"value": 1})
