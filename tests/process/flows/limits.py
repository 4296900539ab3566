"""Here are routines that run into the limits of an activation or of a process."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from routilux import Event, Routine, Slot, policies


class Stuck(Routine):
    """Does not come back from `bad`: in C, in Python, or as a generator; notes each attempt in a file."""

    value = Slot()
    out = Event()
    path: str
    bad: int = 3
    how: str = "python"

    def logic(self, value: int) -> Any:
        if value == self.bad:
            with Path(self.path).open("a", encoding="ascii") as attempts:
                attempts.write(f"{os.getpid()}\n")
            match self.how:
                case "c":
                    time.sleep(3600)
                case "python":
                    while True:
                        pass
                case "generator":
                    return self.endless()
        self.out.emit(value)
        return None

    def endless(self) -> Iterator[int]:
        if self.bad < 0:
            yield 0
        time.sleep(3600)


class StuckBatch(Routine):
    value = Slot()
    out = Event()
    policy = policies.batch_size(2)

    def logic(self, value: list[int]) -> None:
        if 3 in value:
            time.sleep(3600)
        self.out.emit(sum(value))


class StuckFinish(Routine):
    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        self.out.emit(value)

    def finish(self) -> None:
        time.sleep(3600)


class Pours(Routine):
    """A generator whose outputs have no room for longer than its timeout."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> Iterator[bytes]:
        for _ in range(value):
            yield bytes(4000)


class Worn(Routine):
    """Counts in its state and in the process; grows by `grows` bytes each time."""

    value = Slot()
    out = Event()
    grows: int = 0

    def setup(self) -> None:
        self.kept: list[bytes] = []
        self.runs = 0

    def logic(self, value: int) -> None:
        self.kept.append(os.urandom(self.grows))
        self.runs += 1
        self.state["seen"] = self.state.get("seen", 0) + 1
        self.out.emit((value, self.state["seen"], os.getpid(), self.runs))


class WornBatch(Worn):
    policy = policies.batch_size(3)

    def logic(self, value: list[int]) -> None:  # type: ignore[override]  # a batch in place of a message
        super().logic(sum(value))


class Hoards(Routine):
    """Needs a message in each slot, and gets many in one only."""

    many = Slot()
    few = Slot()
    out = Event()
    policy = policies.all_slots_ready()

    def logic(self, many: Any, few: Any) -> None:
        self.out.emit(len(many))
