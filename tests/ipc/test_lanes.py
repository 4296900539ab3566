"""What goes into a lane comes out of it, in order, once; whoever crashes goes on from the words."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ipc.rig import FIRST, SOURCE, Rig, lane_of, pass_on, publish
from routilux.errors import WireError
from routilux.ipc.lanes import ALIGN, BLOB, HEADER, MAX_COUNT, MAX_PAYLOAD, PADDING, TOKEN, USED_BITS, Frame
from routilux.ipc.layout import RING

U32, U64 = st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 64) - 1)
SIZES = st.one_of(
    st.integers(0, 200),
    st.integers(0, MAX_PAYLOAD),
    st.sampled_from([0, 15, 16, 17, 79, 80, 81, MAX_PAYLOAD - 1, MAX_PAYLOAD]),
)
FRAMES = st.builds(
    Frame,
    job=U32,
    port=st.integers(0, (1 << 16) - 1),
    messages=st.one_of(st.integers(1, 5), st.integers(1, MAX_COUNT)),
    payload=st.builds(lambda seed, size: Random(seed).randbytes(size), st.integers(0, 99), SIZES),
    flags=st.sampled_from([0, TOKEN, BLOB]),
    tag=U64,
    span=st.integers(0, (1 << 32) - 1),
    origin=U64,
)
STARTS = st.one_of(st.integers(0, 2 * RING // ALIGN), st.integers(1 << 30, 1 << 38)).map(lambda n: n * ALIGN)


def told(frame: Frame) -> tuple[object, ...]:
    """All that a frame says, wherever it lies."""
    return (*frame[:3], bytes(frame.payload), *frame[4:7], frame.span)


class LaneMachine(RuleBasedStateMachine):
    """A lane against a list of frames, of which the consumer's commits cut off the front."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig()
        self.private: list[Frame] = []
        self.public: list[Frame] = []
        self.at, self.used = 0, 0
        """How far the consumer is among the public frames, not yet committed."""
        self.kept_used = 0

    @initialize(start=STARTS)
    def begin(self, start: int) -> None:
        """A lane that has been in use for some time."""
        writer, reader = self.rig.writer(SOURCE, FIRST), self.rig.reader(SOURCE, FIRST)
        self.rig.own(SOURCE).words[writer.published] = start
        self.rig.own(FIRST).words[reader.consumed] = start << USED_BITS
        self.writer, self.reader = self.rig.writer(SOURCE, FIRST), self.rig.reader(SOURCE, FIRST)

    @rule(frame=FRAMES, times=st.integers(1, 12))
    def put(self, frame: Frame, times: int) -> None:
        for _ in range(times):
            before = self.writer.position
            end = self.writer.put(frame)
            if not end:
                assert self.lacks_room(frame)
                assert self.writer.position == before
                return
            assert end == self.writer.position
            self.private.append(frame)

    def lacks_room(self, frame: Frame) -> bool:
        """Neither before the end of the ring nor at its beginning is there a piece that is long enough."""
        mark = self.rig.own(FIRST).words[self.reader.consumed] >> USED_BITS
        room = RING - (self.writer.position - mark)
        before_end = RING - self.writer.position % RING
        return frame.space > min(room, before_end) and frame.space > room - before_end

    @rule()
    def publish(self) -> None:
        publish(self.rig, self.writer)
        self.public += self.private
        self.private.clear()

    @rule(share=st.integers(0, MAX_COUNT))
    def use(self, share: int) -> None:
        frame = self.reader.head()
        if frame is None:
            assert self.at == len(self.public)
            return
        assert told(frame) == told(self.public[self.at])
        assert self.reader.used == self.used
        self.used = min(frame.messages, self.used + max(1, share % frame.messages))
        self.reader.use(frame, self.used)
        if self.used == frame.messages:
            self.at, self.used = self.at + 1, 0

    @rule(most=st.integers(1, 100))
    def use_many(self, most: int) -> None:
        for _ in range(most):
            self.use(MAX_COUNT)

    @rule()
    def commit(self) -> None:
        pass_on(self.rig, self.reader)
        del self.public[: self.at]
        self.at, self.kept_used = 0, self.used

    @rule()
    def consumer_crashes(self) -> None:
        self.reader = self.rig.reader(SOURCE, FIRST)
        self.at, self.used = 0, self.kept_used

    @rule()
    def producer_crashes(self) -> None:
        self.writer.close()
        self.writer = self.rig.writer(SOURCE, FIRST)
        self.private.clear()
        ends = list(self.writer.in_flight())
        assert [told(frame) for frame, _ in ends] == [told(frame) for frame in self.public]
        assert [end for _, end in ends if self.writer.passed(end)] == []

    @invariant()
    def nothing_is_overwritten(self) -> None:
        reader = self.rig.reader(SOURCE, FIRST)
        assert reader.used == self.kept_used
        for frame in self.public:
            found = reader.head()
            assert found is not None
            assert told(found) == told(frame)
            reader.use(found, found.messages)
        assert reader.head() is None

    @precondition(lambda self: hasattr(self, "writer"))
    @invariant()
    def the_writer_knows_what_is_outstanding(self) -> None:
        assert (
            self.writer.outstanding()
            == sum(frame.messages for frame in self.public + self.private) - self.kept_used
        )

    def teardown(self) -> None:
        self.rig.close()


