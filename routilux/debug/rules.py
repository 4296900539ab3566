"""Here are rules: breakpoints as one worker looks for them, compiled once per change of the table.

A rule is found by the place in the flow that is at hand, without a search; what concerns other workers is
not there at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any, Final

import msgspec

from routilux.debug.breakpoints import Breakpoint, connection_of
from routilux.debug.conditions import Test, compile_condition
from routilux.debug.messages import compile_hits, compile_message
from routilux.graph import Connection

SAMPLE: Final = 64
"""One evaluation of so many is timed."""
SPENT: Final = -1
"""The job of a rule that was for one shot, and that has been."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A breakpoint in the table that the workers read."""

    row: int
    """Where its counters are."""
    job: int | None
    """The number of its job; None for all."""
    breakpoint: Breakpoint
    before: dict[int, int] = {}
    """By process, the hits that its row had already when it was set."""


class Rule:
    """One breakpoint at one worker, and what it has come to there."""

    def __init__(
        self,
        entry: Entry,
        process: int = 0,
        counts: Sequence[int] = (0, 0, 0, 0),
        at: Callable[[], object] = lambda: None,
    ) -> None:
        """`counts` is what its row says: an earlier incarnation may have come so far. `at` tells the input at
        hand.
        """
        wanted = entry.breakpoint
        self.entry = entry
        self.row = entry.row
        self.job = entry.job
        self.breakpoint = wanted
        self.evaluations, self.hits, self.errors, self.cost_ns = counts
        self.glanced: Callable[[], int] | None = None
        """How many evaluations there are, if somebody else counts them for now."""
        self.last_error = ""
        self.is_told = False
        """Whether the supervisor knows of the error."""
        self.sampled = 0
        """Bytes that a recording has taken here, and"""
        self.missed = 0
        """messages since the last one that it has not."""
        self._before = entry.before.get(process, 0)
        self._at = at
        self._input: object = None
        self._begun = self.hits
        """Hits before the first of that input."""
        self.test = None if wanted.condition is None else compile_condition(wanted.condition)
        self._hits = None if wanted.hit_condition is None else compile_hits(wanted.hit_condition)
        said = wanted.log_message if wanted.log_message is not None else "{data}"
        self.message = compile_message(said)

    def matches(self, number: int, data: Any, job_id: str, routine: str) -> bool:
        """Whether the message at hand, of that job, is a hit that counts."""
        if self.job is not None and self.job != number:
            return False
        self.evaluations += 1
        test = self.test
        if test is not None:
            if self.evaluations % SAMPLE == 0:
                if not self.timed(test, data, job_id, routine):
                    return False
            else:
                try:
                    if not test(data, job_id, routine):
                        return False
                except Exception as error:  # a payload may be anything: no hit, and counted  # noqa: BLE001
                    return self.fault(error)
        return self.counts_now()

    def counts_now(self) -> bool:
        """One hit more; whether it counts."""
        if self.job == SPENT:
            return False
        if (at := self._at()) != self._input:
            self._input, self._begun = at, self.hits
        self.hits += 1
        if self._hits is not None and not self._hits(self.hits - self._before):
            return False
        if self.breakpoint.one_shot:
            self.job = SPENT
        return True

    @contextmanager
    def without_the_present(self) -> Iterator[None]:
        """Within, its hits are those before the input at hand, which a crash makes come again."""
        hits = self.hits
        if self._input == self._at():
            self.hits = self._begun
        try:
            yield
        finally:
            self.hits = hits

    def timed(self, test: Test, data: Any, job_id: str, routine: str) -> bool:
        """Whether the condition holds; how long that takes stands for SAMPLE of them."""
        began = perf_counter_ns()
        try:
            return bool(test(data, job_id, routine))
        except Exception as error:  # as above  # noqa: BLE001
            return self.fault(error)
        finally:
            self.cost_ns += SAMPLE * (perf_counter_ns() - began)

    def fault(self, error: Exception) -> bool:
        """The condition cannot be answered: no hit, and counted."""
        self.errors += 1
        self.last_error = f"{type(error).__name__}: {error}"[:200]
        return False

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """For its row, in the order of BREAKPOINT_COUNTERS."""
        evaluations = self.evaluations if self.glanced is None else self.glanced()
        return evaluations, self.hits, self.errors, self.cost_ns

    def take_over(self) -> None:
        """Count evaluations again, whoever has counted them."""
        self.evaluations, self.glanced = self.counts[0], None


