"""Here are routines that hang, leak, die while they begin, raise, or emit what cannot be sent."""

import os
import resource
import select
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faults.routines import number_of
from routilux import Event, Routine, Slot, policies


class Hung(Routine):
    """Never comes back from one number, in the way it is told."""

    value = Slot()
    out = Event()
    how: str = "python"

    def logic(self, value: int) -> None:
        if value == 30:
            match self.how:
                case "python":
                    while True:
                        pass
                case "sleep":
                    time.sleep(10_000)
                case "select":
                    select.select([], [], [])
        self.out.emit(value)


class Moody(Routine):
    """Every third of its processes dies while it is set up; the file tells how many there have been."""

    value = Slot()
    out = Event()
    path: str = ""

    def setup(self) -> None:
        with Path(self.path).open("a", encoding="ascii") as file:
            file.write(".")
            number = file.tell()  # behind its own dot, whoever has written another meanwhile
        if number % 3 == 1:
            os._exit(9)

    def logic(self, value: int) -> None:
        self.out.emit(value)


class Leaky(Routine):
    """Keeps ten megabytes of each message for ever."""

    value = Slot()
    out = Event()

    def setup(self) -> None:
        self.kept: list[bytes] = []

    def logic(self, value: int) -> None:
        self.kept.append(b"x" * 10_000_000)
        self.out.emit((value, os.getpid()))


class Greedy(Routine):
    """Wants more memory than it may have, at one number."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        if value == 30:
            soft = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (2 << 30, soft[1]))
            try:
                bytearray(4 << 30)
            finally:
                resource.setrlimit(resource.RLIMIT_AS, soft)
        self.out.emit(value)


def raise_at_thirty(value: object) -> None:
    if 30 in (value if isinstance(value, list) else [value]):
        raise ValueError("thirty")


class Immediate(Routine):
    """Emits, and then raises at thirty."""

    value = Slot()
    out = Event()

    def logic(self, value: Any) -> None:
        self.out.emit(value)
        raise_at_thirty(value)


class InBatches(Immediate):
    policy = policies.batch_size(4)


class AtJoin(Routine):
    left = Slot()
    right = Slot()
    out = Event()
    policy = policies.join(number_of)

    def logic(self, left: int, right: int) -> None:
        self.out.emit(left)
        raise_at_thirty(left)


class Generating(Routine):
    """Yields, and then raises at thirty."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> Iterator[int]:
        yield value
        raise_at_thirty(value)


class Unsendable(Routine):
    """Emits what cannot be sent, of the kind it is asked for."""

    kind = Slot()
    out = Event()

    def logic(self, kind: str) -> None:
        self.out.emit(unsendable(kind))


def unsendable(kind: str) -> object:
    recursive: list[object] = []
    recursive.append(recursive)
    deep: list[object] = []
    for _ in range(10**6):
        deep = [deep]
    odd: dict[str, object] = {
        "lambda": lambda: kind,
        "generator": (number for number in range(3)),
        "file": Path(os.devnull).open("rb"),  # noqa: SIM115 - it is to be open
        "lock": threading.Lock(),
        "recursive": recursive,
        "deep": deep,
    }
    return odd.get(kind, kind)
