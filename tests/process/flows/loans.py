"""Here are routines that fill lent arrays and emit them, or do not."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from routilux import Event, Routine, Slot, routine

SHAPE = (1000, 1000)


@routine
def numbers(count: int) -> Iterator[int]:
    yield from range(count)


class Lends(Routine):
    """Emits an array full of its number to everybody, and another one within a payload out of the flow."""

    number = Slot()
    frame = Event()
    note = Event()
    kept: int = 0

    def setup(self) -> None:
        self.before: list[tuple[int, Any]] = []

    def logic(self, number: int) -> None:
        frame = self.loan("frame", SHAPE, "u1")
        frame[:] = number
        self.frame.emit(frame)
        inner = self.loan("note", (100, 200), "f4")
        inner[:] = number
        self.note.emit({"number": number, "inner": inner, "changed": self.changed()})
        self.before = [*self.before, (number, frame)][-self.kept :] if self.kept else []

    def changed(self) -> list[int]:
        """Which of the arrays that are kept have been written over."""
        return [number for number, frame in self.before if not (frame == number % 256).all()]


class LendsAndFails(Lends):
    """Every second activation comes to nothing; each leaves an array behind that it does not emit."""

    def logic(self, number: int) -> None:
        self.loan("frame", SHAPE, "u1")
        super().logic(number)
        if number % 2:
            raise ValueError(number)


class LendsAndDies(Lends):
    """Its process dies once, between its emissions and their commit."""

    marker: str

    def logic(self, number: int) -> None:
        super().logic(number)
        if number == 20 and not Path(self.marker).exists():
            Path(self.marker).touch()
            os._exit(7)


class LendsInTurn(Routine):
    """A generator of lent arrays."""

    count = Slot()
    frame = Event()

    def logic(self, count: int) -> Iterator[Any]:
        for number in range(count):
            frame = self.loan("frame", SHAPE, "u1")
            frame[:] = number % 256
            yield frame


class WritesAfterwards(Routine):
    """Tells what happens when it writes to what it has emitted, and emits it once more."""

    number = Slot()
    frame = Event()
    told = Event()

    def logic(self, number: int) -> None:
        frame = self.loan("frame", SHAPE, "u1")
        frame[:] = number
        self.frame.emit(frame)
        try:
            frame[0] = 9
        except ValueError as error:
            self.told.emit(str(error))
        self.frame.emit(frame)


class Sums(Routine):
    """What it has seen: the sum of each array, and whether it could be written to."""

    frame = Slot()
    seen = Event()

    def logic(self, frame: Any) -> None:
        self.seen.emit((int(frame[0, 0]), int(frame.sum()), frame.flags.writeable))
