"""Here are waits: requests that stay open until a job has ended, or for as long as they may."""

import asyncio
import contextlib
from routilux import clock

from routilux_monitor.contract.errors import ApiError
from routilux_monitor.known import Known
from routilux_monitor.model import JobRecord, TraceEvent

MOST = 256
"""Requests that may wait at a time."""


class Waits:
    """Counts those who wait."""

    def __init__(self, known: Known, most: int = MOST) -> None:
        self._known = known
        self._most = most
        self._count = 0

    async def until_ended(self, job: JobRecord, timeout: float) -> float:  # noqa: ASYNC109 - the client's own
        """Waits until the job has ended, or for so long; returns how many seconds it was."""
        if self._count >= self._most:
            raise ApiError("BUSY", f"{self._count} requests are waiting already: try again later")
        began, ended = clock.monotonic(), asyncio.Event()

        def hear(_event: TraceEvent) -> None:
            if job.ended:
                ended.set()

        stop = self._known.subscribe_job(job.job_id, hear)
        self._count += 1
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    if not job.ended:
                        await ended.wait()
        finally:
            self._count -= 1
            stop()
        return clock.monotonic() - began
