"""Here are routines that tests put together: each does one plain thing."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from routilux import Event, Routine, Slot, policies, routine


@routine
def numbers(n: int) -> Iterator[int]:
    yield from range(n)


@routine
def double(value: int) -> int:
    return value * 2


@routine
def invert(value: int) -> float:
    return 1 / value


@routine
def pid(value: object) -> int:
    return os.getpid()


@routine
def spin(value: object) -> None:
    """Python that never ends."""
    while True:
        pass


@routine
def spin_in_c(value: object) -> None:
    """A C call of some ten seconds that holds the GIL."""
    sum(range(10**9))


class Echo(Routine):
    value = Slot()
    out = Event()

    def logic(self, value: Any) -> None:
        self.out.emit(value)


class Gather(Routine):
    """Emits the list of everything at the end."""

    value = Slot()
    out = Event()
    policy = policies.whole_job()

    def logic(self, value: list[Any]) -> None:
        self.out.emit(value)


class Total(Routine):
    """Emits the sum at the end."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        self.state["total"] = self.state.get("total", 0) + value

    def finish(self) -> None:
        self.out.emit(self.state.get("total", 0))


class Gate(Routine):
    """Says by a named pipe that it is in logic, and waits there until the other pipe is opened."""

    value = Slot()
    out = Event()
    path: str

    def logic(self, value: Any) -> None:
        with Path(self.path, "in").open("w", encoding="ascii") as entered:
            entered.write(str(os.getpid()))
        Path(self.path, "out").read_text(encoding="ascii")
        self.out.emit(value)


class Slow(Routine):
    """Takes its time over each value."""

    value = Slot()
    out = Event()
    seconds: float = 0.001

    def logic(self, value: Any) -> None:
        time.sleep(self.seconds)
        self.out.emit(value)


class Ticks(Routine):
    """Yields numbers, with a rest after each."""

    n = Slot()
    out = Event()
    seconds: float = 0.001

    def logic(self, n: int) -> Iterator[int]:
        for number in range(n):
            time.sleep(self.seconds)
            yield number


class Ids(Routine):
    value = Slot()
    out = Event()

    def logic(self, value: Any) -> None:
        self.out.emit(self.message_id)


class Mixed(Routine):
    """A generator: waits at a gate if it is given its folder, else counts so far with a rest after each."""

    value = Slot()
    out = Event()

    def logic(self, value: tuple[str, int]) -> Iterator[Any]:
        path, n = value
        if path:
            with Path(path, "in").open("w", encoding="ascii") as entered:
                entered.write(str(os.getpid()))
            Path(path, "out").read_text(encoding="ascii")
        runs = self.state["runs"] = self.state.get("runs", 0) + 1
        for number in range(n):
            if n > 1:
                time.sleep(0.002)
            yield number, runs


class Dies(Routine):
    """Kills its own process, in the way that it is told."""

    value = Slot()
    out = Event()

    def logic(self, value: str) -> None:
        match value:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exit":
                os._exit(3)
            case "leave":
                os._exit(0)
            case "segfault":
                os.kill(os.getpid(), signal.SIGSEGV)
            case _:
                self.out.emit(value)


class Round(Routine):
    """Sends a message back until it has made its hops."""

    message = Slot()
    again = Event()
    done = Event()

    def logic(self, message: dict[str, Any]) -> None:
        left = message["hops"] - 1
        self.emit("again" if left else "done", {**message, "hops": left})


class Splits(Routine):
    """Emits two of half the size, until they are of size one."""

    message = Slot()
    again = Event()
    done = Event()

    def logic(self, message: tuple[int, bytes]) -> None:
        size, ballast = message
        if size == 1:
            self.done.emit(1)
            return
        self.again.emit((size // 2, ballast))
        self.again.emit((size - size // 2, ballast))
