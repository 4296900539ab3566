"""Here is a hold as its process has it: it waits to be let go, and answers meanwhile what is asked of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from routilux.debug.holds import Assign, Attach, Look, Release, Report, Seen, orders
from routilux.ipc.control import Ask, Asker

if TYPE_CHECKING:
    from routilux.worker.jobs import JobTable, WorkerJob


class Holding:
    """Begun when it is made."""

    def __init__(
        self,
        asker: Asker,
        jobs: "JobTable",
        job: "WorkerJob",
        report: Report,
        answer: Callable[[Look | Assign | Attach], Seen],
    ) -> None:
        self._asker = asker
        self._jobs = jobs
        self._job = job
        self._answer = answer
        self._is_vain = False
        self.release: Release | None = None
        """How to go on, once that has been said."""
        asker.begin(Ask(0, job.number, "hold", value=msgspec.msgpack.encode(report)))

    def is_over(self, patience_ms: int = 0) -> bool:
        """Whether it has been let go, or has become pointless; waits so long for something to do."""
        job = self._job.number
        if self.release is not None or self._is_vain or self._jobs.must_exit or self._jobs.is_over(job):
            return True
        answer = self._asker.hear(patience_ms)
        if answer is None:
            return False
        if answer.is_over or answer.value is None:
            self._is_vain = True
            return True
        order = orders.decode(answer.value)
        if isinstance(order, Release):
            self.release = order
            return True
        self._asker.begin(Ask(0, job, "shown", value=msgspec.msgpack.encode(self._answer(order))))
        return False

    def say(self, what: str) -> bool:
        """Tell the supervisor what an editor's debugger does here; whether that is on its way."""
        return self._asker.note(Ask(0, self._job.number, "attached", what))
