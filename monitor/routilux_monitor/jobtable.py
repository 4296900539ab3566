"""Here is the table of jobs: which are known, which are let go of, and who hears what becomes of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from routilux_monitor.jobtrack import ENDS, Bounds, JobTrack
from routilux_monitor.keeper import Keeper
from routilux_monitor.listeners import Listeners
from routilux_monitor.model import JobRecord, TraceEvent

SETTLE = 1.0
"""Seconds after a job's end in which last words of it, by other sockets, are awaited."""

Key = tuple[str, str]
"""worker_id and job_id: a job id may come again."""


@dataclass(frozen=True)
class JobLimits:
    """What is held at most. Of jobs, those that ended first go before the others."""

    ended: int = 2_000
    under_way: int = 20_000
    nbytes: int = 128 << 20
    """Of all that is kept of them."""
    let_go: int = 20_000
    """Ids of jobs that are known no more, so that they do not come again."""
    job: Bounds = field(default_factory=Bounds)


class JobTable:
    """`newest` has the newest job of each id, `nbytes` is the size of them all, more or less."""

    def __init__(self, keeper: Keeper | None, limits: JobLimits) -> None:
        self.newest: dict[str, JobRecord] = {}
        self.nbytes = 0
        self.listeners: Listeners[TraceEvent] = Listeners()
        self._keeper = keeper
        self._limits = limits
        self._jobs: dict[Key, JobTrack] = {}
        self._ended: dict[Key, None] = {}
        self._settling: dict[Key, float] = {}
        self._let_go: dict[Key, bool] = {}  # and whether it had ended

    def get(self, key: Key) -> JobTrack | None:
        return self._jobs.get(key)

    def under_way(self, is_meant: Callable[[JobRecord], bool]) -> Iterator[tuple[Key, JobTrack]]:
        """Those under way that are meant; the table may change meanwhile."""
        for key in [key for key in self._jobs if key not in self._ended]:
            job = self._jobs.get(key)
            if job is not None and is_meant(job.record):
                yield key, job

    def is_let_go(self, key: Key, status: str = "") -> bool:
        """Whether the job was known and is of no interest any more. One that was let go before its end comes
        back with its end.
        """
        had_ended = self._let_go.get(key)
        return had_ended is not None and (had_ended or status not in ENDS)

    def add(self, key: Key, runtime_id: str, flow_id: str, created_at: float, now: float) -> JobTrack:
        """A job that was not known."""
        worker_id, job_id = key
        self._let_go.pop(key, None)
        record = JobRecord(job_id, flow_id, worker_id, runtime_id, "", created_at)
        job = self._jobs[key] = JobTrack(record, self._limits.job, known_since=now)
        newest = self.newest.get(job_id)
        if newest is None or newest.ended or newest.created_at <= created_at:
            self.newest[job_id] = record
        if len(self._jobs) - len(self._ended) > self._limits.under_way:
            self._forget(next(key for key in self._jobs if key not in self._ended))
        return job

    def follow(self, key: Key, events: list[TraceEvent], now: float) -> None:
        """Pass on what has become of a job, and see to the bounds."""
        job = self._jobs[key]
        self.nbytes += job.uncounted()
        if job.record.ended and key not in self._ended:
            self._ended[key] = None
            self._settling[key] = now + SETTLE
        if job.kept_as != job.record.status:
            self._keep(key, in_full=False)
        if events:
            self.listeners.tell(events)
        while len(self._ended) > self._limits.ended or (self._ended and self.nbytes > self._limits.nbytes):
            self._forget(next(iter(self._ended)))
        if self.nbytes > self._limits.nbytes and key in self._jobs:
            job.shorten(self.nbytes - self._limits.nbytes)
            self.nbytes += job.uncounted()

    def _forget(self, key: Key) -> None:
        if key in self._settling or key not in self._ended:
            self._keep(key, in_full=True)
        job = self._jobs.pop(key)
        self._ended.pop(key, None)
        self._settling.pop(key, None)
        self.nbytes -= job.nbytes
        if self.newest.get(key[1]) is job.record:
            del self.newest[key[1]]
        self._let_go[key] = job.record.ended
        if len(self._let_go) > self._limits.let_go:
            del self._let_go[next(iter(self._let_go))]

    def settle(self, now: float) -> None:
        """Let jobs be kept that ended a while ago: nothing more is to be heard of them."""
        while self._settling:
            key, due = next(iter(self._settling.items()))
            if due > now:
                return
            del self._settling[key]
            self._jobs[key].settle()
            self._keep(key, in_full=True)

    def close(self) -> None:
        """Let all be kept that is not kept in full."""
        for key in self._jobs:
            if key not in self._ended or key in self._settling:
                self._keep(key, in_full=True)
        self._settling.clear()

    def _keep(self, key: Key, *, in_full: bool) -> None:
        job = self._jobs[key]
        job.kept_as = job.record.status
        if self._keeper is not None:
            self._keeper.keep_job(job.record, in_full=in_full)
