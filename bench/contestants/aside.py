"""Here is what it costs to take frames out of the way of others, into the pending store and out again.

One process and no sockets: the lanes, the records and the commits of a worker, without its logic.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter

from bench.contestants.work import Found, Measure
from routilux import Flow, routine
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.blobs import BlobWriter, Pins
from routilux.ipc.codec import Decoder, Encoder, batch
from routilux.ipc.commit import Transaction
from routilux.ipc.lanes import Frame, LaneReader, LaneWriter
from routilux.ipc.layout import Layout, Order
from routilux.ipc.records import Records
from routilux.ipc.turns import Turns
from routilux.plan import plan
from routilux.worker.intake import Inlet
from routilux.worker.loader import Loader

AT_ONCE = 8
"""Frames a commit."""


@routine
def step(value: object) -> object:
    return value


class Lane:
    """The producer's and the consumer's end of one lane, in one process."""

    def __init__(self) -> None:
        flow = plan(Flow("aside").pipe(step, "a").pipe(step, "b"))
        self.arena = Arena.create(Layout(flow, 1, 64 << 20))
        (lane,) = (lane for lane in flow.lanes if lane.connection == 0)
        self.producer, self.consumer = (OwnSection(self.arena, end) for end in (lane.producer, lane.consumer))
        self.writer = LaneWriter(self.arena, self.producer, lane)
        self.tx = Transaction(self.consumer)
        pins = Pins(self.consumer)
        self.records = Records(self.consumer, BlobWriter(self.arena, self.consumer).heap, pins)
        self.loader = Loader(self.arena, Decoder(), pins)
        reader = LaneReader(self.arena, self.consumer, lane)
        self.inlet = Inlet(reader, self.loader, self.tx, self.records, Turns(self.consumer, 0, 1))
        part = Encoder().encode({"number": 1, "name": "anything", "value": 0.5})
        self.frame = Frame(1, 0, 64, batch([part] * 64 if isinstance(part, bytes) else []))

    def send(self) -> None:
        for _ in range(AT_ONCE):
            self.writer.put(self.frame)
        self.producer.words[self.writer.published] = self.writer.position

    def commit(self) -> None:
        self.tx.commit({self.inlet.reader.consumed: self.inlet.reader.mark})
        self.records.settle()

    def use_all(self) -> None:
        for _ in range(AT_ONCE):
            found = self.inlet.next(lambda _: Order.RUN)
            if found is not None:
                found.values(self.loader)
                self.inlet.use(found, found.count)
        self.commit()

    def close(self) -> None:
        for end in (self.producer, self.consumer):
            end.close()
        self.arena.close()


@contextmanager
def frames(*, is_aside: bool) -> Iterator[Measure]:
    """Frames a second."""
    lane = Lane()
    try:
        yield partial(_rate, lane, is_aside=is_aside)
    finally:
        lane.close()


def _rate(lane: Lane, count: int, *, is_aside: bool) -> Found:
    began = perf_counter()
    for _ in range(count):
        lane.send()
        if is_aside:
            lane.inlet.relieve()
            lane.commit()
        lane.use_all()
    return {"value": count * AT_ONCE / (perf_counter() - began)}
