"""A recorded message is run on its routine alone, in this process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from process.flows.held import Batches, Pairs, inverse
from routilux import Event, Flow, FlowError, JobFailed, Routine, Slot
from routilux.debug.recordings import Recorded
from routilux.errors import RecordingError
from routilux.ipc.codec import Encoder, in_one_piece
from routilux.ipc.lanes import LARGE
from routilux.ipc.typed import TypedEncoder
from routilux.replay import Emission, Message
from routilux.slottypes import Demand


class Order(msgspec.Struct):
    name: str
    size: int = 1


@dataclass
class Box:
    side: int


class Totals(Routine):
    order: Slot[Order] = Slot(type=Order)
    total = Event()
    factor: int = 1

    def logic(self, order: Order) -> None:
        self.state["sum"] = self.state.get("sum", 0) + order.size * self.factor

    def finish(self) -> None:
        self.total.emit(self.state["sum"])


def message(value: object, routine: str = "", slot: str = "", **fields: Any) -> Message:
    payload = in_one_piece(Encoder().encode(value))
    return Message(Recorded(flow="f", job_id="j", routine=routine, slot=slot, payload=payload, **fields), "m")


def typed(value: Order) -> Message:
    encoder = TypedEncoder(Encoder(LARGE), [Demand("totals", "order", Order)], large=LARGE)
    record = Recorded(
        flow="f",
        job_id="j",
        routine="totals",
        slot="order",
        is_typed=True,
        payload=in_one_piece(encoder.encode(value)),
    )
    return Message(record, "m")


def flow() -> Flow:
    made = Flow("f")
    made.add_routine(inverse, "inverse", on_error="skip", workers=2)
    made.add_routine(Totals(factor=2), "totals")
    made.add_routine(Pairs(), "pairs")
    made.connect("inverse", "output", "pairs", "a")
    return made


def test_what_the_routine_emits_is_returned() -> None:
    assert message(4, "inverse", "value").run(flow()) == [Emission("output", 3.0)]
    assert message(4, "inverse", "value").run(inverse) == [("output", 3.0)]


def test_the_routines_error_comes_with_its_traceback_whatever_the_flow_does_with_errors() -> None:
    with pytest.raises(JobFailed, match="12 / value") as caught:
        message(0, "inverse", "value").run(flow())
    assert caught.value.cause_type == "ZeroDivisionError"


def test_a_struct_is_one_again_with_the_routines_configuration_and_finish() -> None:
    recorded = typed(Order("a", 3))
    assert recorded.payload == {"name": "a", "size": 3}
    assert recorded.run(flow()) == [("total", 6)]


def test_a_message_that_no_longer_fits_its_slot_is_told() -> None:
    with pytest.raises(RecordingError, match="cannot be decoded here"):
        message("text", "totals", "order", is_typed=True).run(flow())


def test_a_dataclass_needs_trust() -> None:
    untrusted = message(Box(2), "inverse", "value")
    with pytest.raises(RecordingError, match=r"Box by pickle.*trust"):
        untrusted.run(flow())
    assert Message(untrusted.record, "m", trust=True).payload == Box(2)


def test_other_slots_are_given_by_name() -> None:
    with pytest.raises(FlowError, match=r"has not run.* for b"):
        message(1, "pairs", "a").run(flow())
    assert message(1, "pairs", "a").run(flow(), b=2) == [("out", (1, 2))]


def test_a_batch_of_one_runs_at_the_end() -> None:
    assert message(1, "batches", "value").run(Batches) == [("out", [1])]


def test_another_routine_or_slot_is_named() -> None:
    assert message(1, "old", "number").run(flow(), routine="inverse", slot="value") == [("output", 12.0)]
    assert message(1).run(inverse) == [("output", 12.0)]
    with pytest.raises(FlowError, match="no routine 'old'"):
        message(1, "old", "number").run(flow())
    with pytest.raises(FlowError, match="no slot 'number'"):
        message(1, "inverse", "number").run(flow())
    with pytest.raises(FlowError, match="name one of inverse, totals, pairs"):
        message(1).run(flow())
