"""Here is the watch of a worker: it looks at activations and emissions for breakpoints, and holds them.

A hit holds in the middle of user code, within `emit`, or just before an activation. What came before it in
the same transaction is committed first; nothing of the activation at hand has happened yet.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from types import FrameType
from typing import TYPE_CHECKING, Any
from zlib import crc32

import msgspec

from routilux.debug import looking
from routilux.debug.holds import Assign, Attach, Look, Release, Report, Seen
from routilux.debug.notes import Notes
from routilux.debug.rules import Entry, Rule, Rules, rules_for
from routilux.ipc.codec import Decoder
from routilux.ipc.control import PATIENCE_MS, Ask
from routilux.ipc.layout import Status
from routilux.ipc.table import HitCounts
from routilux.reports import describe
from routilux.worker.attach import Editor, Standing
from routilux.worker.guarded import Guarded
from routilux.worker.holding import Holding
from routilux.worker.lookout import Lookout
from routilux.worker.over import JobOver
from routilux.worker.samples import Samples
from routilux.worker.scene import Scene
from routilux.worker.surroundings import Surroundings

if TYPE_CHECKING:
    from routilux.worker.jobs import WorkerJob

LONGEST_TRACEBACK = 16_000

_entries = msgspec.msgpack.Decoder(tuple[Entry, ...]).decode


class Watch:
    """The breakpoints that concern one worker, and what it does at a hit."""

    def __init__(self, around: Surroundings) -> None:
        self.around = self._w = around
        self.rules = self.mine = Rules()
        """All of them, and those that concern the job at hand."""
        self.at: int | None = None
        """The job at hand."""
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
        self.has_news = False
        """Whether any rule has looked at anything that is not written down yet."""
        self._error: BaseException | None = None
        """Why the activation at hand has failed."""
        self.editor: Editor | None = None
        """Whose debugger attaches here, once one was to."""
        self.guarded = Guarded(
            around.process,
            around.lanes,
            around.asker,
            jobs=around.jobs,
            loader=around.loader,
            generation=around.generation,
        )
        self._notes = Notes(lambda job, name, line: around.asker.note(Ask(0, job, "note", name, line)))
        self._samples = Samples(around.process, around.asker, around.context, around.inputs)

    # ---- what is watched ----------------------------------------------------------------------------------

    def obey(self, table: bytes) -> None:
        """The breakpoints have changed."""
        known = {rule.row: rule for rule in self.rules.all}
        self.flush()
        self.rules = rules_for(self._w.place, _entries(table), known, self._rule)
        self._choose()

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
        if self.editor is not None:
            self.editor.tidy()
        self.flush()

    def flush(self) -> None:
        """Let everybody know what the breakpoints have come to here."""
        if not self.has_news:
            return
        self.has_news = False
        for rule in self.rules.all:
            self._counts.write(rule.row, rule.counts)
            if rule.last_error and not rule.is_told:
                ask = Ask(0, 0, "fault", rule.breakpoint.breakpoint_id, rule.last_error.encode())
                rule.is_told = self._w.asker.note(ask)
                self.has_news |= not rule.is_told

    @property
    def watches_activations(self) -> bool:
        """Whether activations of the job at hand may be held."""
        return bool(self.mine.routine) or self.at in (self.stepping, self._over)

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to look for."""
        is_attached = self.editor is not None and self.editor.is_attached
        return is_attached or self.stepping != 0 or self._over != 0 or any(True for _ in self.rules.all)

    def turn_to(self, job: int) -> bool:
        """The job is at hand from now on; whether its messages are to go one by one."""
        if job != self.at:
            self.at = job
            self._choose()
        return self.is_single

    def _choose(self) -> None:
        """Another job is at hand, or there are other rules."""
        mine = self.rules.of(self.at)
        if mine is not self.mine or self.stepping or self._over:
            self.mine = mine
            self._arm()

    def _arm(self) -> None:
        """Activations and emissions are looked at only if there is something to look for."""
        mine = self.mine
        saves = self.saves_state and bool(mine.events or mine.connections)
        self.is_single = self.watches_activations or saves or bool(mine.error)
        self._w.activations.post_mortem = self.post_mortem if mine.error else None
        if self.is_single:
            self._w.context.stop_here()
        for rule in self.rules.all:
            rule.take_over()
        for number, event in enumerate(self._w.outputs.events):
            event.look(Lookout(self, number).looking)

    def note(self, rule: Rule, job: WorkerJob, value: Any) -> None:
        """A log point has been hit."""
        self._notes.write(rule, job.number, job.job_id, self._w.place.routine, value)

    def sample(self, rule: Rule, job: WorkerJob, value: Any, way: tuple[int, int]) -> None:
        """A recording has come upon a message, on its way by that event and connection."""
        self._samples.take(rule, job.number, value, self._w.outputs.events[way[0]], way)

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
        self.has_news = True
        for rule in self.mine.routine:
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
        self.has_news = True
        for rule in self.mine.error:
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
        self.turn_to(job.number)
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
        release = self._wait(job, report, value)
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
            self._w.settle()
        self.has_news = True

    def _wait(self, job: WorkerJob, report: Report, value: Any) -> Release:
        w = self._w
        stopwatch = w.stopwatch()
        ran = stopwatch.stop() if stopwatch is not None else 0
        before = w.own.words[w.status]
        w.own.words[w.status] = Status.HELD
        try:
            release = self._until_let_go(job, report, value, sys._getframe())  # noqa: SLF001 - the user's are above it
        finally:
            w.own.words[w.status] = before
            if self.editor is not None:
                self.editor.end_hold()
            if stopwatch is not None:
                stopwatch.go_on(ran)
        if release is None:
            raise JobOver
        return release

    def _until_let_go(self, job: WorkerJob, report: Report, value: Any, here: FrameType) -> Release | None:
        """How to go on; None if there is no point in that."""
        w = self._w
        scene = Scene(w.routine, w.context, (report.type, value), here, self._error)
        holding = Holding(w.asker, w.jobs, job, report, lambda order: self._answer(order, scene))
        is_told = False
        while not holding.is_over(PATIENCE_MS):
            if self.editor is not None and not is_told:
                at = Standing(here, self._error, holding.is_over, holding.say)
                is_told = self.editor.attend(at) and holding.say("goes on")
        return holding.release

    def _answer(self, order: Look | Assign | Attach, scene: Scene) -> Seen:
        if not isinstance(order, Attach):
            return scene.answer(order)
        self.editor = self.editor or Editor(self._w.stopwatch)
        port, refusal = self.editor.invite()
        return Seen(order.number, refusal=refusal, port=port)


def _traceback(error: BaseException) -> str:
    """As Python prints it, cut where it gets long."""
    return describe("", "stop", error).traceback[-LONGEST_TRACEBACK:]
