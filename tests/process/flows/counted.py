"""A flow of three, of which the one in the middle counts the calls of Python functions in its process."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from routilux import Event, Flow, Routine, Slot
from routilux.debug import rules
from routilux.worker import gate, lookout, watch

DEBUGGERS = {module.__file__ for module in (gate, lookout, rules, watch)}


class AtOnce(Routine):
    """All numbers in one activation, so that they lie in a few frames."""

    n = Slot[int]()
    number = Event[int]()

    def logic(self, n: int) -> None:
        for number in range(n):
            self.number.emit(number)


class Counting(Routine):
    """Hands numbers on; in the end tells how many calls there were since the job's first message: of the
    debugger's functions, and by name of the loop's.
    """

    number = Slot[int]()
    output = Event[int]()
    calls = Event[dict[str, int]]()

    def setup(self) -> None:
        self.counted: Counter[str] = Counter()

    def logic(self, number: int) -> None:
        if sys.getprofile() is None:
            self.counted.clear()
            sys.setprofile(self.count)
        self.output.emit(number)

    def finish(self) -> None:
        sys.setprofile(None)
        self.calls.emit(dict(self.counted))

    def count(self, frame: FrameType, what: str, _: object) -> None:
        if what == "call":
            code = frame.f_code
            is_debugger = code.co_filename in DEBUGGERS
            self.counted["debugger" if is_debugger else f"{Path(code.co_filename).stem}.{code.co_name}"] += 1


class Last(Routine):
    number = Slot[int]()

    def logic(self, number: int) -> None:
        pass


def counted() -> Flow:
    flow = Flow("counted").pipe(AtOnce(), "first").pipe(Counting(), "counting")
    flow.add_routine(Last(), "last")
    flow.connect("counting", "output", "last", "number")
    return flow
