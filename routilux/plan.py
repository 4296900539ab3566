"""Here is the plan of a running flow: which processes there are, and which lanes lead from one to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec

from routilux.routing import inner, levels

if TYPE_CHECKING:  # a worker has a plan, and no flow
    from routilux.flow import Flow
    from routilux.graph import Connection

SUPERVISOR = 0
"""The index of the supervisor among the processes of a plan."""


class ProcessPlan(msgspec.Struct, frozen=True):
    """One process: worker `replica` of the routine `node`. Index 0 is the supervisor and has no node."""

    index: int
    node: str
    replica: int

    @property
    def name(self) -> str:
        return f"{self.node}-{self.replica}" if self.node else "supervisor"


class LanePlan(msgspec.Struct, frozen=True):
    """The byte ring of one (producer worker, connection, consumer worker).

    Between the supervisor and a worker there is one lane each way and no connection: the frames name the
    slot, or the event.
    """

    index: int
    producer: int
    consumer: int
    connection: int | None
    slot: int = 0
    inner: bool = False
    numbered: int = -1
    """The producer's row of tags, if it numbers what it sends here: the consumer's routine is ordered."""
    merged: int = -1
    """The consumer's row of tags, if it takes what comes here in order: the producer's routine is ordered.
    On the way to the supervisor the first of several, one for each event.
    """


class Route(msgspec.Struct, frozen=True):
    """What becomes of an event: for each of its connections the lanes to the consumer's workers, in their
    order.

    No connection at all: the event is an output of the flow and goes to the supervisor.
    """

    event: int
    connections: tuple[tuple[int, tuple[int, ...]], ...]


class Plan(msgspec.Struct, frozen=True, dict=True):
    """Processes and lanes of one flow; the same value in every process."""

    flow: str
    connections: tuple[str, ...]
    """What each is called, by its number."""
    processes: tuple[ProcessPlan, ...]
    lanes: tuple[LanePlan, ...]
    levels: tuple[tuple[int, ...], ...]
    tracks_origin: bool
    tag_rows: tuple[int, ...]
    """Per process, how many rows of tags it needs."""

    @cached_property
    def outbound(self) -> tuple[tuple[LanePlan, ...], ...]:
        """Per process, the lanes it writes."""
        return self._by("producer")

    @cached_property
    def inbound(self) -> tuple[tuple[LanePlan, ...], ...]:
        """Per process, the lanes it reads."""
        return self._by("consumer")

    def _by(self, end: str) -> tuple[tuple[LanePlan, ...], ...]:
        sides: list[list[LanePlan]] = [[] for _ in self.processes]
        for lane in self.lanes:
            sides[getattr(lane, end)].append(lane)
        return tuple(tuple(side) for side in sides)

    def way(self, lane: int) -> str:
        """What the connection of a lane is called."""
        found = self.lanes[lane]
        if found.connection is not None:
            return self.connections[found.connection]
        return "submission" if found.producer == SUPERVISOR else "the outputs of the flow"

    @cached_property
    def upstream(self) -> tuple[frozenset[int], ...]:
        """Per process, the workers that what it gets may come from, itself among them."""
        found = [{process.index} for process in self.processes]
        grown = True
        while grown:
            grown = False
            for lane in self.lanes:
                if SUPERVISOR not in (lane.producer, lane.consumer):
                    before = len(found[lane.consumer])
                    found[lane.consumer] |= found[lane.producer]
                    grown |= len(found[lane.consumer]) > before
        return tuple(map(frozenset, found))

    def workers_of(self, node: str) -> tuple[int, ...]:
        return tuple(p.index for p in self.processes if p.node == node)

    def routes(self, flow: Flow, process: int) -> tuple[Route, ...]:
        """For each event of the routine of `process`, its connections in the order of their declaration."""
        node = self.processes[process].node
        mine = [lane for lane in self.outbound[process] if lane.connection is not None]
        return tuple(
            Route(
                position,
                tuple(
                    (number, tuple(lane.index for lane in mine if lane.connection == number))
                    for number, connection in enumerate(flow.connections)
                    if (connection.source, connection.event) == (node, event)
                ),
            )
            for position, event in enumerate(flow.nodes[node].routine.event_names)
        )


def plan(flow: Flow, workers: dict[str, int] | None = None) -> Plan:
    """Lay out the processes and lanes of `flow`; `workers` overrides the number of workers of a routine."""
    wanted = {name: (workers or {}).get(name, node.workers) for name, node in flow.nodes.items()}
    numbers = count(1)
    processes = (
        ProcessPlan(SUPERVISOR, "", 0),
        *(
            ProcessPlan(next(numbers), name, replica)
            for name in flow.nodes
            for replica in range(wanted[name])
        ),
    )
    of = {name: [p.index for p in processes if p.node == name] for name in flow.nodes}
    rows = _Rows(flow, of)
    return Plan(
        flow.name,
        tuple(connection.id for connection in flow.connections),
        processes,
        tuple(_lanes(flow, processes, of, rows)),
        tuple(
            level
            for names in levels(flow)
            if (level := tuple(i for name in names if _is_flushed(flow, name) for i in of[name]))
        ),
        any(node.routine.activation_policy.needs_origin for node in flow.nodes.values()),
        tuple(rows.taken[process.index] for process in processes),
    )


class _Rows:
    """Hands out the rows of tags: to whoever numbers what it sends, and to whoever merges what it gets."""

    def __init__(self, flow: Flow, of: dict[str, list[int]]) -> None:
        self._flow = flow
        self._of = of
        self._known: dict[tuple[int, object], int] = {}
        self.taken: Counter[int] = Counter()

    def _row(self, process: int, key: object, count: int = 1) -> int:
        if (process, key) not in self._known:
            self._known[process, key] = self.taken[process]
            self.taken[process] += count
        return self._known[process, key]

    def is_ordered(self, name: str) -> bool:
        """Whether an order could get lost there: a single process keeps it by itself."""
        return self._flow.nodes[name].ordered and len(self._of[name]) > 1

    def submitting(self, target: str) -> int:
        """Of the supervisor, towards an entry."""
        if not self.is_ordered(target) or any(c.target == target for c in self._flow.connections):
            return -1
        return self._row(SUPERVISOR, ("to", target))

    def collecting(self, source: str) -> int:
        """Of the supervisor, for the outputs of a routine."""
        if not self.is_ordered(source):
            return -1
        return self._row(SUPERVISOR, ("from", source), len(self._flow.nodes[source].routine.event_names))

    def numbering(self, producer: int, connection: Connection) -> int:
        return self._row(producer, ("to", connection)) if self.is_ordered(connection.target) else -1

    def merging(self, consumer: int, connection: Connection) -> int:
        """Several workers without a key share the messages: there is no order among them."""
        target = self._flow.nodes[connection.target]
        is_shared = len(self._of[target.name]) > 1 and target.key is None
        if is_shared or not self.is_ordered(connection.source):
            return -1
        return self._row(consumer, ("from", connection))


def _lanes(
    flow: Flow, processes: Sequence[ProcessPlan], of: dict[str, list[int]], rows: _Rows
) -> list[LanePlan]:
    lanes: list[LanePlan] = []
    cyclic = inner(flow)

    def add(producer: int, consumer: int, connection: int | None, slot: int = 0, **more: Any) -> None:
        lanes.append(LanePlan(len(lanes), producer, consumer, connection, slot, **more))

    for process in processes[1:]:
        add(SUPERVISOR, process.index, None, numbered=rows.submitting(process.node))
        add(process.index, SUPERVISOR, None, merged=rows.collecting(process.node))
    for number, connection in enumerate(flow.connections):
        slot = flow.nodes[connection.target].routine.slot_names.index(connection.slot)
        for producer in of[connection.source]:
            for consumer in of[connection.target]:
                add(
                    producer,
                    consumer,
                    number,
                    slot,
                    inner=connection in cyclic,
                    numbered=rows.numbering(producer, connection),
                    merged=rows.merging(consumer, connection),
                )
    return lanes


def _is_flushed(flow: Flow, name: str) -> bool:
    """Whether the routine's workers get a token when the job is quiet: they may hold messages back, or have a
    `finish`.
    """
    routine = flow.nodes[name].routine
    return routine.has_finish or not routine.activation_policy.immediate
