"""Here is what is told of a hold: to whoever debugs, and as hook events."""

from time import monotonic_ns
from typing import Any

from routilux import hookevents
from routilux.debug.holds import Variable
from routilux.debug.looking import text
from routilux.debug.session import HoldInfo
from routilux.supervisor.docket import Docket
from routilux.supervisor.waitingroom import Held

LONGEST_SHOWN = 300
"""Characters of a preview in a hook event."""


def info_of(held: Held, docket: Docket) -> HoldInfo:
    """Where it is held, by name."""
    report, flow = held.report, docket.flow
    connection = flow.connections[report.connection] if report.connection >= 0 else None
    events = flow.nodes[held.routine].routine.event_names
    return HoldInfo(
        held.hold_id,
        report,
        held.routine,
        docket.plan.processes[report.process].replica,
        held.since,
        held.attempt,
        None if connection is None else connection.id,
        events[report.event] if report.event >= 0 else None,
        held.slot or (None if connection is None else connection.slot),
    )


def begun(held: Held, info: HoldInfo) -> hookevents.Held:
    """The hook event that it is held."""
    report = held.report
    return hookevents.Held(
        monotonic_ns(),
        held.job.job_id,
        held.hold_id,
        report.breakpoint_id,
        report.type,
        report.process,
        held.routine,
        connection_id=info.connection_id or "",
        event=info.event_name or "",
        slot=info.slot_name or "",
        message_id=report.message_id,
        preview=report.shown[:LONGEST_SHOWN],
    )


def ended(held: Held, action: str, docket: Docket) -> hookevents.Debugged:
    """The hook event that it is held no more; of an edit, with what it has become."""
    info, report = info_of(held, docket), held.report
    return hookevents.Debugged(
        monotonic_ns(),
        held.job.job_id,
        action,
        held.routine,
        report.process,
        held.hold_id,
        connection_id=info.connection_id or "",
        event=info.event_name or "",
        slot=info.slot_name or "",
        message_id=report.message_id,
        preview=(text(held.value) if action == "edit" else report.shown)[:LONGEST_SHOWN],
    )


def assigned(held: Held, variable: Variable) -> hookevents.Debugged:
    """The hook event that a debugger has changed a variable."""
    return hookevents.Debugged(
        monotonic_ns(),
        held.job.job_id,
        "set variable",
        held.routine,
        held.report.process,
        held.hold_id,
        variable=variable.name,
        preview=variable.text[:LONGEST_SHOWN],
    )


def injected(job_id: str, routine: str, slot: str, payload: Any) -> hookevents.Debugged:
    """The hook event that a debugger has put in a message."""
    preview = text(payload)[:LONGEST_SHOWN]
    return hookevents.Debugged(monotonic_ns(), job_id, "inject", routine, slot=slot, preview=preview)
