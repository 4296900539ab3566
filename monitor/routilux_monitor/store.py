"""Here is the store: what the monitor knows of runtimes, flows and jobs, kept up to date by the feed.

All of it happens in the event loop's thread, and everything in it is bounded.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, assert_never

from routilux import clock
from routilux.commands import Description, FlowInfo, Introduction, JobInfo
from routilux.hookevents import (
    Activated,
    Committed,
    DeadLettered,
    Failed,
    FlowStats,
    HookEvent,
    JobChanged,
    LogLine,
    Pressed,
    ProcessChanged,
    WorkerStats,
)
from routilux_monitor import instancetrack
from routilux_monitor.instancetrack import InstanceTrack
from routilux_monitor.jobtrack import ENDS, Bounds, JobTrack
from routilux_monitor.lineage import Lineage, lineage
from routilux_monitor.listeners import Listeners
from routilux_monitor.model import (
    FlowRecord,
    Instance,
    JobRecord,
    ProcessUsage,
    RuntimeRecord,
    TraceEvent,
)
from routilux_monitor.trace import Place

SETTLE = 1.0
"""Seconds after a job's end in which last words of it, by other sockets, are awaited."""

Key = tuple[str, str]
"""worker_id and job_id: a job id may come again."""
T = TypeVar("T")
OfJob = JobChanged | Committed | Activated | Failed | DeadLettered | Pressed | LogLine


class Keeper(Protocol):
    """Whoever keeps what the store lets go of. None of these waits."""

    def keep_runtime(self, record: RuntimeRecord) -> None: ...
    def keep_flow(self, record: FlowRecord) -> None: ...
    def keep_instance(self, record: Instance) -> None: ...
    def keep_job(self, record: JobRecord) -> None: ...


@dataclass(frozen=True)
class Limits:
    """What the store holds at most. Of jobs, those that ended first go before the others."""

    jobs: int = 2_000
    under_way: int = 20_000
    trace_bytes: int = 128 << 20
    instances: int = 200
    runtimes: int = 100
    flows: int = 1_000
    forgotten: int = 20_000
    """Ids of jobs that were let go, so that they do not come again."""
    job: Bounds = field(default_factory=Bounds)


