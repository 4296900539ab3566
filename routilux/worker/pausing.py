"""Here is how a worker holds what a user's hook wants held: it has the job paused."""

from routilux.context import JobView
from routilux.holds import Hold
from routilux.ipc.control import Ask, Asker
from routilux.worker.jobs import JobTable, WorkerJob


class HoldsJob:
    """Pauses the job, as its submitter can: nothing more of it begins until it is resumed."""

    def __init__(self, asker: Asker, jobs: JobTable) -> None:
        self._asker = asker
        self._jobs = jobs

    def hold(self, job: JobView, hold: Hold) -> bool:  # noqa: ARG002 - whatever it is
        if not isinstance(job, WorkerJob):
            return False

        def is_in_vain() -> bool:
            return self._jobs.is_over(job.number) or self._jobs.must_exit

        self._asker.ask(Ask(0, job.number, "pause"), is_in_vain)
        return True
