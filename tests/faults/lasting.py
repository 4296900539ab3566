"""Here are flows whose results show what a durable run has lost or doubled between two of its lives."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults.routines import Deadly, Everything, Sevens, Steady, Tally, by_seven, numbers
from routilux import Event, Flow, Routine, Slot, retry, routine
from routilux.keys import by_key


def wait_for(path: str) -> None:
    """Until there is something; where no path is given, not at all."""
    while path and not Path(path).exists():
        time.sleep(0.002)


class Careful(Routine):
    """Doubles what it gets, and takes its time; in the middle it waits for the path `go`, if it has one."""

    value = Slot()
    out = Event()
    seconds: float = 0.002
    go: str = ""

    def logic(self, value: int) -> None:
        time.sleep(self.seconds)
        if value == 50:
            wait_for(self.go)
        self.out.emit(2 * value)


class Hoard(Routine):
    """Emits at the end all that it got, in the order it came."""

    value = Slot()
    out = Event()

    def logic(self, value: list[int]) -> None:
        self.state["all"] = self.state.get("all", []) + value

    def finish(self) -> None:
        self.out.emit(self.state.get("all", []))


class Paged(Routine):
    """A source that goes on where it was."""

    n = Slot()
    out = Event()

    def logic(self, n: int) -> None:
        for number in range(self.cursor or 0, n):
            self.out.emit(number)
            if number % 10 == 9:
                self.flush(number + 1)
                time.sleep(0.005)


class Stubborn(Routine):
    """Fails at each tenth number until it has been tried so many times."""

    value = Slot()
    out = Event()
    times: int = 3

    def logic(self, value: int) -> None:
        tries = self.job.data.get(str(value), 0) + 1
        if value % 10 == 0 and tries < self.times:
            self.job.data[str(value)] = tries
            raise ValueError(value)
        self.out.emit(value)


class Shared(Routine):
    """Leaves each number in the data of the job."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        time.sleep(0.002)
        self.job.data[str(value)] = value
        self.out.emit(value)


class Gathered(Routine):
    """Emits at the end what lies in the data of the job."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        """It waits for the end."""

    def finish(self) -> None:
        self.out.emit(sorted(self.job.data.values()))


@routine
def bulky(n: int) -> Iterator[bytes]:
    for number in range(n):
        yield number.to_bytes(4, "big") * 100_000


class Weighed(Routine):
    """Says of each large payload which one it is, and whether all of it is that one. Waits for the path `go`,
    if it has one.
    """

    value = Slot()
    out = Event()
    go: str = ""

    def logic(self, value: bytes) -> None:
        wait_for(self.go)
        time.sleep(0.02)
        whole = bytes(value[:4]) * (len(value) // 4) == bytes(value)
        self.out.emit([int.from_bytes(value[:4], "big"), whole])


def ordered() -> Flow:
    flow = Flow("ordered").pipe(numbers)
    flow.pipe(Careful(), "careful", workers=2, ordered=True)
    return flow.pipe(Sevens()).pipe(Hoard())


def held(go: str = "") -> Flow:
    """Its outputs reach the job in their order."""
    return Flow("held").pipe(numbers).pipe(Careful(go=go), "careful", workers=2, ordered=True)


def keyed() -> Flow:
    return Flow("keyed").pipe(numbers).pipe(Careful()).pipe(Tally(), workers=2, key=by_seven)


def early() -> Flow:
    return Flow("early").pipe(Steady()).pipe(Everything())


def paged() -> Flow:
    return Flow("paged").pipe(Paged()).pipe(Everything())


def stubborn() -> Flow:
    flow = Flow("stubborn").pipe(numbers)
    return flow.pipe(Stubborn(), on_error=retry(9, 0.05)).pipe(Tally())


def shared() -> Flow:
    return Flow("shared").pipe(numbers).pipe(Shared(), workers=2).pipe(Gathered())


def deadly() -> Flow:
    return Flow("deadly").pipe(numbers).pipe(Deadly(how="exit", first=30, every=40)).pipe(Everything())


def bulk() -> Flow:
    return Flow("bulk").pipe(bulky).pipe(Weighed(), workers=2)


@dataclass(frozen=True)
class Case:
    """A flow, what it is given, and what comes out: in this order, or, where that is not promised, sorted."""

    flow: Callable[[], Flow]
    n: int
    results: list[Any]
    is_sorted: bool = False
    dead: int = 0


CASES = {
    "ordered": Case(ordered, 700, [list(range(0, 1400, 2))]),
    "held": Case(held, 600, list(range(0, 1200, 2))),
    "keyed": Case(
        keyed,
        500,
        [
            [len(found), sum(found)]
            for found in ([2 * n for n in range(500) if by_key(2 * n % 7, 2) == half] for half in (0, 1))
        ],
        is_sorted=True,
    ),
    "early": Case(early, 60_000, [[[0, number] for number in range(60_000)]]),
    "paged": Case(paged, 2_000, [list(range(2_000))]),
    "stubborn": Case(stubborn, 50, [[50, 1225]]),
    "shared": Case(shared, 500, [list(range(500))]),
    "deadly": Case(deadly, 100, [[n for n in range(100) if n not in {30, 70}]], dead=2),
    "bulk": Case(bulk, 60, [[number, True] for number in range(60)], is_sorted=True),
}
