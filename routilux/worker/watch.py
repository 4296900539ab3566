"""Here is the watch of a worker: it looks at activations and emissions for breakpoints, and holds them.

A hit holds in the middle of user code, within `emit`, or just before an activation. What came before it in
the same transaction is committed first; nothing of the activation at hand has happened yet.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from zlib import crc32

import msgspec

from routilux.debug import looking
from routilux.debug.holds import Release, Report, orders
from routilux.debug.notes import Notes
from routilux.debug.rules import Entry, Rule, Rules, rules_for
from routilux.ipc.codec import Decoder
from routilux.ipc.control import Ask
from routilux.ipc.layout import Status
from routilux.ipc.table import HitCounts
from routilux.reports import describe
from routilux.worker.guarded import Guarded
from routilux.worker.lookout import Lookout
from routilux.worker.over import JobOver
from routilux.worker.samples import Samples
from routilux.worker.scene import Scene
from routilux.worker.surroundings import Surroundings

if TYPE_CHECKING:
    from routilux.worker.jobs import WorkerJob
    from routilux.worker.outputs import EventOutput

LONGEST_TRACEBACK = 16_000

_entries = msgspec.msgpack.Decoder(tuple[Entry, ...]).decode


class Watch:
    """The breakpoints that concern one worker, and what it does at a hit."""

    def __init__(self, around: Surroundings) -> None:
        self.around = self._w = around
        self.rules = Rules()
        self.saves_state = False
        """Whether activations assign to `self.state`: then each is committed by itself while it is watched,
        since what is saved must not be half an activation's.
        """
        self._counts = HitCounts(around.own)
        self._decode = Decoder().decode_large
        self.stepping = 0
        """The job that holds again at whatever happens next, and"""
        self._over = 0
        """at its next activation."""
        self.is_single = False
        """Whether messages are to go one by one."""
        self._marks: Callable[[], list[int]] = around.outputs.marks
        """How much each event had emitted before the activation at hand, of what is not committed."""
        self._error: BaseException | None = None
        """Why the activation at hand has failed."""
        self.guarded = Guarded(
            around.process,
            around.lanes,
            around.asker,
            jobs=around.jobs,
            loader=around.loader,
            generation=around.generation,
        )
        self._message: Any = None
        """What is held now."""
        self._notes = Notes(lambda job, name, line: around.asker.note(Ask(0, job, "note", name, line)))
        self._samples = Samples(around.process, around.asker, around.context, around.inputs)

    # ---- what is watched ----------------------------------------------------------------------------------

    def obey(self, table: bytes) -> None:
        """The breakpoints have changed."""
        known = {rule.row: rule for rule in self.rules.all}
        self.flush()
        self.rules = rules_for(self._w.place, _entries(table), known, self._rule)
        self._arm()

    def _rule(self, entry: Entry) -> Rule:
        return Rule(entry, self._w.process, self._counts.read(entry.row), self._input)

    def _input(self) -> object:
        context = self._w.context
        return None if context.batch is None else context.batch.key(context.index)

    def commit(self, *, saves_state: bool) -> None:
        """A commit is about to be made, of activations that assign to `self.state` or do not."""
        if saves_state and not self.saves_state:
            self.saves_state = True
            self._arm()
        self.flush()

    def flush(self) -> None:
        """Let everybody know what the breakpoints have come to here."""
        for rule in self.rules.all:
            self._counts.write(rule.row, rule.counts)
            if rule.last_error and not rule.is_told:
                ask = Ask(0, 0, "fault", rule.breakpoint.breakpoint_id, rule.last_error.encode())
                rule.is_told = self._w.asker.note(ask)

    @property
    def watches_activations(self) -> bool:
        return bool(self.rules.routine or self.stepping or self._over)

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to look for."""
        return self.stepping != 0 or self._over != 0 or any(True for _ in self.rules.all)

    def begin(self) -> None:
        """An activation is about to begin: what was emitted before belongs to others."""
        marks = self._w.outputs.marks()
        self._marks = lambda: marks

    def opens(self, marks: Callable[[], list[int]]) -> None:
        """Messages are about to be run in one go; `marks` says how much each event had emitted before the
        one at hand.
        """
        self._marks = marks

    def _arm(self) -> None:
        """Emissions are looked at only if there is something to look for."""
        saves = self.saves_state and bool(self.rules.events or self.rules.connections)
        self.is_single = self.watches_activations or saves or bool(self.rules.error)
        if self.is_single:
            self._w.context.stop_here()
        for rule in self.rules.all:
            rule.take_over()
        for number, event in enumerate(self._w.outputs.events):
            event.look(Lookout(self, number).looking)

    def note(self, rule: Rule, job: WorkerJob, value: Any) -> None:
        """A log point has been hit."""
        self._notes.write(rule, job.number, job.job_id, self._w.place.routine, value)

    def sample(
        self, rule: Rule, job: WorkerJob, value: Any, output: EventOutput, way: tuple[int, int]
    ) -> None:
        """A recording has been hit."""
        self._samples.take(rule, job.number, value, output, way)

    def payload(self, release: Release) -> Any:
        """What is to go on instead."""
        return self._decode(memoryview(release.payload or b""))

    # ---- hits ---------------------------------------------------------------------------------------------

    def activation(
        self, job: WorkerJob, value: Any, parents: Sequence[str], *, is_awaited: bool = False
    ) -> Release | None:
        """An activation is about to run on that value; what was said, if it was held. `is_awaited`: a step
        leads here. Raises JobOver.
        """
        if is_awaited or job.number in (self.stepping, self._over):
            return self.hold("routine", None, job, value, parents=parents)
        found: Release | None = None
        for rule in self.rules.routine:
            if not rule.matches(job.number, value, job.job_id, self._w.place.routine):
                continue
            if rule.breakpoint.action == "log":
                self.note(rule, job, value)
            elif found is None:
                found = self.hold("routine", rule, job, value, parents=parents)
        return found

    def post_mortem(self, job: WorkerJob, error: BaseException) -> str:
        """An exception has left the logic: what is to become of it, if somebody who holds it has said so."""
        w = self._w
        value = w.input_at_hand()
        for rule in self.rules.error:
            if rule.matches(job.number, value, job.job_id, w.place.routine):
                self._error = error
                try:
                    release = self.hold("error", rule, job, value)
                except JobOver:  # whatever is said, the job is over
                    return "skip"
                finally:
                    self._error = None
                if release.action == "retry" and release.payload is not None:
                    w.replace_input(release.payload)
                return "" if release.action == "resume" else release.action
        return ""

    def edited(self, release: Release, before: Any) -> Any:
        """What the activation is to run on."""
        return self.payload(release) if release.action == "edit" else before

    # ---- holding ------------------------------------------------------------------------------------------

    def hold(
        self,
        kind: str,
        rule: Rule | None,
        job: WorkerJob,
        value: Any,
        *,
        event: int = -1,
        connection: int = -1,
        parents: Sequence[str] = (),
    ) -> Release:
        """Stand still until somebody says how to go on. Raises JobOver when there is no point in that."""
        w = self._w
        self.stepping = self._over = 0
        self._settle()
        message = w.context.batch.message_id(w.context.index) if w.context.batch is not None else "finish"
        made = len(w.outputs.events[event].parts) if event >= 0 else 0
        payload, said = looking.sendable(value)
        report = Report(
            breakpoint_id="" if rule is None else rule.breakpoint.breakpoint_id,
            type=kind,
            process=w.process,
            key=crc32(f"{message}/{event}/{made}/{connection}".encode()),
            message_id=message,
            parents=tuple(parents or w.inputs()),
            origin=0 if w.context.batch is None else w.context.batch.origin,
            connection=connection,
            event=event,
            payload=payload,
            shown=said,
            error="" if self._error is None else _traceback(self._error),
        )
        self._message = value
        try:
            release = self._wait(job, report)
        finally:
            self._message = None
        if release.step == "over":
            self._over = job.number
        elif release.step == "step" or (release.step == "into" and event < 0):
            self.stepping = job.number
        w.catch_up()
        self._arm()
        return release

    def _settle(self) -> None:
        """Hits of the input at hand are not counted before it is used up: a crash makes them come again."""
        with ExitStack() as stack:
            for rule in self.rules.all:
                stack.enter_context(rule.without_the_present())
            self._w.settle(self._marks())

    def _wait(self, job: WorkerJob, report: Report) -> Release:
        w = self._w
        stopwatch = w.stopwatch()
        ran = stopwatch.stop() if stopwatch is not None else 0
        before = w.own.words[w.status]
        w.own.words[w.status] = Status.HELD
        try:
            ask = Ask(0, job.number, "hold", value=msgspec.msgpack.encode(report))
            while (answer := w.asker.ask(ask, lambda: self._is_in_vain(job))) is not None:
                if answer.is_over or answer.value is None:
                    break
                order = orders.decode(answer.value)
                if isinstance(order, Release):
                    return order
                here = sys._getframe()  # noqa: SLF001 - the user's frames are above it
                scene = Scene(
                    w.routine,
                    w.context,
                    kind=report.type,
                    here=here,
                    error=self._error,
                    message=self._message,
                )
                seen = scene.answer(order)
                ask = Ask(0, job.number, "shown", value=msgspec.msgpack.encode(seen))
        finally:
            w.own.words[w.status] = before
            if stopwatch is not None:
                stopwatch.go_on(ran)
        raise JobOver

    def _is_in_vain(self, job: WorkerJob) -> bool:
        return self._w.jobs.must_exit or self._w.jobs.is_over(job.number)


def _traceback(error: BaseException) -> str:
    """As Python prints it, cut where it gets long."""
    return describe("", "stop", error).traceback[-LONGEST_TRACEBACK:]
