"""Here is the store: what the monitor knows of runtimes, flows and jobs, kept up to date by the feed.

All of it happens in the event loop's thread, and everything in it is bounded.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, assert_never

import msgspec

from routilux import clock
from routilux.commands import Description, FlowInfo, Introduction, JobInfo
from routilux.hookevents import (
    Activated,
    Committed,
    DeadLettered,
    Debugged,
    Failed,
    FlowStats,
    Held,
    HookEvent,
    JobChanged,
    LogLine,
    Placed,
    Pressed,
    ProcessChanged,
    WorkerStats,
)
from routilux_monitor import instancetrack
from routilux_monitor.instancetrack import InstanceTrack
from routilux_monitor.jobtable import JobLimits, JobTable, Key
from routilux_monitor.jobtrack import JobTrack
from routilux_monitor.keeper import Keeper
from routilux_monitor.model import (
    FlowRecord,
    Instance,
    JobRecord,
    ProcessUsage,
    RuntimeRecord,
    TraceEvent,
)
from routilux_monitor.trace import Place

T = TypeVar("T")
OfJob = JobChanged | Committed | Activated | Placed | DeadLettered | Pressed | Held | Debugged | LogLine
OfInstance = FlowStats | WorkerStats | ProcessChanged


@dataclass(frozen=True)
class Limits:
    """What the store holds at most; what runs is not let go of."""

    runtimes: int = 100
    flows: int = 1_000
    instances: int = 200
    jobs: JobLimits = field(default_factory=JobLimits)


class Store:
    """`jobs` has the newest job of each id. Whoever reads must not change anything."""

    def __init__(self, keeper: Keeper | None = None, limits: Limits | None = None) -> None:
        self.runtimes: dict[str, RuntimeRecord] = {}
        self.flows: dict[str, FlowRecord] = {}
        self.instances: dict[str, Instance] = {}
        self.unsure: set[str] = set()
        """Runtimes that had better be asked again: something of them has not reached us."""
        self._limits = limits or Limits()
        self._keeper = keeper
        self._instances: dict[str, InstanceTrack] = {}
        self._table = JobTable(keeper, self._limits.jobs)

    # ---- asked --------------------------------------------------------------------------------------------

    @property
    def jobs(self) -> dict[str, JobRecord]:
        return self._table.newest

    @property
    def nbytes(self) -> int:
        """Of all jobs, more or less."""
        return self._table.nbytes

    def running(self, flow_id: str | None = None) -> Iterator[Instance]:
        """The instances that run, of one flow or of all."""
        for instance in self.instances.values():
            if instance.stopped_at is None and flow_id in (None, instance.flow_id):
                yield instance

    def listen(self, listener: Callable[[TraceEvent], None]) -> Callable[[], None]:
        """Call `listener` with each event that any job has from now on; the answer ends that."""
        return self._table.listeners.add(listener)

    def remember(
        self, runtimes: Iterable[RuntimeRecord], flows: Iterable[FlowRecord], instances: Iterable[Instance]
    ) -> None:
        """What an earlier monitor has kept of what has ended, each the oldest first."""
        self.runtimes.update({record.runtime_id: record for record in runtimes})
        self.flows.update({record.flow_id: record for record in flows})
        self.instances.update({record.worker_id: record for record in instances})

    # ---- told by discovery --------------------------------------------------------------------------------

    def runtime_found(self, introduction: Introduction) -> None:
        record = RuntimeRecord(introduction)
        self.runtimes[record.runtime_id] = record
        _bound(self.runtimes, self._limits.runtimes, lambda runtime: runtime.is_gone)
        if self._keeper is not None:
            self._keeper.keep_runtime(record)

    def runtime_gone(self, runtime_id: str, now: float) -> None:
        """All of it has ended, whatever it said last."""
        record = self.runtimes[runtime_id]
        record.is_gone, record.gone_at = True, now
        self.unsure.discard(runtime_id)
        for track in [t for t in self._instances.values() if t.record.runtime_id == runtime_id]:
            self._stop(track, now)
        for key, job in self._table.under_way(lambda job: job.runtime_id == runtime_id):
            self._table.follow(key, job.lost(now), now)
        for flow in self.flows.values():
            if flow.runtime_id == runtime_id:
                flow.info = at_rest(flow.info)
        if self._keeper is not None:
            self._keeper.keep_runtime(record)

    # ---- told by front desks ------------------------------------------------------------------------------

    def described(self, description: Description, asked_at: float, now: float) -> list[str]:
        """The answer to a question of `asked_at`; both are instants of this monitor. The flows that are not
        the runtime's any more, as this answer is the first to tell.
        """
        runtime_id = description.introduction.runtime_id
        for info in description.flows:
            self._describe_flow(runtime_id, info)
            if info.worker_id:
                self._describe_instance(runtime_id, info)
        left = [] if description.is_shutdown else self._leave(description)
        running = {info.worker_id for info in description.flows}
        for track in [t for worker_id, t in self._instances.items() if worker_id not in running]:
            if track.record.runtime_id == runtime_id and track.record.stopped_at is None:
                self._stop(track, now)
        for job in description.jobs:
            self._describe_job(runtime_id, job, asked_at, now)
        known = {(job.worker_id, job.job_id) for job in description.jobs}
        since = min((job.created_at for job in description.jobs), default=now) if description.omitted else 0.0
        for key, found in self._table.under_way(lambda job: job.runtime_id == runtime_id):
            is_told = found.record.created_at > since and found.known_since < asked_at
            if is_told and key not in known:
                self._table.follow(key, found.lost(now), now)
        return left

    def learn(self, runtime_id: str, info: JobInfo) -> JobRecord:
        """A runtime has said so of a job, just now."""
        now = clock.wall()
        return self._tell_job(runtime_id, info, now, now)

    def forget_flow(self, flow_id: str) -> None:
        """Its runtime has forgotten it."""
        if self.flows.pop(flow_id, None) is not None and self._keeper is not None:
            self._keeper.forget_flow(flow_id)

    def _describe_job(self, runtime_id: str, info: JobInfo, asked_at: float, now: float) -> None:
        if not self._table.is_let_go((info.worker_id, info.job_id), info.status):
            self._tell_job(runtime_id, info, asked_at, now)

    def _tell_job(self, runtime_id: str, info: JobInfo, asked_at: float, now: float) -> JobRecord:
        key = (info.worker_id, info.job_id)
        job = self._table.get(key) or self._table.add(key, runtime_id, info.flow_id, info.created_at, now)
        self._table.follow(key, job.described(info, asked_at, now), now)
        return job.record

    def _describe_flow(self, runtime_id: str, info: FlowInfo) -> None:
        before = self.flows.get(info.flow_id)
        if before is not None and before.runtime_id != runtime_id and not before.is_left:
            other = self.runtimes.get(before.runtime_id)
            if other is not None and not other.is_gone and before.info.updated_at > info.updated_at:
                return
        record = FlowRecord(runtime_id, info)
        if record == before:
            return
        self.flows[info.flow_id] = record
        _bound(self.flows, self._limits.flows, lambda flow: flow is not record)
        if self._keeper is not None:
            self._keeper.keep_flow(record)

    def _leave(self, description: Description) -> list[str]:
        runtime_id, told = description.introduction.runtime_id, {info.flow_id for info in description.flows}
        left = [
            name
            for name, flow in self.flows.items()
            if flow.runtime_id == runtime_id and name not in told and not flow.is_left
        ]
        for name in left:
            record = self.flows[name]
            record.info, record.is_left = at_rest(record.info), True
        return left

    def _describe_instance(self, runtime_id: str, info: FlowInfo) -> None:
        track = self._instances.get(info.worker_id)
        if track is None:
            track = self._instances[info.worker_id] = instancetrack.new(runtime_id, info)
            self.instances[info.worker_id] = track.record
            _bound(self.instances, self._limits.instances, lambda one: one.stopped_at is not None)
            for worker_id in self._instances.keys() - self.instances.keys():
                del self._instances[worker_id]
            self._keep_instance(track)
        track.described(info)

    def _stop(self, track: InstanceTrack, now: float) -> None:
        """Its last figures may not have reached us: no fewer jobs have ended than were seen to end."""
        record = track.record
        ended = [job for job in self.jobs.values() if job.worker_id == record.worker_id and job.ended]
        record.jobs_processed = max(record.jobs_processed, len(ended))
        record.jobs_failed = max(record.jobs_failed, sum(job.status == "failed" for job in ended))
        track.stopped(now)
        self._keep_instance(track)

    def _keep_instance(self, track: InstanceTrack) -> None:
        if self._keeper is not None:
            self._keeper.keep_instance(track.record)

    # ---- told by hook events ------------------------------------------------------------------------------

    def place(self, worker_id: str, process: int, epoch: int, wall: int) -> Place | None:
        """Where events of this instance happened; None if it is not known."""
        track = self._instances.get(worker_id)
        return None if track is None else Place(track.names, process, epoch, wall)

    def missed(self, worker_id: str, count: int) -> None:
        """So many messages of an instance have not reached us."""
        if (record := self.instances.get(worker_id)) is not None:
            record.gaps += count
            self.unsure.add(record.runtime_id)

    def used(self, worker_id: str, usage: dict[int, ProcessUsage]) -> None:
        """What the system says of an instance's processes."""
        record = self.instances.get(worker_id)
        if record is not None and record.stopped_at is None:
            record.usage = usage

    def happened(self, worker_id: str, place: Place, events: Sequence[HookEvent], now: float) -> None:
        """Hook events that a known instance has published together, at the instant `now` of the monotonic
        clock.
        """
        track = self._instances[worker_id]
        told = {(event.job_id, event.error) for event in events if isinstance(event, Activated)}
        for event in events:
            if isinstance(event, Failed):
                self._failed(track, place, event, is_told=(event.job_id, event.error) in told)
            else:
                self._happened(track, place, event, now)

    def _happened(self, track: InstanceTrack, place: Place, event: OfJob | OfInstance, now: float) -> None:
        worker_id = track.record.worker_id
        match event:
            case FlowStats():
                self._snapshot(track, event, now)
            case WorkerStats():
                track.worked(place, event)
                for job_id, durations in event.jobs.items():
                    if (job := self._table.get((worker_id, job_id))) is not None:
                        job.timed(place, durations)
            case ProcessChanged():
                self._process_changed(track, place, event)
            case LogLine() | Pressed() if not event.job_id:
                track.noted(place, event)
            case _:
                self._of_job(track, place, event)

    def _snapshot(self, track: InstanceTrack, stats: FlowStats, now: float) -> None:
        active = track.snapshot(stats, now, clock.wall())
        for figures in stats.jobs:
            key = (track.record.worker_id, figures.job_id)
            if (job := self._table.get(key)) is not None:
                job.figures(figures, active)
            elif not self._table.is_let_go(key):
                self.unsure.add(track.record.runtime_id)

    def _process_changed(self, track: InstanceTrack, place: Place, event: ProcessChanged) -> None:
        track.process_changed(event)
        if event.change != "died":
            return
        now, worker_id = clock.wall(), track.record.worker_id
        for key, job in self._table.under_way(lambda job: job.worker_id == worker_id):
            self._table.follow(key, job.died(place, event), now)

    def _of_job(self, track: InstanceTrack, place: Place, event: OfJob) -> None:
        now, key = clock.wall(), (track.record.worker_id, event.job_id)
        job = self._job(track, key, event, now)
        if job is not None:
            self._table.follow(key, _apply(job, place, event, now), now)

    def _failed(self, track: InstanceTrack, place: Place, event: Failed, *, is_told: bool) -> None:
        now, key = clock.wall(), (track.record.worker_id, event.job_id)
        job = self._job(track, key, event, now)
        if job is not None:
            self._table.follow(key, job.failed(place, event, is_told=is_told), now)

    def _job(self, track: InstanceTrack, key: Key, event: OfJob | Failed, now: float) -> JobTrack | None:
        """The job that the event is about, which may be new; None if it is of no interest any more."""
        job = self._table.get(key)
        if job is not None or self._table.is_let_go(
            key, event.status if isinstance(event, JobChanged) else ""
        ):
            return job
        instance = track.record
        job = self._table.add(key, instance.runtime_id, instance.flow_id, now, now)
        if not isinstance(event, JobChanged):  # what began it has not reached us, or comes yet
            job.record.status = "running"
            self.unsure.add(instance.runtime_id)
        return job

    # ---- ends ---------------------------------------------------------------------------------------------

    def settle(self, now: float) -> None:
        """Now and then: let jobs be kept that ended a while ago."""
        self._table.settle(now)

    def close(self) -> None:
        """Let all be kept that is known, since the monitor ends."""
        self._table.close()
        for track in self._instances.values():
            self._keep_instance(track)


def at_rest(info: FlowInfo) -> FlowInfo:
    """The flow without what is so only while it runs."""
    return msgspec.structs.replace(info, worker_id="", directory="", processes=0, state="stopped")


def _bound(records: dict[str, T], most: int, may_go: Callable[[T], bool]) -> None:
    """Let go of the oldest that may go, while there are too many."""
    surplus = len(records) - most
    if surplus > 0:
        for name in [name for name, record in records.items() if may_go(record)][:surplus]:
            del records[name]


def _apply(job: JobTrack, place: Place, event: OfJob, now: float) -> list[TraceEvent]:
    match event:
        case Committed():
            events = job.committed(place, event)
        case Activated():
            events = job.activated(place, event)
        case Placed():
            events = job.placed(place, event)
        case LogLine():
            job.logged(place, event)
            events = []
        case JobChanged():
            events = job.changed(place, event, now)
        case DeadLettered():
            events = job.dead_lettered(place, event)
        case Pressed():
            events = job.pressed(place, event)
        case Held():
            events = job.held(place, event)
        case Debugged():
            events = job.debugged(place, event)
        case _:
            assert_never(event)
    return events
