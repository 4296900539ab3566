"""Every message that a channel takes leaves it once, in the order of its job, whoever crashes when."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ipc.parts import NUMBER, encoded, number_of
from ipc.rig import FIRST, SECOND, SOURCE, Rig, is_all_free, pass_on
from routilux.errors import ArenaFull
from routilux.ipc import channels as module
from routilux.ipc.blobs import Blob, BlobWriter, Pins, references
from routilux.ipc.channels import RUN_NS, SMALLEST_WINDOW, WINDOW_NS, Channel, Part, segments
from routilux.ipc.codec import batch, split
from routilux.ipc.lanes import BLOB, ERROR, LARGE, MAX_COUNT, MAX_PAYLOAD, Frame, LaneReader, LaneWriter
from routilux.ipc.layout import RING
from routilux.ipc.records import Record, Records

AHEAD = 60_000

SIZES = st.one_of(st.integers(0, 40), st.integers(0, LARGE - 20), st.integers(LARGE + 1, 25_000))
"""Of messages, beside their number: those beyond LARGE are blobs."""


class ChannelMachine(RuleBasedStateMachine):
    """A channel to one or two workers, with its pending store, against what each job sends."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(module, "LARGE_AHEAD", AHEAD)
        self.patch.setattr(module, "LEAST_AHEAD", 1)
        self.rig = Rig(heap=16 << 20)
        self.service = {FIRST: 0, SECOND: 0}
        self.number = 0
        self.sent: dict[int, list[int]] = defaultdict(list)
        self.received: dict[int, list[tuple[int, int]]] = defaultdict(list)
        """Per job: over which lane, which message."""
        self.dropped = Counter[int]()
        self.new: list[tuple[int, int]] = []
        """Jobs and messages that no commit knows of yet."""
        self.new_dropped = Counter[int]()

    @initialize(workers=st.integers(1, 2))
    def begin(self, workers: int) -> None:
        self.consumers = (FIRST, SECOND)[:workers]
        self.readers = {c: self.rig.reader(SOURCE, c) for c in self.consumers}
        self.start()

    def start(self) -> None:
        """As the worker's entry does it."""
        own = self.rig.own(SOURCE)
        self.tx, self.blobs = self.rig.tx(SOURCE), self.rig.blobs(SOURCE)
        self.records = Records(own, self.blobs.heap, Pins(own))
        self.writers = {c: self.rig.writer(SOURCE, c) for c in self.consumers}
        self.channel = Channel(list(self.writers.values()), lambda process: self.service[process])
        found = self.records.restore()
        self.blobs.restore(self.writers.values())
        for record in found:
            self.channel.restore(record, self.blobs)
        self.blobs.restored()

    # ---- the producer -------------------------------------------------------------------------------------

    @rule(
        job=st.integers(1, 3),
        sizes=st.lists(SIZES, min_size=1, max_size=8),
        flags=st.sampled_from([0, 0, ERROR]),
        origin=st.integers(0, 1),
    )
    def push(self, job: int, sizes: list[int], flags: int, origin: int) -> None:
        numbers, parts = [], list[Part]()
        for size in sizes:
            part = self.part(self.number + 1, size)
            if part is None:
                break
            self.number += 1
            numbers.append(self.number)
            parts.append(part)
        for segment in segments(job, 7, parts, origin=origin, flags=flags):
            self.channel.push(segment)
        for part in parts:
            if isinstance(part, Blob):
                self.blobs.sent(part)
        self.new += [(job, number) for number in numbers]

    @rule(job=st.integers(1, 3), size=st.integers(0, 2000))
    def put_one(self, job: int, size: int) -> None:
        lane = self.channel.put(Frame(job, 7, 1, batch([encoded(self.number + 1, size)])))
        assert lane is None or (len(self.consumers) == 1 and not self.channel)
        if lane is not None:
            self.number += 1
            self.tx.published[lane.published] = lane.position
            self.new.append((job, self.number))

    def part(self, number: int, size: int) -> Part | None:
        if size <= LARGE:
            return encoded(number, size)
        try:
            blob, room = self.blobs.room(NUMBER + size)
        except ArenaFull:
            return None
        room[:NUMBER] = number.to_bytes(NUMBER, "big")
        return blob

    @rule(jobs=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 60)), min_size=1, max_size=3))
    def push_many_small(self, jobs: list[tuple[int, int]]) -> None:
        for job, count in jobs:
            self.push(job, [0] * count, 0, 0)

    @rule(ns=st.sampled_from([0, 1, 1000, WINDOW_NS // 10, WINDOW_NS, 10 * WINDOW_NS]))
    def a_worker_learns_what_a_message_costs(self, ns: int) -> None:
        self.service[FIRST] = ns

    @rule()
    def commit(self) -> None:
        self.carry_out()
        self.is_committed()
        self.channel.settle()
        self.records.settle()

    def carry_out(self) -> None:
        self.pump()
        self.channel.store(0, self.tx, self.records)
        self.tx.commit({})

    def pump(self) -> None:
        for lane in self.channel.pump():
            self.tx.published[lane.published] = lane.position
            self.gets_no_more_than_its_window(lane)
            assert lane.large <= AHEAD or sum(large > 0 for *_, large in lane._in_flight) == 1

    def gets_no_more_than_its_window(self, lane: LaneWriter) -> None:
        if len(self.consumers) > 1:
            service = self.service[lane.consumer]
            window = WINDOW_NS // service if service else SMALLEST_WINDOW
            assert lane.outstanding() <= min(MAX_COUNT, max(SMALLEST_WINDOW, window))

    def is_committed(self) -> None:
        for job, number in self.new:
            self.sent[job].append(number)
        self.dropped += self.new_dropped
        self.new.clear()
        self.new_dropped.clear()

    @rule(jobs=st.sets(st.integers(1, 3)))
    def drop(self, jobs: set[int]) -> None:
        waiting = len(self.channel)
        dropped = self.channel.drop(lambda job: job in jobs)
        assert set(dropped) <= jobs
        assert len(self.channel) == waiting - sum(dropped.values())
        self.new_dropped += Counter(dropped)

    @rule(at=st.sampled_from(["at once", "before the commit", "after the commit"]))
    def crash(self, at: str) -> None:
        match at:
            case "before the commit":
                self.pump()
                self.channel.store(0, self.tx, self.records)
            case "after the commit":
                self.carry_out()
                self.is_committed()
        self.new.clear()
        self.new_dropped.clear()
        self.start()

    # ---- the workers --------------------------------------------------------------------------------------

    @precondition(lambda self: hasattr(self, "readers"))
    @rule(data=st.data(), frames=st.integers(1, 20))
    def receive(self, data: st.DataObject, frames: int) -> None:
        self.read(data.draw(st.sampled_from(self.consumers)), frames)

    def read(self, consumer: int, frames: int = 1 << 20) -> int:
        """How many frames there were."""
        reader = self.readers[consumer]
        for done in range(frames):
            frame = reader.head()
            if frame is None:
                return done
            numbers = self.numbers(frame)
            assert len(numbers) == frame.messages
            assert frame.port == 7
            self.received[frame.job] += [(consumer, number) for number in numbers]
            reader.use(frame, frame.messages)
            pass_on(self.rig, reader)
        return frames

    def numbers(self, frame: Frame) -> list[int]:
        if frame.flags & BLOB:
            data = self.rig.arena.data
            return [int.from_bytes(data[at : at + NUMBER], "big") for at, _ in references(frame.payload)]
        assert len(frame.payload) <= MAX_PAYLOAD
        return [number_of(part) for part in split(frame.payload)]

    # ---- always -------------------------------------------------------------------------------------------

    @precondition(lambda self: hasattr(self, "readers"))
    @invariant()
    def no_message_is_lost_or_doubled(self) -> None:
        sent = sum(map(len, self.sent.values())) + len(self.new)
        dropped = self.dropped.total() + self.new_dropped.total()
        received = sum(map(len, self.received.values()))
        on_their_way = sum(writer.outstanding() for writer in self.writers.values())
        assert received + on_their_way + len(self.channel) == sent - dropped
        assert bool(self.channel) == (len(self.channel) > 0)

    def teardown(self) -> None:
        """With room enough all of it arrives, and nothing of it takes up room any more."""
        try:
            self.everything_arrives()
        finally:
            self.rig.close()
            self.patch.undo()

    def everything_arrives(self) -> None:
        if hasattr(self, "readers"):
            self.service = dict.fromkeys(self.service, 1)
            self.commit()
            while sum(self.read(consumer) for consumer in self.consumers):
                self.commit()
            for job, sent in self.sent.items():
                self.arrived(job, sent)
            self.blobs.collect()
            assert self.records._extents == {}
            assert is_all_free(self.blobs.heap)

    def arrived(self, job: int, sent: list[int]) -> None:
        received = self.received[job]
        assert len(received) == len(sent) - self.dropped[job]
        assert {number for _, number in received} <= set(sent)
        for consumer in self.consumers:
            own = [number for to, number in received if to == consumer]
            assert own == sorted(set(own))
        if not self.dropped[job]:
            assert sorted(number for _, number in received) == sent


TestChannelMachine = ChannelMachine.TestCase


def restored(rig: Rig) -> tuple[Channel, Records, BlobWriter, list[Record]]:
    own, blobs = rig.own(SOURCE), rig.blobs(SOURCE)
    records = Records(own, blobs.heap, Pins(own))
    channel = Channel([rig.writer(SOURCE, FIRST)], lambda _: 0)
    return channel, records, blobs, records.restore()


def test_of_a_segment_half_sent_the_rest_is_kept() -> None:
    with Rig() as rig:
        channel, records, _, _ = restored(rig)
        parts: list[Part] = [encoded(number, 1000) for number in range(3 * RING // 1000)]
        for segment in segments(1, 0, parts):
            channel.push(segment)
        tx, reader, received = rig.tx(SOURCE), rig.reader(SOURCE, FIRST), 0
        for _ in range(2):  # the second time the record is there already
            for lane in channel.pump():
                tx.published[lane.published] = lane.position
            channel.store(0, tx, records)
            tx.commit({})
            received += drained(rig, reader)
        assert len(parts) // 2 < received < len(parts)
        again, _, blobs, found = restored(rig)
        assert [record.left < record.frame.messages for record in found] == [True]
        for record in found:
            again.restore(record, blobs)
        assert [part for s in again.queue for part in s.parts] == parts[-len(again) :]
        assert len(again) == len(channel)


def drained(rig: Rig, reader: LaneReader) -> int:
    count = 0
    while frame := reader.head():
        reader.use(frame, frame.messages)
        count += frame.messages
    pass_on(rig, reader)
    return count


def dealt(service: int, messages: int) -> list[list[int]]:
    """How many messages the frames have that two workers get, of so many that take `service` ns each."""
    with Rig() as rig:
        lanes = [rig.writer(SOURCE, consumer) for consumer in (FIRST, SECOND)]
        channel, frames = Channel(lanes, lambda _: service), dict[LaneWriter, list[int]]()
        channel.placed = lambda _, lane, frame, __: frames.setdefault(lane, []).append(frame.messages)
        for segment in segments(1, 0, [b"\x01"] * messages):
            channel.push(segment)
        channel.pump()
        return [frames.get(lane, []) for lane in lanes]


def test_a_run_of_small_messages_goes_to_one_worker() -> None:
    assert sorted(dealt(RUN_NS // 500, 400)) == [[], [400]]


def test_messages_that_take_long_go_round() -> None:
    assert [sum(frames) for frames in dealt(RUN_NS, 6)] == [3, 3]


def test_a_window_is_sent_in_two_frames_so_that_one_is_there_when_the_other_is_used_up() -> None:
    half = WINDOW_NS // RUN_NS // 2
    assert dealt(RUN_NS, 100) == [[half, half], [half, half]]


def test_a_worker_that_is_fast_gets_more_while_a_slow_one_has_enough() -> None:
    with Rig() as rig:
        slow, fast = (rig.writer(SOURCE, consumer) for consumer in (FIRST, SECOND))
        channel = Channel([slow, fast], lambda consumer: WINDOW_NS // (2 if consumer == FIRST else 100))
        for segment in segments(1, 0, [b"\x01"] * 1000):
            channel.push(segment)
        channel.pump()
        assert (slow.outstanding(), fast.outstanding()) == (2, 100)
