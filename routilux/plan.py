"""Here is the plan of a running flow: which processes there are, and which lanes lead from one to another."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from routilux.flow import Flow
from routilux.routing import inner, levels

SUPERVISOR = 0
"""The index of the supervisor among the processes of a plan."""


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """One process: worker `replica` of the routine `node`. Index 0 is the supervisor and has no node."""

    index: int
    node: str
    replica: int

    @property
    def name(self) -> str:
        return f"{self.node}-{self.replica}" if self.node else "supervisor"


@dataclass(frozen=True, slots=True)
class LanePlan:
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


@dataclass(frozen=True, slots=True)
class Route:
    """What becomes of an event: for each of its connections the lanes to the consumer's workers, in their
    order.

    No connection at all: the event is an output of the flow and goes to the supervisor.
    """

    event: int
    connections: tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Plan:
    """Processes and lanes of one flow; the same value in every process."""

    flow: str
    processes: tuple[ProcessPlan, ...]
    lanes: tuple[LanePlan, ...]
    levels: tuple[tuple[int, ...], ...]
    tracks_origin: bool

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
    return Plan(
        flow.name,
        processes,
        tuple(_lanes(flow, processes, of)),
        tuple(
            level
            for names in levels(flow)
            if (level := tuple(i for name in names if _is_flushed(flow, name) for i in of[name]))
        ),
        any(node.routine.activation_policy.needs_origin for node in flow.nodes.values()),
    )


def _lanes(flow: Flow, processes: Sequence[ProcessPlan], of: dict[str, list[int]]) -> list[LanePlan]:
    lanes: list[LanePlan] = []
    cyclic = inner(flow)
    for process in processes[1:]:
        lanes.append(LanePlan(len(lanes), SUPERVISOR, process.index, None))
        lanes.append(LanePlan(len(lanes), process.index, SUPERVISOR, None))
    for number, connection in enumerate(flow.connections):
        slot = flow.nodes[connection.target].routine.slot_names.index(connection.slot)
        for producer in of[connection.source]:
            for consumer in of[connection.target]:
                lanes.append(LanePlan(len(lanes), producer, consumer, number, slot, connection in cyclic))
    return lanes


def _is_flushed(flow: Flow, name: str) -> bool:
    """Whether the routine's workers get a token when the job is quiet: they may hold messages back, or have a
    `finish`.
    """
    routine = flow.nodes[name].routine
    return routine.has_finish or not routine.activation_policy.immediate
