"""After a crash just the committed records are there, the oldest first, and nothing else takes up room."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ipc.rig import FIRST, Rig, check, is_all_free
from routilux.errors import ArenaFull
from routilux.ipc import records as module
from routilux.ipc.blobs import REFERENCE, Pins
from routilux.ipc.lanes import BLOB, TOKEN, Frame
from routilux.ipc.records import Kind, Record, Records

U16, U32 = st.integers(0, (1 << 16) - 1), st.integers(0, (1 << 32) - 1)
SIZES = st.one_of(st.integers(0, 200), st.just(module.HELD.size), st.integers(0, 40_000))


@dataclass(frozen=True)
class Noted:
    """A record as the model knows it, and whether it holds the blobs that its payload refers to."""

    record: Record
    holds: bool


class RecordsMachine(RuleBasedStateMachine):
    """The pending store against what the commits so far have left."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig(heap=1 << 17)
        self.committed: dict[int, Noted] = {}
        self.now: dict[int, Noted] = {}
        self.dropped: dict[int, Noted] = {}
        self.most_rows = 0
        self.order = 0
        self.start()

    def start(self) -> list[Record]:
        own = self.rig.own(FIRST)
        self.tx, self.pins = self.rig.tx(FIRST), Pins(own)
        self.heap = self.rig.blobs(FIRST).heap
        self.records = Records(own, self.heap, self.pins)
        return self.records.restore()

    @rule(
        kind=st.sampled_from(Kind),
        lane=U32,
        job=U32,
        size=SIZES,
        messages=st.integers(1, 1000),
        left=st.one_of(st.none(), st.integers(1, 1000)),
        port=U16,
        flags=st.sampled_from([0, TOKEN]),
        position=U32,
        parked=st.booleans(),
        holds=st.booleans(),
    )
    def add(
        self,
        *,
        kind: Kind,
        lane: int,
        job: int,
        size: int,
        messages: int,
        left: int | None,
        port: int,
        flags: int,
        position: int,
        parked: bool,
        holds: bool,
    ) -> None:
        messages = min(messages, 5) if holds else messages
        payload = messages * REFERENCE.pack(size * 64, size) if holds else bytes([size % 251]) * size
        flags |= BLOB if holds else 0
        before = self.heap._free.copy(), self.heap.top, self.pins.free, self.rows_in_use()
        left = None if left is None else min(left, messages)
        frame = Frame(job, port, messages, payload, flags, position, job + 1, position, span=lane)
        try:
            row = self.records.add(
                self.tx,
                kind,
                lane,
                frame,
                left=left,
                first=port,
                failures=messages,
                due=position,
                parked=parked,
                holds=holds,
            )
        except ArenaFull:
            assert (self.heap._free, self.heap.top, self.pins.free, self.rows_in_use()) == before
            return
        self.order += 1
        rest = messages if left is None else left
        self.now[row] = Noted(
            Record(row, kind, lane, self.order, frame, rest, port, messages, position, parked),
            holds,
        )
        self.most_rows = max(self.most_rows, len(self.now | self.dropped))

    def rows_in_use(self) -> int:
        return self.records._top - len(self.records._free)

    @precondition(lambda self: self.now)
    @rule(data=st.data(), parked=st.booleans())
    def change(self, data: st.DataObject, *, parked: bool) -> None:
        row = data.draw(st.sampled_from(sorted(self.now)))
        noted = self.now[row]
        left = data.draw(st.integers(1, noted.record.frame.messages))
        self.records.change(self.tx, row, left, parked=parked)
        self.now[row] = replace(
            noted, record=msgspec.structs.replace(noted.record, left=left, is_parked=parked)
        )

    @precondition(lambda self: self.now)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(sorted(self.now)))
        self.records.drop(self.tx, row)
        self.dropped[row] = self.now.pop(row)

    @rule()
    def commit(self) -> None:
        self.tx.commit({})
        self.committed = self.now.copy()
        self.records.settle()
        self.dropped.clear()

    @rule(after_commit=st.booleans())
    def crash(self, *, after_commit: bool) -> None:
        if after_commit:
            self.tx.commit({})
            self.committed = self.now.copy()
        found = self.start()
        assert found == sorted((n.record for n in self.committed.values()), key=lambda record: record.order)
        self.now = self.committed.copy()
        self.dropped.clear()
        self.order = max((record.order for record in found), default=0)
        assert self.rows_in_use() == len(found)

    @invariant()
    def what_is_there_has_its_bytes_and_its_pins_and_no_more(self) -> None:
        check(self.heap, list(self.records._extents.values()))
        assert self.records._extents.keys() == (self.now | self.dropped).keys()
        kept = (self.now | self.dropped).items()
        held = {row: noted.record.frame.messages for row, noted in kept if noted.holds}
        assert {row: len(pinned) for row, pinned in self.records._pinned.items()} == held
        words = self.rig.own(FIRST).words
        pinned = [words[self.pins._live + row] for row in range(self.rig.word(FIRST, "pins_used"))]
        assert sum(pinned) == sum(held.values())

    @invariant()
    def rows_are_used_again(self) -> None:
        assert self.rig.word(FIRST, "rows_used") <= self.most_rows

    def teardown(self) -> None:
        for row in self.now:
            self.records.drop(self.tx, row)
        self.now.clear()
        self.commit()
        assert is_all_free(self.heap)
        assert self.start() == []
        self.rig.close()


TestRecordsMachine = RecordsMachine.TestCase


def made(rig: Rig) -> Records:
    own = rig.own(FIRST)
    return Records(own, rig.blobs(FIRST).heap, Pins(own))


@given(st.integers(1, 8))
def test_a_store_without_a_free_row_says_what_to_do(rows: int) -> None:
    with Rig() as rig, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "RECORDS", rows)
        records, tx = made(rig), rig.tx(FIRST)
        for _ in range(rows):
            records.add(tx, Kind.ASIDE, 0, Frame(0, 0, 1, b""))
        with pytest.raises(ArenaFull, match="let its policy accept more, or send less"):
            records.add(tx, Kind.ASIDE, 0, Frame(0, 0, 1, b""))


def test_a_record_without_room_leaves_no_pin_behind() -> None:
    with Rig(heap=1 << 16) as rig:
        own = rig.own(FIRST)
        heap, pins = rig.blobs(FIRST).heap, Pins(own)
        records = Records(own, heap, pins)
        heap.allocate(1 << 16)
        before = pins.free
        frame = Frame(0, 0, 2, REFERENCE.pack(64, 1) * 2, BLOB)
        with pytest.raises(ArenaFull):
            records.add(rig.tx(FIRST), Kind.ASIDE, 0, frame, holds=True)
        assert (pins.free, records._pinned) == (before, {})
