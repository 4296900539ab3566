"""A connection between types that do not fit is one error that names both, and starts nothing."""

from __future__ import annotations

import psutil
import pytest

from routilux import Event, Flow, FlowError, Routine, Runtime, Slot


class Source(Routine):
    value = Slot[object]()
    text = Event[str]()
    numbers = Event[list[int]]()


class Sink(Routine):
    number = Slot[int](type=int)
    numbers = Slot[dict[str, int]](type=dict)

    def logic(self, number: int, numbers: dict[str, int]) -> None:
        self.log.info("%d %r", number, numbers)


def connected(event: str, slot: str) -> Flow:
    flow = Flow()
    flow.add_routine(Source(), "source")
    flow.add_routine(Sink(), "sink")
    flow.connect("source", event, "sink", slot)
    flow.connect("source", "numbers", "sink", "number" if slot == "numbers" else "numbers")
    return flow


@pytest.mark.parametrize(("event", "slot", "taken"), [("text", "number", "int"), ("text", "numbers", "dict")])
def test_types_that_do_not_fit_are_both_named_and_nothing_starts(event: str, slot: str, taken: str) -> None:
    with Runtime() as runtime:
        with pytest.raises(FlowError) as error:
            runtime.exec(connected(event, slot), value=1)
        assert f"source.{event}->sink.{slot}: emits str, but the slot takes {taken}" in error.value.faults
        assert psutil.Process().children() == []
