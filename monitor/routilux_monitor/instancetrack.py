"""Here is the track of an instance: one start of a flow, its record following what its processes tell."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import msgspec

from routilux.commands import FlowInfo
from routilux.hookevents import FlowStats, LogLine, Pressed, ProcessChanged, WorkerStats
from routilux_monitor.durations import Sum
from routilux_monitor.model import Instance, LogRecord
from routilux_monitor.rates import Rates
from routilux_monitor.trace import Names, Place

MOST_LOGS = 500
MOST_CHARACTERS = 2_000
"""Of a line that is kept outside a job."""

_STATES: Final = {
    "started": "starting",
    "restarted": "starting",
    "ready": "idle",
    "suspect": "suspect",
    "died": "dead",
    "recycled": "starting",
}
_AT_WORK: Final = frozenset({"running", "held"})


@dataclass
class InstanceTrack:
    record: Instance
    names: Names
    _times: dict[str, Sum] = field(default_factory=dict)
    _connections: Rates[int] = field(default_factory=Rates)
    _routines: Rates[str] = field(default_factory=Rates)
    _dropped: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    """Per process: its epoch, what this one has dropped, and what those before have."""

    def described(self, info: FlowInfo) -> None:
        record = self.record
        record.state = info.state
        record.started_at = info.started_at
        record.jobs_processed = max(record.jobs_processed, info.jobs_processed)
        record.jobs_failed = max(record.jobs_failed, info.jobs_failed)
        if len(self.names.routines) < info.processes - 1:
            self.names = Names(info)

    def snapshot(self, stats: FlowStats, now: float, wall: float) -> frozenset[str]:
        """The whole of it at the instant `now` of a monotonic clock; the routines with a process at work."""
        record = self.record
        record.processes = {figures.process: figures for figures in stats.processes}
        record.connections = {figures.connection: figures for figures in stats.connections}
        record.waiting = stats.waiting
        record.jobs_processed = max(record.jobs_processed, stats.ended_jobs)
        record.jobs_failed = max(record.jobs_failed, stats.failed_jobs)
        record.updated_at = wall
        done: dict[str, int] = {}
        for figures in stats.processes:
            if figures.routine:
                self.names.routines[figures.process] = figures.routine
                done[figures.routine] = done.get(figures.routine, 0) + figures.activations
        self._connections.read({c.connection: c.used for c in stats.connections}, now)
        self._routines.read(done, now)
        record.connection_rates = self._connections.per_second
        record.routine_rates = self._routines.per_second
        return frozenset(figures.routine for figures in stats.processes if figures.state in _AT_WORK)

    def worked(self, place: Place, stats: WorkerStats) -> None:
        """What one worker has done so far."""
        record = self.record
        times = self._times.setdefault(place.routine, Sum())
        record.durations[place.routine] = times.told(place.process, place.epoch, stats.durations)
        self._drop(place.process, place.epoch, stats.dropped + stats.log_dropped)

    def _drop(self, process: int, epoch: int, dropped: int) -> None:
        last, now, before = self._dropped.get(process, (epoch, 0, 0))
        if epoch < last:
            return
        if epoch > last:
            now, before = 0, before + now
        self._dropped[process] = (epoch, max(now, dropped), before)
        if dropped != now:
            self.record.dropped = sum(now + before for _, now, before in self._dropped.values())

    def process_changed(self, event: ProcessChanged) -> None:
        """At once; the next snapshot has it too."""
        self.names.routines[event.process] = event.routine
        figures = self.record.processes.get(event.process)
        if figures is not None:
            state = _STATES.get(event.change, figures.state)
            self.record.processes[event.process] = msgspec.structs.replace(
                figures, state=state, pid=event.pid or figures.pid
            )

    def noted(self, place: Place, event: LogLine | Pressed) -> None:
        """A line, or a note, outside any job."""
        at, logs = place.at(event.at), self.record.logs
        match event:
            case LogLine():
                text = event.text[:MOST_CHARACTERS]
                logs.append(LogRecord(at, event.routine, event.replica, "", event.level, text))
            case Pressed():
                logs.append(LogRecord(at, event.routine, 0, "", "INFO", event.what[:MOST_CHARACTERS]))
        if len(logs) > MOST_LOGS:
            logs.popleft()
            self.record.logs_dropped += 1

    def stopped(self, at: float) -> None:
        record = self.record
        if record.stopped_at is None:
            record.state, record.stopped_at = "stopped", at
            record.usage, record.connection_rates, record.routine_rates = {}, {}, {}
            record.processes = {
                number: msgspec.structs.replace(figures, state="stopped")
                for number, figures in record.processes.items()
            }


def new(runtime_id: str, info: FlowInfo) -> InstanceTrack:
    record = Instance(
        worker_id=info.worker_id,
        runtime_id=runtime_id,
        flow_id=info.flow_id,
        created_at=info.started_at,
        started_at=info.started_at,
        state=info.state,
        logs=deque(),
    )
    return InstanceTrack(record, Names(info))
