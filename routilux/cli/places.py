"""Here is how a place for a breakpoint is written in the terminal: `routine`, `routine.event`,
`routine.slot`, `routine.event->routine.slot`, or `error` with a routine or none.
"""

from collections.abc import Iterator
from typing import Any

from routilux.commands import FlowInfo
from routilux.configuration import nearest
from routilux.errors import BreakpointError


def parsed(flow: FlowInfo, text: str) -> dict[str, Any]:
    """The fields of a breakpoint, from `PLACE` or `PLACE if CONDITION`. Raises BreakpointError."""
    place, _, condition = text.partition(" if ")
    fields = _place(flow, place.strip())
    return fields | ({"condition": condition.strip()} if condition.strip() else {})


def _place(flow: FlowInfo, place: str) -> dict[str, Any]:
    first, _, second = place.partition(" ")
    if first == "error":
        return {"type": "error"} | ({"routine_id": second.strip()} if second.strip() else {})
    for fields, name in places(flow):
        if name == place:
            return fields
    known = [name for _, name in places(flow)]
    raise BreakpointError(f"flow {flow.flow_id!r} has no place {place!r}: {nearest(place, known)}")


def places(flow: FlowInfo) -> Iterator[tuple[dict[str, Any], str]]:
    """All of a flow, but for `error`. Where a slot has the name of an event, the event is meant."""
    for routine in flow.routines:
        name = routine.routine_id
        yield {"routine_id": name}, name
        for event in routine.events:
            yield {"routine_id": name, "event_name": event}, f"{name}.{event}"
        for slot in routine.slots:
            yield {"routine_id": name, "slot_name": slot.name}, f"{name}.{slot.name}"
    for each in flow.connections:
        fields = {
            "source_routine_id": each.source,
            "source_event_name": each.event,
            "target_routine_id": each.target,
            "target_slot_name": each.slot,
        }
        yield fields, each.connection_id


def written(fields: dict[str, Any]) -> str:
    """The place of a breakpoint, as it is written."""
    if fields["type"] == "connection":
        source = f"{fields['source_routine_id']}.{fields['source_event_name']}"
        return f"{source}->{fields['target_routine_id']}.{fields['target_slot_name']}"
    parts = (fields["routine_id"], fields["event_name"], fields["slot_name"])
    place = ".".join(part for part in parts if part)
    return f"error {place}".strip() if fields["type"] == "error" else place
