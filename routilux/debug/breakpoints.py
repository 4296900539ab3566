"""Here are breakpoints: what holds a message, or notes it, and the check that a flow has such a place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from routilux.configuration import nearest
from routilux.debug.conditions import compile_condition
from routilux.debug.messages import compile_hits, compile_message
from routilux.errors import BreakpointError
from routilux.graph import Connection, Graph

Kind = Literal["routine", "slot", "event", "connection", "error"]
SUSPENDS: Final = ("worker", "job", "message")
KINDS: Final = ("routine", "slot", "event", "connection", "error")
MOST: Final = 64
"""Breakpoints of one flow at a time, those of its jobs among them."""
LONGEST_ID: Final = 64


class Breakpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where messages are held, and which.

    `type` is "routine" (before an activation's logic runs), "event" (as it emits, before any routing),
    "connection" (as the emission is put on that connection), "slot" (as anything is put in that slot, a
    submission too), or "error" (an exception has left the logic of `routine_id`, or of any routine). With
    `routine_id` and `slot_name` alone it is a slot, with `routine_id` alone a routine.

    `action="log"` notes a line instead of holding; "record" is what a recording sets. `suspend="job"` stops
    all processes of the job while one is held; with `suspend="message"` nothing waits but the message, and
    those behind it. The last five fields are what it has come to so far; what is given for them is not
    heeded.
    """

    breakpoint_id: str = ""
    job_id: str | None = None
    """None: for every job of the flow."""
    type: Kind | None = None
    routine_id: str | None = None
    slot_name: str | None = None
    event_name: str | None = None
    source_routine_id: str | None = None
    source_event_name: str | None = None
    target_routine_id: str | None = None
    target_slot_name: str | None = None
    condition: str | None = None
    hit_condition: str | None = None
    """Of each process the hits whose number, from 1, is such: `">= 3"`, `"% 10"`, `"== 5"`."""
    action: Literal["pause", "log", "record"] = "pause"
    log_message: str | None = None
    one_shot: bool = False
    suspend: Literal["worker", "job", "message"] = "worker"
    enabled: bool = True
    hit_count: int = 0
    evaluations: int = 0
    condition_errors: int = 0
    cost_us: float = 0.0
    """Microseconds that its condition has taken in all; measured now and then, and reckoned up."""
    last_error: str = ""


SETTABLE: Final = frozenset(Breakpoint.__struct_fields__[:-5]) - {"breakpoint_id", "job_id"}
"""What `update` can change."""

_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "routine": ("routine_id",),
    "slot": ("routine_id", "slot_name"),
    "event": ("routine_id", "event_name"),
    "connection": ("source_routine_id", "source_event_name", "target_routine_id", "target_slot_name"),
    "error": (),
}
"""Per type, the fields that say where."""


def as_breakpoint(given: Breakpoint | Mapping[str, Any]) -> Breakpoint:
    """A breakpoint as a user gives it. Raises BreakpointError for what cannot be one."""
    if isinstance(given, Breakpoint):
        return given
    if not isinstance(given, Mapping):
        raise BreakpointError(f"{given!r} is no breakpoint: give a Breakpoint, or a mapping of its fields")
    for name in given:
        if name not in Breakpoint.__struct_fields__:
            hint = nearest(str(name), Breakpoint.__struct_fields__)
            raise BreakpointError(f"a breakpoint has no field {name!r}: {hint}")
    try:
        return msgspec.convert(dict(given), Breakpoint)
    except msgspec.ValidationError as error:
        raise BreakpointError(f"breakpoint: {error}") from None


def validated(flow: Graph, given: Breakpoint | Mapping[str, Any], *, may_record: bool = False) -> Breakpoint:
    """The breakpoint with its type, as one of this flow. Raises BreakpointError naming what is wrong."""
    wanted = as_breakpoint(given)
    if wanted.action == "record" and not may_record:
        raise BreakpointError('action="record" is that of a recording: begin one by record(place, path)')
    kind = wanted.type or _kind(wanted)
    wanted = msgspec.structs.replace(
        wanted, type=kind, hit_count=0, evaluations=0, condition_errors=0, cost_us=0.0, last_error=""
    )
    _check_fields(wanted, kind)
    _check_place(flow, wanted, kind)
    _check_texts(wanted)
    return wanted


def _kind(wanted: Breakpoint) -> Kind:
    if wanted.source_routine_id is not None or wanted.target_routine_id is not None:
        return "connection"
    if wanted.slot_name is not None:
        return "slot"
    if wanted.event_name is not None:
        return "event"
    if wanted.routine_id is not None:
        return "routine"
    raise BreakpointError(
        "a breakpoint needs a place: routine_id, perhaps with slot_name or event_name; or, for a connection, "
        "source_routine_id, source_event_name, target_routine_id and target_slot_name"
    )


