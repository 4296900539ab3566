"""Here is the lookout: it looks at each emission of an event for breakpoints, and sees to hits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from routilux.debug.rules import SAMPLE, Rule, Rules
from routilux.ipc.codec import Large
from routilux.worker.changes import Decision

if TYPE_CHECKING:
    from routilux.debug.holds import Release
    from routilux.worker.jobs import WorkerJob
    from routilux.worker.surroundings import Surroundings

Looking = Callable[[Any, bytes | Large], None]
"""What an event calls instead of keeping an emission: with its value, and as it is encoded."""
OnConnection = tuple[int, int, tuple[Rule, ...]]
"""The position of a connection among those of the event, its number, and its rules."""


class Holder(Protocol):
    """Who sees to hits: the watch."""

    around: Surroundings
    mine: Rules
    """Those that concern the job at hand."""
    at: int | None
    """The job at hand."""
    has_news: bool
    """Whether any rule has looked at anything that is not written down yet."""
    stepping: int
    """The job that holds again at whatever happens next."""

    def hold(
        self,
        kind: str,
        rule: Rule | None,
        job: WorkerJob,
        value: Any,
        *,
        event: int = -1,
        connection: int = -1,
    ) -> Release: ...
    def note(self, rule: Rule, job: WorkerJob, value: Any) -> None: ...
    def sample(self, rule: Rule, job: WorkerJob, value: Any, way: tuple[int, int]) -> None: ...
    def payload(self, release: Release) -> Any: ...


class Lookout:
    """Of one event, for as long as its rules do not change."""

    def __init__(self, watch: Holder, event: int) -> None:
        around, rules = watch.around, watch.mine
        self._watch = watch
        self._event = event
        self._lines = len(around.lines[event])
        self._routine = around.place.routine
        self._context = around.context
        self._output = around.outputs.events[event]
        self._on_event = tuple(rules.events.get(event, ()))
        self._on_connection: tuple[OnConnection, ...] = tuple(
            (at, number, tuple(found))
            for at, number in enumerate(around.lines[event])
            if (found := rules.connections.get(number))
        )

    @property
    def looking(self) -> Looking | None:
        """The quickest way to look at all there is to look at; None if there is nothing."""
        if self._watch.stepping == self._watch.at:
            return self._look
        if not (self._on_event or self._on_connection):
            return None
        if self._on_event or len(self._on_connection) > 1:
            return self._look
        ((at, number, rules),) = self._on_connection
        if len(rules) > 1 or rules[0].test is None or rules[0].glanced is not None:
            return self._look
        return self._glance(at, number, rules[0])

    def _glance(self, at: int, connection: int, rule: Rule) -> Looking:
        """For one condition on one connection: as `_look`, but nothing is made or called before it holds."""
        test, only, context, routine, output = rule.test, rule.job, self._context, self._routine, self._output
        append, keep, is_plain = output.parts.append, output.keep, not output.is_keyed
        watch = self._watch
        assert test is not None  # noqa: S101 - as `looking` has seen
        seen = rule.evaluations
        rule.glanced = lambda: seen

        def glance(value: Any, part: bytes | Large) -> None:
            nonlocal seen
            job = context.at
            if job is not None and (only is None or job.number == only):
                seen += 1
                watch.has_news = True
                try:
                    if seen % SAMPLE == 0:
                        is_hit = rule.timed(test, value, job.job_id, routine)
                    else:
                        is_hit = test(value, job.job_id, routine)
                except Exception as error:  # a payload may be anything: no hit, and counted  # noqa: BLE001
                    is_hit = rule.fault(error)
                if is_hit and rule.counts_now():
                    decision = Decision(value)
                    self._connection_hit(rule, job, at, connection, decision)
                    output.keep_as(decision, part)
                    return
            if is_plain and type(part) is bytes:
                append(part)
            else:
                keep(value, part)

        return glance

    def _look(self, value: Any, part: bytes | Large) -> None:
        job, output = self._context.at, self._output
        if job is None:
            output.keep(value, part)
            return
        number, job_id, decision = job.number, job.job_id, None
        self._watch.has_news = True
        if self._watch.stepping == number:
            decision = self._event_hit(None, job, Decision(value))
        for rule in self._on_event:
            if (decision is None or not decision.is_dropped) and rule.matches(
                number, value, job_id, self._routine
            ):
                decision = self._event_hit(rule, job, decision or Decision(value))
                value = decision.value
        for at, connection, rules in self._on_connection:
            for rule in rules:
                if rule.matches(number, value, job_id, self._routine):
                    decision = decision or Decision(value)
                    self._connection_hit(rule, job, at, connection, decision)
        if decision is not None:
            output.keep_as(decision, part)
        else:
            output.keep(value, part)

    def _event_hit(self, rule: Rule | None, job: WorkerJob, decision: Decision) -> Decision:
        watch = self._watch
        if rule is not None and rule.breakpoint.action == "log":
            watch.note(rule, job, decision.value)
            return decision
        if rule is not None and rule.breakpoint.action == "record":
            watch.sample(rule, job, decision.value, (self._event, -1))
            return decision
        if rule is not None and rule.breakpoint.suspend == "message":
            decision.guards = frozenset(range(self._lines))
            return decision
        release = watch.hold("event", rule, job, decision.value, event=self._event)
        if release.action == "drop":
            decision.is_dropped = True
        elif release.action == "edit":
            decision.value, decision.is_edited = watch.payload(release), True
        if release.step == "into":
            decision.steps = frozenset(range(self._lines))
        return decision

    def _connection_hit(
        self, rule: Rule, job: WorkerJob, at: int, connection: int, decision: Decision
    ) -> None:
        watch = self._watch
        if decision.is_dropped or at in decision.drops:
            return
        value = (decision.edits or {}).get(at, decision.value)
        if rule.breakpoint.action == "log":
            watch.note(rule, job, value)
            return
        if rule.breakpoint.action == "record":
            watch.sample(rule, job, value, (self._event, connection))
            return
        if rule.breakpoint.suspend == "message":
            decision.guards |= {at}
            return
        kind = rule.breakpoint.type or "connection"
        release = watch.hold(kind, rule, job, value, event=self._event, connection=connection)
        if release.action == "drop":
            decision.drops |= {at}
        elif release.action == "edit":
            decision.edits = {**(decision.edits or {}), at: watch.payload(release)}
        if release.step == "into":
            decision.steps |= {at}