TestLaneMachine = LaneMachine.TestCase


@given(FRAMES, STARTS)
def test_a_lane_takes_what_its_ring_holds_and_no_more(frame: Frame, start: int) -> None:
    with lane_of(SOURCE, FIRST) as (rig, writer, reader):
        rig.own(SOURCE).words[writer.published] = start
        rig.own(FIRST).words[reader.consumed] = start << USED_BITS
        writer = rig.writer(SOURCE, FIRST)  # noqa: PLW2901 - it begins at `start`
        while writer.put(frame):
            pass
        assert RING - 2 * frame.space < writer.position - start <= RING


def lane_with(frames: list[Frame]) -> Iterator[tuple[Rig, int]]:
    """Place of the first frame in the producer's section."""
    with lane_of(SOURCE, FIRST) as (rig, writer, _):
        for frame in frames:
            writer.put(frame)
        publish(rig, writer)
        section = rig.own(SOURCE).section
        yield rig, section.rings[writer.plan.index] - section.start


@given(FRAMES, st.integers(0, HEADER.size - 1), st.integers(1, 255))
def test_a_header_with_a_flipped_byte_is_refused(frame: Frame, place: int, bits: int) -> None:
    for rig, start in lane_with([frame]):
        rig.own(SOURCE).data[start + place] ^= bits
        with pytest.raises(WireError, match="at position 0 is damaged"):
            rig.reader(SOURCE, FIRST).head()


@given(st.integers(0, HEADER.size - 1), st.integers(1, 255))
def test_padding_with_a_flipped_byte_is_refused(place: int, bits: int) -> None:
    with lane_of(SOURCE, FIRST) as (rig, _, reader):
        filled(rig, 4 * [Frame(1, 0, 1, bytes(RING // 5))])
        while head := reader.head():
            reader.use(head, 1)
        pass_on(rig, reader)
        at = reader.position % RING
        writer = rig.writer(SOURCE, FIRST)
        assert writer.put(Frame(1, 0, 1, bytes(RING // 4)))
        publish(rig, writer)
        section = rig.own(SOURCE).section
        start = section.rings[writer.plan.index] - section.start + at
        assert HEADER.unpack_from(rig.own(SOURCE).data, start)[6] == PADDING
        rig.own(SOURCE).data[start + place] ^= bits
        with pytest.raises(WireError, match="damaged"):
            reader.head()


def filled(rig: Rig, frames: list[Frame]) -> None:
    writer = rig.writer(SOURCE, FIRST)
    for frame in frames:
        assert writer.put(frame)
    publish(rig, writer)


def test_a_frame_of_the_lap_before_is_refused() -> None:
    with lane_of(SOURCE, FIRST) as (rig, writer, reader):
        while writer.put(Frame(1, 0, 1, bytes(200))):
            publish(rig, writer)
        while head := reader.head():
            reader.use(head, 1)
        pass_on(rig, reader)
        assert reader.position == RING
        rig.own(SOURCE).words[writer.published] = RING + ALIGN
        with pytest.raises(WireError, match=f"at position {RING} is damaged, or not the one expected"):
            reader.head()


def test_a_payload_is_read_in_place_and_cannot_be_written() -> None:
    with lane_of(SOURCE, FIRST) as (rig, _, reader):
        filled(rig, [Frame(1, 0, 1, b"abc")])
        head = reader.head()
        assert head is not None
        assert isinstance(head.payload, memoryview)
        assert head.payload.readonly


def test_a_lane_knows_the_bytes_of_the_large_payloads_under_way() -> None:
    with lane_of(SOURCE, FIRST) as (rig, writer, reader):
        writer.put(Frame(1, 0, 1, b"", BLOB))
        writer.carry(100)
        assert writer.large == 100
        publish(rig, writer)
        head = reader.head()
        assert head is not None
        reader.use(head, 1)
        pass_on(rig, reader)
        assert writer.large == 0