def _check_fields(wanted: Breakpoint, kind: Kind) -> None:
    if kind not in KINDS:
        raise BreakpointError(f"type {kind!r}: a breakpoint is one of {', '.join(KINDS)}")
    needed = _PLACES[kind]
    missing = [name for name in needed if getattr(wanted, name) is None]
    if missing:
        raise BreakpointError(f"a breakpoint of type {kind!r} needs {', '.join(missing)}")
    allowed = {*needed, "routine_id"} if kind in ("slot", "event", "routine", "error") else set(needed)
    places = {name for names in _PLACES.values() for name in names}
    extra = sorted(name for name in places - allowed if getattr(wanted, name) is not None)
    if extra:
        raise BreakpointError(f"a breakpoint of type {kind!r} has no {', '.join(extra)}")
    if len(wanted.breakpoint_id) > LONGEST_ID or not (wanted.breakpoint_id or "-").isprintable():
        raise BreakpointError(f"breakpoint_id: a text of at most {LONGEST_ID} characters, all printable")
    if wanted.breakpoint_id in (".", ".."):
        raise BreakpointError(f"breakpoint_id: no URL can name {wanted.breakpoint_id!r}: give another text")
    if wanted.action not in ("pause", "log", "record") or wanted.suspend not in SUSPENDS:
        raise BreakpointError(f'action is "pause" or "log", suspend is one of {", ".join(SUSPENDS)}')
    if wanted.suspend == "message" and kind in ("routine", "error"):
        raise BreakpointError(
            f'suspend="message" sets one message aside on its way; a breakpoint of type {kind!r} holds its '
            'activation: use suspend="worker", or set it on the slot'
        )
    if wanted.log_message is not None and wanted.action != "log":
        raise BreakpointError('a log_message is written by action="log" alone')
    if kind == "error" and wanted.action == "log":
        raise BreakpointError('a breakpoint of type "error" holds: errors are logged without it')


def _check_place(flow: Graph, wanted: Breakpoint, kind: Kind) -> None:
    if kind == "connection":
        _check_connection(flow, wanted)
        return
    if wanted.routine_id is None:
        return
    routine = _routine(flow, wanted.routine_id).routine
    if wanted.slot_name is not None and wanted.slot_name not in routine.slot_names:
        raise _unknown("slot", wanted.slot_name, routine.slot_names, f"routine {wanted.routine_id!r}")
    if wanted.event_name is not None and wanted.event_name not in routine.event_names:
        raise _unknown("event", wanted.event_name, routine.event_names, f"routine {wanted.routine_id!r}")
    if wanted.suspend == "message" and kind == "event":
        _check_is_taken(flow, wanted)


def _check_is_taken(flow: Graph, wanted: Breakpoint) -> None:
    way = wanted.routine_id, wanted.event_name
    if way not in {(each.source, each.event) for each in flow.connections}:
        raise BreakpointError(
            f"{wanted.routine_id}.{wanted.event_name} is an output of the flow: no routine takes it, so that "
            'suspend="message" has no place to set it aside; use suspend="worker"'
        )


def _routine(flow: Graph, name: str) -> Any:
    if name not in flow.nodes:
        raise _unknown("routine", name, flow.nodes, f"flow {flow.name!r}")
    return flow.nodes[name]


def _unknown(what: str, name: str, names: Iterable[str], where: str) -> BreakpointError:
    return BreakpointError(f"{where} has no {what} {name!r}: {nearest(name, names)}")


def _check_connection(flow: Graph, wanted: Breakpoint) -> None:
    ends = connection_of(wanted)
    source, target = _routine(flow, ends.source).routine, _routine(flow, ends.target).routine
    if ends.event not in source.event_names:
        raise _unknown("event", ends.event, source.event_names, f"routine {ends.source!r}")
    if ends.slot not in target.slot_names:
        raise _unknown("slot", ends.slot, target.slot_names, f"routine {ends.target!r}")
    if ends not in flow.connections:
        known = [each.id for each in flow.connections]
        raise BreakpointError(f"flow {flow.name!r} has no connection {ends.id!r}: {nearest(ends.id, known)}")


RECORDED: Final = frozenset(("slot", "event", "connection"))


def recording(flow: Graph, place: str | Mapping[str, Any], condition: str | None, count: int) -> Breakpoint:
    """The breakpoint that records so many messages of a place: `a.event->b.slot`, `b.slot`, `a.event`, or the
    fields of a breakpoint. Raises BreakpointError.
    """
    fields = dict(place_named(flow, place) if isinstance(place, str) else place)
    fields |= {} if condition is None else {"condition": condition}
    wanted = validated(flow, {**fields, "action": "record", "hit_condition": f"<= {count}"}, may_record=True)
    if wanted.type not in RECORDED or wanted.one_shot:
        raise BreakpointError("messages are recorded on a connection, an event or a slot: name one of these")
    return wanted


def place_named(flow: Graph, name: str) -> dict[str, str]:
    """A connection, event or slot of a flow, as the fields of a breakpoint. Where a slot has the name of an
    event, the event is meant. Raises BreakpointError.
    """
    known = dict(_places(flow))
    if name not in known:
        raise BreakpointError(f"flow {flow.name!r} has no place {name!r}: {nearest(name, known)}")
    return known[name]


def _places(flow: Graph) -> Iterator[tuple[str, dict[str, str]]]:
    for node in flow.nodes.values():
        for slot in node.routine.slot_names:
            yield f"{node.name}.{slot}", {"routine_id": node.name, "slot_name": slot}
        for event in node.routine.event_names:
            yield f"{node.name}.{event}", {"routine_id": node.name, "event_name": event}
    for each in flow.connections:
        yield (
            each.id,
            {
                "source_routine_id": each.source,
                "source_event_name": each.event,
                "target_routine_id": each.target,
                "target_slot_name": each.slot,
            },
        )


def connection_of(wanted: Breakpoint) -> Connection:
    """The connection that a breakpoint of that type is on."""
    return Connection(
        wanted.source_routine_id or "",
        wanted.source_event_name or "",
        wanted.target_routine_id or "",
        wanted.target_slot_name or "",
    )


def _check_texts(wanted: Breakpoint) -> None:
    if wanted.condition is not None:
        compile_condition(wanted.condition)
    if wanted.hit_condition is not None:
        compile_hits(wanted.hit_condition)
    if wanted.log_message is not None:
        compile_message(wanted.log_message)
