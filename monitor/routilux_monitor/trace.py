"""Here is the trace: what a hook event says of a job, as the events that are shown of it."""

from collections.abc import Sequence
from typing import Any

from routilux.commands import FlowInfo
from routilux.hookevents import (
    Activated,
    Committed,
    DeadLettered,
    Debugged,
    Failed,
    Failure,
    Held,
    Placed,
    Pressed,
    ProcessChanged,
)
from routilux_monitor.model import TraceEvent

MOST_PARENTS = 32
"""Message ids named as the parents of an emission; all of them are found by its activation."""
MOST_CHARACTERS = 16_384
"""Of a traceback."""

COMMON = frozenset(
    {
        "slot_called",
        "event_emitted",
        "policy_evaluated",
        "routine_started",
        "routine_completed",
        "messages_placed",
    }
)
"""Kinds of events of which a busy job has many; the others are worth more than their age says."""

_NO_FAILURE = frozenset({"completed", "cut"})


class Names:
    """Names for the positions that hook events of one flow use, and which process runs which routine."""

    def __init__(self, info: FlowInfo) -> None:
        self._slots = {r.routine_id: tuple(slot.name for slot in r.slots) for r in info.routines}
        self._events = {r.routine_id: r.events for r in info.routines}
        self._connections = tuple(connection.connection_id for connection in info.connections)
        workers = [r.routine_id for r in info.routines for _ in range(r.workers)]
        self.routines: dict[int, str] = dict(enumerate(workers, 1))
        """By process. As plan.py numbers them, until the runtime says it."""

    def slot(self, routine: str, position: int) -> str:
        return _at(self._slots.get(routine, ()), position)

    def event(self, routine: str, position: int) -> str:
        return _at(self._events.get(routine, ()), position)

    def connection(self, position: int) -> str:
        """Empty for an output of the flow."""
        return "" if position < 0 else _at(self._connections, position)


def _at(names: Sequence[str], position: int) -> str:
    return names[position] if 0 <= position < len(names) else str(position)


class Place:
    """Where and when hook events happened: a process of a flow, and what makes Unix time of its clock."""

    __slots__ = ("epoch", "names", "process", "routine", "wall")

    def __init__(self, names: Names, process: int, epoch: int, wall: int) -> None:
        self.names = names
        self.process = process
        self.epoch = epoch
        self.routine = names.routines.get(process, "")
        self.wall = wall

    def at(self, instant: int) -> float:
        return (instant + self.wall) / 1e9


class _Writer:
    """Writes the events of one activation, or of several that are not told apart; its end is the last."""

    def __init__(self, job_id: str, place: Place, first: int, activation: int) -> None:
        self.made: list[TraceEvent] = []
        self._job_id = job_id
        self._place = place
        self._first = first
        self._activation = activation

    def add(self, kind: str, at: float, data: dict[str, Any], count: int = 1) -> None:
        number, place = self._first + len(self.made), self._place
        self.made.append(
            TraceEvent(
                number,
                self._job_id,
                place.routine,
                place.process,
                kind,
                at,
                count=count,
                activation=self._activation,
                data=data,
            )
        )

    def end(
        self,
        kind: str,
        span: tuple[int, int],
        data: dict[str, Any],
        status: str = "",
        count: int = 1,
        *,
        idle: int = 0,
    ) -> list[TraceEvent]:
        (began, ended), place, number = span, self._place, self._activation
        self.made.append(
            TraceEvent(
                number,
                self._job_id,
                place.routine,
                place.process,
                kind,
                place.at(ended),
                place.at(began),
                ended - began - idle,
                status,
                count,
                number,
                data,
            )
        )
        return self.made


def of_activation(place: Place, first: int, event: Activated) -> list[TraceEvent]:
    """The events of one activation, numbered from `first`."""
    routine, names = place.routine, place.names
    began, ended = place.at(event.began), place.at(event.ended)
    number = first + len(event.inputs) + len(event.emitted) + 1 + (event.reason is not None)
    writer = _Writer(event.job_id, place, first, number)
    for ref in event.inputs:
        slot = names.slot(routine, ref.slot)
        came = {"slot_name": slot, "message_id": ref.id, "origin": ref.origin, "preview": ref.preview}
        came |= {} if ref.copy is None else {"nbytes": ref.copy.nbytes}
        writer.add("slot_called", began, came)
    if event.reason is not None:
        writer.add("policy_evaluated", began, {"activate": True, "reason": event.reason})
    writer.add("routine_started", began, {})
    parents = [ref.id for ref in event.inputs[:MOST_PARENTS]]
    for emitted in event.emitted:
        sent = {
            "event_name": names.event(routine, emitted.event),
            "connection_id": names.connection(emitted.connection),
            "message_ids": list(emitted.ids),
            "parents": parents,
            "preview": emitted.preview,
        }
        writer.add("event_emitted", ended, sent, emitted.count)
    data: dict[str, Any] = {"is_finish": True} if event.is_finish else {}
    data |= {"attempt": event.attempt} if event.attempt > 1 else {}
    data |= of_failure(event.error) if event.error is not None else {}
    kind = "routine_completed" if event.status in _NO_FAILURE else "routine_failed"
    return writer.end(kind, (event.began, event.ended), data, event.status)


