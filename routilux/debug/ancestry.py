"""Here is the ancestry of messages: which have caused which, as far as hook events have told it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from routilux.commands import FlowInfo
from routilux.graph import Graph
from routilux.hookevents import Activated, FlowStats, HookEvent, Placed
from routilux.plan import Plan

KEPT = 100_000
"""Messages that are known at a time; the oldest are forgotten."""
MOST = 1_000
"""Ancestors of one answer, the nearest first."""


class Ancestor(NamedTuple):
    """A message that has led to another."""

    message_id: str
    generation: int
    """1 for those asked for, 2 for what has caused them, and so on."""
    source: str
    """The routine that has made it; empty for a submission, and if that was not heard."""
    event: str
    routine: str
    """Whose slot it was put in; empty if that was not heard."""
    slot: str
    origin: int
    """The submission that has caused it, counted from 1, where that is tracked."""
    preview: str
    parents: tuple[str, ...]
    is_submission: bool
    """Whether the way to the submission ends here."""

    def __str__(self) -> str:
        place = ".".join(name for name in (self.routine, self.slot) if name) or "a slot"
        way = f"{self.source}.{self.event}->{place}" if self.source else place
        what = "submitted to " if self.is_submission else "" if self.source else "its cause unheard, in "
        return f"{self.message_id}, {what}{way}{self.preview and ': ' + self.preview}"


@dataclass(frozen=True)
class Names:
    """What the numbers in hook events of a flow mean."""

    routines: dict[int, str]
    """By process; as the plan numbers them, until the runtime says it."""
    slots: dict[str, tuple[str, ...]]
    events: dict[str, tuple[str, ...]]
    targets: tuple[tuple[str, str], ...]
    """Of each connection, the routine and slot that it leads to."""

    @classmethod
    def of(cls, flow: FlowInfo) -> "Names":
        workers = [each.routine_id for each in flow.routines for _ in range(each.workers)]
        return cls(
            dict(enumerate(workers, 1)),
            {each.routine_id: tuple(slot.name for slot in each.slots) for each in flow.routines},
            {each.routine_id: each.events for each in flow.routines},
            tuple((each.target, each.slot) for each in flow.connections),
        )

    @classmethod
    def of_plan(cls, flow: Graph, plan: Plan) -> "Names":
        return cls(
            {each.index: each.node for each in plan.processes[1:]},
            {name: node.routine.slot_names for name, node in flow.nodes.items()},
            {name: node.routine.event_names for name, node in flow.nodes.items()},
            tuple((each.target, each.slot) for each in flow.connections),
        )

    @property
    def entries(self) -> frozenset[str]:
        """The routines that no connection leads to."""
        return frozenset(self.slots) - {target for target, _ in self.targets}


class _Made(NamedTuple):
    process: int
    event: int
    connection: int
    parents: tuple[str, ...]


class _Used(NamedTuple):
    process: int
    slot: int
    origin: int
    preview: str


class Ancestry:
    """Of the messages of one job."""

    def __init__(self, names: Names, job_id: str) -> None:
        self.names = names
        self._job_id = job_id
        self._made: dict[str, _Made] = {}
        self._used: dict[str, _Used] = {}

    def hear(self, process: int, event: HookEvent) -> None:
        """Learn from what that process has published."""
        if isinstance(event, FlowStats):
            self.names.routines.update({each.process: each.routine for each in event.processes})
        elif isinstance(event, Placed) and event.job_id == self._job_id:
            self._make(event.ids, _Made(process, event.event, event.connection, event.parents))
        elif isinstance(event, Activated) and event.job_id == self._job_id:
            for ref in event.inputs:
                _keep(self._used, ref.id, _Used(process, ref.slot, ref.origin, ref.preview))
            parents = tuple(ref.id for ref in event.inputs)
            for sent in event.emitted:
                self._make(sent.ids, _Made(process, sent.event, sent.connection, parents))

    def _make(self, ids: Iterable[str], made: _Made) -> None:
        for message_id in ids:
            _keep(self._made, message_id, made)

    def of(self, message_ids: Iterable[str], routine: str = "") -> list[Ancestor]:
        """Those messages, which are before that routine, what has caused them, and so on back to the
        submissions, the nearest first.
        """
        found: dict[str, Ancestor] = {}
        line = [(message_id, 1) for message_id in message_ids]
        for message_id, generation in line:  # it grows meanwhile
            if message_id in found or len(found) == MOST:
                continue
            found[message_id] = each = self._ancestor(
                message_id, generation, routine if generation == 1 else ""
            )
            line += [(parent, generation + 1) for parent in each.parents]
        return list(found.values())

    def _ancestor(self, message_id: str, generation: int, routine: str) -> Ancestor:
        names, made, used = self.names, self._made.get(message_id), self._used.get(message_id)
        source = "" if made is None else names.routines.get(made.process, "")
        slot = ""
        if used is not None:
            routine = names.routines.get(used.process, "")
            slot = _at(names.slots.get(routine, ()), used.slot)
        elif made is not None:
            routine, slot = _at(names.targets, made.connection) or ("", "")
        return Ancestor(
            message_id,
            generation,
            source=source,
            event="" if made is None else _at(names.events.get(source, ()), made.event),
            routine=routine,
            slot=slot,
            origin=0 if used is None else used.origin,
            preview="" if used is None else used.preview,
            parents=() if made is None else made.parents,
            is_submission=made is None and routine in names.entries,
        )


def _at(names: tuple[Any, ...], position: int) -> Any:
    return names[position] if 0 <= position < len(names) else ""


def _keep(known: dict[str, Any], name: str, value: Any) -> None:
    known[name] = value
    if len(known) > KEPT:
        del known[next(iter(known))]
