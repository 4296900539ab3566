"""Here are waits: requests that stay open until a job has ended, or for as long as they may."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable

from routilux import clock
from routilux_monitor.contract.errors import ApiError
from routilux_monitor.known import Known
from routilux_monitor.model import JobRecord, TraceEvent

MOST = 256
"""Requests that may wait at a time."""


class Waits:
    """Wakes those who wait when their job says something."""

    def __init__(self, known: Known, most: int = MOST) -> None:
        self._most = most
        self.count = 0
        """Requests that wait now."""
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._stop = known.listen(self._hear)

    def _hear(self, event: TraceEvent) -> None:
        for said in self._waiting.get(event.job_id, ()):
            said.set()

    async def until_ended(self, job: JobRecord, timeout: float) -> float:  # noqa: ASYNC109 - the client's own
        """Waits until the job has ended, or for so long; returns how many seconds it was."""
        return await self.until(job, lambda: job.ended, timeout)

    async def until(self, job: JobRecord, fact: Callable[[], bool], timeout: float) -> float:  # noqa: ASYNC109
        """Waits until a fact about the job holds, or for so long; returns how many seconds it was."""
        if self.count >= self._most:
            raise ApiError("BUSY", f"{self.count} requests are waiting already: try again later")
        began, said = clock.monotonic(), asyncio.Event()
        self.count += 1
        self._waiting[job.job_id].add(said)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    while not fact():
                        await said.wait()
                        said.clear()
        finally:
            self.count -= 1
            self._waiting[job.job_id].discard(said)
            if not self._waiting[job.job_id]:
                del self._waiting[job.job_id]
        return clock.monotonic() - began

    def close(self) -> None:
        """Listen no more."""
        self._stop()
