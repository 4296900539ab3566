"""Here are routines that take a different time over each message, and what they must have emitted."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from routilux import Event, Routine, Slot, policies

Piece = tuple[int, int, Any]
"""The input, which of its outputs this is, and some ballast."""

KINDS = ("one", "filter", "several", "array", "skip", "continue", "retry", "waves")


def answers(kind: str, value: int) -> list[tuple[int, int]]:
    """What must come out for one input, without the ballast."""
    copies = {
        "filter": int(value % 3 == 0),
        "several": value % 4,
        "skip": 0 if value % 4 == 1 else 2,
        "continue": 1 if value % 4 == 1 else 2,
        "retry": 2,
        "waves": 300 if value % 10 == 0 else value % 3,
    }
    return [(value, copy) for copy in range(copies.get(kind, 1))]


def rest(value: int) -> None:
    """Neighbours differ much, and so do those that are two or three apart."""
    time.sleep((0.0, 0.004, 0.001, 0.0, 0.007)[value * 3 % 5])


class Uneven(Routine):
    """Answers each number according to its kind."""

    value = Slot()
    out = Event()
    kind: str = "one"

    def setup(self) -> None:
        self.tries = Counter[tuple[str, int]]()

    def logic(self, value: int) -> Any:
        rest(value)
        if self.kind == "waves":
            return self.waves(value)
        for _, copy in answers(self.kind if self.kind not in {"skip", "continue"} else "retry", value):
            if copy == 1 and self.fails(value):
                raise ValueError(f"{value} is bad")
            self.out.emit((value, copy, self.ballast(value)))
        return None

    def fails(self, value: int) -> bool:
        self.tries[self.job.job_id, value] += 1
        return value % 4 == 1 and (self.kind != "retry" or self.tries[self.job.job_id, value] < 3)

    def ballast(self, value: int) -> Any:
        return b""

    def waves(self, value: int) -> Iterator[Piece]:
        for _, copy in answers("waves", value):
            if copy % 100 == 99:
                time.sleep(0.003)  # longer than a generator keeps what it has
            yield value, copy, b""


class Fatal(Routine):
    """Kills its process at each number that `every` divides."""

    value = Slot()
    out = Event()
    every: int = 40

    def logic(self, value: int) -> None:
        rest(value)
        if value % self.every == 0:
            os._exit(9)
        self.out.emit((value, 0, b""))


class FailsOnce(Routine):
    """Fails on its second message, which is tried again; says how many came before each."""

    value = Slot()
    out = Event()

    def setup(self) -> None:
        self.attempts = 0

    def logic(self, value: Any) -> None:
        self.attempts += 1
        if self.attempts == 2:
            raise ValueError("not yet")
        seen = self.state["seen"] = self.state.get("seen", -1) + 1
        self.out.emit(seen)


class Sorts(Routine):
    """Even numbers one way, odd ones the other; says at the end of how many."""

    value = Slot()
    even = Event()
    odd = Event()

    def logic(self, value: int) -> None:
        rest(value)
        self.state["seen"] = self.state.get("seen", 0) + 1
        (self.odd if value % 2 else self.even).emit((value, 0, b""))

    def finish(self) -> None:
        self.odd.emit((-1, self.state.get("seen", 0), b""))


class Fours(Routine):
    value = Slot()
    out = Event()
    policy = policies.batch_size(4)

    def logic(self, value: list[Piece]) -> None:
        self.out.emit([number for number, *_ in value])


def without_ballast(found: Sequence[Piece]) -> list[tuple[int, int]]:
    """The numbers; that what came with them is theirs is seen on the way."""
    for value, _, ballast in found:
        assert isinstance(ballast, bytes) or set(ballast.tolist()) == {value % 256}
    return [(value, copy) for value, copy, _ in found]
