"""Here are the parts of flows that tests build and validate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from routilux.flow import Flow
from routilux.function import routine
from routilux.routine import Event, Routine, Slot


@routine
def source(n: int) -> Iterator[int]:
    yield from range(n)


@routine
def double(value: int) -> int:
    return value * 2


@routine
def pair(left: int, right: int) -> tuple[int, int]:
    return left, right


class HTTPParser(Routine):
    raw = Slot()
    ok = Event()
    failed = Event()

    def logic(self, raw: bytes) -> None: ...


def faults(flow: Flow, severity: str = "error") -> list[str]:
    return [str(fault) for fault in flow.validate() if fault.severity == severity]


def chain(*routines: Routine, **last: Any) -> Flow:
    flow = Flow()
    for number, each in enumerate(routines):
        flow.pipe(each, f"r{number}", **(last if number == len(routines) - 1 else {}))
    return flow


def coded(logic: Callable[..., object], *, slots: int = 1, events: int = 1) -> Routine:
    built = Routine().set_logic(logic)
    for number in range(slots):
        built.add_slot(f"s{number}")
    for number in range(events):
        built.add_event(f"e{number}")
    return built
