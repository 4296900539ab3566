"""Here is the watch of a worker: it looks at activations and emissions for breakpoints, and holds them.

A hit holds in the middle of user code, within `emit`, or just before an activation. What came before it in
the same transaction is committed first; nothing of the activation at hand has happened yet.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any
from zlib import crc32

import msgspec

from routilux.debug import looking
from routilux.debug.holds import MOST_SHOWN, Look, Release, Report, Seen, orders
from routilux.debug.rules import Entry, Place, Rule, Rules, rules_for
from routilux.ipc.codec import Decoder, Encoder, Large, in_one_piece
from routilux.ipc.control import Ask, Asker
from routilux.ipc.layout import Status
from routilux.ipc.table import HitCounts
from routilux.reports import describe
from routilux.routine import Routine
from routilux.worker.changes import Decision
from routilux.worker.notes import Notes
from routilux.worker.over import JobOver
from routilux.worker.samples import Samples

if TYPE_CHECKING:
    from routilux.ipc.arena import OwnSection
    from routilux.worker.context import WorkerContext
    from routilux.worker.jobs import JobTable, WorkerJob
    from routilux.worker.outputs import Outputs
    from routilux.worker.stopwatch import Stopwatch

LONGEST_TRACEBACK = 16_000

_entries = msgspec.msgpack.Decoder(tuple[Entry, ...]).decode


@dataclass
class Surroundings:
    """What the watch needs of its worker."""

    process: int
    place: Place
    lines: Sequence[Sequence[int]]
    """Per event, the numbers of its connections in their order."""
    own: OwnSection
    jobs: JobTable
    context: WorkerContext
    outputs: Outputs
    asker: Asker
    routine: Routine
    status: int
    settle: Callable[[Sequence[int]], None]
    """Commit what came before the activation at hand; given how much each event had emitted before it."""
    stopwatch: Callable[[], Stopwatch | None]
    input_at_hand: Callable[[], Any]
    inputs: Callable[[], Sequence[str]]
    """The ids of the messages at hand."""
    replace_input: Callable[[bytes], None]
    """Let the activation at hand be tried again on another payload, which is encoded."""


class Watch:
    """The breakpoints that concern one worker, and what it does at a hit."""

    def __init__(self, around: Surroundings) -> None:
        self._w = around
        self.rules = Rules()
        self.saves_state = False
        """Whether activations assign to `self.state`: then each is committed by itself while it is watched,
        since what is saved must not be half an activation's.
        """
        self._counts = HitCounts(around.own)
        self._encode = Encoder(MOST_SHOWN).encode
        self._decode = Decoder().decode_large
        self._stepping = 0
        """The job that holds again at whatever happens next, and"""
        self._over = 0
        """at its next activation."""
        self.is_single = False
        """Whether messages are to go one by one."""
        self._marks = around.outputs.marks()
        self._error: BaseException | None = None
        """Why the activation at hand has failed."""
        self._message: Any = None
        """What is held now."""
        self._notes = Notes(around.asker, around.place.routine)
        self._samples = Samples(around.process, around.asker, around.context, around.inputs)

    # ---- what is watched ----------------------------------------------------------------------------------

    def obey(self, table: bytes) -> None:
        """The breakpoints have changed."""
        known = {rule.row: rule for rule in self.rules.all}
        self.flush()
        self.rules = rules_for(self._w.place, _entries(table), known, self._rule)
        self._arm()

    def _rule(self, entry: Entry) -> Rule:
        return Rule(entry, self._w.process, self._counts.read(entry.row))

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
        return bool(self.rules.routine or self._stepping or self._over)

    def begin(self) -> None:
        """An activation is about to begin: what was emitted before belongs to others."""
        self._marks[:] = self._w.outputs.marks()

    def places(self, messages: Iterator[Any]) -> Iterator[Any]:
        """Messages to run in one go: as far as one is held, and those behind it are to be looked at."""
        outputs, marks = self._w.outputs, self._marks
        parts = outputs.events[0].parts if len(outputs.events) == 1 else None
        for message in messages:
            if parts is not None:
                marks[0] = len(parts)
            else:
                marks[:] = outputs.marks()
            yield message
            if self.is_single:
                return

    def _arm(self) -> None:
        """Emissions are looked at only if there is something to look for."""
        saves = self.saves_state and bool(self.rules.events or self.rules.connections)
        self.is_single = self.watches_activations or saves or bool(self.rules.error)
        looks = bool(self.rules.events or self.rules.connections or self._stepping)
        for number, event in enumerate(self._w.outputs.events):
            event.look(self._watcher(number) if looks else None)

    # ---- hits ---------------------------------------------------------------------------------------------

    def _watcher(self, event: int) -> Callable[[Any, bytes | Large], None]:
        context, routine = self._w.context, self._w.place.routine
        on_event = tuple(self.rules.events.get(event, ()))
        on_connection = tuple(
            (at, number, tuple(rules))
            for at, number in enumerate(self._w.lines[event])
            if (rules := self.rules.connections.get(number))
        )

        output = self._w.outputs.events[event]
        append, keep, is_plain = output.parts.append, output.keep, not output.is_keyed

        def watch(value: Any, part: bytes | Large) -> None:
            job = context.at
            if job is None:
                keep(value, part)
                return
            number, job_id, decision = job.number, job.job_id, None
            if self._stepping == number:
                decision = self._event_hit(None, job, event, Decision(value))
            for rule in on_event:
                if (decision is None or not decision.is_dropped) and rule.matches(
                    number, value, job_id, routine
                ):
                    decision = self._event_hit(rule, job, event, decision or Decision(value))
                    value = decision.value
            for at, connection, rules in on_connection:
                for rule in rules:
                    if rule.matches(number, value, job_id, routine):
                        decision = decision or Decision(value)
                        self._connection_hit(rule, job, (event, at, connection), decision)
            if decision is not None:
                output.keep_as(decision, part)
            elif is_plain and type(part) is bytes:
                append(part)
            else:
                keep(value, part)

        return watch

    def _event_hit(self, rule: Rule | None, job: WorkerJob, event: int, decision: Decision) -> Decision:
        if rule is not None and rule.breakpoint.action == "log":
            self._notes.write(rule, job.number, job.job_id, decision.value)
            return decision
        if rule is not None and rule.breakpoint.action == "record":
            self._samples.take(rule, job.number, decision.value, self._w.outputs.events[event], (event, -1))
            return decision
        release = self.hold("event", rule, job, decision.value, event=event)
        if release.action == "drop":
            decision.is_dropped = True
        elif release.action == "edit":
            decision.value, decision.is_edited = self._payload(release), True
        if release.step == "into":
            decision.steps = frozenset(range(len(self._w.lines[event])))
        return decision

    def _connection_hit(
        self, rule: Rule, job: WorkerJob, way: tuple[int, int, int], decision: Decision
    ) -> None:
        event, at, connection = way
        if decision.is_dropped or at in decision.drops:
            return
        value = (decision.edits or {}).get(at, decision.value)
        if rule.breakpoint.action == "log":
            self._notes.write(rule, job.number, job.job_id, value)
            return
        if rule.breakpoint.action == "record":
            self._samples.take(rule, job.number, value, self._w.outputs.events[event], (event, connection))
            return
        kind = rule.breakpoint.type or "connection"
        release = self.hold(kind, rule, job, value, event=event, connection=connection)
        if release.action == "drop":
            decision.drops |= {at}
        elif release.action == "edit":
            decision.edits = {**(decision.edits or {}), at: self._payload(release)}
        if release.step == "into":
            decision.steps |= {at}

    def activation(
        self, job: WorkerJob, value: Any, parents: Sequence[str], *, is_awaited: bool = False
    ) -> Release | None:
        """An activation is about to run on that value; what was said, if it was held. `is_awaited`: a step
        leads here. Raises JobOver.
        """
        if is_awaited or job.number in (self._stepping, self._over):
            return self.hold("routine", None, job, value, parents=parents)
        found: Release | None = None
        for rule in self.rules.routine:
            if not rule.matches(job.number, value, job.job_id, self._w.place.routine):
                continue
            if rule.breakpoint.action == "log":
                self._notes.write(rule, job.number, job.job_id, value)
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
        return self._payload(release) if release.action == "edit" else before

    def _payload(self, release: Release) -> Any:
        return self._decode(memoryview(release.payload or b""))

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
        self._stepping = self._over = 0
        self._settle(rule)
        message = w.context.batch.message_id(w.context.index) if w.context.batch is not None else "finish"
        made = len(w.outputs.events[event].parts) if event >= 0 else 0
        payload, said = self._shown(value)
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
            self._stepping = job.number
        self._arm()
        return release

    def _settle(self, rule: Rule | None) -> None:
        """The hit itself is not counted before it is over: a crash makes it come again."""
        if rule is not None:
            rule.hits -= 1
        try:
            self._w.settle(self._marks)
        finally:
            if rule is not None:
                rule.hits += 1
        self._marks[:] = [0] * len(self._marks)

    def _shown(self, value: Any) -> tuple[bytes | None, str]:
        """The payload for whoever debugs, if it can be sent and is not too large; and a line about it."""
        said = looking.text(value)
        try:
            part = self._encode(value)
        except Exception:  # a class may raise anything when it is asked for its state  # noqa: BLE001
            return None, said
        size = len(part) if isinstance(part, bytes) else part.nbytes
        return (in_one_piece(part) if size <= MOST_SHOWN else None), said

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
                seen = self._look(order, sys._getframe())  # noqa: SLF001 - the user's frames are above it
                ask = Ask(0, job.number, "shown", value=msgspec.msgpack.encode(seen))
        finally:
            w.own.words[w.status] = before
            if stopwatch is not None:
                stopwatch.go_on(ran)
        raise JobOver

    def _is_in_vain(self, job: WorkerJob) -> bool:
        return self._w.jobs.must_exit or self._w.jobs.is_over(job.number)

    def _look(self, look: Look, here: FrameType) -> Seen:
        frames = looking.user_frames(here) if self._error is None else looking.frames_of(self._error)
        if look.what == "stack":
            return Seen(look.number, frames=looking.stack(frames))
        return Seen(look.number, looking.variables(self._roots(frames, look.frame), look.path))

    def _roots(self, frames: list[FrameType], number: int) -> list[looking.Part]:
        """Locals, the routine's configuration, state and attributes; then the message itself."""
        routine, at = self._w.routine, self._w.context.at
        found: list[looking.Part] = []
        if 0 <= number < len(frames):
            found += [(name, each, "local") for name, each in list(frames[number].f_locals.items())]
        found = [part for part in found if part[1] is not routine]
        config = routine.config
        found += [(name, each, "configuration") for name, each in config.items()]
        if at is not None:
            found += [(str(name), each, "state") for name, each in list(at.state.items())]
        hidden = {*config, *routine.event_names}
        own = {name: each for name, each in vars(routine).items() if name not in hidden}
        found += [
            (name, each, "attribute")
            for name, each in own.items()
            if not name.startswith("_") and name != "additions"
        ]
        return [*found[: looking.MOST - 1], ("message", self._message, "message")]


def _traceback(error: BaseException) -> str:
    """As Python prints it, cut where it gets long."""
    return describe("", "stop", error).traceback[-LONGEST_TRACEBACK:]
