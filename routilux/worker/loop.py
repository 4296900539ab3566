"""Here is a worker's loop: look at the lanes, run the routine, commit, ring; sleep when there is nothing to
do.

Under load one commit spans many messages, of any jobs; when idle, one message is one commit.
"""

import logging
from time import perf_counter_ns
from typing import Any

import msgspec

from routilux.clock import monotonic, preemptions
from routilux.errors import RoutiluxError
from routilux.invoke import Steps
from routilux.ipc.channels import NO_TURN, Turn
from routilux.ipc.lanes import BLOB, DEAD, TYPED
from routilux.ipc.records import Record
from routilux.reports import DeathReport
from routilux.worker.commits import Commits, Parts
from routilux.worker.gate import Gate
from routilux.worker.intake import Batch, Inlet
from routilux.worker.jobs import WorkerJob
from routilux.worker.outputs import MOST_LARGE
from routilux.worker.over import JobOver
from routilux.worker.replay import Replay
from routilux.worker.stopwatch import Stopwatch
from routilux.worker.wear import Wear

log = logging.getLogger("routilux.worker")

BATCH_NS = 2_500_000
"""One commit spans about this much work,"""
LONG_BATCH_NS = 5_000_000
"""or so much, where that is of no more messages than"""
FEW = 50
"""so many, none of them large: what was read and made in one commit is to be in a cache when it ends."""
LARGEST_BATCH = 2048
YIELD_SECONDS = 0.002
"""A generator's outputs are committed after this many seconds, when they fill a frame, or when they are
MOST_LARGE bytes of large payloads."""
STRIDE = 64
"""The most yields before the clock is read again,"""
STRIDE_SECONDS = 50e-6
"""as long as they take no longer than this."""


