"""Here is the docket: the jobs of a running flow, what comes in for them, and how each of them ends."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from routilux.deadletters import Body, Cause
from routilux.engine import UNREAD, UNREAD_FAILURE, Settings
from routilux.errors import (
    DeadlineExceeded,
    InternalError,
    JobCancelled,
    RoutiluxError,
    RoutineCrashed,
)
from routilux.flow import Flow
from routilux.ipc import crash
from routilux.ipc.control import Answer, Ask
from routilux.ipc.lanes import DEAD, ERROR, MARK
from routilux.ipc.layout import Order
from routilux.ipc.wire import NO_JOB
from routilux.jobs import CUT_SHORT, JobState
from routilux.lifecycle import ExecutionStatus, Happening
from routilux.plan import Plan
from routilux.reports import DeathReport, ErrorRecord
from routilux.supervisor.crew import Crew
from routilux.supervisor.desk import SLOT_MASK, Desk, Letter
from routilux.supervisor.journal import Journal
from routilux.supervisor.ledger import Account, Ledger
from routilux.supervisor.merge import Merge
from routilux.supervisor.publishing import Publishing
from routilux.supervisor.recovery import ATTEMPTS

EARLY_FAILURE = (
    "job {!r} has put out more than {:,} bytes that wait for the outputs of earlier messages: "
    "let the messages of an ordered routine take times more alike, or raise max_output"
)
MOST_DEAD = 100
"""Dead letters of one job before it fails."""
LOST = "routine {!r} {} {} times while working on one message, which could not be kept: {}"


@dataclass
class Docket:
    """Whoever uses it holds the supervisor's lock."""

    flow: Flow
    plan: Plan
    settings: Settings
    ledger: Ledger
    desk: Desk
    crew: Crew
    publishing: Publishing
    changed: Callable[[], None]
    """Called when a job has ended otherwise than by itself: somebody may wait for that."""
    failed: Callable[[RoutiluxError], None]
    """Called when no job of the flow can go on."""
    pauses: Callable[[JobState], None]
    """Called when a worker wants a job to be paused."""
    journal: Journal | None = None
    gone: Callable[[Account], None] = lambda _: None
    """Called when a job has ended, however."""
    quiet: list[Account] = field(default_factory=list)
    """Of these nothing is left anywhere: their slots are free after this turn."""
    suspects: set[int] = field(default_factory=set)
    """Job slots to look at in the next turn."""
    fates: dict[int, str] = field(default_factory=dict)
    """How each worker died last."""

    def is_over(self, number: int) -> bool:
        """Whether a job's messages are to be dropped."""
        account = self.ledger.accounts.get(number & SLOT_MASK)
        return account is None or account.number != number or account.job.ended

    def answer(self, ask: Ask) -> Answer:
        """What a worker wants to know, or to have noted, of a job's shared data."""
        account = self.ledger.accounts.get(ask.job & SLOT_MASK)
        if account is None or account.number != ask.job or account.job.ended:
            return Answer(ask.number, is_over=True)
        if ask.what == "pause":
            self.pauses(account.job)
            return Answer(ask.number)
        answer = account.data.answer(ask, account.job.job_id)
        if self.journal is not None and ask.what in ("set", "delete") and not answer.refusal:
            self.journal.shared(ask.job, ask.key, ask.value if ask.what == "set" else None)
            self.journal.flush()
        return answer

    def receive(self, letter: Letter) -> JobState | None:
        """Take in one frame; the job that has more outputs now."""
        frame = letter.frame
        if self.journal is not None and frame.job != NO_JOB and not self.journal.takes(letter):
            self.desk.tx.retire(frame.job & SLOT_MASK, frame.messages)
            return None
        for report in letter.reports() if frame.flags & (ERROR | DEAD) else ():
            if frame.flags & DEAD:
                self.receive_dead(letter, msgspec.msgpack.decode(report, type=DeathReport))
            else:
                self.receive_error(letter, msgspec.msgpack.decode(report, type=ErrorRecord))
        if frame.job == NO_JOB:
            return None
        account = self.ledger.accounts.get(frame.job & SLOT_MASK)
        is_over = account is None or account.number != frame.job or account.job.ended
        self.desk.tx.retire(frame.job & SLOT_MASK, frame.messages)
        if account is None or is_over or frame.flags & (ERROR | DEAD):
            return None
        self.put(account.job, account.merge, letter)
        self.limit_outputs(account)
        return account.job

    def put(self, job: JobState, merge: Merge, letter: Letter) -> None:
        """Outputs have come out; they reach the job in their order."""
        for due in merge.put(letter):
            if not due.frame.flags & MARK:
                job.put(due.source(self.plan, self.flow), due.data)

    def receive_error(self, letter: Letter, record: ErrorRecord) -> None:
        if letter.frame.job == NO_JOB:
            what = "failed outside its jobs" if self.crew.is_ready(letter.process) else "could not start"
            message = f"routine {record.routine!r} {what}: {record.type}: {record.message}"
            self.failed(RoutineCrashed(f"{message}\n\n{record.traceback.rstrip()}"))
            return
        account = self.ledger.accounts.get(letter.frame.job & SLOT_MASK)
        if account is None or account.number != letter.frame.job or account.job.ended:
            return
        error = record.as_error(account.job.job_id)
        if record.action == "stop":
            self.end(account, Happening.FAIL, error)
        else:
            account.job.errors.append(error)

    def receive_dead(self, letter: Letter, dead: DeathReport) -> None:
        """A message has killed its process too often: it is kept, and its job goes on without it."""
        account = self.ledger.accounts.get(letter.frame.job & SLOT_MASK)
        if account is None or account.number != letter.frame.job or account.job.ended:
            return
        how = self.fates.get(letter.process, "died")
        message = (
            f"routine {dead.routine!r} {how} {ATTEMPTS} times while working on message {dead.message_id} of "
            f"job {account.job.job_id!r}: the message is in the dead letters"
        )
        body = Body(
            dead.routine,
            dead.slot,
            self.plan.way(dead.lane),
            dead.message_id,
            dead.is_large,
            dead.payload,
            dead.is_typed,
        )
        try:
            if not self._has_kept(account.job, dead.message_id):
                self.settings.dead_letters.add(self.flow.name, account.job.job_id, body, Cause(how, ATTEMPTS))
                self.publishing.letter(account.job, dead, how, ATTEMPTS)
                if crash.PLAN:
                    crash.here("dead.after")
                told = (account.job.job_id, dead.routine, dead.slot, dead.message_id)
                self.settings.hooks.tell("on_dead_letter", *told)
        except RoutiluxError as fault:
            lost = LOST.format(dead.routine, how, ATTEMPTS, fault)
            self.end(account, Happening.FAIL, RoutineCrashed(lost))
            return
        account.job.errors.append(RoutineCrashed(message))
        account.dead += 1
        if account.dead > MOST_DEAD:
            error = RoutineCrashed(f"more than {MOST_DEAD} dead letters; the last: {message}")
            self.end(account, Happening.FAIL, error)

    def _has_kept(self, job: JobState, message_id: str) -> bool:
        """Whether an earlier supervisor has kept the message, and was killed before its journal said so."""
        if self.journal is None:
            return False
        letters = self.settings.dead_letters.all(flow=self.flow.name, job_id=job.job_id)
        began_at = job.started_at or 0.0  # an older job may have had its id
        return any(letter.message_id == message_id and letter.at >= began_at for letter in letters)

    def limit_outputs(self, account: Account) -> None:
        """Nothing grows without end: hold the job back for a slow reader, fail it when nobody reads."""
        job = account.job
        if account.merge.nbytes > self.settings.max_output:  # to hold the job would hold what they wait for
            message = EARLY_FAILURE.format(job.job_id, self.settings.max_output)
            self.end(account, Happening.FAIL, RoutiluxError(message))
        elif (
            job.spooled > UNREAD
            and job.has_reader
            and not account.is_throttled
            and job.status is ExecutionStatus.RUNNING
        ):
            account.is_throttled = True
            self.ledger.order(account, Order.HOLD)
            self.publishing.pressed("held", job_id=job.job_id)
        elif job.spooled + account.merge.nbytes > self.settings.max_output and not job.has_reader:
            message = UNREAD_FAILURE.format(job.job_id, self.settings.max_output)
            self.end(account, Happening.FAIL, RoutiluxError(message))

    def check_deadlines(self) -> None:
        """Fail the jobs whose time is up."""
        for account in list(self.ledger.timed.values()):
            if account.deadline.passed and not account.job.ended:
                message = f"job {account.job.job_id!r} did not end within its timeout; it was stopped"
                self.end(account, Happening.FAIL, DeadlineExceeded(message))

    def give_up(self, where: str) -> None:
        """All workers sleep, and nothing will wake them: whatever should be going on does not."""
        for account in list(self.ledger.accounts.values()):
            job = account.job
            if (
                job.status is not ExecutionStatus.RUNNING
                or account.is_open
                or account.is_throttled
                or account.is_suspended
                or account.guarded
            ):
                continue
            message = (
                f"job {job.job_id!r} stands still: all workers of flow {self.flow.name!r} sleep, and nothing "
                f"will wake them ({where}). This is a mistake of Routilux: please report it"
            )
            self.end(account, Happening.FAIL, InternalError(message))

    def settle(self, account: Account) -> None:
        """See whether a job is quiet, and what follows: its slot is free, its next level is told, or it has
        ended.
        """
        if (
            account.job.status is ExecutionStatus.PAUSED
            or account.is_throttled
            or account.is_suspended
            or not self.ledger.is_quiet(account)
        ):
            return
        if account.job.ended:
            self.quiet.append(account)
            return
        if account.level < len(self.plan.levels):
            for process in self.plan.levels[account.level]:
                self.desk.token(account.number, process)
            account.level += 1
            self.desk.tx.store(*self.ledger.stage(account))
            self.desk.commit()
            return
        if account.is_cut:
            self.end(account, Happening.CANCEL, JobCancelled(CUT_SHORT.format(account.job.job_id)))
        else:
            self.end(account, Happening.COMPLETE, None)
        self.quiet.append(account)

    def write(self) -> None:
        """What has happened is in the journal. Raises StoreError."""
        if self.journal is not None:
            self.journal.flush()

    def release(self) -> None:
        """Write what has happened, then give the slots of which nothing is left to others."""
        self.write()
        for account in self.quiet:
            self.desk.turns.forget(self.desk.tx, account.number)
            self.ledger.release(account)
        self.quiet.clear()

    def note_end(self, account: Account) -> None:
        """So that a later supervisor need not find it out again."""
        job = account.job
        if self.journal is not None:
            counters = {name: dict(found) for name, found in job.counters.items()}
            self.journal.ended(account.number, job.status, job.finished_at, job.error, counters)

    def end(self, account: Account, happening: Happening, error: RoutiluxError | None) -> None:
        """The job has ended for its submitter; what is left of it is dropped by whoever holds it."""
        account.is_throttled = False
        if happening is not Happening.COMPLETE:
            self.ledger.order(account, Order.DROP)
        account.job.happen(happening, error)
        self.publishing.end(account.job)
        self.note_end(account)
        if happening is not Happening.COMPLETE:
            account.merge.drop()
            if account.is_open:
                account.is_open = False
                self.desk.tx.retire(account.slot, 1)
            self.suspects.add(account.slot)
            self.desk.ring_all()
            self.changed()
        self.gone(account)
