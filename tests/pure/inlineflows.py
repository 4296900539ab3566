"""Here are the routines and flows that the inline engine is asked with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from routilux import Event, Flow, Routine, Runtime, Slot, policies, routine


@routine
def numbers(n: int) -> Iterator[int]:
    yield from range(n)


@routine
def double(value: int) -> int:
    return value * 2


class Echo(Routine):
    value = Slot()
    out = Event()

    def logic(self, value: Any) -> None:
        self.out.emit(value)


class Gather(Routine):
    """Emits the list of what its policy gives it."""

    value = Slot()
    out = Event()
    policy = policies.whole_job()

    def logic(self, value: Any) -> None:
        self.out.emit(value)


class Both(Routine):
    """Emits what came on both slots, and the message of its policy."""

    left = Slot()
    right = Slot()
    out = Event()

    def logic(self, left: Any, right: Any, policy_message: Any) -> None:
        self.out.emit((left, right, policy_message))


class Emits(Routine):
    """Emits what lies in the list it is given, one by one, on either of two events."""

    values = Slot()
    left = Event()
    right = Event()

    def logic(self, values: list[tuple[str, Any]]) -> None:
        for event, value in values:
            self.emit(event, value)


def gathering(policy: Any) -> Flow:
    """Numbers -> a routine of that policy, which emits what it is given."""
    return Flow().pipe(numbers).pipe(Gather().set_activation_policy(policy))


def paired(policy: Any) -> Flow:
    flow = Flow()
    flow.add_routine(Emits(), "emits")
    flow.add_routine(Both().set_activation_policy(policy), "both")
    flow.connect("emits", "left", "both", "left")
    flow.connect("emits", "right", "both", "right")
    return flow


def outputs(runtime: Runtime, flow: Flow, **slots: Any) -> list[Any]:
    return runtime.exec(flow, **slots).results()
