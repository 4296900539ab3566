"""Here is the wiring of a modelled flow: its processes, lanes and channels, and the levels of its flush."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from .flow import Connection, Flow, Routine, Setting
from .state import (
    IDLE,
    MANY,
    NOBODY,
    Frame,
    Message,
    Process,
    Section,
    State,
)

SUPERVISOR = 0


class Lane(NamedTuple):
    """One (producer, connection, consumer), and which of the lanes of either side it is."""

    number: int
    producer: int
    outlet: int
    consumer: int
    inlet: int
    connection: str
    slot: int
    capacity: int


class Channel(NamedTuple):
    """A connection as its producer sees it: the lanes to all its consumers."""

    connection: Connection
    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class Wiring:
    """A flow under one setting, laid out; all of it is fixed before the run begins."""

    flow: Flow
    setting: Setting

    @cached_property
    def names(self) -> tuple[str, ...]:
        return ("S", *self.flow.routines)

    @cached_property
    def workers(self) -> range:
        return range(1, len(self.names))

    @cached_property
    def routines(self) -> tuple[Routine, ...]:
        return (Routine(), *self.flow.routines.values())

    @cached_property
    def connections(self) -> dict[str, Connection]:
        """Those of the flow, a lane for the tokens of each worker, and one for its reports."""
        found = dict(self.flow.connections)
        if self.setting.detects:
            for name, routine in self.flow.routines.items():
                if routine.is_flushed:
                    found[f"token {name}"] = Connection("S", name)
        for name in {name for name, _ in self.flow.poison}:
            found[f"dead {name}"] = Connection(name, "S")
        return found

    @cached_property
    def expected(self) -> dict[str, dict[int, list[int]]]:
        found = {name: {job: list(v) for job, v in jobs.items()} for name, jobs in self.flow.expected.items()}
        for name in {name for name, _ in self.flow.poison}:
            found[f"dead {name}"] = {0: list(self.flow.dead.get(name, ()))}
        return found

    @cached_property
    def lanes(self) -> tuple[Lane, ...]:
        found: list[Lane] = []
        for name, connection in self.connections.items():
            for producer in map(self.names.index, connection.producers.split()):
                for consumer in map(self.names.index, connection.consumers.split()):
                    outlet = sum(lane.producer == producer for lane in found)
                    inlet = sum(lane.consumer == consumer for lane in found)
                    room = MANY if producer == SUPERVISOR else self.setting.capacity
                    where = (len(found), producer, outlet, consumer, inlet)
                    found.append(Lane(*where, name, connection.slot, room))
        return tuple(found)

    @cached_property
    def inlets(self) -> tuple[tuple[Lane, ...], ...]:
        return tuple(tuple(x for x in self.lanes if x.consumer == i) for i in range(len(self.names)))

    @cached_property
    def outlets(self) -> tuple[tuple[Lane, ...], ...]:
        return tuple(tuple(x for x in self.lanes if x.producer == i) for i in range(len(self.names)))

    @cached_property
    def channels(self) -> tuple[tuple[Channel, ...], ...]:
        """Per process; the last of a worker that may die of poison is for its reports."""
        return tuple(
            tuple(
                Channel(self.connections[name], tuple(lane for lane in lanes if lane.connection == name))
                for name in dict.fromkeys(lane.connection for lane in lanes)
            )
            for lanes in self.outlets
        )

    @cached_property
    def reports(self) -> tuple[int, ...]:
        """Per process the number of the channel for its reports, or -1."""
        return tuple(
            next((n for n, c in enumerate(channels) if c.lanes[0].connection == f"dead {name}"), -1)
            for name, channels in zip(self.names, self.channels, strict=True)
        )

    @cached_property
    def is_large(self) -> tuple[bool, ...]:
        """Per lane."""
        return tuple(self.connections[lane.connection].is_large for lane in self.lanes)

    @cached_property
    def large_lanes(self) -> tuple[Lane, ...]:
        return tuple(lane for lane in self.lanes if self.is_large[lane.number])

    @cached_property
    def killable(self) -> tuple[bool, ...]:
        only = self.setting.only.split()
        return tuple(n != SUPERVISOR and (not only or x in only) for n, x in enumerate(self.names))

    # ---- cycles and levels --------------------------------------------------------------------------------

    @cached_property
    def _reach(self) -> set[tuple[int, int]]:
        """Who can send something to whom, by whatever way; everybody to himself."""
        found = {(i, i) for i in self.workers}
        found |= {(lane.producer, lane.consumer) for lane in self.lanes if lane.producer and lane.consumer}
        for via in self.workers:
            found |= {(a, c) for a, b in found if b == via for x, c in found if x == via}
        return found

    def _in_one_cycle(self, a: int, b: int) -> bool:
        return {(a, b), (b, a)} <= self._reach

    @cached_property
    def inner(self) -> tuple[bool, ...]:
        """Per lane, whether it lies in a cycle."""
        return tuple(self._in_one_cycle(lane.producer, lane.consumer) for lane in self.lanes)

    def _depth(self, worker: int) -> int:
        """How many cycles (mostly of one worker) lie before it on the longest way."""
        before = {
            lane.producer
            for lane in self.lanes
            if lane.producer
            and lane.consumer
            and self._in_one_cycle(worker, lane.consumer)
            and not self._in_one_cycle(lane.producer, worker)
        }
        return max((self._depth(x) + 1 for x in before), default=0)

    @cached_property
    def levels(self) -> tuple[tuple[Lane, ...], ...]:
        """The lanes for tokens, those first that lie nearest to the beginning."""
        tokens = [lane for lane in self.lanes if lane.connection.startswith("token ")]
        depths = {lane: self._depth(lane.consumer) for lane in tokens}
        return tuple(
            tuple(lane for lane in tokens if depths[lane] == depth) for depth in sorted(set(depths.values()))
        )

    # ---- the beginning ------------------------------------------------------------------------------------

    def begin(self) -> State:
        """The state in which all seeds have been sent and nobody has looked yet."""
        jobs = self.flow.jobs
        sections = tuple(self._section(i) for i in range(len(self.names)))
        return State(
            processes=tuple(Process() for _ in self.names),
            sections=sections,
            paused=(False,) * jobs,
            desk=IDLE,
            attempts=(),
            done=(False,) * jobs,
            freed=frozenset(),
            freeing=None,
            kills=self.setting.kills,
            restarts=self.setting.restarts,
            pauses=self.setting.pauses,
            zombie=None,
        )

    def _section(self, index: int) -> Section:
        nothing = (0,) * self.flow.jobs
        outlets = tuple(tuple(self._seeds(lane)) for lane in self.outlets[index])
        created = [0] * self.flow.jobs
        for frame in (frame for frames in outlets for frame in frames):
            created[frame.job] += len(frame.messages)
        return Section(
            begun=False,
            unapplied=False,
            log=(),
            at=NOBODY,
            alone=True,
            care=False,
            poison=NOBODY,
            created=tuple(created),
            retired=nothing,
            outlets=outlets,
            inlets=((0, 0),) * len(self.inlets[index]),
            records=(),
            next_tag=nothing,
            final=(False,) * self.flow.jobs,
            level=nothing,
            pins=(),
        )

    def _seeds(self, lane: Lane) -> Iterator[Frame]:
        for seed in self.flow.seeds.get(lane.connection, ()):
            messages: tuple[Message, ...] = tuple((value, 0) for value in seed.values)
            yield Frame(seed.job, lane.slot, seed.tag, messages)