@dataclass(frozen=True)
class Place:
    """What a worker is concerned with: its routine, and the connections of its events."""

    routine: str
    slots: tuple[str, ...]
    events: tuple[str, ...]
    connections: Mapping[int, Connection]
    """Those that its events have, by their number in the flow."""


@dataclass
class Rules:
    """What one worker looks for, by place."""

    routine: list[Rule] = field(default_factory=list)
    error: list[Rule] = field(default_factory=list)
    events: dict[int, list[Rule]] = field(default_factory=dict)
    """By the position of the event."""
    connections: dict[int, list[Rule]] = field(default_factory=dict)
    """By the number of the connection; rules of the slot that it leads to are among them."""
    slots: dict[tuple[str, str], list[Rule]] = field(default_factory=dict)
    """What submissions may run into; for the supervisor."""

    def of(self, job: int | None) -> Rules:
        """Those that concern the job; these themselves if all of them concern every job."""
        if all(rule.job is None for rule in self.all):
            return self
        rules = Rules(_of(self.routine, job), _of(self.error, job))
        rules.events = {at: its for at, each in self.events.items() if (its := _of(each, job))}
        rules.connections = {at: its for at, each in self.connections.items() if (its := _of(each, job))}
        return rules

    @property
    def all(self) -> Iterator[Rule]:
        seen: set[int] = set()
        groups = (self.events, self.connections, self.slots)
        lists = [self.routine, self.error, *(each for group in groups for each in group.values())]
        for rule in (rule for each in lists for rule in each):
            if id(rule) not in seen:
                seen.add(id(rule))
                yield rule


def _of(rules: Sequence[Rule], job: int | None) -> list[Rule]:
    return [rule for rule in rules if rule.job in (None, job)]


def rules_for(
    place: Place, entries: Iterable[Entry], known: Mapping[int, Rule], make: Callable[[Entry], Rule]
) -> Rules:
    """What concerns one worker. A rule that is `known`, by its row, and has not changed stays as it is."""
    rules = Rules()
    for entry in entries:
        wanted = entry.breakpoint
        if not wanted.enabled or not _concerns(place, wanted):
            continue
        before = known.get(entry.row)
        same = before is not None and before.entry == entry
        rule = before if before is not None and same else make(entry)
        _put(place, rules, rule)
    return rules


def _concerns(place: Place, wanted: Breakpoint) -> bool:
    match wanted.type:
        case "routine" | "event":
            return wanted.routine_id == place.routine
        case "error":
            return wanted.routine_id in (None, place.routine)
        case "slot":
            return any(_leads_to(each, wanted) for each in place.connections.values())
    return connection_of(wanted) in place.connections.values()


def concerns(wanted: Breakpoint, connection: Connection) -> bool:
    """Whether messages on the connection may be hits."""
    match wanted.type:
        case "event":
            return (connection.source, connection.event) == (wanted.routine_id, wanted.event_name)
        case "slot":
            return _leads_to(connection, wanted)
    return wanted.type == "connection" and connection == connection_of(wanted)


def _leads_to(connection: Connection, wanted: Breakpoint) -> bool:
    return (connection.target, connection.slot) == (wanted.routine_id, wanted.slot_name)


def _put(place: Place, rules: Rules, rule: Rule) -> None:
    wanted = rule.breakpoint
    match wanted.type:
        case "routine":
            rules.routine.append(rule)
        case "error":
            rules.error.append(rule)
        case "event":
            rules.events.setdefault(place.events.index(wanted.event_name or ""), []).append(rule)
        case _:
            for number, each in place.connections.items():
                is_on = _leads_to(each, wanted) if wanted.type == "slot" else each == connection_of(wanted)
                if is_on:
                    rules.connections.setdefault(number, []).append(rule)


def rules_of_submissions(
    entries: Iterable[Entry], known: Mapping[int, Rule], counts: Callable[[int], Sequence[int]]
) -> Rules:
    """What the supervisor looks for as it puts submissions into slots; as `rules_for`."""
    rules = Rules()
    for entry in entries:
        wanted = entry.breakpoint
        if wanted.enabled and wanted.type == "slot":
            before = known.get(entry.row)
            same = before is not None and before.entry == entry
            rule = before if before is not None and same else Rule(entry, 0, counts(entry.row))
            rules.slots.setdefault((wanted.routine_id or "", wanted.slot_name or ""), []).append(rule)
    return rules
