"""Here is the ledger: which job has which slot of the arena, and whether anything of it is still in
flight.
"""

import weakref
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from routilux.clock import Deadline
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.balance import Balance
from routilux.ipc.layout import COUNTERS, JOB_NAME, JOB_STATES, WORD, Order
from routilux.jobs import JobState
from routilux.supervisor.merge import Merge
from routilux.supervisor.shared import SharedData

SLOT_BITS = 16
VISIBLE = ("activations", "errors", "skipped", "unused", "dead", "received", "emitted")
"""The counters that a user sees."""


@dataclass(slots=True)
class Account:
    """One job and its slot; it keeps the slot after its end until nothing of it is left anywhere."""

    job: JobState
    slot: int
    number: int
    deadline: Deadline
    base: list[list[int]]
    """What each process had counted in the slot before, in the order of COUNTERS."""
    level: int = 0
    is_open: bool = False
    is_throttled: bool = False
    is_suspended: bool = False
    """Whether a debugger holds something of it, and therefore all of it."""
    guarded: int = 0
    """Messages that a debugger holds before their routines."""
    is_cut: bool = False
    dead: int = 0
    merge: Merge = field(default_factory=Merge)
    data: SharedData = field(default_factory=SharedData)


class Ledger:
    """The supervisor's table of jobs, in its own section where every worker reads it."""

    def __init__(self, arena: Arena, own: OwnSection) -> None:
        words = own.section.words
        self._arena = arena
        self._own = own
        self._current, self._order, self._stage, self._traced = (
            own.index(words[name]) for name in JOB_STATES
        )
        self._names = words["names"] - own.section.start
        rows = [section.words for section in arena.layout.sections]
        self._created = [row[COUNTERS[0]] // WORD for row in rows]
        self._balance = Balance(arena)
        self._free = list(range(arena.layout.jobs - 1, -1, -1))
        self._generation = count(1)
        self.slots = arena.layout.jobs
        self.accounts: dict[int, Account] = {}
        self.timed: dict[int, Account] = {}
        """Those of the accounts that have a deadline."""
        self._by_job: dict[JobState, Account] = {}
        self._former: dict[int, tuple[int, weakref.ref[JobState]]] = {}
        """By slot, the number and job that had it last."""

    @property
    def is_full(self) -> bool:
        return not self._free

    def open(self, job: JobState, deadline: Deadline) -> Account:
        """Give the job a slot; nothing of it is in flight yet."""
        slot = self._free.pop()
        number = (next(self._generation) & 0x7FFF) << SLOT_BITS | slot
        if number == 0:
            number = 1 << SLOT_BITS | slot
        account = Account(job, slot, number, deadline, self._rows(slot))
        name = job.job_id.encode()
        place = self._names + slot * JOB_NAME
        self._own.data[place : place + 1 + len(name)] = bytes([len(name)]) + name
        self._own.words[self._order + slot] = Order.RUN
        self._own.words[self._stage + slot] = 0
        self._own.words[self._traced + slot] = job.is_traced
        self._own.words[self._current + slot] = number
        self._enter(account)
        return account

    def _enter(self, account: Account) -> None:
        self.accounts[account.slot] = self._by_job[account.job] = account
        if account.deadline.at is not None:
            self.timed[account.slot] = account

    def stage(self, account: Account) -> tuple[int, int]:
        """The word that says how far the job has come, and what it is to say."""
        return self._stage + account.slot, 1 if account.is_open else 2 + account.level

    def take_up(self, slot: int, job: JobState, deadline: Deadline, base: list[list[int]]) -> Account:
        """The account of a job that an earlier supervisor had opened."""
        account = Account(job, slot, self.number_in(slot), deadline, base)
        stage = self._own.words[self._stage + slot]
        account.is_open, account.level = stage == 1, max(0, stage - 2)
        job.is_traced = bool(self._own.words[self._traced + slot])
        self._free.remove(slot)
        self._enter(account)
        return account

    def number_in(self, slot: int) -> int:
        """The number of the job that has the slot, or 0."""
        return self._own.words[self._current + slot]

    def is_admitted(self, slot: int) -> bool:
        """Whether all that a job was submitted with has been committed."""
        return self._own.words[self._stage + slot] > 0

    def go_on_after(self, number: int) -> None:
        """The next job gets the number after that of the job that began last."""
        self._generation = count(1 + (number >> SLOT_BITS))

    def clear(self, slot: int) -> None:
        """Nobody has the slot."""
        self._own.words[self._current + slot] = 0

    def order(self, account: Account, order: Order) -> None:
        """Tell all workers what to do with the job's messages."""
        self._own.words[self._order + account.slot] = order

    def trace(self, account: Account, *, is_on: bool) -> None:
        """Tell all workers whether each activation of the job is to be published."""
        self._own.words[self._traced + account.slot] = is_on

    def release(self, account: Account) -> None:
        """The slot may go to another job: the sums of its counters are equal, and start the next one so."""
        slot = account.slot
        self._own.words[self._current + slot] = 0
        self._former[slot] = account.number, weakref.ref(account.job)
        del self.accounts[slot], self._by_job[account.job]
        self.timed.pop(slot, None)
        self._free.append(slot)

    def job(self, number: int) -> JobState | None:
        """The one of that number, under way or over: what workers say of a job may come after its end."""
        slot = number & ((1 << SLOT_BITS) - 1)
        account = self.accounts.get(slot)
        if account is not None and account.number == number:
            return account.job
        former, job = self._former.get(slot, (0, None))
        return job() if job is not None and former == number else None

    def find(self, job: JobState) -> Account | None:
        return self._by_job.get(job)

    def is_quiet(self, account: Account) -> bool:
        """Whether nothing of the job happens by itself any more."""
        return self._balance.is_quiet(account.slot)

    def tally(self, account: Account) -> "Tally":
        """What has been counted for the job until now."""
        return Tally(account.base, self._rows(account.slot))

    def _rows(self, slot: int) -> list[list[int]]:
        """Per process, what it has counted in a slot."""
        words, step = self._arena.words, self.slots
        return [
            words[row + slot : row + slot + step * len(COUNTERS) : step].tolist() for row in self._created
        ]


class Tally(NamedTuple):
    """What has been counted for a job, to be worked out once somebody asks."""

    before: list[list[int]]
    now: list[list[int]]

    def of(self, counter: str) -> list[int]:
        """Per process, what a user-visible counter has come to."""
        at = COUNTERS.index(counter)
        return [now[at] - before[at] for now, before in zip(self.now, self.before, strict=True)]
