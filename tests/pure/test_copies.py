"""Messages of a job that is wanted as a whole are copied with its events, within bounds, and run again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routilux import Event, Routine, Slot, routine
from routilux.debug.recordings import Recorded
from routilux.errors import RecordingError
from routilux.hookevents import COPIED, Copy, MessageRef
from routilux.ipc.blobs import REFERENCE
from routilux.ipc.codec import Encoder, Large, batch, in_one_piece
from routilux.ipc.lanes import BLOB, LARGE, TYPED, Frame
from routilux.ipc.typed import TypedEncoder
from routilux.replay import Message
from routilux.slottypes import Demand
from routilux.worker.copies import BUDGET, TOGETHER, Copies
from routilux.worker.intake import Batch
from routilux.worker.trace import Trace

SECOND = 1_000_000_000


class Order(msgspec.Struct):
    name: str
    size: int


@dataclass
class Box:
    side: int


class Prices(Routine):
    order: Slot[Order] = Slot(type=Order)
    price = Event()

    def logic(self, order: Order) -> None:
        self.price.emit(order.size * 10)


@routine
def side(box: Box) -> int:
    return box.side


@routine
def total(array: Any) -> int:
    return int(array.sum())


def told(*parts: bytes, flags: int = 0, index: int = 0, is_whole: bool = True) -> MessageRef:
    """What a trace says of one message of a frame."""
    frame = Frame(1, 0, len(parts), batch(list(parts)), flags=flags)
    return Trace(memoryview(b"")).message(Batch(3, 0, frame, 0), index, SECOND, is_whole=is_whole)


def replayed(ref: MessageRef, *, trust: bool = False) -> Message:
    assert ref.copy is not None
    record = Recorded(flow="f", job_id="j", is_typed=ref.copy.is_typed, payload=ref.copy.data)
    return Message(record, "m", trust=trust)


def encoded(value: object) -> bytes:
    part = Encoder(LARGE).encode(value)
    assert isinstance(part, bytes)
    return part


def test_each_message_of_a_frame_is_copied_as_it_is() -> None:
    parts = [encoded({"number": number}) for number in range(3)]
    for index in (0, 1, 2, 1):
        ref = told(*parts, index=index)
        assert ref.id == f"3:0:{index}"
        assert replayed(ref).payload == {"number": index}


def test_a_job_that_nobody_wants_as_a_whole_has_no_copies() -> None:
    assert told(encoded(1), is_whole=False).copy is None


def test_a_typed_struct_runs_from_its_fields() -> None:
    encoder = TypedEncoder(Encoder(LARGE), [Demand("prices", "order", Order)], large=LARGE)
    part = encoder.encode(Order("a", 3))
    assert isinstance(part, bytes)
    message = replayed(told(part, flags=TYPED))
    assert message.payload == {"name": "a", "size": 3}
    assert message.run(Prices) == [("price", 30)]


def test_a_dataclass_needs_trust_as_in_any_recording() -> None:
    ref = told(encoded(Box(4)))
    with pytest.raises(RecordingError, match=r"Box by pickle.*trust"):
        replayed(ref).run(side)
    assert replayed(ref, trust=True).run(side) == [("output", 4)]


def test_a_small_array_is_copied_and_a_large_one_told_by_its_size() -> None:
    assert replayed(told(encoded(np.arange(100)))).run(total) == [("output", 4950)]
    large = Encoder(LARGE).encode(np.zeros(COPIED))
    assert isinstance(large, Large)
    region = in_one_piece(large)
    frame = Frame(1, 0, 1, REFERENCE.pack(0, len(region)), flags=BLOB)
    ref = Trace(memoryview(region)).message(Batch(3, 0, frame, 0), 0, SECOND, is_whole=True)
    assert (ref.preview, ref.copy) == (f"array {COPIED} float64", Copy(len(region)))


@pytest.mark.parametrize(("nbytes", "is_copied"), [(COPIED, True), (COPIED + 1, False)])
def test_a_message_of_more_than_the_bound_is_told_by_its_size(nbytes: int, *, is_copied: bool) -> None:
    copy = Copies().of(bytes(nbytes), SECOND, is_typed=False)
    assert (copy.nbytes, bool(copy.data)) == (nbytes, is_copied)


def test_copies_take_no_more_than_their_budget() -> None:
    copies, (rate, burst) = Copies(), BUDGET
    full = [copies.of(bytes(COPIED), SECOND, is_typed=False) for _ in range(2 * burst // COPIED)]
    assert sum(copy.nbytes for copy in full if copy.data) <= burst
    later = SECOND + SECOND // 10
    more = [copies.of(bytes(COPIED), later, is_typed=False) for _ in range(burst // COPIED)]
    assert 0 < sum(copy.nbytes for copy in more if copy.data) <= rate // 10


def test_of_what_runs_on_many_messages_the_first_are_copied() -> None:
    refs = [MessageRef(str(n), 0, copy=Copy(COPIED, bytes(COPIED))) for n in range(100)]
    kept = [ref for ref in Copies().together(refs, 0) if ref.copy is not None and ref.copy.data]
    assert kept == refs[: TOGETHER // COPIED]
    assert [ref.copy and ref.copy.nbytes for ref in Copies().together(refs, 0)] == [COPIED] * 100


@given(st.binary(max_size=200))
def test_a_small_message_in_one_piece_is_what_a_large_one_would_be(part: bytes) -> None:
    assert in_one_piece(part) == in_one_piece(Large(part))