class Store:
    """`jobs` has the newest job of each id. Whoever reads must not change anything."""

    def __init__(self, keeper: Keeper | None = None, limits: Limits | None = None) -> None:
        self.runtimes: dict[str, RuntimeRecord] = {}
        self.flows: dict[str, FlowRecord] = {}
        self.instances: dict[str, Instance] = {}
        self.jobs: dict[str, JobRecord] = {}
        self.unsure: set[str] = set()
        """Runtimes that had better be asked again: something of them has not reached us."""
        self.limits = limits or Limits()
        self.trace_bytes = 0
        self._keeper = keeper
        self._instances: dict[str, InstanceTrack] = {}
        self._jobs: dict[Key, JobTrack] = {}
        self._ended: dict[Key, None] = {}
        self._forgotten: dict[Key, bool] = {}  # and whether it had ended
        self._settling: dict[Key, float] = {}
        self._job_listeners: Listeners[TraceEvent] = Listeners()
        self._flow_listeners: Listeners[Instance] = Listeners()

    # ---- asked --------------------------------------------------------------------------------------------

    def running(self, flow_id: str | None = None) -> Iterator[Instance]:
        """The instances that run, of one flow or of all."""
        for instance in self.instances.values():
            if instance.stopped_at is None and flow_id in (None, instance.flow_id):
                yield instance

    def info(self, worker_id: str) -> FlowInfo | None:
        """The newest description of the flow of an instance."""
        instance = self.instances.get(worker_id)
        flow = None if instance is None else self.flows.get(instance.flow_id)
        return None if flow is None else flow.info

    def lineage(self, job_id: str, message_id: str) -> Lineage | None:
        """Where a message of a traced job came from; None if its trace does not have it."""
        record = self.jobs.get(job_id)
        return None if record is None else lineage(record.trace, message_id)

    def subscribe_job(self, job_id: str, listener: Callable[[TraceEvent], None]) -> Callable[[], None]:
        """Call `listener` with each event of the job, which need not be there yet; the answer ends that."""
        return self._job_listeners.add(job_id, listener)

    def subscribe_flow(self, flow_id: str, listener: Callable[[Instance], None]) -> Callable[[], None]:
        """Call `listener` whenever figures of a running instance of the flow have changed."""
        return self._flow_listeners.add(flow_id, listener)

    # ---- told by discovery and by answers of front desks --------------------------------------------------

    def runtime_found(self, introduction: Introduction) -> None:
        record = RuntimeRecord(introduction)
        self.runtimes[record.runtime_id] = record
        _bound(self.runtimes, self.limits.runtimes, lambda runtime: runtime.is_gone)
        self._keep(lambda keeper: keeper.keep_runtime(record))

    def runtime_gone(self, runtime_id: str, now: float) -> None:
        """All of it has ended, whatever it said last."""
        record = self.runtimes[runtime_id]
        record.is_gone = True
        self.unsure.discard(runtime_id)
        for track in [t for t in self._instances.values() if t.record.runtime_id == runtime_id]:
            self._stop(track, now)
        for key, job in list(self._jobs.items()):
            if job.record.runtime_id == runtime_id and not job.record.ended:
                self._tell(key, job, job.lost(now), now)
        self._keep(lambda keeper: keeper.keep_runtime(record))

    def described(self, description: Description, asked_at: float, now: float) -> None:
        """The answer to a question of `asked_at`; both are instants of this monitor."""
        runtime_id = description.introduction.runtime_id
        for info in description.flows:
            self._describe_flow(runtime_id, info)
            if info.worker_id:
                self._describe_instance(runtime_id, info)
        running = {info.worker_id for info in description.flows}
        for track in list(self._instances.values()):
            mine = track.record.runtime_id == runtime_id
            if mine and track.record.stopped_at is None and track.record.worker_id not in running:
                self._stop(track, now)
        for job in description.jobs:
            self._describe_job(runtime_id, job, asked_at, now)
        known = {(job.worker_id, job.job_id) for job in description.jobs}
        for key, found in list(self._jobs.items()):
            is_missing = found.record.runtime_id == runtime_id and key not in known
            if is_missing and not found.record.ended and found.known_since < asked_at:
                self._tell(key, found, found.lost(now), now)

    def _describe_flow(self, runtime_id: str, info: FlowInfo) -> None:
        before = self.flows.get(info.flow_id)
        if before is not None and before.runtime_id != runtime_id:
            other = self.runtimes.get(before.runtime_id)
            if other is not None and not other.is_gone and before.info.updated_at > info.updated_at:
                return
        if before is not None and before.info == info:
            return
        record = self.flows[info.flow_id] = FlowRecord(runtime_id, info)
        _bound(self.flows, self.limits.flows, lambda flow: flow is not record)
        self._keep(lambda keeper: keeper.keep_flow(record))

    def _describe_instance(self, runtime_id: str, info: FlowInfo) -> None:
        track = self._instances.get(info.worker_id)
        if track is None:
            track = self._instances[info.worker_id] = instancetrack.new(runtime_id, info)
            self.instances[info.worker_id] = track.record
            _bound(self.instances, self.limits.instances, lambda one: one.stopped_at is not None)
            for worker_id in self._instances.keys() - self.instances.keys():
                del self._instances[worker_id]
            self._keep_instance(track)
        track.described(info)

    def _keep_instance(self, track: InstanceTrack) -> None:
        self._keep(lambda keeper: keeper.keep_instance(track.record))

    def _stop(self, track: InstanceTrack, now: float) -> None:
        track.stopped(now)
        self._keep_instance(track)
        self._changed(track)

    def _describe_job(self, runtime_id: str, info: JobInfo, asked_at: float, now: float) -> None:
        key = (info.worker_id, info.job_id)
        track = self._jobs.get(key)
        is_new = track is None
        if track is None:
            if self._is_let_go(key, info.status):
                return
            track = self._add(key, runtime_id, info.flow_id, info.created_at, now)
        self._tell(key, track, track.described(info, asked_at, now), now)
        if is_new:
            self._keep_job(key)

    # ---- told by hook events ------------------------------------------------------------------------------

    def place(self, worker_id: str, process: int, epoch: int, wall: int) -> Place | None:
        """Where events of this instance happened; None if it is not known."""
        track = self._instances.get(worker_id)
        return None if track is None else Place(track.names, process, epoch, wall)

    def missed(self, worker_id: str, count: int) -> None:
        """So many messages of an instance have not reached us."""
        record = self.instances[worker_id]
        record.gaps += count
        self.unsure.add(record.runtime_id)

    def used(self, worker_id: str, usage: dict[int, ProcessUsage]) -> None:
        track = self._instances.get(worker_id)
        if track is not None and track.record.stopped_at is None:
            track.record.usage = usage
            self._changed(track)

    def happened(self, worker_id: str, place: Place, event: HookEvent, now: float) -> None:
        """One hook event, at the instant `now` of the monotonic clock."""
        track = self._instances[worker_id]
        match event:
            case FlowStats():
                self._snapshot(track, event, now)
            case WorkerStats():
                track.worked(place, event)
                for job_id, durations in event.jobs.items():
                    if (job := self._jobs.get((worker_id, job_id))) is not None:
                        job.timed(place, durations)
            case ProcessChanged():
                self._process_changed(track, place, event)
            case LogLine() if not event.job_id:
                track.logged(place, event)
            case _:
                self._of_job(track, place, event)

    def _snapshot(self, track: InstanceTrack, stats: FlowStats, now: float) -> None:
        active = track.snapshot(stats, now, clock.wall())
        for figures in stats.jobs:
            job = self._jobs.get((track.record.worker_id, figures.job_id))
            if job is not None:
                job.figures(figures, active)
            elif (track.record.worker_id, figures.job_id) not in self._forgotten:
                self.unsure.add(track.record.runtime_id)
        self._changed(track)

    def _process_changed(self, track: InstanceTrack, place: Place, event: ProcessChanged) -> None:
        track.process_changed(event)
        self._changed(track)
        if event.change != "died":
            return
        for key, job in list(self._jobs.items()):
            if key[0] == track.record.worker_id and not job.record.ended:
                self._tell(key, job, job.died(place, event), clock.wall())

    def _of_job(self, track: InstanceTrack, place: Place, event: OfJob) -> None:
        instance = track.record
        key = (instance.worker_id, event.job_id)
        job = self._jobs.get(key)
        is_new = job is None
        now = clock.wall()
        if job is None:
            if self._is_let_go(key, event.status if isinstance(event, JobChanged) else ""):
                return
            job = self._add(key, instance.runtime_id, instance.flow_id, now, now)
            if not isinstance(event, JobChanged):
                self.unsure.add(instance.runtime_id)  # what began it has not reached us
        self._tell(key, job, _apply(job, place, event, now), now)
        if is_new:
            self._keep_job(key)

    def _is_let_go(self, key: Key, status: str) -> bool:
        """Whether the job was known and is of no interest any more. One that was let go before its end comes
        back with its end.
        """
        had_ended = self._forgotten.get(key)
        if had_ended is None:
            return False
        if had_ended or status not in ENDS:
            return True
        del self._forgotten[key]
        return False

    # ---- what follows -------------------------------------------------------------------------------------

    def _add(self, key: Key, runtime_id: str, flow_id: str, created_at: float, now: float) -> JobTrack:
        worker_id, job_id = key
        record = JobRecord(job_id, flow_id, worker_id, runtime_id, "", created_at)
        track = self._jobs[key] = JobTrack(record, self.limits.job, known_since=now)
        newest = self.jobs.get(job_id)
        if newest is None or newest.ended or newest.created_at <= created_at:
            self.jobs[job_id] = record
        if len(self._jobs) - len(self._ended) > self.limits.under_way:
            self._forget(next(key for key in self._jobs if key not in self._ended))
        return track

    def _tell(self, key: Key, job: JobTrack, events: list[TraceEvent], now: float) -> None:
        """Pass on what has become of a job, and see to the bounds."""
        self.trace_bytes += job.uncounted()
        if job.record.ended and key not in self._ended:
            self._ended[key] = None
            self._settling[key] = now + SETTLE
        for event in events:
            self._job_listeners.tell(key[1], event)
        while len(self._ended) > self.limits.jobs or self.trace_bytes > self.limits.trace_bytes:
            oldest = next(iter(self._ended), None)
            if oldest is None:
                break
            self._forget(oldest)
        if self.trace_bytes > self.limits.trace_bytes:
            job.shorten(self.trace_bytes - self.limits.trace_bytes)
            self.trace_bytes += job.uncounted()

    def _forget(self, key: Key) -> None:
        job = self._jobs.pop(key)
        self._ended.pop(key, None)
        self._settling.pop(key, None)
        self.trace_bytes -= job.nbytes
        if self.jobs.get(key[1]) is job.record:
            del self.jobs[key[1]]
        self._forgotten[key] = job.record.ended
        if len(self._forgotten) > self.limits.forgotten:
            del self._forgotten[next(iter(self._forgotten))]
        self._keep(lambda keeper: keeper.keep_job(job.record))

    def settle(self, now: float) -> None:
        """Let jobs be kept that ended a while ago: nothing more is to be heard of them."""
        while self._settling:
            key, due = next(iter(self._settling.items()))
            if due > now:
                return
            del self._settling[key]
            self._keep_job(key)

    def close(self) -> None:
        """Let all be kept that is known, since the monitor ends."""
        for key in list(self._jobs):
            if key not in self._ended or key in self._settling:
                self._keep_job(key)
        for track in self._instances.values():
            self._keep_instance(track)

    def _keep_job(self, key: Key) -> None:
        record = self._jobs[key].record
        self._keep(lambda keeper: keeper.keep_job(record))

    def _keep(self, what: Callable[[Keeper], None]) -> None:
        if self._keeper is not None:
            what(self._keeper)

    def _changed(self, track: InstanceTrack) -> None:
        self._flow_listeners.tell(track.record.flow_id, track.record)


def _bound(records: dict[str, T], most: int, may_go: Callable[[T], bool]) -> None:
    """Let go of the oldest that may go, while there are too many."""
    for name in [name for name, record in records.items() if may_go(record)][: max(0, len(records) - most)]:
        del records[name]


def _apply(job: JobTrack, place: Place, event: OfJob, now: float) -> list[TraceEvent]:
    match event:
        case Committed():
            events = job.committed(place, event)
        case Activated():
            events = job.activated(place, event)
        case LogLine():
            job.logged(place, event)
            events = []
        case JobChanged():
            events = job.changed(place, event, now)
        case Failed():
            events = job.failed(place, event)
        case DeadLettered():
            events = job.dead_lettered(place, event)
        case Pressed():
            events = job.pressed(place, event)
        case _:
            assert_never(event)
    return events
