"""Here is the list of a runtime's jobs: those under way, and what is remembered of those that have ended."""

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

from routilux.errors import FlowError
from routilux.flow import Flow
from routilux.hookevents import Failure
from routilux.ipc.layout import JOB_NAME
from routilux.jobs import Counters, JobState
from routilux.lifecycle import ExecutionStatus
from routilux.reports import failure_of

REMEMBERED = 1000
"""Ended jobs that are remembered."""


class Ended(NamedTuple):
    """What is remembered of a job that has ended; the job itself is there as long as somebody holds it."""

    job: "weakref.ref[JobState]"
    flow: "weakref.ref[Flow]"
    worker_id: str
    job_id: str
    flow_name: str
    status: ExecutionStatus
    created_at: float
    started_at: float | None
    finished_at: float | None
    failure: Failure | None
    """Text alone: an error would keep alive what its traceback has seen."""
    counted: Callable[[], Counters]
    metadata: dict[str, Any]


class JobList:
    """May be used from several threads."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._own = f"job-{os.urandom(3).hex()}"
        """What our ids begin with: a monitor, and the stores, know the jobs of other runtimes, too."""
        self._lock = threading.Lock()
        self._active: dict[str, JobState] = {}
        self._ended: deque[Ended] = deque(maxlen=REMEMBERED)
        self.resumed: list[JobState] = []
        """The jobs that an earlier runtime has left."""

    def job_id(self, wanted: str | None) -> str:
        """The id that was wanted, or one that no job has, of any runtime. Raises FlowError for what can be
        none.
        """
        if wanted is None:
            return f"{self._own}-{next(self._numbers)}"
        name = str(wanted)
        if not 0 < len(name.encode(errors="replace")) < JOB_NAME or not name.isprintable():
            raise FlowError(f"job_id={wanted!r}: give a text of 1 to {JOB_NAME - 1} bytes, all printable")
        if name in (".", ".."):
            raise FlowError(f"job_id={wanted!r}: no URL can name it: give another text")
        return name

    def add(self, job: JobState) -> None:
        """It is under way from here on. Raises FlowError if one of its id is already."""
        with self._lock:
            if job.job_id in self._active:
                raise FlowError(f"job {job.job_id!r} is under way already: give each job an id of its own")
            self._active[job.job_id] = job
        job.when_ended(lambda: self.remember(job))

    def remove(self, job: JobState) -> None:
        """It was not admitted after all."""
        with self._lock:
            self._active.pop(job.job_id, None)

    def remember(self, job: JobState) -> None:
        """It has ended."""
        ended = Ended(
            weakref.ref(job),
            weakref.ref(job.control.flow),
            job.control.worker_id,
            job.job_id,
            job.flow_name,
            job.status,
            job.created_at,
            job.started_at,
            job.finished_at,
            None if job.error is None else failure_of(job.error),
            job.counted,
            job.metadata,
        )
        with self._lock:
            if self._active.get(job.job_id) is job:
                del self._active[job.job_id]
            self._ended.append(ended)

    def active(self) -> list[JobState]:
        """The jobs under way, the oldest first."""
        with self._lock:
            return list(self._active.values())

    def ended(self) -> list[Ended]:
        """The last ones that have ended, in the order of their ends."""
        with self._lock:
            return list(self._ended)

    def all(self) -> list[JobState]:
        """Those that have ended and that somebody still holds, then those under way."""
        with self._lock:
            held = [job for ended in self._ended if (job := ended.job()) is not None]
            return [*held, *self._active.values()]

    def find(self, job_id: str) -> JobState | Ended | None:
        """The job of that id; of one that has ended, what is remembered, the last one first."""
        with self._lock:
            if (job := self._active.get(job_id)) is not None:
                return job
            return next((ended for ended in reversed(self._ended) if ended.job_id == job_id), None)

    def wait_for_all(self) -> None:
        """Wait until those that are under way now have ended."""
        for job in self.active():
            job.wait()
