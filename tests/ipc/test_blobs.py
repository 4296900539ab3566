"""A blob stays while a lane has not passed it or anybody looks at it, and goes as soon as nobody does."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ipc.rig import FIRST, SECOND, SOURCE, Rig, check, is_all_free, pass_on, publish
from routilux.errors import ArenaFull
from routilux.ipc import blobs as module
from routilux.ipc.blobs import REFERENCE, Blob, Pins
from routilux.ipc.heap import GRAIN, Extent
from routilux.ipc.lanes import BLOB, Frame, LaneReader
from routilux.ipc.layout import PINS, WORD

CONSUMERS = (FIRST, SECOND)


class Lease:
    """What user code looks through."""


@dataclass
class Sent:
    """A blob as the model knows it."""

    address: int
    extent: Extent
    content: bytes
    ways: dict[int, str] = field(default_factory=dict)
    """Per consumer whose frame has not been passed: whether the frame is private or public."""
    leases: dict[int, list[Lease]] = field(default_factory=dict)
    holds: dict[int, list[int]] = field(default_factory=dict)
    loan: memoryview | None = None
    """What the producer itself looks through."""

    @property
    def is_needed(self) -> bool:
        return bool(
            self.ways or any(self.leases.values()) or any(self.holds.values()) or self.loan is not None
        )


class BlobMachine(RuleBasedStateMachine):
    """A producer, two consumers with pins, and everybody may crash."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig(heap=1 << 18)
        self.sent: list[Sent] = []
        self.lent: list[tuple[Blob, memoryview]] = []
        self.number = 0
        self.readers: dict[int, LaneReader] = {}
        self.pins: dict[int, Pins] = {}
        self.start_producer()
        for consumer in CONSUMERS:
            self.start_consumer(consumer, [])

    def start_producer(self) -> None:
        self.writers = {consumer: self.rig.writer(SOURCE, consumer) for consumer in CONSUMERS}
        self.blobs = self.rig.blobs(SOURCE)

    def start_consumer(self, consumer: int, held: list[int]) -> None:
        self.readers[consumer] = self.rig.reader(SOURCE, consumer)
        self.pins[consumer] = Pins(self.rig.own(consumer))
        self.pins[consumer].restore(held)

    # ---- the producer -------------------------------------------------------------------------------------

    @rule(nbytes=st.integers(1, 60_000), to=st.sets(st.sampled_from(CONSUMERS)))
    def send(self, nbytes: int, to: set[int]) -> None:
        try:
            blob, room = self.blobs.room(nbytes)
        except ArenaFull:
            assert not self.blobs.has_room(nbytes)
            return
        room[:] = content = self.content(nbytes)
        self.put(blob, Sent(blob.address, blob.extent, content), to)

    def content(self, nbytes: int) -> bytes:
        self.number += 1
        return self.number.to_bytes(4, "big") * (nbytes // 4) + bytes(nbytes % 4)

    def put(self, blob: Blob, sent: Sent, to: set[int]) -> None:
        start, size = blob.extent
        replaced = [s for s in self.sent if s.extent.offset < start + size and start < sum(s.extent)]
        assert not any(old.is_needed for old in replaced)
        self.sent = [old for old in self.sent if old not in replaced]
        for consumer in sorted(to):
            writer = self.writers[consumer]
            end = writer.put(Frame(1, 0, 1, blob.reference, BLOB))
            assert end, "the ring has room for more references than the heap for blobs"
            blob.uses.append((writer, end))
            writer.carry(blob.nbytes)
            sent.ways[consumer] = "private"
        if to or sent.loan is not None:
            self.sent.append(sent)
        if to:
            self.blobs.sent(blob)
        else:
            self.blobs.drop(blob)

    @rule(nbytes=st.integers(1, 60_000))
    def lend(self, nbytes: int) -> None:
        try:
            self.lent.append(self.blobs.lend(nbytes))
        except ArenaFull:
            assert not self.blobs.has_room(nbytes)

    @precondition(lambda self: self.lent)
    @rule(start=st.integers(0, 4), to=st.sets(st.sampled_from(CONSUMERS)), looks=st.booleans())
    def send_a_loan(self, start: int, to: set[int], *, looks: bool) -> None:
        """What is sent may begin behind the beginning; whoever filled it may look at it for longer."""
        blob, view = self.lent.pop()
        begin = min(64 * start, (blob.nbytes - 1) // 64 * 64)
        content = self.content(blob.nbytes - begin)
        view[begin:] = content
        self.blobs.take_back(blob, begin, len(content))
        self.put(blob, Sent(blob.address, blob.extent, content, loan=view if looks else None), to)

    @rule()
    def look_away(self) -> None:
        """From the oldest loan, sent or not."""
        if self.lent:
            del self.lent[0]
        for sent in [sent for sent in self.sent if sent.loan is not None][:1]:
            sent.loan = None

    @rule()
    def publish(self) -> None:
        for consumer, writer in self.writers.items():
            publish(self.rig, writer)
            for sent in self.sent:
                if consumer in sent.ways:
                    sent.ways[consumer] = "public"

    @rule()
    def collect(self) -> None:
        """Afterwards just what may be needed is not free."""
        self.blobs.collect()
        unswept = {
            self.rig.own(consumer).words[pins._blob + row]
            for consumer, pins in self.pins.items()
            for row in range(self.rig.word(consumer, "pins_used"))
            if self.rig.own(consumer).words[pins._live + row]
        }
        kept = [sent for sent in self.sent if sent.ways or sent.address in unswept or sent.loan is not None]
        check(self.blobs.heap, [*(sent.extent for sent in kept), *(blob.extent for blob, _ in self.lent)])
        self.sent = kept

    @rule()
    def producer_crashes(self) -> None:
        for sent in self.sent:
            sent.ways = {consumer: way for consumer, way in sent.ways.items() if way == "public"}
            sent.loan = None
            sent.extent = Extent(sent.address - self.blobs._start, -(-len(sent.content) // GRAIN) * GRAIN)
        self.lent.clear()
        self.start_producer()
        self.blobs.restore(self.writers.values())
        self.blobs.restored()
        self.collect()

    # ---- the consumers ------------------------------------------------------------------------------------

    @rule(consumer=st.sampled_from(CONSUMERS), looks=st.sampled_from(["no", "lease", "hold"]))
    def receive(self, consumer: int, looks: str) -> None:
        reader = self.readers[consumer]
        frame = reader.head()
        expected = [sent for sent in self.sent if sent.ways.get(consumer) == "public"]
        assert (frame is None) == (not expected)
        if frame is None:
            return
        sent, pins = expected[0], self.pins[consumer]
        address, nbytes = REFERENCE.unpack(frame.payload)
        assert (address, nbytes) == (sent.address, len(sent.content))
        if looks == "lease":
            lease = Lease()
            pins.keep(address, nbytes, weakref.ref(lease))
            sent.leases.setdefault(consumer, []).append(lease)
        elif looks == "hold":
            sent.holds.setdefault(consumer, []).append(pins.hold(address, nbytes))
        reader.use(frame, 1)
        pass_on(self.rig, reader)
        del sent.ways[consumer]

    @precondition(lambda self: any(sent.leases or sent.holds for sent in self.sent))
    @rule(data=st.data(), consumer=st.sampled_from(CONSUMERS))
    def let_go(self, data: st.DataObject, consumer: int) -> None:
        sent = data.draw(st.sampled_from([sent for sent in self.sent if sent.leases or sent.holds]))
        sent.leases.pop(consumer, None)
        for row in sent.holds.pop(consumer, []):
            self.pins[consumer].release(row)

    @rule(consumer=st.sampled_from(CONSUMERS))
    def sweep(self, consumer: int) -> None:
        self.pins[consumer].sweep()
        looked_at = sum(len(s.leases.get(consumer, [])) for s in self.sent)
        held = sum(len(s.holds.get(consumer, [])) for s in self.sent)
        assert self.pins[consumer].free == PINS - looked_at - held
        assert len(self.pins[consumer].held) == looked_at

    @rule(consumer=st.sampled_from(CONSUMERS))
    def consumer_crashes(self, consumer: int) -> None:
        """Who looked is gone, what its records hold is not."""
        for sent in self.sent:
            sent.leases.pop(consumer, None)
        self.start_consumer(consumer, [row for s in self.sent for row in s.holds.get(consumer, [])])

    # ---- always -------------------------------------------------------------------------------------------

    @invariant()
    def what_is_needed_is_whole(self) -> None:
        for sent in self.sent:
            if sent.is_needed:
                assert self.rig.arena.data[sent.address : sent.address + len(sent.content)] == sent.content

    def teardown(self) -> None:
        """In the end all of it is free, whatever happened before."""
        self.publish()
        self.lent.clear()
        for consumer in CONSUMERS:
            for sent in self.sent:
                sent.loan = None
                sent.leases.pop(consumer, None)
                for row in sent.holds.pop(consumer, []):
                    self.pins[consumer].release(row)
            while any(sent.ways.get(consumer) for sent in self.sent):
                self.receive(consumer, "no")
            self.pins[consumer].sweep()
        self.blobs.collect()
        assert is_all_free(self.blobs.heap)
        self.rig.close()


TestBlobMachine = BlobMachine.TestCase


def large(rig: Rig, *, to: int = FIRST) -> tuple[module.BlobWriter, Blob]:
    """A blob whose frame the consumer can read."""
    blobs, writer = rig.blobs(SOURCE), rig.writer(SOURCE, to)
    blob, room = blobs.room(100)
    room[:] = b"x" * 100
    blob.uses.append((writer, writer.put(Frame(1, 0, 1, blob.reference, BLOB))))
    blobs.sent(blob)
    publish(rig, writer)
    return blobs, blob


def receive(rig: Rig) -> None:
    reader = rig.reader(SOURCE, FIRST)
    frame = reader.head()
    assert frame is not None
    reader.use(frame, 1)
    pass_on(rig, reader)


def test_a_blob_in_a_full_heap_is_freed_for_the_next_one() -> None:
    with Rig(heap=1 << 16) as rig:
        blobs = rig.blobs(SOURCE)
        first, _ = blobs.room(blobs.largest)
        with pytest.raises(ArenaFull):
            blobs.room(1)
        blobs.sent(first)  # to nobody
        assert blobs.room(blobs.largest)[0].extent == first.extent


def test_a_blob_that_waits_for_room_is_not_freed() -> None:
    with Rig() as rig:
        blobs = rig.blobs(SOURCE)
        blob, _ = blobs.room(100)
        blob.holders = 1
        blobs.sent(blob)
        blobs.collect()
        check(blobs.heap, [blob.extent])
        blob.holders = 0
        blobs.collect()
        assert is_all_free(blobs.heap)


def test_a_pinned_blob_does_not_keep_the_ones_behind_it() -> None:
    with Rig() as rig:
        blobs, pinned = large(rig)
        Pins(rig.own(FIRST)).hold(pinned.address, 100)
        receive(rig)
        free, _ = blobs.room(100)
        blobs.sent(free)  # to nobody
        blobs.collect()
        check(blobs.heap, [pinned.extent])


def test_after_a_restart_several_references_are_one_blob() -> None:
    with Rig() as rig:
        _, blob = large(rig)
        Pins(rig.own(SECOND)).hold(blob.address, 100)
        blobs = rig.blobs(SOURCE)
        writers = [rig.writer(SOURCE, consumer) for consumer in CONSUMERS]
        blobs.restore(writers)
        again = blobs.known(blob.address, 100)
        assert (again.extent, len(again.uses), again.watched) == (blob.extent, 1, frozenset({SECOND}))
        assert writers[0].large == 100


def test_one_process_pins_so_many_blobs_and_no_more() -> None:
    with Rig() as rig:
        pins = Pins(rig.own(FIRST))
        rows = [pins.hold(64 * number, 1) for number in range(PINS)]
        assert (sorted(rows), pins.free) == ([*range(PINS)], 0)
        with pytest.raises(ArenaFull, match="accept smaller batches"):
            pins.hold(0, 1)
        pins.release(rows[7])
        assert pins.hold(0, 1) == rows[7]


def test_a_leased_view_is_read_only_and_its_reference_dies_with_the_last_view() -> None:
    with Rig() as rig:
        blob, room = rig.blobs(SOURCE).room(100)
        room[:] = b"x" * 100
        view, lease = rig.arena.lease(blob.address, 100)
        part = view[10:20]
        del view
        gc.collect()
        assert (bytes(part), part.readonly, lease() is None) == (b"x" * 10, True, False)
        del part
        assert lease() is None


def test_a_pin_is_complete_before_it_is_live() -> None:
    """Its producer may look at any moment: count, address and size come first."""
    with Rig() as rig:
        stored: list[str] = []
        names = ("pins_used", "pin_live", "pin_blob", "pin_size")
        own = rig.own(FIRST)
        place = {rig.arena.layout.sections[FIRST].words[name] // WORD: name for name in names}
        base = own.section.start // WORD

        class Watched:
            def __getitem__(self, index: int) -> int:
                return own.words[index]

            def __setitem__(self, index: int, value: int) -> None:
                stored.append(place[base + index])
                own.words[index] = value

        pins = Pins(own)
        vars(pins)["_words"] = Watched()
        pins.hold(64, 1)
        assert stored[-1] == "pin_live"
        assert set(stored) == set(names)
