"""Here are views of jobs, under way or ended."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from routilux.commands import FlowInfo, RoutineInfo
from routilux_monitor.contract import jobs as contract
from routilux_monitor.known import JobPage
from routilux_monitor.model import JobRecord, LogRecord, RoutineOfJob
from routilux_monitor.views.times import iso, maybe_seconds, seconds

ENDED = ("completed", "failed", "cancelled", "lost")
"""The last words of a job."""
PRINTED = ("STDOUT", "STDERR")
"""Levels of what was printed, not logged."""


def status(record: JobRecord) -> contract.JobStatus:
    return cast("contract.JobStatus", record.status)


def job(record: JobRecord) -> contract.Job:
    return contract.Job(
        job_id=record.job_id,
        worker_id=record.worker_id,
        flow_id=record.flow_id,
        status=status(record),
        created_at=seconds(record.created_at),
        started_at=maybe_seconds(record.started_at),
        completed_at=maybe_seconds(record.finished_at),
        error=error_line(record),
        metadata=record.metadata,
        is_settled=record.is_settled,
    )


def error_line(record: JobRecord) -> str | None:
    if record.error is None:
        return None
    return f"{record.error.type}: {record.error.message}" if record.error.type else record.error.message


def page(found: JobPage, limit: int, offset: int) -> contract.JobList:
    return contract.JobList([job(record) for record in found.jobs], found.total, limit, offset)


def state(record: JobRecord, info: FlowInfo | None) -> contract.JobState:
    return contract.JobState(
        job_id=record.job_id,
        worker_id=record.worker_id,
        flow_id=record.flow_id,
        runtime_id=record.runtime_id,
        status=status(record),
        created_at=seconds(record.created_at),
        started_at=maybe_seconds(record.started_at),
        completed_at=maybe_seconds(record.finished_at),
        error=_error(record),
        metadata=record.metadata,
        is_traced=record.is_traced,
        in_flight=record.in_flight,
        routines=_counters(record.routines, info),
        trace_dropped=record.trace_dropped,
        logs_dropped=record.logs_dropped,
        is_settled=record.is_settled,
    )


def _error(record: JobRecord) -> contract.JobError | None:
    failure = record.error
    if failure is None:
        return None
    return contract.JobError(failure.type, failure.message, failure.traceback, failure.routine)


def _counters(
    routines: Mapping[str, RoutineOfJob], info: FlowInfo | None
) -> dict[str, contract.RoutineCounters]:
    known = {r.routine_id: r for r in info.routines} if info else {}
    return {rid: _counted(routine, known.get(rid)) for rid, routine in routines.items()}


def _counted(routine: RoutineOfJob, info: RoutineInfo | None) -> contract.RoutineCounters:
    slots = [slot.name for slot in info.slots] if info else []
    events = info.events if info else ()
    return contract.RoutineCounters(
        activations=routine.activations,
        errors=routine.errors,
        skipped=routine.skipped,
        unused=routine.unused,
        dead=routine.dead,
        received={_name(slots, position): count for position, count in routine.received.items()},
        emitted={_name(events, position): count for position, count in routine.emitted.items()},
    )


def _name(names: Sequence[str], position: int) -> str:
    return names[position] if 0 <= position < len(names) else str(position)


def short(record: JobRecord) -> contract.JobStatusShort:
    return contract.JobStatusShort(
        record.job_id, record.flow_id, status(record), record.ended, error_line(record)
    )


def printed(record: JobRecord) -> str:
    """What its routines have printed, as far as it is kept."""
    return "".join(f"{line.text}\n" for line in record.logs if line.level in PRINTED)


def output(record: JobRecord, offset: int) -> contract.Output:
    return contract.Output(printed(record)[offset:], record.ended, record.logs_dropped > 0)


def logs(lines: Iterable[LogRecord], query: contract.LogQuery) -> contract.LogList:
    """A page of those that are asked for."""
    found = [
        line
        for line in lines
        if (not query.routine_id or line.routine_id == query.routine_id)
        and (not query.level or line.level == query.level.upper())
    ]
    shown = found[query.offset : query.offset + query.limit]
    return contract.LogList([_line(line) for line in shown], len(found))


def _line(line: LogRecord) -> contract.LogEntry:
    return contract.LogEntry(iso(line.at), line.level, line.routine_id, line.replica, line.text)


def result_of(payloads: Sequence[Any]) -> Any:
    """The only payload, or all of them; None if there are none."""
    return payloads[0] if len(payloads) == 1 else list(payloads) or None
