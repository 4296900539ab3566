"""Flows for breakpoints: a fork of two, a join, a cycle, a source, a batch, a state."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from routilux import Event, Flow, Routine, Slot, policies, retry, routine


@routine
def count(n: int) -> Iterator[int]:
    yield from range(n)


@routine
def countdown(n: int) -> Iterator[int]:
    while n > 0:
        yield n
        n -= 1


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
def beside(value: int) -> tuple[str, int]:
    return "beside", value


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


def chain() -> Flow:
    return Flow("chain").pipe(count).pipe(double, "double").pipe(left, "left")


def with_beside(flow: Flow) -> Flow:
    """With a routine more that nothing leads to: it shows whether a job stands still."""
    flow.add_routine(beside, "beside")
    return flow


class Frames(Routine):
    """Lends an array of 8 MiB for each number."""

    number = Slot()
    frame = Event()

    def logic(self, number: int) -> None:
        lent = self.loan("frame", (1 << 20,), "float64")
        lent[:] = number
        self.frame.emit(lent)


@routine
def first(frame: Any) -> float:
    return float(frame[0])


class Keyed(Routine):
    """Says which process a key goes to."""

    value = Slot()
    out = Event()

    def logic(self, value: dict[str, int]) -> None:
        self.out.emit((value["key"], os.getpid()))


@routine
def keys(n: int) -> Iterator[dict[str, int]]:
    for number in range(n):
        yield {"key": number % 4}


class Total(Routine):
    """Says at the job's end what it has seen."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        self.state["total"] = self.state.get("total", 0) + value

    def finish(self) -> None:
        total = self.state.get("total", 0)
        self.out.emit(total)


class Stumbles(Routine):
    """Emits a batch, and fails at the first attempt at it."""

    value = Slot()
    out = Event()
    policy = policies.batch_size(4)

    def setup(self) -> None:
        self.tried: set[int] = set()

    def logic(self, value: list[int]) -> None:
        self.out.emit(list(value))
        if value[0] not in self.tried:
            self.tried.add(value[0])
            raise ValueError("the first attempt fails")


class Adds(Routine):
    """Emits twice, so that there is something to change between."""

    value = Slot()
    out = Event()
    step: int = 1

    def logic(self, value: int) -> None:
        total = value + self.step
        self.out.emit(total)
        self.out.emit((total, self.step, self.state.get("seen")))


def frames() -> Flow:
    flow = Flow("frames").pipe(count).pipe(Frames(), "frames")
    for name in ("one", "other"):
        flow.add_routine(first, name)
        flow.connect("frames", "frame", name, "frame")
    return flow


def keyed() -> Flow:
    return Flow("keyed").pipe(keys, "keys").pipe(Keyed(), "keyed", workers=2, key="key")


def total() -> Flow:
    return Flow("total").pipe(count).pipe(Total(), "total").pipe(left, "left")


def stumbles() -> Flow:
    return (
        Flow("stumbles").pipe(count).pipe(Stumbles(), "stumbles", on_error=retry(2, 0.01)).pipe(left, "left")
    )


def adds() -> Flow:
    return Flow("adds").pipe(count).pipe(Adds(), "adds")
