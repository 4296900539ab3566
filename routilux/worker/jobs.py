"""Here are the jobs as a worker knows them: what each is called, what is held for it, and whether it still
runs.
"""

from collections.abc import MutableMapping, Sequence
from typing import Any

from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.commit import Transaction
from routilux.ipc.control import Asker
from routilux.ipc.layout import JOB_NAME, WORD, Order
from routilux.plan import SUPERVISOR
from routilux.policies import Inbox, Policy
from routilux.worker.data import JobData
from routilux.worker.intake import Batch, Inlet
from routilux.worker.state import State, States
from routilux.worker.waiting import Attempt, Unit

SLOT_MASK = 0xFFFF
"""The job slot within a job's number; above it is the generation, so that a slot's next job has another
number.
"""
HOLD, DROP = int(Order.HOLD), int(Order.DROP)
"""As plain numbers, which are compared quicker."""


class WorkerJob:
    """One job at one worker; the JobView of the routine. Most jobs need little of it, and many are short."""

    __slots__ = (
        "_data",
        "_state",
        "_table",
        "failed",
        "final",
        "finish",
        "inbox",
        "job_id",
        "number",
        "postponed",
        "reports",
        "slot",
        "tokens",
        "units",
        "unretired",
    )

    def __init__(self, number: int, job_id: str, table: "JobTable") -> None:
        self.number = number
        self.slot = number & SLOT_MASK
        self.job_id = job_id
        self.inbox: Inbox | None = None
        self.final = False
        self.failed = False
        self.tokens: list[tuple[Inlet, Batch]] = []
        self.units: set[Unit] = set()
        self.postponed: list[Attempt] = []
        """What has failed and is tried again, the oldest first."""
        self.finish: Attempt | None = None
        """Its `finish`, if that has failed and is tried again."""
        self.unretired = 0
        self.reports = 0
        self._table = table
        self._state: State | None = None
        self._data: JobData | None = None

    @property
    def state(self) -> State:
        if self._state is None:
            self._state = self._table.new_state(self.number)
        return self._state

    @property
    def data(self) -> MutableMapping[str, Any]:
        if self._data is None:
            self._data = self._table.new_data(self.number)
        return self._data


class JobTable:
    """The jobs whose messages this worker has seen, read against the supervisor's table."""

    def __init__(
        self,
        arena: Arena,
        own: OwnSection,
        policy: Policy,
        slot_names: Sequence[str],
        *,
        states: States,
        asker: Asker,
    ) -> None:
        words = arena.layout.sections[SUPERVISOR].words
        self._own = own
        self._final = own.index(own.section.words["final"])
        self._asker = asker
        self._exit = words["exit"] // WORD
        self._arena = arena
        self._words = arena.words
        self._current, self._order = words["current"] // WORD, words["order"] // WORD
        self._names = words["names"]
        self._policy = policy
        self._states = states
        self.gone: list[WorkerJob] = []
        self.suspended: set[int] = set()
        """Jobs with an activation that waits in its middle: nothing else of them is touched until it ends."""
        self._slot_names = slot_names
        self._jobs: dict[int, WorkerJob] = {}

    def get(self, number: int) -> WorkerJob:
        """The job of that number; the one that had its slot before is forgotten."""
        slot = number & SLOT_MASK
        job = self._jobs.get(slot)
        if job is None or job.number != number:
            if job is not None:
                self.gone.append(job)
            job = self._jobs[slot] = WorkerJob(number, self._name(slot), self)
            job.final = self._own.words[self._final + slot] == number
            if not self._policy.immediate:
                job.inbox = self.new_inbox(job)
        return job

    def note_final(self, tx: Transaction, job: WorkerJob) -> None:
        """The job's end has been told here, as of the next commit: what still comes round a cycle is used at
        once, by a later incarnation too.
        """
        tx.store(self._final + job.slot, job.number)

    def forget(self, tx: Transaction, job: WorkerJob) -> None:
        """The job is gone, as of the next commit."""
        index = self._final + job.slot
        if self._own.words[index] == job.number:
            tx.store(index, 0)

    def find(self, number: int) -> WorkerJob | None:
        """The job of that number, if it is known here and its slot is still its own."""
        job = self._jobs.get(number & SLOT_MASK)
        return job if job is not None and job.number == number else None

    def new_state(self, number: int) -> State:
        return self._states.new(number)

    def new_data(self, number: int) -> JobData:
        return JobData(number, self._asker, lambda: self.is_over(number) or self.must_exit)

    def new_inbox(self, job: WorkerJob) -> Inbox:
        return self._policy.inbox(self._slot_names, job)

    def _name(self, slot: int) -> str:
        start = self._names + slot * JOB_NAME
        length = self._arena.data[start]
        return bytes(self._arena.data[start + 1 : start + 1 + length]).decode()

    def order(self, number: int) -> int:
        """What is to be done with the job's messages: HOLD those behind an activation that waits."""
        return HOLD if number in self.suspended else self._told(number)

    def _told(self, number: int) -> int:
        """What the supervisor says; DROP when the job is over, or has failed here."""
        slot, words = number & SLOT_MASK, self._words
        if words[self._current + slot] != number:
            return DROP
        known = self._jobs.get(slot)
        if known is not None and known.failed and known.number == number:
            return DROP
        return words[self._order + slot]

    @property
    def must_exit(self) -> bool:
        """Whether the process is to end."""
        return bool(self._arena.words[self._exit])

    def current(self, slot: int) -> int:
        """The number of the job that has the slot."""
        return self._arena.words[self._current + slot]

    def is_over(self, number: int) -> bool:
        return self._told(number) == DROP

    def is_held(self, number: int) -> bool:
        return self._told(number) == HOLD

    def prune(self) -> bool:
        """Forget the jobs whose slot has gone to another, or to none; whether anything is left to clear
        away.
        """
        words = self._arena.words
        gone = [slot for slot, job in self._jobs.items() if words[self._current + slot] != job.number]
        self.gone += [self._jobs.pop(slot) for slot in gone]
        return bool(self.gone)

    def over(self) -> list[WorkerJob]:
        """The jobs that are known here and at their end, well or badly."""
        return [job for job in self._jobs.values() if self.is_over(job.number)]
