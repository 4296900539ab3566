"""Here are routines that keep something: in the data of the job, in their state, or as a cursor."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from routilux import Event, Routine, Slot, routine


class Looks(Routine):
    """Says what the job's data holds of the value; deletes the even ones."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        data = self.job.data
        found = data[f"a{value}"]
        if value % 2 == 0:
            del data[f"a{value}"]
        self.out.emit((value, found["square"], found["ballast"].tolist(), "b" in data, data.get("b", 7)))

    def finish(self) -> None:
        data = self.job.data
        self.out.emit((sorted(data), len(data), data["last"]))


class Operates(Routine):
    """Does one thing to the job's data, and emits what came of it."""

    what = Slot()
    out = Event()

    def logic(self, what: Any) -> None:
        data = self.job.data
        match what:
            case ("get", key):
                self.out.emit(data[key])
            case ("set", key, value):
                data[key] = value
            case ("large", size):
                data["large"] = bytes(size)
            case ("delete", key):
                del data[key]
            case ("callable", key):
                data[key] = iter(lambda: 0, 1)
            case ("list",):
                self.out.emit(sorted(data.items()))
            case ("in place", key):
                data[key].append(1)
                self.out.emit(data[key])


@routine
def steps_of(steps: list[Any]) -> Iterator[Any]:
    yield from steps


class Dies(Routine):
    """Sets a value and kills its process, the first time it sees `value`."""

    value = Slot()
    out = Event()
    path: str

    def logic(self, value: int) -> None:
        self.job.data["attempts"] = self.job.data.get("attempts", 0) + 1
        self.state["sum"] = self.state.get("sum", 0) + value
        if value == 5 and not Path(self.path).exists():
            Path(self.path).touch()
            os._exit(1)
        self.out.emit((value, self.state["sum"], self.job.data["attempts"]))


STRETCH = 60


class Lottery(Routine):
    """Another number each time it is run, `n` of them; says from where by its cursor."""

    n = Slot()
    out = Event()
    seconds: float = 0.0
    with_cursor: bool = True
    deaths: str = ""
    """A file to which a test adds a byte for each death: that many stretches, and one more, may be run."""

    def rest(self, number: int) -> None:
        time.sleep(self.seconds)
        while self.deaths and number >= STRETCH * (1 + Path(self.deaths).stat().st_size):
            time.sleep(0.001)

    def logic(self, n: int) -> None:
        for number in range(self.cursor or 0, n):
            self.rest(number)
            self.out.emit((number, random.random()))
            if number % 10 == 9:
                self.flush(number + 1 if self.with_cursor else None)


class Ladder(Lottery):
    """As a generator, which also sends in between."""

    def logic(self, n: int) -> Iterator[Any]:  # type: ignore[override]  # a generator in place of a function
        _, start = self.cursor or ("from", 0)
        for number in range(start, n):
            self.rest(number)
            yield number, random.random()
            self.flush(("from", number + 1))


def compute(seconds: float) -> None:
    """Take so much of the processor."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


class Slips(Routine):
    """As Ladder; kills its process once, after a yield and before it has noted that."""

    n = Slot()
    out = Event()
    path: str

    def logic(self, n: int) -> Iterator[Any]:
        for number in range(self.cursor or 0, n):
            compute(0.003)  # longer than a generator's outputs wait to be sent
            yield number, random.random()
            if number == 5 and not Path(self.path).exists():
                Path(self.path).touch()
                os._exit(1)
            self.flush(number + 1)


class Flushes(Routine):
    """Plain logic that begins to flush once it runs at full speed."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        for copy in range(self.cursor or 0, 2):
            self.out.emit((value, copy))
            if value >= 3000:
                self.flush(copy + 1)
