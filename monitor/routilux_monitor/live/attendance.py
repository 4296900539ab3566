"""Here is who attends to which job: while a client with the debug token is subscribed to it, what is held of
it does not go on by itself.
"""

import asyncio
import contextlib
import logging
from collections import Counter

from routilux.debugcommands import Renew
from routilux.errors import RoutiluxError
from routilux_monitor.known import Known

log = logging.getLogger("routilux.monitor")

SECONDS = 5.0
"""Between two renewals: a good part of the shortest lease that makes sense."""


class Attendance:
    """Works for jobs that somebody attends to, and for no others."""

    def __init__(self, known: Known, seconds: float = SECONDS) -> None:
        self._known = known
        self._seconds = seconds
        self._attended: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None

    def come(self, job_id: str) -> None:
        self._attended[job_id] += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="renewal of leases")

    def leave(self, job_id: str) -> None:
        self._attended[job_id] -= 1
        if not self._attended[job_id]:
            del self._attended[job_id]

    async def _run(self) -> None:
        while True:
            for job_id in tuple(self._attended):
                job = self._known.jobs.get(job_id)
                if job is not None and not job.ended:
                    await self._renew(job.runtime_id, job_id)
            await asyncio.sleep(self._seconds)

    async def _renew(self, runtime_id: str, job_id: str) -> None:
        try:
            await self._known.ask(runtime_id, Renew(job_id))
        except RoutiluxError as error:
            log.info("the lease of job %r was not renewed: %s", job_id, error)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
