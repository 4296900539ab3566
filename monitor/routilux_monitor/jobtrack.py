"""Here is the track of a job: its record, and how what is told of it changes that record.

A count shown is the greater of two: what the events that have arrived add up to, and what the runtime has
said last. Neither can be more than the truth, and the runtime's last word is the truth.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from routilux.commands import JobInfo
from routilux.hookevents import (
    Activated,
    Committed,
    DeadLettered,
    Debugged,
    Durations,
    Failed,
    Failure,
    Held,
    JobChanged,
    JobFigures,
    LogLine,
    Placed,
    Pressed,
    ProcessChanged,
)
from routilux_monitor import trace
from routilux_monitor.copies import Kept
from routilux_monitor.durations import Sum
from routilux_monitor.model import ErrorOfJob, JobRecord, LogRecord, RoutineOfJob, TraceEvent
from routilux_monitor.trace import Place

_COUNTS: Final = {
    **{name: name for name in ("activations", "errors", "skipped", "unused", "dead")},
    "used": "received",
    "made": "emitted",
}
"""What the record calls them, and the runtime."""
_FAILING: Final = frozenset({"failed", "continued"})

ROUTINE_BYTES = 2_000
"""What the counts and durations of one routine take, more or less."""
MOST_UNPLACED = 512
"""Activations of a job that may wait for word of their messages."""


@dataclass(frozen=True)
class Bounds:
    """What is kept of one job."""

    events: int = 10_000
    event_bytes: int = 4 << 20
    logs: int = 2_000
    log_bytes: int = 1 << 20
    errors: int = 200
    error_bytes: int = 1 << 20
    copy_bytes: int = 4 << 20


@dataclass
class JobTrack:
    """`known_since` and `changed_at` are instants of this monitor, not of the runtime."""

    record: JobRecord
    bounds: Bounds
    known_since: float
    changed_at: float = 0.0
    kept_as: str = ""
    """The status under which it was kept last."""
    is_final: bool = False
    """Whether the counters are the last ones."""
    _has_started: bool = False
    _number: int = 1
    _trace_bytes: int = 0
    _notable_bytes: int = 0
    """Of those, what takes the events that were put by."""
    _log_bytes: int = 0
    _error_bytes: int = 0
    _counted: int = 0
    _added_up: dict[str, list[int]] = field(default_factory=dict)
    """Per routine: activations, errors and skipped, as events told."""
    _unplaced: dict[tuple[int, int], int] = field(default_factory=dict)
    """Per process and beginning, the activation whose messages may yet be told to have come to lie."""
    _durations: dict[str, Sum] = field(default_factory=dict)
    _last_told: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def routine(self, routine_id: str) -> RoutineOfJob:
        found = self.record.routines.get(routine_id)
        if found is None:
            found = self.record.routines[routine_id] = RoutineOfJob()
        return found

    # ---- what happened, event by event ------------------------------------------------------------------

    def committed(self, place: Place, event: Committed) -> list[TraceEvent]:
        routine = self._count(place, event.activations, event.errors, event.skipped, event.ended)
        self._carry(routine, event.received, event.emitted)
        return self._keep(trace.of_commit(place, self._number, event))

    def activated(self, place: Place, event: Activated) -> list[TraceEvent]:
        status, counts = event.status, int(not event.is_finish)  # what a finish counts as is in Committed
        routine = self._count(
            place,
            counts * (event.attempt == 1),
            counts * (status in _FAILING),
            counts * (status == "skipped"),
            event.ended,
        )
        made: dict[int, int] = {}
        for (
            emitted
        ) in event.emitted:  # each connection of an event gets the same, unless a debugger drops some
            made[emitted.event] = max(emitted.count, made.get(emitted.event, 0))
        self._carry(routine, event.received, made)
        events = trace.of_activation(place, self._number, event)
        for ref, told in zip(event.inputs, events, strict=False):  # the inputs are told first
            if ref.copy is not None and ref.copy.data:
                self.record.copies.keep(Kept(ref.id, told.number, ref.copy))
        if any(len(emitted.ids) < emitted.count for emitted in event.emitted):
            self._unplaced[place.process, event.began] = events[-1].number
            if len(self._unplaced) > MOST_UNPLACED:
                del self._unplaced[next(iter(self._unplaced))]
        return self._keep(events)

    def placed(self, place: Place, event: Placed) -> list[TraceEvent]:
        activation = self._unplaced.get((place.process, event.began), 0)
        return self._keep([trace.of_placement(place, self._number, activation, event)])

    def _count(self, place: Place, activations: int, errors: int, skipped: int, ended: int) -> RoutineOfJob:
        routine = self.routine(place.routine)
        routine.last_at = max(place.at(ended), routine.last_at or 0.0)
        sums = self._added_up.setdefault(place.routine, [0, 0, 0])
        sums[0] += activations
        sums[1] += errors
        sums[2] += skipped
        if not self.is_final:
            routine.activations = max(routine.activations, sums[0])
            routine.errors = max(routine.errors, sums[1])
            routine.skipped = max(routine.skipped, sums[2])
        return routine

    def _carry(self, routine: RoutineOfJob, used: Mapping[int, int], made: Mapping[int, int]) -> None:
        """Messages that events have told of, by their slots and events."""
        for told, counts in ((routine.received, used), (routine.emitted, made)):
            for position, count in counts.items():
                told[position] = told.get(position, 0) + count
        if not self.is_final:
            routine.used = max(routine.used, sum(routine.received.values()))
            routine.made = max(routine.made, sum(routine.emitted.values()))

    def failed(self, place: Place, event: Failed, *, is_told: bool) -> list[TraceEvent]:
        """`is_told`: its activation has an event of its own, with the same error."""
        errors, number = self.record.errors, self._number
        routine = event.error.routine or place.routine
        error_id = f"{self.record.job_id}-{self.record.errors_dropped + len(errors) + 1}"
        error = ErrorOfJob(error_id, routine, place.at(event.at), trace.cut(event.error), event.action)
        errors.append(error)
        self._error_bytes += error_bytes(error)
        while len(errors) > self.bounds.errors or self._error_bytes > self.bounds.error_bytes:
            self._error_bytes -= error_bytes(errors.popleft())
            self.record.errors_dropped += 1
        return [] if is_told else self._keep([trace.of_error(place, number, event)])

    def dead_lettered(self, place: Place, event: DeadLettered) -> list[TraceEvent]:
        return self._keep([trace.of_letter(place, self._number, event)])

    def pressed(self, place: Place, event: Pressed) -> list[TraceEvent]:
        return self._keep([trace.of_pressure(place, self._number, event)])

    def held(self, place: Place, event: Held) -> list[TraceEvent]:
        return self._keep([trace.of_hold(place, self._number, event)])

    def debugged(self, place: Place, event: Debugged) -> list[TraceEvent]:
        return self._keep([trace.of_debugging(place, self._number, event)])

    def died(self, place: Place, event: ProcessChanged) -> list[TraceEvent]:
        return self._keep([trace.of_death(place, self._number, self.record.job_id, event)])

    def logged(self, place: Place, line: LogLine) -> None:
        record = self.record
        log = LogRecord(place.at(line.at), line.routine, line.replica, line.job_id, line.level, line.text)
        record.logs.append(log)
        self._log_bytes += log_bytes(log)
        while len(record.logs) > self.bounds.logs or self._log_bytes > self.bounds.log_bytes:
            self._log_bytes -= log_bytes(record.logs.popleft())
            record.logs_dropped += 1

    # ---- what the runtime says of the whole --------------------------------------------------------------

    def figures(self, figures: JobFigures, active: frozenset[str]) -> None:
        """As of a snapshot. `active` are the routines with a process at work."""
        if self.record.ended:
            return
        self.record.in_flight = figures.in_flight
        self._at_least(figures.counters)
        for routine_id, routine in self.record.routines.items():
            routine.is_active = figures.in_flight > 0 and routine_id in active

    def _at_least(self, counters: Mapping[str, Mapping[str, int]]) -> None:
        if counters == self._last_told or self.is_final:
            return
        self._last_told = counters
        for routine_id, counts in counters.items():
            routine = self.routine(routine_id)
            for name, said in _COUNTS.items():
                setattr(routine, name, max(getattr(routine, name), counts.get(said, 0)))

    def _exactly(self, counters: Mapping[str, Mapping[str, int]]) -> None:
        if self.is_final or not counters:
            return
        self.is_final = True
        for routine_id in {*self.record.routines, *counters}:
            routine, counts = self.routine(routine_id), counters.get(routine_id, {})
            routine.is_active = False
            for name, said in _COUNTS.items():
                setattr(routine, name, counts.get(said, 0))

    def timed(self, place: Place, durations: Durations) -> None:
        if self.record.is_settled and self.is_final:
            return
        total = self._durations.setdefault(place.routine, Sum())
        self.routine(place.routine).durations = total.told(place.process, place.epoch, durations)

    def settle(self) -> None:
        """Its last words have been heard: what only served to follow it may go, unless it was lost and may
        be found again. Activations of which no event has told by now are missing from its trace.
        """
        was_settled, self.record.is_settled = self.record.is_settled, True
        if not self.is_final or was_settled:
            return
        for routine_id, routine in self.record.routines.items():
            told = self._added_up.get(routine_id, (0,))[0]
            self.record.trace_dropped += max(0, routine.activations - told)
        self._durations.clear()
        self._unplaced.clear()
        self._added_up.clear()
        self._last_told = {}

    def changed(self, place: Place, event: JobChanged, now: float) -> list[TraceEvent]:
        record = self.record
        record.is_traced |= event.is_traced
        record.metadata = event.metadata or record.metadata
        self.changed_at = now
        return self._take(
            event.status,
            (event.created_at, event.started_at, event.finished_at),
            event.error,
            event.counters,
            place.at(event.at),
        )

    def described(self, info: JobInfo, asked_at: float, now: float) -> list[TraceEvent]:
        """As the runtime has answered, to a question of `asked_at`."""
        self.record.metadata = self.record.metadata or info.metadata
        self.record.is_traced |= info.is_traced
        if self.changed_at >= asked_at and info.status not in ENDS:
            self._at_least(info.counters)
            return []
        error = Failure(info.error_type, info.error, info.traceback, info.routine) if info.error else None
        times = (info.created_at, info.started_at, info.finished_at)
        return self._take(info.status, times, error, info.counters, info.finished_at or now)

    def lost(self, at: float) -> list[TraceEvent]:
        """The runtime is gone, or does not know the job any more."""
        return self._take("lost", (self.record.created_at, self.record.started_at, at), None, {}, at)

    def _take(
        self,
        status: str,
        times: tuple[float, float | None, float | None],
        error: Failure | None,
        counters: Mapping[str, Mapping[str, int]],
        at: float,
    ) -> list[TraceEvent]:
        record = self.record
        before = record.status
        if record.ended and (before != "lost" or status not in ENDS):
            if status == before:
                self._exactly(counters)
            return []
        record.status = status
        record.created_at = times[0]
        record.started_at = times[1] or record.started_at
        record.finished_at = times[2]
        record.error = error or record.error
        if not record.ended:
            self._at_least(counters)
        else:
            record.in_flight = 0
            self._exactly(counters)
            for routine in record.routines.values():
                routine.is_active = False
        kind = self._kind(before, status)
        return self._keep([self._of_job(kind, at)]) if kind else []

    def _kind(self, before: str, status: str) -> str:
        """What the change is called; empty if it has no name, or is none."""
        had_started, self._has_started = self._has_started, self._has_started or status == "running"
        if self.record.ended:
            return f"job_{status}"
        if status == "running" and not had_started:
            return "job_started"
        if status == before or "paused" not in (before, status):
            return ""
        return "job_paused" if status == "paused" else "job_resumed"

    def _of_job(self, kind: str, at: float) -> TraceEvent:
        record = self.record
        took = None
        if record.finished_at is not None and record.started_at is not None:
            took = int((record.finished_at - record.started_at) * 1e9)
        data = trace.of_failure(record.error) if record.error is not None else {}
        return TraceEvent(self._number, record.job_id, "", 0, kind, at, None, took, record.status, data=data)

    # ---- bounds -------------------------------------------------------------------------------------------

    @property
    def nbytes(self) -> int:
        """Of all that is kept of it, more or less."""
        routines = ROUTINE_BYTES * len(self.record.routines)
        return routines + self._trace_bytes + self.record.copies.nbytes + self._log_bytes + self._error_bytes

    def uncounted(self) -> int:
        """What they have grown by since this was asked last."""
        grown, self._counted = self.nbytes - self._counted, self.nbytes
        return grown

    def shorten(self, nbytes: int) -> None:
        """Let go of so many bytes: of copies, then of the trace, the oldest first."""
        copies = self.record.copies
        left = nbytes - copies.nbytes
        copies.cut(max(0, -left))
        if left > 0:
            self._cut(self.bounds.events, max(0, self._trace_bytes - left))

    def _keep(self, events: list[TraceEvent]) -> list[TraceEvent]:
        self._number += len(events)
        self.record.trace.extend(events)
        self._trace_bytes += sum(map(trace.weight, events))
        self._cut(self.bounds.events, self.bounds.event_bytes)
        self.record.copies.cut(self.bounds.copy_bytes)
        return events

    def _cut(self, most: int, nbytes: int) -> None:
        record = self.record
        while (count := len(record.notable) + len(record.trace)) > most or (
            count and self._trace_bytes > nbytes
        ):
            event = self._next_to_go(most // 2, nbytes // 2)
            self._trace_bytes -= trace.weight(event)
            record.trace_dropped += 1
            if "nbytes" in event.data:
                record.copies.forget(event.data["message_id"], event.number)

    def _next_to_go(self, most: int, nbytes: int) -> TraceEvent:
        """The oldest event that is common. What matters is put by on the way: the oldest of that goes if it
        is more than this, or if nothing else is left.
        """
        notable, kept = self.record.notable, self.record.trace
        while kept and len(notable) <= most and self._notable_bytes <= nbytes:
            event = kept.popleft()
            if event.kind in trace.COMMON:
                return event
            notable.append(event)
            self._notable_bytes += trace.weight(event)
        event = notable.popleft()
        self._notable_bytes -= trace.weight(event)
        return event


ENDS: Final = frozenset({"completed", "failed", "cancelled"})


def log_bytes(line: LogRecord) -> int:
    return 200 + len(line.text) + len(line.job_id)


def error_bytes(error: ErrorOfJob) -> int:
    return 400 + len(error.failure.message) + len(error.failure.traceback)
