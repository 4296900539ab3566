"""Here is who wants which job traced: the first client's coming turns its tracing on, the last one's
leaving off.
"""

import asyncio
import logging
from collections import Counter

from routilux.commands import Act
from routilux.errors import RoutiluxError
from routilux_monitor.known import Known

log = logging.getLogger("routilux.monitor")


class Tracing:
    """A job that is traced already, by whoever submitted it, is left as it is."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._wanted: Counter[str] = Counter()
        self._ours: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def want(self, job_id: str) -> None:
        self._wanted[job_id] += 1
        self._see_to(job_id)

    def leave(self, job_id: str) -> None:
        self._wanted[job_id] -= 1
        if not self._wanted[job_id]:
            del self._wanted[job_id]
        self._see_to(job_id)

    def _see_to(self, job_id: str) -> None:
        """One task a job at a time, so that what is asked last is what holds."""
        if job_id not in self._tasks and (job_id in self._wanted) != (job_id in self._ours):
            self._tasks[job_id] = asyncio.create_task(self._turn(job_id), name=f"tracing of {job_id}")

    async def _turn(self, job_id: str) -> None:
        try:
            while (wanted := job_id in self._wanted) != (job_id in self._ours):
                job = self._known.jobs.get(job_id)
                if job is None or job.ended or (wanted and job.is_traced):
                    self._ours.discard(job_id)
                    return
                await self._known.ask(job.runtime_id, Act(job_id, "trace" if wanted else "untrace"))
                (self._ours.add if wanted else self._ours.discard)(job_id)
        except RoutiluxError as error:
            self._ours.discard(job_id)
            log.info("tracing of job %r stays as it is: %s", job_id, error)
        finally:
            del self._tasks[job_id]

    async def close(self) -> None:
        """Turn off what we have turned on."""
        self._wanted.clear()
        for job_id in tuple(self._ours):
            self._see_to(job_id)
        await asyncio.gather(*self._tasks.values())
