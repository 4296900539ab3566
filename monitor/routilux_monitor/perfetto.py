"""Here is the trace of a job as Perfetto and Chrome open it: a track per process, a slice per activation, and
an arrow along each message.
"""

from collections.abc import Iterator
from typing import Any, Final

from routilux_monitor.model import JobRecord, TraceEvent

Event = dict[str, Any]

_SLICES: Final = frozenset({"routine_completed", "routine_failed"})
_MAKING: Final = frozenset({"event_emitted", "messages_placed"})
_POINTS: Final = frozenset({"dead_letter", "process_died", "pressed"})
_SHORTEST: Final = 0.001
"""Microseconds: what takes no time at all would not be shown."""


def trace(record: JobRecord) -> dict[str, Any]:
    """In the JSON format of Chrome's trace events; times in microseconds since the first event."""
    events = list(record.events)
    began = min((event.at if event.began is None else event.began for event in events), default=0.0)
    slices = {event.number: _slice(event, began) for event in events if event.kind in _SLICES}
    made = [
        *_tracks(events),
        *slices.values(),
        *(_moment(event, began) for event in events if not event.routine_id or event.kind in _POINTS),
        *_arrows(events, slices),
    ]
    about = {
        "job_id": record.job_id,
        "flow_id": record.flow_id,
        "began_at": began,
        "dropped": record.trace_dropped,
    }
    return {"traceEvents": made, "displayTimeUnit": "ms", "otherData": about}


def _tracks(events: list[TraceEvent]) -> Iterator[Event]:
    names = {0: "supervisor"} | {event.process: event.routine_id for event in events if event.kind in _SLICES}
    for process, name in sorted(names.items()):
        shown = f"{name} (process {process})" if process else name
        yield {"ph": "M", "name": "process_name", "pid": process, "tid": 0, "args": {"name": shown}}
        yield {
            "ph": "M",
            "name": "process_sort_index",
            "pid": process,
            "tid": 0,
            "args": {"sort_index": process},
        }


def _slice(event: TraceEvent, began: float) -> Event:
    start = event.at if event.began is None else event.began
    about = {"status": event.status, "activations": event.count, **event.data}
    return {
        "ph": "X",
        "name": event.routine_id,
        "cat": "activation" if event.kind == "routine_completed" else "activation,failed",
        "pid": event.process,
        "tid": 0,
        "ts": (start - began) * 1e6,
        "dur": max(_SHORTEST, (event.duration or 0) / 1e3),
        "args": about,
    }


def _moment(event: TraceEvent, began: float) -> Event:
    return {
        "ph": "i",
        "s": "p" if event.routine_id else "g",
        "name": event.kind,
        "cat": "job",
        "pid": event.process,
        "tid": 0,
        "ts": (event.at - began) * 1e6,
        "args": event.data,
    }


def _arrows(events: list[TraceEvent], slices: dict[int, Event]) -> Iterator[Event]:
    """From the slice in which a message was made to the one in which it was used, if the trace has both."""
    made = {
        name: slices[event.activation]
        for event in events
        if event.kind in _MAKING and event.activation in slices
        for name in event.data.get("message_ids", ())
    }
    for event in events:
        name = event.data.get("message_id")
        if event.kind != "slot_called" or name not in made or event.activation not in slices:
            continue
        source, target = made[name], slices[event.activation]
        start = min(source["ts"] + source["dur"], max(source["ts"], target["ts"]))  # it may be used earlier
        flow = {"name": "message", "cat": "message", "id": name, "tid": 0, "args": {"message_id": name}}
        yield flow | {"ph": "s", "pid": source["pid"], "ts": start}
        yield flow | {"ph": "f", "bp": "e", "pid": target["pid"], "ts": target["ts"]}
