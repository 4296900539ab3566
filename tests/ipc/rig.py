"""Here is the arena of a small flow with all its processes in this one: a source, two workers, a sink."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from routilux import Flow, Routine
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.blobs import BlobWriter
from routilux.ipc.commit import Transaction
from routilux.ipc.heap import Extent, Heap
from routilux.ipc.lanes import LaneReader, LaneWriter
from routilux.ipc.layout import Layout
from routilux.plan import LanePlan, plan

JOBS = 8
SOURCE, FIRST, SECOND, SINK = 1, 2, 3, 4


def small_flow() -> Flow:
    flow = Flow("small")
    for name, workers in (("source", 1), ("work", 2), ("sink", 1)):
        routine = Routine()
        routine.add_slot("x")
        routine.add_event("y")
        flow.add_routine(routine, name, workers=workers)
    flow.connect("source", "y", "work", "x")
    flow.connect("work", "y", "sink", "x")
    return flow


class Rig:
    """The arena, and what its processes would have of it."""

    def __init__(self, heap: int = 1 << 20) -> None:
        self.plan = plan(small_flow())
        self.arena = Arena.create(Layout(self.plan, JOBS, heap))
        self._owns: dict[int, OwnSection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def own(self, index: int) -> OwnSection:
        if index not in self._owns:
            self._owns[index] = OwnSection(self.arena, index)
        return self._owns[index]

    def lane(self, producer: int, consumer: int) -> LanePlan:
        return next(p for p in self.plan.lanes if (p.producer, p.consumer) == (producer, consumer))

    def writer(self, producer: int, consumer: int) -> LaneWriter:
        return LaneWriter(self.arena, self.own(producer), self.lane(producer, consumer))

    def reader(self, producer: int, consumer: int) -> LaneReader:
        return LaneReader(self.arena, self.own(consumer), self.lane(producer, consumer))

    def blobs(self, index: int) -> BlobWriter:
        return BlobWriter(self.arena, self.own(index))

    def tx(self, index: int) -> Transaction:
        return Transaction(self.own(index))

    def word(self, index: int, name: str) -> int:
        own = self.own(index)
        return own.words[own.index(own.section.words[name])]

    def close(self) -> None:
        for own in self._owns.values():
            own.close()
        self.arena.close()


@contextmanager
def lane_of(producer: int, consumer: int) -> Iterator[tuple[Rig, LaneWriter, LaneReader]]:
    with Rig() as rig:
        yield rig, rig.writer(producer, consumer), rig.reader(producer, consumer)


def publish(rig: Rig, writer: LaneWriter) -> None:
    """What a commit does for a lane's producer."""
    rig.own(writer.plan.producer).words[writer.published] = writer.position


def pass_on(rig: Rig, reader: LaneReader) -> None:
    """What a commit does for a lane's consumer."""
    rig.own(reader.plan.consumer).words[reader.consumed] = reader.mark


def is_all_free(heap: Heap) -> bool:
    return heap._free == ([Extent(0, heap.top)] if heap.top else [])


def check(heap: Heap, taken: list[Extent]) -> None:
    """Taken and free extents tile all below the top, and no two free ones are neighbours."""
    tiles = sorted([(e, False) for e in taken] + [(e, True) for e in heap._free])
    at, was_free = 0, False
    for (offset, size), is_free in tiles:
        assert offset == at
        assert size > 0
        assert not (is_free and was_free)
        at, was_free = offset + size, is_free
    assert at == heap.top <= heap.size
