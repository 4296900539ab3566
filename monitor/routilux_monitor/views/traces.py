"""Here are views of a job's trace: its events, and the lineage of a message."""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from msgspec import structs

from routilux_monitor.contract import metrics as contract
from routilux_monitor.contract.fields import MASK
from routilux_monitor.copies import Copies
from routilux_monitor.lineage import Lineage, Message
from routilux_monitor.model import JobRecord, TraceEvent
from routilux_monitor.views.times import iso, maybe_iso, of_ns

_PLAIN = (
    "variable",
    "slot_name",
    "event_name",
    "connection_id",
    "message_id",
    "message_ids",
    "parents",
    "origin",
    "nbytes",
)
OF_DEBUGGER = ("breakpoint_resumed", "message_injected", "variable_set")
_BY_ITSELF = ("auto-resume", "drain", "removed", "died", "ended")
"""How what is held goes on without a debugger."""
_DEBUG = ("hold_id", "breakpoint_id")
_NAMED = (
    "slot_name",
    "event_name",
    "connection_id",
    "message_id",
    "message_ids",
    "parents",
    "preview",
    "nbytes",
    "variable",
    *_DEBUG,
)


def trace(job: JobRecord, routine_id: str, offset: int, limit: int | None) -> contract.ExecutionTrace:
    """The events of a job, or of one of its routines, in the order in which they were told."""
    events = [event for event in job.events if not routine_id or event.routine_id == routine_id]
    end = None if limit is None else offset + limit
    shown = [_event(event, job.copies) for event in events[offset:end]]
    return contract.ExecutionTrace(shown, len(events), job.trace_dropped)


def _event(event: TraceEvent, copies: Copies) -> contract.ExecutionEvent:
    data = trace_data(event)
    if "nbytes" in data:
        data["is_replayable"] = data["message_id"] in copies
    return contract.ExecutionEvent(
        event_id=f"{event.job_id}-{event.number}",
        job_id=event.job_id,
        routine_id=event.routine_id,
        event_type=event.kind,
        timestamp=iso(event.at),
        data=contract.TraceData(**data),
        duration=None if event.duration is None else of_ns(event.duration),
        status=event.status,
    )


def is_told(job: JobRecord) -> bool:
    """Whether all activations that the job's counters name are in its trace, or were let go of."""
    counted = sum(routine.activations for routine in job.routines.values())
    told = sum(event.count for event in job.events if event.kind in ("routine_completed", "routine_failed"))
    return told >= counted or job.trace_dropped > 0


def trace_data(event: TraceEvent) -> dict[str, Any]:
    """The fields of TraceData."""
    told: dict[str, Any] = {name: event.data[name] for name in _NAMED if event.data.get(name)}
    if event.kind in OF_DEBUGGER:
        told["action"] = event.data.get("action") or None
        told["made_by"] = None if told["action"] in _BY_ITSELF else "debugger"
    more = {n: value for n, value in event.data.items() if n not in _NAMED and n not in told}
    if event.process:
        told["process"] = event.process
    if event.count != 1:
        told["count"] = event.count
    if more:
        told["more"] = more
    return told


# ---- lineage ----------------------------------------------------------------------------------------------


def lineage(job_id: str, found: Lineage) -> contract.Lineage:
    return contract.Lineage(
        job_id=job_id,
        message=_step(found.message),
        ancestors=[_step(message) for message in found.ancestors],
        is_whole=found.is_whole,
    )


def _step(message: Message) -> contract.LineageStep:
    return contract.LineageStep(
        message_id=message.message_id,
        parents=list(message.parents),
        children=list(message.children),
        origin=message.origin,
        source_routine=message.source or None,
        event_name=message.event or None,
        connection_id=message.connection_id or None,
        emitted_at=maybe_iso(message.made_at),
        target_routine=message.target or None,
        slot_name=message.slot or None,
        received_at=maybe_iso(message.used_at),
        preview=message.preview,
    )


def without_payloads(job: JobRecord) -> JobRecord:
    """A copy of the job's record whose trace tells nothing of what its messages held."""
    shown = (structs.replace(event, data=_masked(event.data)) for event in job.events)
    return replace(job, trace=deque(shown), notable=deque())


def _masked(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if name in _PLAIN else MASK for name, value in data.items()}
