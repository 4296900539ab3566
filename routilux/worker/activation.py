"""Here is an activation: one run of the routine's logic, and what becomes of it when it fails."""

import logging
from collections.abc import Callable, Iterator
from types import GeneratorType
from typing import Any

import msgspec

from routilux.errors import InternalError
from routilux.invoke import Invoker, Steps
from routilux.ipc.commit import Transaction
from routilux.reports import describe
from routilux.strategies import OnError
from routilux.worker.context import WorkerContext
from routilux.worker.intake import Batch
from routilux.worker.jobs import WorkerJob
from routilux.worker.loader import Patchy, Undecodable, decoded
from routilux.worker.outputs import Outputs
from routilux.worker.over import JobOver

log = logging.getLogger("routilux.worker")

MOST_STEPS = 1 << 20
REPORTS = 100
"""Errors of one job that one worker describes to the supervisor; all of them are counted."""


def _nobody_drives(*_: object) -> None:
    raise InternalError("a generator was returned before the loop was there to drive it")


class Activations:
    """Runs the routine of this process, message by message, into one transaction."""

    def __init__(
        self,
        routine: str,
        invoker: Invoker,
        *,
        on_error: OnError,
        context: WorkerContext,
        outputs: Outputs,
        tx: Transaction,
    ) -> None:
        self._routine = routine
        self._invoker = invoker
        self._on_error = on_error
        self._context = context
        self._outputs = outputs
        self._tx = tx
        self.logic = None if on_error.retries else invoker.run
        """What is run on one message after the other, if that is all there is to an activation."""
        self._through = (
            self._through_returning
            if invoker.emits_returned or not outputs.events
            else self._through_emitting
        )
        self.marks = outputs.marks()
        """How much each event had emitted before the activation at hand,"""
        self._is_between = False
        """unless it is the one that is emitted now which comes first."""
        self.is_fast = False
        """Whether the activation at hand is one of several that are used up together."""
        self.failures = 0
        """How often the activation at hand has failed before."""
        self.again: float | None = None
        """Seconds until the activation that has just failed is to be tried again; None if it is not."""
        self.was_cut = False
        """Whether an activation since the last commit was left before its end, by JobOver."""
        self._settled: tuple[Batch | None, int] | None = None
        """The activation before which all was committed while it was held."""
        self.post_mortem: Callable[[WorkerJob, BaseException], str] | None = None
        """What a debugger makes of an exception: `retry`, `skip`, `fail`, or nothing of its own."""
        self.drive: Callable[[Steps, WorkerJob, int], None] = _nobody_drives
        self.watcher: Callable[[WorkerJob, str, BaseException, str], None] | None = None
        """Told of each exception, and what is made of it: "retry", or what `on_error` says."""

    def run_fast(self, job: WorkerJob, batch: Batch, values: list[Any], start: int, stop: int) -> int:
        """Plain logic on the messages `start` to `stop` of a batch, one activation each; how many were
        used.
        """
        if self.logic is None:
            raise InternalError("this routine has no fast path")
        self.is_fast, self._settled = stop - start > 1, None
        context = self._context
        context.at, context.batch = job, batch
        messages = context.through(values, start, stop)
        logic = decoded(self.logic) if isinstance(values, Patchy) else self.logic
        while not self._run_on(logic, messages, job, batch):
            pass
        context.index = context.index
        return context.index + 1 - start

    def _run_on(
        self, logic: Callable[[Any], object], messages: Iterator[Any], job: WorkerJob, batch: Batch
    ) -> bool:
        """Run logic on one message after the other until it fails; whether no other message is to be run."""
        try:
            steps = self._through(logic, messages)
            if steps is not None:
                self.drive_first(steps, job, batch)
        except JobOver:
            self.was_cut = True
            self._outputs.rollback(self.marks_now(self.marks))
        except BaseException as error:  # the user's code, or what it called  # noqa: BLE001
            self.failed(job, error, self.marks_now(self.marks))
            return job.failed
        return True

    def marks_before(self) -> list[int]:
        """How much each event had emitted before the activation at hand, of what is not committed."""
        return self.marks_now(self._outputs.marks() if self._is_between else self.marks)

    def _through_returning(self, logic: Callable[[Any], object], messages: Iterator[Any]) -> Steps | None:
        """Logic that emits by what it returns, if at all, and so has emitted nothing when it fails."""
        settle = self._invoker.settle
        emit = self._invoker.emit if self._invoker.emits_returned else settle
        self._is_between = True
        try:
            for value in messages:
                returned = logic(value)
                if returned is None:
                    continue
                if type(returned) is GeneratorType:
                    return settle(returned)
                emit(returned)
        finally:
            self.marks, self._is_between = self._outputs.marks(), False
        return None

    def _through_emitting(self, logic: Callable[[Any], object], messages: Iterator[Any]) -> Steps | None:
        """Logic that emits on its own."""
        settle, marks = self._invoker.settle, self.marks[:]
        self.marks = marks
        parts, *others = [event.parts for event in self._outputs.events]
        for value in messages:
            marks[0] = len(parts)
            if others:
                marks[1:] = map(len, others)
            returned = logic(value)
            if returned is not None and (steps := settle(returned)) is not None:
                return steps
        return None

    def drive_first(self, steps: Steps, job: WorkerJob, batch: Batch) -> None:
        """Logic that hands back generators is run message by message from here on: a generator may send early
        only when no other message is used up with its own.
        """
        self.logic = None
        context = self._context
        context.index = context.index
        if context.index == batch.used:
            self.is_fast = False
            self.drive(steps, job, batch.origin)
            return
        while steps.take(MOST_STEPS):
            pass

    def begin(self, job: WorkerJob, batch: Batch | None) -> list[int]:
        """Nothing of the activation at hand has happened yet; how much each event had emitted before it."""
        self._context.at, self._context.batch = job, batch
        self.again, self.is_fast, self._settled = None, False, None
        self.marks = self._outputs.marks()
        return self.marks

    def run(self, job: WorkerJob, batch: Batch | None, args: list[Any], message: object) -> Steps | None:
        """One activation. A generator is given back for the loop to drive: it may wait for room between its
        yields.
        """
        marks = self.begin(job, batch)
        try:
            for value in args:
                if type(value) is Undecodable:
                    value.reject()
            return self._invoker.call(args, message, job)
        except JobOver:
            self.was_cut = True
            self._outputs.rollback(self.marks_now(marks))
        except BaseException as error:  # as above  # noqa: BLE001
            self.failed(job, error, self.marks_now(marks))
        return None

    def finish(self, job: WorkerJob, token: Batch) -> Steps | None:
        """The routine's `finish`, once per job; the token stands for the message."""
        marks = self.begin(job, token)
        self._context.index = 0
        try:
            return self._invoker.finish()
        except JobOver:
            self.was_cut = True
            self._outputs.rollback(self.marks_now(marks))
        except BaseException as error:  # as above  # noqa: BLE001
            self.failed(job, error, self.marks_now(marks))
        return None

    def note_settled(self) -> None:
        """All before the activation at hand is committed, though it is in its middle."""
        self._settled = self._context.batch, self._context.index

    def marks_now(self, marks: list[int]) -> list[int]:
        """How much each event had emitted before the activation at hand, of what is not committed."""
        at_hand = self._settled is not None and self._settled == (self._context.batch, self._context.index)
        return [0] * len(marks) if at_hand else marks

    def give_up(self, job: WorkerJob, error: BaseException) -> None:
        """Fail the job, whatever `on_error` says: its messages cannot even be brought before the logic."""
        self._tx.count("errors", job.slot, 1)
        job.failed = True
        self._report(job, "stop", error)

    @property
    def may_send_early(self) -> bool:
        """Whether emissions may be on their way before their activation has ended: not if it may be tried
        again.
        """
        return not self._on_error.retries and self.post_mortem is None

    def failed(self, job: WorkerJob, error: BaseException, marks: list[int]) -> None:
        """Carry out `on_error`: try again later, or let go of what the activation emitted, unless it is to
        continue; what happened is told.
        """
        if self.post_mortem is not None and (said := self.post_mortem(job, error)):
            marks = self.marks_now(marks)
            if said == "retry":
                self.again = 0.0
                self._outputs.rollback(marks)
                self._show(job, "retry", error)
            else:
                self._carry_out("skip" if said == "skip" else "stop", job, error, marks)
            return
        marks = self.marks_now(marks)
        self.again = self._on_error.delay(self.failures + 1)
        if self.again is not None:
            self._outputs.rollback(marks)
            self._show(job, "retry", error)
        else:
            self.reject(job, error, marks)

    def reject(self, job: WorkerJob, error: BaseException, marks: list[int]) -> None:
        """As `failed`, where another attempt would be of no use."""
        self._carry_out(self._on_error.action, job, error, marks)

    def _carry_out(self, action: str, job: WorkerJob, error: BaseException, marks: list[int]) -> None:
        if action != "continue":
            self._outputs.rollback(marks)
        self._tx.count("skipped" if action == "skip" else "errors", job.slot, 1)
        job.failed = action == "stop"
        self._report(job, action, error)

    def _show(self, job: WorkerJob, action: str, error: BaseException) -> None:
        if self.watcher is not None:
            self.watcher(job, action, error, self._context.message_place)

    def _report(self, job: WorkerJob, action: str, error: BaseException) -> None:
        self._show(job, action, error)
        if job.reports < REPORTS or action == "stop":
            job.reports += 1
            self._outputs.report(
                self._tx, job.number, msgspec.msgpack.encode(describe(self._routine, action, error))
            )
        if action != "stop":
            log.info(
                "routine %r of job %s: %s: %s (%s)",
                self._routine,
                job.job_id,
                type(error).__name__,
                error,
                action,
            )