class Loop(Commits):
    """The part of the loop that all policies share; `take` is what differs."""

    is_fifo = True
    """Whether messages of a lane are used in the order in which they came."""
    timed = False
    """Whether messages may become usable by the passing of time."""
    is_bounded = True
    """Whether a lane is left alone while the policy holds back much of what has come by it."""

    def __init__(self, parts: Parts, orders: tuple[memoryview, int, int]) -> None:
        super().__init__(parts)
        self._shared, self._exit, self._drain = orders
        self.limit = 1
        self._each_ns = self._preemptions = 0
        self.inlets = [inlet for inlet in parts.inlets if inlet.reader.plan.index not in parts.inner]
        self.inner = [inlet for inlet in parts.inlets if inlet.reader.plan.index in parts.inner]
        """Lanes of a cycle: they are emptied before those that lead into it."""
        self.is_merging = any(len(inlet.siblings) > 1 for inlet in parts.inlets)
        """Whether a message of one lane may make it the turn of one of another."""
        self.replay: Replay | None = None
        self.flushes = False
        """Whether logic has called `flush`: each activation then begins with all others committed."""
        self.stopwatch: Stopwatch | None = None
        self.wear: Wear | None = None
        self.gate: Gate
        """Set by the worker's entry."""
        parts.context.flusher = self.flush
        parts.activations.drive = self.drive

    @property
    def must_exit(self) -> bool:
        return bool(self._shared[self._exit])

    @property
    def draining(self) -> bool:
        return bool(self._shared[self._drain])

    def run(self) -> None:
        """Work until the supervisor says exit, or a fresh process should go on."""
        while not self.must_exit and not (self.wear and self.wear.is_over):
            if not self.step():
                self.wait()
        if self.is_abandoned:
            self.p.tx.withdraw()
            self.p.tap.withdraw()
        self.quiet.tell(is_last=True)

    @property
    def is_abandoned(self) -> bool:
        """Whether the process ends in the middle of an activation, whose inputs are then not used up: a
        durable flow runs it again when it is resumed.
        """
        return self.p.activations.was_cut and self.must_exit

    @property
    def most(self) -> int:
        """Activations that the next commit may span."""
        if self.p.care.is_taken or self.stopwatch is not None:  # whoever is killed must be known
            return 1
        if self.wear is not None and self.wear.left is not None:
            return max(1, min(self.limit, self.wear.left))
        return self.limit

    def step(self) -> bool:
        """One transaction, if there is anything to do."""
        if self.p.outputs.waiting:
            return self.send() or self.relieve()
        began = perf_counter_ns()
        if began >= self.p.tap.next_beat:
            self.p.tap.beat(began)
        ran = self.take()
        if ran is None:
            return False
        worked = perf_counter_ns() - began
        if self.p.tap.is_on:
            worked -= self.p.tap.spent
            self.p.tap.spent = 0
        is_large = bool(self.p.loader.leases)
        self.commit()
        if self.wear is not None:
            self.wear.note(ran)
        if ran and not self.p.care.is_taken:
            self.learn(worked // ran, ran, is_large=is_large)
        return True

    def take(self) -> int | None:
        """Choose inputs and run them; how many messages ran, or None when there was nothing to do."""
        raise NotImplementedError

    def commit(self, *, whole: bool = True) -> None:
        """See Commits; what was left in its middle at the end of the process has not happened."""
        activations = self.p.activations
        if activations.was_cut:
            if self.must_exit:
                return
            activations.was_cut = False
        if (watch := self.gate.watch) is not None:
            watch.commit(saves_state=bool(self.p.states.touched))
        super().commit(whole=whole)

    def learn(self, each_ns: int, ran: int, *, is_large: bool) -> None:
        """Fit the size of a batch to what a message costs, and tell producers who deal messages out."""
        if each_ns > 2 * self._each_ns and self.was_preempted():
            each_ns = 2 * self._each_ns
        self._each_ns = each_ns
        each_ns = max(1, each_ns)
        fits = max(1, BATCH_NS // each_ns, 0 if is_large else min(FEW, LONG_BATCH_NS // each_ns))
        self.limit = min(fits, max(self.limit, 2 * ran), LARGEST_BATCH)
        before = self._words[self._service]
        self._words[self._service] = max(1, (before + each_ns) // 2 if before else each_ns)

    def was_preempted(self) -> bool:
        """Whether others have had the processor since this was asked last: where there are more processes
        than processors, what took long may be no more work than before.
        """
        before, self._preemptions = self._preemptions, preemptions()
        return self._each_ns > 0 and before != self._preemptions

    def restore(self, record: Record, inlet: Inlet) -> None:
        """After a crash: take up what the record says."""
        raise NotImplementedError

    def settle_complete(self) -> None:
        """Commit what came before the activation at hand, which is in its middle, if there is anything.

        What earlier ones have assigned to their state cannot be told from what this one has: then all of them
        wait, and are run again after a crash. (Once that is known, each is committed by itself.)
        """
        p = self.p
        if p.states.touched:
            return
        apart = p.outputs.set_apart(p.activations.marks_before())
        self.settle_batch()
        self.commit()
        p.outputs.put_back(apart)
        p.activations.note_settled()
        p.care.begin(self.key(), alone=True)

    def inputs(self) -> list[str]:
        """The ids of the messages that the activation at hand runs on; none at the job's end."""
        raise NotImplementedError

    def input_at_hand(self) -> Any:
        """What the activation at hand runs on."""
        raise NotImplementedError

    def replace_input(self, payload: bytes) -> None:
        """Where the activation at hand is tried again, it runs on this."""
        raise NotImplementedError

    def settle_batch(self) -> None:
        """Those before the activation at hand that have come in the same frame are used up."""

    # ---- crashes ------------------------------------------------------------------------------------------

    def key(self) -> int:
        """The first input of the activation at hand."""
        raise NotImplementedError

    def present(self) -> object:
        """What the loop knows of the activation at hand."""
        raise NotImplementedError

    def restore_present(self, present: Any) -> None:
        """Go back to an activation."""
        raise NotImplementedError

    def bury(self, job: WorkerJob, batch: Batch, index: int) -> None:
        """The message has killed its process too often: it goes to the dead letters, and is used up."""
        p = self.p
        p.tx.count("dead", job.slot, 1)
        report = DeathReport(
            p.routine,
            p.slot_names[batch.slot],
            batch.lane,
            batch.message_id(index),
            bool(batch.frame.flags & BLOB),
            bool(batch.frame.flags & TYPED),
            p.loader.raw(batch.frame, index),
        )
        p.outputs.report(p.tx, job.number, msgspec.msgpack.encode(report), DEAD)

    # ---- activations --------------------------------------------------------------------------------------

    def begin_activation(self, batch: Batch, index: int) -> None:
        """The message at `index` is about to be run, perhaps not for the first time."""
        p = self.p
        if self.flushes:
            self.settle_others()
        p.activations.failures = batch.failures
        if p.replays.cursors or p.context.cursor is not None:
            p.context.cursor = p.replays.cursor(batch.key(index))
        if self.stopwatch is not None:
            self.stopwatch.start()

    def answered(self, done: int) -> Turn:  # noqa: ARG002 - only immediate routines can be ordered
        """The place in the order of the inputs at hand, `done` of which are used up."""
        return NO_TURN

    def drive(self, steps: Steps, job: WorkerJob, origin: int) -> None:
        """Advance a generator to its end; what it has emitted so far is committed now and then, and waits for
        room.
        """
        p = self.p
        self.settle_others()
        replay = self.replay_at_hand() if p.activations.may_send_early else None
        marks = p.outputs.marks()
        waiting, stride, most = 0, 1, p.outputs.fill
        since = looked = monotonic()
        try:
            while steps.take(min(stride, most - waiting) if replay else stride):
                waiting += stride
                now = monotonic()
                stride = min(2 * stride, STRIDE) if now - looked < STRIDE_SECONDS else 1
                looked = now
                # One that notes cursors need not repeat itself: what it yields is sent with the next cursor.
                is_late = now - since > YIELD_SECONDS and p.context.cursor is None
                if replay and (is_late or waiting >= most or p.outputs.large >= MOST_LARGE):
                    replay.drop_known(p.outputs)
                    if not is_late and not any(p.outputs.marks()):  # a re-run: all of it is out already
                        marks, waiting = p.outputs.marks(), 0
                        continue
                    self.flush_job(job, origin)
                    marks, waiting, most = p.outputs.marks(), 0, p.outputs.fill
                    since = looked = monotonic()
        except JobOver:
            p.activations.was_cut = True
            p.outputs.rollback(p.activations.marks_now(marks))
            self.forgive()
        except BaseException as error:  # the user's generator  # noqa: BLE001
            p.activations.failed(job, error, p.activations.marks_now(marks))
            self.forgive()
        finally:
            self.close_generator(steps)

    def settle_others(self) -> None:
        """What earlier activations have saved must not wait for one that commits in its middle."""
        if self.ended and self.p.states.touched:
            self.commit()
            self.p.tx.begin()

    def forgive(self) -> None:
        """The activation at hand has not come to its end, and need not have repeated itself."""
        if self.replay is not None and self.p.activations.again is None:
            self.replay.give_up()

    @staticmethod
    def close_generator(steps: Steps) -> None:
        try:
            steps.close()
        except (Exception, SystemExit):  # what the user's generator does when it is told to end
            log.warning("a generator could not be closed", exc_info=True)

    def flush(self, cursor: object = None) -> None:
        """`self.flush()` within logic: commit what has been emitted and wait for room."""
        job, batch = self.p.context.at, self.p.context.batch
        if job is None or not self.may_flush(job):
            return
        replay = self.replay_at_hand()
        if replay is None:  # too many activations are unfinished: this one sends all at its end
            return
        self.flush_job(job, batch.origin if batch is not None else 0, cursor)
        if cursor is not None:
            self.p.context.cursor = cursor

    def may_flush(self, job: WorkerJob) -> bool:
        """Whether the activation at hand can send early, before what shares its commit. The next ones can."""
        p = self.p
        p.activations.logic, self.flushes = None, True
        return not p.activations.is_fast and not (self.ended and job.number in p.states.touched)

    def replay_at_hand(self) -> Replay | None:
        """What the activation at hand notes of its early emissions; None if it must not send any."""
        if self.replay is None and self.p.context.at is not None:
            self.replay = self.p.replays.open(self.key(), self.p.context.at.number)
        return self.replay

    def end_activation(self, job: WorkerJob) -> None:
        """Its input is used up with the next commit, or is tried again later."""
        if self.stopwatch is not None:
            self.stopwatch.stop()
        self.ended = True
        replay, self.replay = self.replay, None
        if replay is None:
            return
        if self.p.activations.again is not None:
            replay.put_off()
            return
        try:
            if not job.failed:
                replay.close(self.p.outputs)
        except RoutiluxError as error:
            self.p.activations.give_up(job, error)
        replay.end(self.p.tx)

    def flush_job(self, job: WorkerJob, origin: int, cursor: object = None) -> None:
        """Commit outputs while the input stays in use. Raises JobOver when there is no point in going on."""
        p = self.p
        if self.replay is not None:
            self.replay.note(p.tx, p.outputs, cursor)
        p.outputs.close(p.tx, job.number, origin, self.answered(0))
        self.commit(whole=False)
        if (now := perf_counter_ns()) >= p.tap.next_beat:
            p.tap.beat(now)
        p.tx.begin()
        if self.gate.has_to_say:
            self.gate.watches(job.number)
        ran = self.stopwatch.stop() if self.stopwatch else 0
        self.wait_for_room(job)
        if self.must_exit and not p.activations.was_cut:
            p.tap.sum_up()  # what comes from here on may be withdrawn
        if self.must_exit or p.jobs.is_over(job.number):
            raise JobOver
        if self.draining and p.is_source:
            p.tx.count("cut", job.slot, 1)
            raise JobOver
        if self.stopwatch:
            self.stopwatch.go_on(ran)

    def wait_for_room(self, job: WorkerJob) -> None:
        """Until all that was emitted is in the lanes, and the job is not held."""
        p = self.p
        p.jobs.suspended.add(job.number)
        while p.outputs.waiting and not self.must_exit:
            if not (self.send() or self.relieve()):
                self.wait()
        while p.jobs.is_held(job.number) and not self.must_exit:
            if not self.work_for_others():
                self.wait()
        p.jobs.suspended.discard(job.number)

    def work_for_others(self) -> bool:
        """While the job of a generator is held: a transaction for other jobs, if there is anything to do."""
        p = self.p
        if not p.replays.has_room:
            return False
        context, key, mine = p.context, self.key(), self.present()
        at, batch, index, cursor = context.at, context.batch, context.index, context.cursor
        replay, failures, told = self.replay, p.activations.failures, p.tap.present()
        marks, self.replay = p.activations.marks, None
        try:
            return self.step()
        finally:
            context.at, context.batch, context.index, context.cursor = at, batch, index, cursor
            self.replay, p.activations.failures, p.activations.again = replay, failures, None
            p.activations.marks = marks
            if self.gate.has_to_say and at is not None:
                self.gate.watches(at.number)
            self.restore_present(mine)
            p.tap.go_on(told)
            p.care.begin(key, alone=True)
