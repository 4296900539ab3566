"""Here is the lineage of a message: what caused it, back to the submission, and what it caused."""

from collections.abc import Container, Iterable

import msgspec

from routilux.commands import FlowInfo
from routilux_monitor.model import TraceEvent

MOST = 1_000
"""Messages of a lineage, the nearest first."""
_MAKING = frozenset({"event_emitted", "messages_placed"})


class Message(msgspec.Struct, frozen=True):
    """One message. `parents` are what the activation that made it had used, `children` what the activation
    that used it has made. `source` and `event` are empty for a submission, `target` and `slot` for a message
    nobody has used.
    """

    message_id: str
    source: str = ""
    event: str = ""
    connection_id: str = ""
    made_at: float | None = None
    target: str = ""
    slot: str = ""
    used_at: float | None = None
    origin: int = 0
    """The submission that caused it, counted from 1; 0 if the trace does not tell."""
    preview: str = ""
    parents: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


class Lineage(msgspec.Struct, frozen=True):
    """`ancestors` has each message that led to this one, the nearest first. The way is whole if it is sure to
    end in submissions: one that was posted to a routine amid the flow looks like one whose maker is not in
    the trace.
    """

    message: Message
    ancestors: tuple[Message, ...]
    is_whole: bool


def entries(info: FlowInfo | None) -> frozenset[str]:
    """The routines that no connection leads to: what they use was submitted."""
    if info is None:
        return frozenset()
    return frozenset(routine.routine_id for routine in info.routines) - {c.target for c in info.connections}


def lineage(trace: Iterable[TraceEvent], message_id: str, entries: Container[str] = ()) -> Lineage | None:
    """None if the trace does not have the message."""
    index = _Index(trace, entries)
    if message_id not in index:
        return None
    found, waiting = {message_id: index.message(message_id)}, [message_id]
    is_whole = True
    for name in waiting:  # it grows meanwhile
        message = found[name]
        is_whole = is_whole and (bool(message.parents) or index.is_submission(name))
        for parent in message.parents:
            if parent in found:
                continue
            if len(found) > MOST:
                is_whole = False
                break
            found[parent] = index.message(parent)
            waiting.append(parent)
    return Lineage(found.pop(message_id), tuple(found.values()), is_whole)


class _Index:
    """Which activation has made a message, and which has used it."""

    def __init__(self, trace: Iterable[TraceEvent], entries: Container[str]) -> None:
        self._entries = entries
        self._made: dict[str, TraceEvent] = {}
        self._used: dict[str, TraceEvent] = {}
        self._inputs: dict[int, list[str]] = {}
        self._outputs: dict[int, list[str]] = {}
        for event in trace:
            data = event.data
            if event.kind == "slot_called" and (name := data.get("message_id")):
                self._used[name] = event
                self._inputs.setdefault(event.activation, []).append(name)
            elif event.kind in _MAKING and (names := data.get("message_ids")):
                self._made.update(dict.fromkeys(names, event))
                self._outputs.setdefault(event.activation, []).extend(names)

    def __contains__(self, name: str) -> bool:
        return name in self._made or name in self._used

    def is_submission(self, name: str) -> bool:
        used = self._used.get(name)
        return name not in self._made and used is not None and used.routine_id in self._entries

    def message(self, name: str) -> Message:
        made, used = self._made.get(name), self._used.get(name)
        by = made.data if made is not None else {}
        to = used.data if used is not None else {}
        # Of several that were emitted at once one has a preview, and it is not told which.
        made_preview = by.get("preview", "") if made is not None and made.count == 1 else ""
        return Message(
            name,
            source="" if made is None else made.routine_id,
            event=by.get("event_name", ""),
            connection_id=by.get("connection_id", ""),
            made_at=None if made is None else made.at,
            target="" if used is None else used.routine_id,
            slot=to.get("slot_name", ""),
            used_at=None if used is None else used.at,
            origin=to.get("origin", 0),
            preview=to.get("preview") or made_preview,
            parents=tuple(self._inputs.get(made.activation, by["parents"])) if made is not None else (),
            children=() if used is None else tuple(self._outputs.get(used.activation, ())),
        )
