"""Here is the reception of a running flow: what submitters do, each in its own thread and under the lock.

All of it writes the supervisor's section, as the supervisor's thread does, so all of it holds the lock.
"""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

from routilux import clock
from routilux.clock import Deadline, monotonic
from routilux.debug.breakpoints import Breakpoint
from routilux.engine import UNREAD
from routilux.errors import Busy, ClosedError, RoutiluxError
from routilux.ipc.codec import Large
from routilux.ipc.layout import Order
from routilux.jobs import Counters, JobState
from routilux.lifecycle import ExecutionStatus, Happening
from routilux.submission import Seed
from routilux.supervisor.debugger import Debugger
from routilux.supervisor.docket import Docket
from routilux.supervisor.ledger import VISIBLE, Account, Tally
from routilux.supervisor.logdesk import LogDesk

TICK = 0.125
"""Seconds between two looks at everything while jobs run, should a doorbell have been lost."""
BURST = 0.001
"""Seconds between two submissions that come so soon after each other that they need not be sent at once."""
MOST_UNCOMMITTED = 64
"""Submissions that are sent at once all the same."""
FEED_AHEAD = 2048
"""Messages that a stream may have waiting for room."""

Encoded = tuple[Seed, bytes | Large]
LOGS_SECONDS = 1.0
"""That whoever reads a log waits at most for lines that are on their way."""


