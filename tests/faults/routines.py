"""Here are routines whose results show every message that was lost, doubled or out of place."""

import ctypes
import itertools
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

from routilux import Event, Routine, Slot, policies, routine


@routine
def numbers(n: int) -> Iterator[int]:
    yield from range(n)


@routine
def double(value: int) -> int:
    return 2 * value


@routine
def negate(value: int) -> int:
    return -value


class Expand(Routine):
    """Immediate logic that hands back a generator, without being one."""

    value = Slot()
    out = Event()
    copies: int = 300

    def logic(self, value: int) -> Any:
        return self.copied(value)

    def copied(self, value: int) -> Iterator[tuple[int, int]]:
        for copy in range(self.copies):
            yield value, copy


@routine
def serial(pair: tuple[int, int]) -> int:
    """The place of a copy among all copies, if there are fifty of each."""
    value, copy = pair
    return 50 * value + copy


class Sevens(Routine):
    value = Slot()
    out = Event()
    policy = policies.batch_size(7)

    def logic(self, value: list[int]) -> None:
        self.out.emit(value)


class Everything(Routine):
    """Emits the list of all messages at the end."""

    value = Slot()
    out = Event()
    policy = policies.whole_job()

    def logic(self, value: list[Any]) -> None:
        self.out.emit(value)


class Tally(Routine):
    """Emits count and sum at the end, from its state."""

    value = Slot()
    out = Event()
    ballast: int = 0

    def logic(self, value: int) -> None:
        self.state["sum"] = self.state.get("sum", 0) + value
        self.state["count"] = self.state.get("count", 0) + 1
        if self.ballast:
            self.state["all"] = [*self.state.get("all", [bytes(self.ballast)]), value]

    def finish(self) -> None:
        self.out.emit((self.state.get("count", 0), self.state.get("sum", 0)))
        if self.ballast:
            self.out.emit(self.state["all"][1:])


class Burst(Routine):
    """Emits more for one message than its lane holds: most of it waits in the outbox."""

    value = Slot()
    out = Event()
    copies: int = 50

    def logic(self, value: int) -> None:
        for copy in range(self.copies):
            self.out.emit((value, copy, bytes(4000)))


class Labels(Routine):
    """Emits what it got without its ballast."""

    value = Slot()
    out = Event()

    def logic(self, value: tuple[int, int, bytes]) -> None:
        self.out.emit(value[:2])


def by_seven(value: int) -> int:
    return value % 7


def number_of(value: int) -> int:
    """The number that was doubled, or negated."""
    return value // 2 if value > 0 else -value


class Pairs(Routine):
    """One of each, by arrival."""

    left = Slot()
    right = Slot()
    out = Event()
    policy = policies.all_slots_ready()

    def logic(self, left: int, right: int) -> None:
        self.out.emit((left, right))


class Joined(Pairs):
    """One of each, by what they say."""

    policy = policies.join(number_of)


class Deadly(Routine):
    """Kills its process at each number that is `every` more than the one before, in the way it is told."""

    value = Slot()
    out = Event()
    how: str = "exit"
    first: int = 30
    every: int = 1 << 40

    def logic(self, value: int) -> None:
        if value >= self.first and (value - self.first) % self.every == 0:
            match self.how:
                case "exit":
                    os._exit(7)
                case "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                case "segfault":
                    ctypes.string_at(0)
        self.out.emit(value)


class DeadlyBatch(Deadly):
    policy = policies.batch_size(4)

    def logic(self, value: list[int]) -> None:  # type: ignore[override]  # a list in place of a message
        if 30 in value:
            os._exit(7)
        for number in value:
            self.out.emit(number)


class Unstable(Routine):
    """Cannot be set up."""

    value = Slot()
    out = Event()

    def setup(self) -> None:
        os._exit(9)

    def logic(self, value: int) -> None:
        self.out.emit(value)


class Steady(Routine):
    """Yields numbers; every thousandth tells how far it has come before it goes on."""

    n = Slot()
    out = Event()

    def logic(self, n: int) -> Iterator[tuple[int, int]]:
        for number in range(n):
            yield self.mark(), number

    def mark(self) -> int:
        return 0


class Fickle(Steady):
    """Each of its processes yields something else."""

    def mark(self) -> int:
        return os.getpid()


class Uneven(Expand):
    """Every tenth message makes four hundred, the others one: many are run together before it sends early."""

    def copied(self, value: int) -> Iterator[tuple[int, int]]:
        for copy in range(self.copies if value % 10 == 9 else 1):
            yield value, copy


@routine
def hold_the_interpreter(seconds: int) -> int:
    """A C call that keeps the interpreter to itself, so that no other thread of the process runs."""
    ctypes.PyDLL(None).sleep(seconds)
    return seconds


@routine
def bytes_of(size: int) -> bytes:
    return bytes(size)


@routine
def size_of(data: bytes) -> int:
    return len(data)


class Doubling(Routine):
    """Sends each message round twice, until it has gone round often enough."""

    value = Slot()
    again = Event()
    out = Event()
    rounds: int = 5
    nbytes: int = 0

    def logic(self, value: Any) -> None:
        done = value[0] if isinstance(value, tuple) else 0
        if done == self.rounds:
            self.out.emit(done)
            return
        for _ in range(2):
            self.again.emit((done + 1, bytes(self.nbytes)))


@routine
def odd_only(value: int) -> int | None:
    return value if value % 2 else None


class Jumpy(Routine):
    """Sets the time of day of its process back and forth, and raises so often at each number."""

    value = Slot()
    out = Event()
    fails: int = 0

    def setup(self) -> None:
        true, shifts = time.time, itertools.cycle([-3600.0, 3600.0])
        time.time = lambda: true() + next(shifts)
        self.failed: set[int] = set()

    def logic(self, value: Any) -> None:
        if self.fails and value not in self.failed:
            self.failed.add(value)
            raise ValueError(value)
        self.out.emit(value)
