"""Flows for breakpoints: a fork of two, a join, a cycle, a source, a batch, a state."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from routilux import Event, Flow, Routine, Slot, policies, routine


@routine
def count(n: int) -> Iterator[int]:
    yield from range(n)


@routine
def double(value: int) -> int:
    return 2 * value


@routine
def left(value: int) -> tuple[str, int]:
    return "left", value


@routine
def right(value: int) -> tuple[str, int]:
    return "right", value


@routine
def inverse(value: int) -> float:
    return 12 / value


class Pairs(Routine):
    a = Slot()
    b = Slot()
    out = Event()
    policy = policies.all_slots_ready()

    def logic(self, a: Any, b: Any) -> None:
        self.out.emit((a, b))


class Batches(Routine):
    value = Slot()
    out = Event()
    policy = policies.batch_size(4)

    def logic(self, value: list[Any]) -> None:
        self.out.emit(list(value))


class Halves(Routine):
    """Halves until nothing is left, round and round."""

    value = Slot()
    again = Event()
    out = Event()

    def logic(self, value: int) -> None:
        if value > 1:
            self.again.emit(value // 2)
        else:
            self.out.emit(value)


class Sums(Routine):
    """Saves what it has seen, and says so."""

    value = Slot()
    out = Event()
    step: int = 1

    def logic(self, value: int) -> None:
        seen = self.state.get("seen", 0) + value * self.step
        self.state["seen"] = seen
        self.out.emit(seen)


class Pids(Routine):
    """Says which process it is, and writes down each run."""

    value = Slot()
    out = Event()
    log_file: str = ""

    def logic(self, value: int) -> None:
        with Path(self.log_file).open("a", encoding="utf-8") as file:
            file.write(f"{value} {os.getpid()}\n")
        self.out.emit(value)


class Typed(Routine):
    value: Slot[int] = Slot(type=int)
    out = Event()

    def logic(self, value: int) -> None:
        self.out.emit(value)


def fork() -> Flow:
    flow = Flow("fork")
    for each, name in ((count, "count"), (double, "double"), (left, "left"), (right, "right")):
        flow.add_routine(each, name)
    flow.connect("count", "output", "double", "value")
    flow.connect("double", "output", "left", "value")
    flow.connect("double", "output", "right", "value")
    return flow


def inverted() -> Flow:
    flow = Flow("inverted")
    flow.add_routine(double, "double")
    flow.add_routine(inverse, "inverse")
    flow.connect("double", "output", "inverse", "value")
    return flow


def join() -> Flow:
    flow = fork()
    flow.add_routine(Pairs(), "pairs")
    flow.connect("left", "output", "pairs", "a")
    flow.connect("right", "output", "pairs", "b")
    return flow


def several() -> Flow:
    flow = Flow("several").pipe(count).pipe(double, "double", workers=2)
    return flow.pipe(left, "left")


def ordered() -> Flow:
    flow = Flow("ordered").pipe(count).pipe(double, "double", workers=2, ordered=True)
    return flow.pipe(left, "left")


def batches() -> Flow:
    return Flow("batches").pipe(count).pipe(Batches(), "batches").pipe(left, "left")


def cycle() -> Flow:
    flow = Flow("cycle")
    flow.add_routine(count, "count")
    flow.add_routine(Halves(), "halves")
    flow.connect("count", "output", "halves", "value")
    flow.connect("halves", "again", "halves", "value")
    return flow


def sums() -> Flow:
    return Flow("sums").pipe(count).pipe(Sums(step=2), "sums").pipe(left, "left")


FLOWS: dict[str, Callable[[], Flow]] = {
    each.__name__: each for each in (fork, join, several, ordered, batches, cycle, sums)
}
