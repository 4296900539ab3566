"""Here is the waiting room: submissions that are held at the slot they are for, and those behind them."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from routilux.debug.holds import MOST_SHOWN, Release, Report
from routilux.debug.looking import text
from routilux.debug.rules import Rule
from routilux.ipc.codec import Decoder, Encoder, Large, in_one_piece
from routilux.ipc.lanes import LARGE, STEP
from routilux.jobs import JobState
from routilux.plan import SUPERVISOR
from routilux.submission import Sealed, Seed
from routilux.supervisor.breaktable import BreakTable
from routilux.supervisor.docket import Docket
from routilux.supervisor.ledger import Account


@dataclass(eq=False)
class Held:
    """One message that is held: by a worker, which has asked `number`, or here."""

    hold_id: str
    job: JobState
    account: Account
    report: Report
    routine: str
    peer: bytes | None
    number: int
    """0 while the worker is looking at something."""
    attempt: int
    slot: str = ""
    at: float = 0.0
    since: float = 0.0
    suspends: bool = False
    value: Any = None
    """The payload in place of what was submitted."""


Record = Callable[[str, Account, tuple[str, str], Any], None]
"""Is given a submission that a recording, by its id, has come upon, and the slot that it is for."""


@dataclass(frozen=True)
class Submission:
    seed: Seed
    part: bytes | Large
    origin: int


class WaitingRoom:
    """Per job, routine and slot a queue, the first of which is held. Whoever uses it holds the lock."""

    def __init__(
        self, docket: Docket, table: BreakTable, hold: Callable[[Held], None], record: Record
    ) -> None:
        self._docket = docket
        self._table = table
        self._hold = hold
        self._record = record
        self._queues: dict[tuple[int, str, int], deque[Submission]] = {}
        self._unfinished: set[int] = set()
        self.is_open = False
        """Whether nobody has to wait any more."""

    def takes(self, account: Account, seed: Seed, part: bytes | Large, origin: int) -> bool:
        """Whether the submission has to wait here: it is a hit, or comes behind one."""
        if self.is_open or not (self._table.submissions.slots or self._queues):
            return False
        key, submission = (account.number, seed.routine, seed.slot), Submission(seed, part, origin)
        if key in self._queues:
            self._queues[key].append(submission)
            return True
        if self._is_hit(account, submission):
            self._queues[key] = deque((submission,))
            return True
        return False

    def has(self, account: Account) -> bool:
        """Whether any of the job wait here."""
        return any(number == account.number for number, _, _ in self._queues)

    def finish_later(self, account: Account) -> None:
        """All is submitted; the job can end once nothing of it waits here."""
        self._unfinished.add(account.number)

    def _slot(self, seed: Seed) -> str:
        return self._docket.flow.nodes[seed.routine].routine.slot_names[seed.slot]

    def _is_hit(self, account: Account, submission: Submission) -> bool:
        seed = submission.seed
        rules = self._table.submissions.slots.get((seed.routine, self._slot(seed)), ())
        value = _opened(seed.payload)
        for rule in rules:
            if rule.breakpoint.action == "record" and rule.matches(
                account.number, value, account.job.job_id, seed.routine
            ):
                way = seed.routine, self._slot(seed)
                self._record(rule.breakpoint.breakpoint_id, account, way, value)
        for rule in rules:
            if rule.breakpoint.action == "pause" and rule.matches(
                account.number, value, account.job.job_id, seed.routine
            ):
                self._table.count_submissions()
                self._hold(self._held(account, submission, rule, value))
                return True
        self._table.count_submissions()
        return False

    def _held(self, account: Account, submission: Submission, rule: Rule, value: Any) -> Held:
        size = len(submission.part) if isinstance(submission.part, bytes) else submission.part.nbytes
        payload = in_one_piece(submission.part) if size <= MOST_SHOWN else None
        name = rule.breakpoint.breakpoint_id
        report = Report(
            name, "slot", SUPERVISOR, 0, "", (), payload=payload, shown=text(value), origin=submission.origin
        )
        report = msgspec.structs.replace(report, origin=submission.origin)
        seed = submission.seed
        return Held("", account.job, account, report, seed.routine, None, 0, 1, self._slot(seed))

    def let_go(self, held: Held, release: Release) -> None:
        """The first of its queue goes on, and so do those behind it as far as the next hit."""
        account = held.account
        slot = self._docket.flow.nodes[held.routine].routine.slot_names.index(held.slot)
        key = (account.number, held.routine, slot)
        queue = self._queues[key]
        first = queue.popleft()
        if release.action == "edit":
            seed = Seed(first.seed.routine, first.seed.slot, held.value)
            first = Submission(seed, Encoder(LARGE).encode(held.value), first.origin)
        if release.action != "drop":
            self._submit(account, first, STEP if release.step else 0)
        while queue and (self.is_open or not self._is_hit(account, queue[0])):
            self._submit(account, queue.popleft(), 0)
        if not queue:
            del self._queues[key]
        self._finish(account)
        self._docket.desk.commit()
        self._docket.suspects.add(account.slot)

    def _submit(self, account: Account, submission: Submission, flags: int) -> None:
        desk = self._docket.desk
        desk.submit(account.number, submission.seed, submission.part, submission.origin, flags)

    def _finish(self, account: Account) -> None:
        """Nothing of the job waits here any more: it has been submitted as a whole."""
        if account.number not in self._unfinished or self.has(account):
            return
        self._unfinished.discard(account.number)
        desk = self._docket.desk
        if account.is_open:
            account.is_open = False
            desk.tx.retire(account.slot, 1)
            desk.tx.store(*self._docket.ledger.stage(account))

    def forget(self, account: Account) -> None:
        """The job has ended."""
        if self._queues:
            self._queues = {key: queue for key, queue in self._queues.items() if key[0] != account.number}
        self._unfinished.discard(account.number)


def _opened(payload: Any) -> Any:
    if not isinstance(payload, Sealed):
        return payload
    return Decoder().decode_large(memoryview(in_one_piece(payload.part())))
