"""A producer that waits for room is told of it before its consumer has nothing more to do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ipc.rig import FIRST, SOURCE, Rig, pass_on, publish
from routilux.ipc.blobs import Blob, Pins
from routilux.ipc.channels import Channel, Part, segments
from routilux.ipc.codec import Decoder
from routilux.ipc.heap import Extent
from routilux.ipc.layout import Order
from routilux.ipc.records import Records
from routilux.ipc.turns import Turns
from routilux.worker.intake import Inlet
from routilux.worker.loader import Loader

MIB = 1 << 20
SIZES = st.sampled_from([0, 64 << 10, MIB, 2 * MIB, 4 * MIB - 64, 5 * MIB, 8 * MIB, 20 * MIB])
"""Of messages; 0 is a small one."""


def part(size: int) -> Part:
    return Blob(Extent(0, size), 0, size) if size else bytes(1000)


class Ends:
    """A producer with much to send, and its consumer; each knows of the other what bells tell it."""

    def __init__(self, rig: Rig, parts: list[Part]) -> None:
        own = rig.own(FIRST)
        heap, pins = rig.blobs(FIRST).heap, Pins(own)
        self.rig = rig
        self.writer = rig.writer(SOURCE, FIRST)
        self.channel = Channel([self.writer], lambda _: 0)
        records, loader = Records(own, heap, pins), Loader(rig.arena, Decoder(), pins)
        reader = rig.reader(SOURCE, FIRST)
        self.inlet = Inlet(reader, loader, rig.tx(FIRST), records, Turns(own, 0, 1))
        for segment in segments(1, 0, parts):
            self.channel.push(segment)
        self.is_rung, self.is_written = True, False

    def write(self) -> None:
        self.channel.pump()
        self.is_rung, self.is_written = False, True

    def publish(self) -> None:
        publish(self.rig, self.writer)
        self.is_written = False

    def use(self, frames: int) -> None:
        for _ in range(frames):
            if (batch := self.inlet.next(lambda _: Order.RUN)) is not None:
                self.inlet.use(batch, batch.count)
        pass_on(self.rig, self.inlet.reader)
        if self.inlet.owes_credit:
            self.inlet.owed, self.inlet.passed_from = 0, self.inlet.reader.position
            self.is_rung = True

    @property
    def can(self) -> list[str]:
        """What may happen next."""
        found = ["use"] if self.inlet.reader.waiting else []
        if self.is_written:
            return [*found, "publish"]
        return [*found, "write"] if self.is_rung else found


@given(st.lists(st.tuples(SIZES, st.integers(1, 60)), max_size=8), st.data())
def test_who_waits_for_room_is_told_in_time(runs: list[tuple[int, int]], data: st.DataObject) -> None:
    parts = [part(size) for size, count in runs for _ in range(count)]
    with Rig() as rig:
        ends = Ends(rig, parts)
        while can := ends.can:
            match data.draw(st.sampled_from(can)):
                case "write":
                    ends.write()
                case "publish":
                    ends.publish()
                case "use":
                    ends.use(data.draw(st.integers(1, 4)))
        assert not ends.channel
        assert ends.inlet.reader.total == len(parts)
