"""Here are views of a job's trace: its events, and the lineage of a message."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from routilux_monitor.contract import metrics as contract
from routilux_monitor.model import JobRecord, TraceEvent
from routilux_monitor.views.times import iso, of_ns

FARTHEST = 200
"""Messages in each direction of a lineage."""

_NAMED = ("slot_name", "event_name", "connection_id", "message_id", "message_ids", "parents", "preview")


def trace(job: JobRecord, routine_id: str, offset: int, limit: int | None) -> contract.ExecutionTrace:
    """The events of a job, or of one of its routines, in the order in which they were told."""
    events = [event for event in job.trace if not routine_id or event.routine_id == routine_id]
    end = None if limit is None else offset + limit
    return contract.ExecutionTrace([_event(e) for e in events[offset:end]], len(events), job.trace_dropped)


def _event(event: TraceEvent) -> contract.ExecutionEvent:
    return contract.ExecutionEvent(
        event_id=f"{event.job_id}-{event.number}",
        job_id=event.job_id,
        routine_id=event.routine_id,
        event_type=event.kind,
        timestamp=iso(event.at),
        data=contract.TraceData(**trace_data(event)),
        duration=None if event.duration is None else of_ns(event.duration),
        status=event.status,
    )


def trace_data(event: TraceEvent) -> dict[str, Any]:
    """The fields of TraceData."""
    told: dict[str, Any] = {name: event.data[name] for name in _NAMED if event.data.get(name)}
    more = {name: value for name, value in event.data.items() if name not in _NAMED}
    if event.process:
        told["process"] = event.process
    if event.count != 1:
        told["count"] = event.count
    if more:
        told["more"] = more
    return told


# ---- lineage ----------------------------------------------------------------------------------------------


@dataclass
class _Message:
    parents: list[str] = field(default_factory=list)
    emitted: TraceEvent | None = None
    received: TraceEvent | None = None


def lineage(job: JobRecord, message_id: str) -> contract.Lineage | None:
    """None if the trace does not know the message."""
    messages = _messages(job.trace)
    if message_id not in messages:
        return None
    children: defaultdict[str, list[str]] = defaultdict(list)
    for mid, message in messages.items():
        for parent in message.parents:
            children[parent].append(mid)
    above = _walk(message_id, lambda mid: messages[mid].parents if mid in messages else ())
    below = _walk(message_id, lambda mid: children.get(mid, ()))
    return contract.Lineage(
        job_id=job.job_id,
        message=_step(message_id, messages),
        ancestors=[_step(mid, messages) for mid in above[:FARTHEST]],
        descendants=[_step(mid, messages) for mid in below[:FARTHEST]],
        is_truncated=job.trace_dropped > 0 or len(above) > FARTHEST or len(below) > FARTHEST,
    )


def _messages(events: Iterable[TraceEvent]) -> dict[str, _Message]:
    messages: defaultdict[str, _Message] = defaultdict(_Message)
    for event in events:
        data = event.data
        if event.kind == "event_emitted":
            for mid in data.get("message_ids", ()):
                messages[mid].emitted = event
                messages[mid].parents = list(data.get("parents", ()))
        elif event.kind == "slot_called" and data.get("message_id"):
            messages[data["message_id"]].received = event
    return dict(messages)


def _walk(start: str, neighbours: Callable[[str], Iterable[str]]) -> list[str]:
    """All that can be reached, the nearest first; one more than is shown at most."""
    found: list[str] = []
    seen, ahead = {start}, deque([start])
    while ahead and len(found) <= FARTHEST:
        for mid in neighbours(ahead.popleft()):
            if mid not in seen:
                seen.add(mid)
                found.append(mid)
                ahead.append(mid)
    return found


def _step(message_id: str, messages: Mapping[str, _Message]) -> contract.LineageStep:
    message = messages.get(message_id) or _Message()
    emitted, received = message.emitted, message.received
    seen = received or emitted
    return contract.LineageStep(
        message_id=message_id,
        parents=message.parents,
        source_routine=emitted.routine_id if emitted else None,
        event_name=emitted.data.get("event_name") if emitted else None,
        emitted_at=iso(emitted.at) if emitted else None,
        target_routine=received.routine_id if received else None,
        slot_name=received.data.get("slot_name") if received else None,
        received_at=iso(received.at) if received else None,
        preview=str(seen.data.get("preview", "")) if seen else "",
    )