def of_placement(place: Place, number: int, activation: int, event: Placed) -> TraceEvent:
    """Where messages of an earlier activation have come to lie; 0 if it is not known which."""
    names = place.names
    data = {
        "event_name": names.event(place.routine, event.event),
        "connection_id": names.connection(event.connection),
        "message_ids": list(event.ids),
        "parents": list(event.parents[:MOST_PARENTS]),
    }
    at = place.at(event.began)
    return TraceEvent(
        number,
        event.job_id,
        place.routine,
        place.process,
        "messages_placed",
        at,
        began=at,
        count=len(event.ids),
        activation=activation,
        data=data,
    )


def of_commit(place: Place, first: int, event: Committed) -> list[TraceEvent]:
    """The events of a commit whose activations are not told apart, numbered from `first`."""
    routine, names = place.routine, place.names
    began, ended = place.at(event.began), place.at(event.ended)
    number = first + len(event.received) + len(event.emitted) + bool(event.declined)
    writer = _Writer(event.job_id, place, first, number if event.activations else 0)
    for slot, count in event.received.items():
        writer.add("slot_called", began, {"slot_name": names.slot(routine, slot)}, count)
    for position, count in event.emitted.items():
        writer.add("event_emitted", ended, {"event_name": names.event(routine, position)}, count)
    if event.declined:
        answer = {"activate": False, "reason": event.reason, "waiting": event.waiting}
        writer.add("policy_evaluated", ended, answer, event.declined)
    if not event.activations:  # further attempts, or messages that had waited for room
        return writer.made
    told = {"errors": event.errors, "skipped": event.skipped}
    data = {name: count for name, count in told.items() if count}
    return writer.end(
        "routine_completed", (event.began, event.ended), data, count=event.activations, idle=event.idle
    )


def of_error(place: Place, number: int, event: Failed) -> TraceEvent:
    """An exception in an activation that has no event of its own."""
    at, routine = place.at(event.at), event.error.routine or place.routine
    data = of_failure(event.error) | {"action": event.action, "message_id": event.message_id}
    return TraceEvent(
        number, event.job_id, routine, place.process, "routine_failed", at, status=event.action, data=data
    )


def of_letter(place: Place, number: int, event: DeadLettered) -> TraceEvent:
    data = {
        "slot_name": event.slot,
        "message_id": event.message_id,
        "reason": event.reason,
        "attempts": event.attempts,
    }
    at = place.at(event.at)
    return TraceEvent(number, event.job_id, event.routine, place.process, "dead_letter", at, data=data)


def of_pressure(place: Place, number: int, event: Pressed) -> TraceEvent:
    at, data = place.at(event.at), {"what": event.what}
    return TraceEvent(number, event.job_id, event.routine, place.process, "pressed", at, data=data)


def of_hold(place: Place, number: int, event: Held) -> TraceEvent:
    """A debugger holds a message."""
    data = {
        "hold_id": event.hold_id,
        "breakpoint_id": event.breakpoint_id,
        "type": event.kind,
        "connection_id": event.connection_id,
        "event_name": event.event,
        "slot_name": event.slot,
        "message_id": event.message_id,
        "preview": event.preview,
    }
    at = place.at(event.at)
    return TraceEvent(number, event.job_id, event.routine, event.process, "breakpoint_hit", at, data=data)


def of_debugging(place: Place, number: int, event: Debugged) -> TraceEvent:
    """A debugger has let go of a message, perhaps changed or not at all, has set a variable, or put a message
    in.
    """
    kind = "breakpoint_resumed" if event.hold_id else "message_injected"
    if event.variable:
        kind = "variable_set"
    data = {
        "hold_id": event.hold_id,
        "action": event.action,
        "connection_id": event.connection_id,
        "event_name": event.event,
        "slot_name": event.slot,
        "message_id": event.message_id,
        "variable": event.variable,
        "preview": event.preview,
    }
    return TraceEvent(number, event.job_id, event.routine, event.process, kind, place.at(event.at), data=data)


def of_death(place: Place, number: int, job_id: str, event: ProcessChanged) -> TraceEvent:
    data = {"replica": event.replica, "pid": event.pid, "how": event.how, "attempt": event.attempt}
    return TraceEvent(
        number, job_id, event.routine, event.process, "process_died", place.at(event.at), data=data
    )


def cut(failure: Failure) -> Failure:
    """Without what is too long to be kept."""
    return Failure(
        failure.type[:MOST_CHARACTERS],
        failure.message[:MOST_CHARACTERS],
        failure.traceback[-MOST_CHARACTERS:],
        failure.routine,
    )


def of_failure(failure: Failure) -> dict[str, Any]:
    short = cut(failure)
    return {"error_type": short.type, "error_message": short.message, "traceback": short.traceback}


def weight(event: TraceEvent) -> int:
    """The bytes that an event takes, more or less."""
    nbytes = 420
    for value in event.data.values():
        if type(value) is str:
            nbytes += 60 + len(value)
        elif type(value) is list:
            nbytes += 60 + 70 * len(value)
    return nbytes