class Reception:
    """The JobControl of the jobs of one flow. `room` guards everything, and is notified when something may
    have come free; `rouse` lets the supervisor's thread look.
    """

    def __init__(
        self,
        docket: Docket,
        debugger: Debugger,
        room: threading.Condition,
        rouse: Callable[[], None],
        logs: LogDesk,
        *,
        worker_id: str,
    ) -> None:
        self.worker_id = worker_id
        self.closing: Deadline | None = None
        """By when the flow is to be gone, once that is wanted."""
        self.failure: RoutiluxError | None = None
        """Why no job of the flow can go on."""
        self.is_draining = False
        self.flow = docket.flow
        self.debugger = debugger
        self._docket = docket
        self._room = room
        self._rouse = rouse
        self._logs = logs
        self._origins = count(1)
        self._published_at = 0.0

    @property
    def is_closed(self) -> bool:
        return self.closing is not None or self.failure is not None

    def submit(
        self,
        job: JobState,
        encoded: Sequence[Encoded],
        deadline: Deadline,
        *,
        paused: bool,
        is_open: bool,
        patience: Deadline | None = None,
        breakpoints: Sequence[Breakpoint] = (),
    ) -> None:
        """Admit the job and inject its first messages. Waits for a place until the deadline, or for as long
        as `patience` says, then raises Busy.
        """
        patience = patience or deadline
        with self._room:
            if self._docket.ledger.is_full:
                self._room.wait_for(
                    lambda: not self._docket.ledger.is_full or self.is_closed, patience.left()
                )
            self._check_open()
            if self._docket.ledger.is_full:
                most, name = self._docket.settings.max_pending, self.flow.name
                message = (
                    f"{most} jobs of flow {name!r} are under way already: wait for one, or raise max_pending"
                )
                raise Busy(message)
            account = self._docket.ledger.open(job, deadline)
            account.is_open = True  # until all is injected, which may take waiting
            self._docket.desk.tx.create(account.slot, 1)
            job.happen(Happening.PAUSE if paused else Happening.START)
            self._docket.publishing.job(job)
            if paused:
                self._docket.ledger.order(account, Order.HOLD)
            self._set_breakpoints(account, breakpoints)
            if self._docket.journal is not None:
                left = deadline.left()
                ends_at = None if left is None else clock.wall() + left
                self._docket.journal.began(account.number, job, ends_at, account.base)
                self._note_pause(account)
            self._inject(account, encoded, patience, is_first=True, closes=not is_open)
        if deadline.at is not None or self._docket.publishing.is_heard:
            self._rouse()

    def _set_breakpoints(self, account: Account, breakpoints: Sequence[Breakpoint]) -> None:
        """Before the first message of the job is anywhere."""
        try:
            for wanted in breakpoints:
                self.debugger.add(account.job, wanted)
        except RoutiluxError as error:
            self._docket.end(account, Happening.FAIL, error)
            raise

    def _note_pause(self, account: Account) -> None:
        if self._docket.journal is not None:
            is_paused = account.job.status is ExecutionStatus.PAUSED
            self._docket.journal.paused(account.number, is_paused=is_paused)
            self._docket.journal.flush()

    def feed(self, job: JobState, encoded: Sequence[Encoded]) -> bool:
        """More messages for an open job, once the lanes have room; False when it has ended meanwhile."""
        with self._room:
            account = self._docket.ledger.find(job)
            self._room.wait_for(lambda: job.ended or self.is_closed or self._may_feed(job, account))
            if account is None or job.ended:
                return False
            self._inject(account, encoded, account.deadline)
            return True

    def _may_feed(self, job: JobState, account: Account | None) -> bool:
        is_held = job.status is ExecutionStatus.PAUSED or (account is not None and account.is_throttled)
        if account is not None and self.debugger.waiting.has(account):
            return False
        return not is_held and self._docket.desk.waiting < FEED_AHEAD

    def seal(self, job: JobState) -> None:
        """No more is fed: the open job can end."""
        with self._room:
            account = self._docket.ledger.find(job)
            if account is not None and self.debugger.waiting.has(account):
                self.debugger.waiting.finish_later(account)
            elif account is not None and account.is_open:
                account.is_open = False
                self._docket.desk.tx.retire(account.slot, 1)
                self._docket.desk.tx.store(*self._docket.ledger.stage(account))
                self._publish()
                self._docket.suspects.add(account.slot)
        self._rouse()

    def _inject(
        self,
        account: Account,
        encoded: Sequence[Encoded],
        patience: Deadline,
        *,
        is_first: bool = False,
        closes: bool = False,
    ) -> None:
        """Send messages of a job; the first make it admitted, and with `closes` they are its last."""
        origin = next(self._origins)
        desk = self._docket.desk
        submit = desk.put if len(encoded) == 1 else desk.submit
        try:
            for seed, part in encoded:
                if self.debugger.waiting.takes(account, seed, part, origin):
                    continue
                self._make_room(account, part, patience)
                submit(account.number, seed, part, origin)
        except RoutiluxError as error:
            if not account.job.ended:
                self._docket.end(account, Happening.FAIL, error)
            raise
        finally:
            is_held = closes and account.is_open and self.debugger.waiting.has(account)
            if is_held:
                self.debugger.waiting.finish_later(account)
            elif closes and account.is_open:
                account.is_open = False
                self._docket.desk.tx.retire(account.slot, 1)
            if is_first and not is_held:
                self._docket.desk.tx.store(*self._docket.ledger.stage(account))
            if self._is_burst:
                self._rouse()
            else:
                self._publish()

    @property
    def _is_burst(self) -> bool:
        """Whether so much is submitted that the supervisor's thread should commit it, many at a time. What
        is journalled is committed before its submitter is told that it was taken.
        """
        return (
            self._docket.journal is None
            and len(self._docket.ledger.accounts) > 1
            and self._docket.desk.uncommitted < MOST_UNCOMMITTED
            and monotonic() < self._published_at + BURST
        )

    def _publish(self) -> None:
        """Commit, unless all has failed: it may be the journal that has not said what would be passed."""
        if self.failure is None:
            self._docket.desk.commit()
        self._published_at = monotonic()

    def _make_room(self, account: Account, part: bytes | Large, patience: Deadline) -> None:
        """Wait until large payloads that are under way leave room for this one, if they ever can."""
        if isinstance(part, bytes) or part.nbytes > self._docket.desk.blobs.largest:
            return
        self._docket.desk.commit()
        while not self._docket.desk.has_room(part.nbytes) and not (account.job.ended or self.is_closed):
            if patience.passed:
                raise Busy(f"no room for a payload of {part.nbytes:,} bytes within the time given")
            self._room.wait(min(TICK, patience.left() or TICK))

    def _check_open(self) -> None:
        if self.failure is not None:
            raise self.failure
        if self.closing is not None:
            message = f"flow {self.flow.name!r} has been stopped: it takes no more jobs"
            raise ClosedError(message)

    def cancel(self, job: JobState, error: RoutiluxError) -> None:
        with self._room:
            account = self._docket.ledger.find(job)
            if account is not None and not job.ended:
                self._docket.end(account, Happening.CANCEL, error)
                self._docket.write()
        self._rouse()

    def pause(self, job: JobState) -> None:
        self._hold(job, Happening.PAUSE, Order.HOLD, ExecutionStatus.RUNNING)

    def resume(self, job: JobState) -> None:
        self._hold(job, Happening.RESUME, Order.RUN, ExecutionStatus.PAUSED)

    def _hold(self, job: JobState, happening: Happening, order: Order, valid: ExecutionStatus) -> None:
        with self._room:
            account = self._docket.ledger.find(job)
            if account is not None and job.status is valid:
                job.happen(happening)
                self._docket.publishing.job(job)
                account.is_throttled = False
                self._docket.ledger.order(account, Order.HOLD if account.is_suspended else order)
                self._note_pause(account)
                self._docket.suspects.add(account.slot)
                self._docket.desk.ring_all()
                self._room.notify_all()
        self._rouse()

    def shared_data(self, job: JobState) -> dict[str, bytes]:
        """The encoded values of `job.data`; none once it has ended."""
        with self._room:
            account = self._docket.ledger.find(job)
            return {} if account is None else dict(account.data.values)

    def drained(self, job: JobState) -> None:
        """A reader has taken outputs: a job that was held back for it may go on."""
        with self._room:
            account = self._docket.ledger.find(job)
            if account is not None and account.is_throttled and job.spooled < UNREAD // 2:
                account.is_throttled = False
                if not account.is_suspended:
                    self._docket.ledger.order(account, Order.RUN)
                self._docket.suspects.add(account.slot)
                self._docket.publishing.pressed("released", job_id=job.job_id)
                self._docket.desk.ring_all()
                self._room.notify_all()
                self._rouse()

    def counters(self, job: JobState) -> Callable[[], Counters]:
        """Per routine what its workers have counted for the job."""
        with self._room:
            account = self._docket.ledger.find(job)
            tally = None if account is None else self._docket.ledger.tally(account)
        return partial(self._per_routine, tally)

    def _per_routine(self, tally: Tally | None) -> Counters:
        found = {name: dict.fromkeys(VISIBLE, 0) for name in self.flow.nodes}
        if tally is None:
            return found
        for counter in VISIBLE:
            for process, value in zip(self._docket.plan.processes, tally.of(counter), strict=True):
                if process.node:
                    found[process.node][counter] += value
        return found

    def await_logs(self) -> None:
        """Wait until the lines that have been sent by now have arrived, if they do within a second."""
        with self._room:
            due = self._logs.due()
            self._room.wait_for(lambda: self._logs.has(due) or self.is_closed, LOGS_SECONDS)

    def trace(self, job: JobState, *, is_on: bool) -> None:
        with self._room:
            account = self._docket.ledger.find(job)
            if account is not None:
                self._docket.ledger.trace(account, is_on=is_on)
                self._docket.publishing.job(job)
        self._rouse()

    def workers(self) -> dict[str, int]:
        """The processes of each routine."""
        plan = self._docket.plan
        return {name: len(plan.workers_of(name)) for name in self.flow.nodes}

    def drain(self) -> None:
        """Sources stop at their next commit; everything in flight goes on to its end. No more jobs are
        taken.
        """
        with self._room:
            if self.is_closed:
                return
            self.is_draining = True
            for account in self._docket.ledger.accounts.values():
                account.is_cut = True
            self._docket.desk.tell("drain")
            self.debugger.drain()
