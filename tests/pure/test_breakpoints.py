"""Facts about breakpoints and rules: what is refused, and what one worker looks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from routilux import Breakpoint, BreakpointError, Event, Flow, Routine, Slot
from routilux.debug import looking
from routilux.debug.breakpoints import connection_of, validated
from routilux.debug.rules import Entry, Place, Rule, rules_for
from routilux.graph import Connection


class Stage(Routine):
    value = Slot()
    out = Event()

    def logic(self, value: Any) -> None:
        self.out.emit(value)


def small() -> Flow:
    flow = Flow("small")
    for name in ("first", "second", "third"):
        flow.add_routine(Stage(), name)
    flow.connect("first", "out", "second", "value")
    flow.connect("first", "out", "third", "value")
    return flow


def place(flow: Flow, routine: str) -> Place:
    lines = {n: c for n, c in enumerate(flow.connections) if c.source == routine}
    return Place(routine, ("value",), ("out",), lines)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"routine_id": "second"}, "routine"),
        ({"routine_id": "second", "slot_name": "value"}, "slot"),
        ({"routine_id": "second", "event_name": "out"}, "event"),
        ({"type": "error"}, "error"),
    ],
)
def test_the_type_follows_from_the_fields(given: dict[str, Any], kind: str) -> None:
    assert validated(small(), given).type == kind


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"type": "slot", "routine_id": "second"}, "needs slot_name"),
        ({"type": "routine", "routine_id": "second", "slot_name": "value"}, "has no slot_name"),
        ({"routine_id": "secnd"}, "did you mean 'second'"),
        ({"routine_id": "second", "action": "stop"}, "Invalid enum value"),
        ({"routine_id": "second", "log_message": "x"}, 'action="log"'),
        ({"routine_id": 7}, "Expected `str"),
        ({"routine_id": "second", "breakpoint_id": "x" * 65}, "at most 64"),
    ],
)
def test_what_is_no_breakpoint_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BreakpointError, match=said):
        validated(small(), given)


def test_what_it_has_come_to_is_not_given() -> None:
    assert validated(small(), Breakpoint(routine_id="second", hit_count=7)).hit_count == 0


def test_a_worker_looks_only_for_what_concerns_it() -> None:
    flow = small()
    second = {"source_routine_id": "first", "source_event_name": "out"}
    second |= {"target_routine_id": "second", "target_slot_name": "value"}
    given = [
        {"routine_id": "first"},
        {"routine_id": "third", "slot_name": "value"},
        second,
        {"routine_id": "third"},
    ]
    entries = [Entry(row, None, validated(flow, each)) for row, each in enumerate(given)]
    rules = rules_for(place(flow, "first"), entries, {}, Rule)
    assert [rule.row for rule in rules.routine] == [0]
    assert {number: [rule.row for rule in its] for number, its in rules.connections.items()} == {
        0: [2],
        1: [1],
    }
    assert connection_of(entries[2].breakpoint) == Connection("first", "out", "second", "value")


def test_a_rule_that_has_not_changed_keeps_its_counts() -> None:
    flow = small()
    entry = Entry(3, None, validated(flow, {"routine_id": "first"}))
    first = rules_for(place(flow, "first"), [entry], {}, Rule)
    assert first.routine[0].matches(1, None, "", "first")
    again = rules_for(place(flow, "first"), [entry], {3: first.routine[0]}, Rule)
    assert again.routine[0].counts[:2] == (1, 1)


def test_a_rule_of_a_job_does_not_match_another() -> None:
    rule = Rule(Entry(0, 5, validated(small(), {"routine_id": "first", "one_shot": True})))
    assert not rule.matches(6, None, "", "first")
    assert rule.matches(5, None, "", "first")
    assert not rule.matches(5, None, "", "first")


def test_a_condition_that_fails_is_no_hit_and_counted() -> None:
    rule = Rule(Entry(0, None, validated(small(), {"routine_id": "first", "condition": "data.x > 1"})))
    assert [rule.matches(1, value, "", "first") for value in ({"x": 2}, {}, {"x": 0})] == [True, False, False]
    assert rule.counts[:3] == (3, 1, 1)
    assert "no field 'x'" in rule.last_error


def test_hits_are_numbered_on_after_a_crash() -> None:
    wanted = validated(small(), {"routine_id": "first", "hit_condition": "== 3"})
    rule = Rule(Entry(0, None, wanted, {2: 5}), process=2, counts=(9, 7, 0, 0))
    assert [rule.matches(1, None, "", "first") for _ in range(3)] == [True, False, False]


class Hostile:
    def __init__(self) -> None:
        self.inside = [1]

    def __repr__(self) -> str:
        raise AssertionError("it was asked for its text")

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"it was asked for {name}")

    def __len__(self) -> int:
        raise AssertionError("it was asked for its length")


def test_a_hostile_variable_is_described_without_being_asked() -> None:
    (found,) = looking.variables([("x", Hostile(), "local")], ())
    assert (found.type, found.text, found.count) == ("Hostile", "<Hostile>", 1)
    (inside,) = looking.variables([("x", Hostile(), "local")], (0,))
    assert (inside.name, inside.text, inside.scope) == ("inside", "[1]", "attribute")


def test_an_array_is_told_by_its_facts() -> None:
    text = looking.text(np.arange(12, dtype="i4").reshape(3, 4))
    assert text == "int32 (3, 4) min 0 max 11 [0, 1, 2, 3, 4, 5]"


def test_only_a_hundred_parts_are_told_at_a_time() -> None:
    assert len(looking.variables([("x", list(range(1000)), "local")], (0,))) == looking.MOST
