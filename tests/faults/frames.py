"""Here are routines that pass frames: arrays too large for a lane. They are apart, since workers start faster
without numpy.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from routilux import Event, Routine, Slot, routine


class Frames(Routine):
    """Yields arrays of 40 kB, each full of its number."""

    n = Slot()
    out = Event()

    def logic(self, n: int) -> Iterator[Any]:
        for number in range(n):
            yield np.full(5000, number)


class Brighten(Routine):
    frame = Slot()
    out = Event()

    def logic(self, frame: Any) -> None:
        self.out.emit(frame + 1)


class Look(Routine):
    """Emits the number of each frame, and how many of its pixels are another."""

    frame = Slot()
    out = Event()

    def logic(self, frame: Any) -> None:
        self.out.emit((int(frame[0]), int((frame != frame[0]).sum())))


@routine
def numbers_of(frames: list[Any]) -> list[int]:
    return [int(frame[0]) for frame in frames]
