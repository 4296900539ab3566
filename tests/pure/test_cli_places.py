"""Places as they are written in the terminal's debugger."""

from typing import Any

import msgspec
import pytest

from routilux.cli.places import parsed, places, written
from routilux.commands import ConnectionInfo, FlowInfo, RoutineInfo, SlotInfo
from routilux.debug.breakpoints import Breakpoint
from routilux.errors import BreakpointError


def flow() -> FlowInfo:
    def routine(name: str) -> RoutineInfo:
        return RoutineInfo(
            name, name, "", (SlotInfo("x"),), ("out",), {}, 1, ordered=False, key="", on_error="stop"
        )

    connection = ConnectionInfo("a.out->b.x", "a", "out", "b", "x")
    return FlowInfo("f", (routine("a"), routine("b")), (connection,), 0.0, 0.0)


EDGE = {
    "source_routine_id": "a",
    "source_event_name": "out",
    "target_routine_id": "b",
    "target_slot_name": "x",
}


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a", {"routine_id": "a"}),
        ("a.out", {"routine_id": "a", "event_name": "out"}),
        ("b.x", {"routine_id": "b", "slot_name": "x"}),
        ("a.out->b.x", EDGE),
        ("error", {"type": "error"}),
        ("error b", {"type": "error", "routine_id": "b"}),
        ("b if data > 1", {"routine_id": "b", "condition": "data > 1"}),
    ],
)
def test_a_place_is_read_as_it_is_written(text: str, fields: dict[str, Any]) -> None:
    assert parsed(flow(), text) == fields


def test_an_unknown_place_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(BreakpointError, match=r"b\.x"):
        parsed(flow(), "b.y")


@pytest.mark.parametrize(("kind", "number"), [("routine", 0), ("event", 1), ("slot", 2), ("connection", -1)])
def test_a_breakpoint_is_written_as_its_place_is_read(kind: Any, number: int) -> None:
    fields, name = list(places(flow()))[number]
    assert written(msgspec.structs.asdict(Breakpoint(type=kind, **fields))) == name
