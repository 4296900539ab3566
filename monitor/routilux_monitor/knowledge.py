"""Here is the knowledge of the monitor: what runs, from the feed, and what ran, from the history, as one."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from routilux.commands import Answer, JobInfo, Request
from routilux_monitor.feed import Feed
from routilux_monitor.history import Filter, History
from routilux_monitor.line import PATIENCE
from routilux_monitor.lineage import Lineage, entries, lineage
from routilux_monitor.model import FlowRecord, Instance, JobRecord, RuntimeRecord, TraceEvent
from routilux_monitor.store import Store


@dataclass(frozen=True)
class Page:
    """Some of the jobs that were asked for, and how many there are."""

    jobs: list[JobRecord]
    total: int


class Knowledge:
    """`async with` it: inside, it follows the runtimes whose directories lie in `folder`. Without a history
    it knows what its memory holds. Read and asked from the event loop's thread only.
    """

    def __init__(self, history: History | None = None, folder: Path | None = None) -> None:
        self.history = history
        self.store = Store(history)
        self._folder = folder

    async def __aenter__(self) -> Self:
        if self.history is not None:
            self.store.remember(self.history.runtimes(), self.history.flows(), self.history.instances())
        self.feed = Feed(self.store, self._folder, self.forget_flow)
        await self.feed.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.feed.__aexit__(kind, error, trace)
        if self.history is not None:
            await asyncio.to_thread(self.history.close)

    # ---- records ------------------------------------------------------------------------------------------

    @property
    def runtimes(self) -> Mapping[str, RuntimeRecord]:
        return self.store.runtimes

    @property
    def flows(self) -> Mapping[str, FlowRecord]:
        return self.store.flows

    @property
    def instances(self) -> Mapping[str, Instance]:
        return self.store.instances

    @property
    def jobs(self) -> Mapping[str, JobRecord]:
        """Those under way, and the newest of those that have ended."""
        return self.store.jobs

    async def past_job(self, job_id: str) -> JobRecord | None:
        """A job of long ago, in full."""
        return None if self.history is None else await asyncio.to_thread(self.history.job, job_id)

    async def find_jobs(
        self,
        *,
        flow_id: str = "",
        worker_id: str = "",
        status: str = "",
        runtime_id: str = "",
        limit: int = 100,
        offset: int = 0,
    ) -> Page:
        """Under way or of long ago, the newest first; those of the history without their trace."""
        which = Filter(flow_id, worker_id, status, runtime_id)
        history = self.history
        if history is None or history.failure is not None:
            found = sorted(filter(which.admits, self.jobs.values()), key=_age)
            return Page(found[offset : offset + limit], len(found))
        rows = await asyncio.to_thread(history.jobs, which, limit=limit, offset=offset)
        counts = await asyncio.to_thread(history.counts, which)
        return Page([self._freshest(row) for row in rows], sum(counts.values()))

    def _freshest(self, row: JobRecord) -> JobRecord:
        held = self.jobs.get(row.job_id)
        return held if held is not None and held.worker_id == row.worker_id else row

    async def count_jobs(self, *, flow_id: str = "", worker_id: str = "") -> dict[str, int]:
        """How many there are, by status."""
        which = Filter(flow_id, worker_id)
        if self.history is not None and self.history.failure is None:
            return await asyncio.to_thread(self.history.counts, which)
        counts: dict[str, int] = {}
        for record in filter(which.admits, self.jobs.values()):
            counts[record.status] = counts.get(record.status, 0) + 1
        return counts

    async def lineage(self, job_id: str, message_id: str) -> Lineage | None:
        """Where a message of a traced job came from; None if its trace does not have it."""
        record = self.jobs.get(job_id) or await self.past_job(job_id)
        if record is None:
            return None
        flow = self.flows.get(record.flow_id)
        return lineage(record.trace, message_id, entries(None if flow is None else flow.info))

    # ---- runtimes -----------------------------------------------------------------------------------------

    async def ask(self, runtime_id: str, request: Request, timeout: float = PATIENCE) -> Answer:  # noqa: ASYNC109 - each question has its own
        """What the runtime answers. Raises as `Line.ask` does."""
        return await self.feed.line(runtime_id).ask(request, timeout)

    async def refresh(self) -> None:
        """Ask all runtimes now: something is missing that somebody knows of."""
        await self.feed.refresh()

    def learn(self, runtime_id: str, info: JobInfo) -> JobRecord:
        """A runtime has said so of a job: now its record says it too."""
        return self.store.learn(runtime_id, info)

    async def forget_flow(self, flow_id: str) -> None:
        """Its runtime has forgotten it: so is its record, if none of a job needs it."""
        has_jobs = bool(await self.count_jobs(flow_id=flow_id))
        if not has_jobs and all(job.flow_id != flow_id for job in self.jobs.values()):
            self.store.forget_flow(flow_id)

    def listen(self, listener: Callable[[TraceEvent], None]) -> Callable[[], None]:
        """Call `listener` for each event that a job has from now on; the answer ends that."""
        return self.store.listen(listener)


def _age(record: JobRecord) -> float:
    return -record.created_at
