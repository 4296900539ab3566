"""Here are views of breakpoints and of what is held."""

from collections.abc import Mapping
from typing import Any

import msgspec

from routilux.debugcommands import Audit, HeldMessage, SeenInfo, SessionInfo, VariableInfo
from routilux.ipc import plain
from routilux_monitor.contract import debugging as contract
from routilux_monitor.views.times import iso


def breakpoint_(fields: Mapping[str, Any]) -> contract.Breakpoint:
    return msgspec.convert(fields, contract.Breakpoint)


def breakpoints(found: tuple[dict[str, Any], ...]) -> contract.BreakpointList:
    return contract.BreakpointList([breakpoint_(fields) for fields in found], len(found))


def hold(held: HeldMessage) -> contract.Hold:
    data, is_whole = (None, False) if held.encoded is None else plain.shown(held.encoded, is_large=True)
    return contract.Hold(
        hold_id=held.hold_id,
        breakpoint_id=held.breakpoint_id or None,
        type=held.type,
        routine_id=held.routine_id,
        process=held.process,
        replica=held.replica,
        since=iso(held.since),
        message_id=held.message_id,
        parents=list(held.parents),
        connection_id=held.connection_id,
        event_name=held.event_name,
        slot_name=held.slot_name,
        data=data,
        is_whole=is_whole,
        preview=held.preview,
        error=held.error,
        attempt=held.attempt,
    )


def session(info: SessionInfo, depth: int) -> contract.Session:
    """`depth` is that of the oldest hold's call stack."""
    oldest = info.holds[0] if info.holds else None
    return contract.Session(
        session_id=f"debug-{info.job_id}",
        job_id=info.job_id,
        status=info.status,  # type: ignore[arg-type] # debugcommands.py has the same words
        paused_at=None if oldest is None else contract.PausedAt(oldest.routine_id),
        step_mode="step" if oldest is not None and not oldest.breakpoint_id else None,
        call_stack_depth=depth,
        holds=[hold(held) for held in info.holds],
        log=[
            contract.LogPointLine(iso(line.at), line.breakpoint_id, line.routine_id, line.text)
            for line in info.log
        ],
    )


def variables(job_id: str, seen: SeenInfo) -> contract.Variables:
    return contract.Variables(
        job_id,
        seen.hold_id,
        [_variable(each) for each in seen.variables],
    )


def _variable(seen: VariableInfo) -> contract.Variable:
    picture = seen.picture
    return contract.Variable(
        name=seen.name,
        type=seen.type,
        value=seen.text,
        scope=seen.scope,
        count=seen.count,
        path=".".join(map(str, seen.path)),
        picture=None if picture is None else contract.Picture(list(picture.shape), list(picture.values)),
    )


def call_stack(job_id: str, seen: SeenInfo, held: HeldMessage | None) -> contract.CallStack:
    return contract.CallStack(
        job_id,
        seen.hold_id,
        [contract.StackFrame(f.function, f.file, f.line, f.text) for f in seen.frames],
        message_id="" if held is None else held.message_id,
        parents=[] if held is None else list(held.parents),
    )


def audit(job_id: str, found: Audit, limit: int) -> contract.Audit:
    entries = [contract.AuditEntry(iso(each.at), each.action, each.detail) for each in found.entries]
    return contract.Audit(job_id, entries[-limit:], len(entries))
