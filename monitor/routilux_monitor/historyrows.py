"""Here are the rows of the history: how records become them, and back."""

import sqlite3
import zlib
from collections import deque
from typing import Any, Final

import msgspec

from routilux.commands import FlowInfo, Introduction
from routilux.hookevents import Durations, Failure
from routilux_monitor.copies import Copies, Kept
from routilux_monitor.historyschema import JOB
from routilux_monitor.model import ErrorOfJob, Instance, JobRecord, LogRecord, RoutineOfJob, TraceEvent
from routilux_monitor.trace import COMMON

MOST_EVENTS = 5_000
"""Of a job's trace, the newest."""
ROW = 256
"""Bytes that a row costs beside its text, more or less."""


class JobBody(msgspec.Struct, frozen=True):
    """What is listed of a job, beside its columns."""

    error: Failure | None
    metadata: dict[str, Any]
    is_traced: bool
    routines: dict[str, RoutineOfJob]


class JobDetails(msgspec.Struct, frozen=True):
    trace: tuple[TraceEvent, ...]
    trace_dropped: int
    errors: tuple[ErrorOfJob, ...]
    errors_dropped: int
    logs: tuple[LogRecord, ...]
    logs_dropped: int
    copies: tuple[Kept, ...] = ()

    @property
    def nbytes(self) -> int:
        """More or less."""
        return 500 * len(self.trace) + sum(kept.nbytes for kept in self.copies)


class InstanceBody(msgspec.Struct, frozen=True):
    created_at: float
    jobs_processed: int
    jobs_failed: int
    gaps: int
    dropped: int
    durations: dict[str, Durations]
    logs: tuple[LogRecord, ...] = ()
    logs_dropped: int = 0


_encode: Final = msgspec.json.Encoder().encode
introduction: Final = msgspec.json.Decoder(Introduction).decode
flow_info: Final = msgspec.json.Decoder(FlowInfo).decode
_body_of: Final = msgspec.json.Decoder(JobBody).decode
_details_of: Final = msgspec.json.Decoder(JobDetails).decode
_instance_body: Final = msgspec.json.Decoder(InstanceBody).decode


def text(value: object) -> str:
    return _encode(value).decode()


def details(record: JobRecord) -> JobDetails:
    """As it stands; what lies in it does not change any more."""
    events = tuple(record.events)
    trace = _most_telling(events)
    dropped = record.trace_dropped + len(events) - len(trace)
    numbers = {event.number for event in trace}
    copies = tuple(kept for kept in record.copies if kept.number in numbers)
    errors, logs = tuple(record.errors), tuple(record.logs)
    return JobDetails(trace, dropped, errors, record.errors_dropped, logs, record.logs_dropped, copies)


def _most_telling(events: tuple[TraceEvent, ...]) -> tuple[TraceEvent, ...]:
    """The newest, and before them those that matter, half of all at most."""
    notable: deque[TraceEvent] = deque(maxlen=MOST_EVENTS // 2)
    for at, event in enumerate(events):
        if len(notable) + len(events) - at <= MOST_EVENTS:
            return (*notable, *events[at:])
        if event.kind not in COMMON:
            notable.append(event)
    return tuple(notable)


def fill(record: JobRecord, data: bytes) -> None:
    details = _details_of(zlib.decompress(data))
    record.trace, record.trace_dropped = deque(details.trace), details.trace_dropped
    record.copies = Copies.of(details.copies)
    record.errors, record.errors_dropped = deque(details.errors), details.errors_dropped
    record.logs, record.logs_dropped = deque(details.logs), details.logs_dropped


def of_job(record: JobRecord) -> tuple[tuple[object, ...], str]:
    """Its columns, and what is listed beside them."""
    columns = (
        record.worker_id,
        record.job_id,
        record.runtime_id,
        record.flow_id,
        record.status,
        record.created_at,
        record.started_at,
        record.finished_at,
    )
    return columns, text(JobBody(record.error, record.metadata, record.is_traced, record.routines))


def of_instance(record: Instance) -> tuple[str, str, str, float, float | None, str]:
    body = InstanceBody(
        record.created_at,
        record.jobs_processed,
        record.jobs_failed,
        record.gaps,
        record.dropped,
        record.durations,
        tuple(record.logs),
        record.logs_dropped,
    )
    return (
        record.worker_id,
        record.runtime_id,
        record.flow_id,
        record.started_at,
        record.stopped_at,
        text(body),
    )


def write_job(
    db: sqlite3.Connection, columns: tuple[object, ...], body: str, details: JobDetails | None
) -> None:
    """One that was kept in full, and is told again with less, stays as it is: its runtime was met again by a
    monitor that had not seen it run.
    """
    worker_id, job_id, status = columns[0], columns[1], columns[4]
    known = db.execute(
        "SELECT status, length(data), number FROM jobs LEFT JOIN details ON job = number"
        " WHERE worker_id = ? AND job_id = ?",
        (worker_id, job_id),
    ).fetchone()
    has_more = details is not None and bool(details.trace or details.errors or details.logs)
    if known is not None and known[0] == status and known[1] is not None and not has_more:
        return
    packed = zlib.compress(_encode(details), 1) if has_more else None
    size = len(packed) if packed is not None else (known[1] or 0) if known is not None else 0
    (number,) = db.execute(JOB, (*columns, ROW + len(body) + size, body)).fetchone()
    if packed is not None:
        db.execute("INSERT OR REPLACE INTO details (job, data) VALUES (?, ?)", (number, packed))


def job(row: tuple[Any, ...]) -> JobRecord:
    _, job_id, flow_id, worker_id, runtime_id, status, created_at, started_at, finished_at, kept = row
    body = _body_of(kept)
    record = JobRecord(
        job_id,
        flow_id,
        worker_id,
        runtime_id,
        status,
        created_at,
        started_at,
        finished_at,
        body.error,
        body.metadata,
        is_traced=body.is_traced,
        routines=body.routines,
    )
    record.is_settled = record.ended
    return record


def instance(row: tuple[Any, ...]) -> Instance:
    worker_id, runtime_id, flow_id, started_at, stopped_at, kept = row
    body = _instance_body(kept)
    return Instance(
        worker_id,
        runtime_id,
        flow_id,
        body.created_at,
        started_at,
        "stopped",
        stopped_at,
        jobs_processed=body.jobs_processed,
        jobs_failed=body.jobs_failed,
        gaps=body.gaps,
        dropped=body.dropped,
        durations=body.durations,
        logs=deque(body.logs),
        logs_dropped=body.logs_dropped,
    )
