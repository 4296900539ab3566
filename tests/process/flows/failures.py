"""Here are routines that fail, each in its own way."""

import sys
from collections.abc import Iterator
from typing import Any

from routilux import Event, Routine, Slot, policies


class Fussy(Routine):
    """Emits the value and its negative; raises in between at `bad`."""

    value = Slot()
    out = Event()
    bad: int = 2

    def logic(self, value: int) -> None:
        self.out.emit(value)
        if value == self.bad:
            raise ValueError(f"{value} is bad")  # the line that a traceback shows
        self.out.emit(-value)


class FussyGenerator(Fussy):
    def logic(self, value: int) -> Iterator[int]:  # type: ignore[override]  # a generator in place of a function
        yield value
        if value == self.bad:
            raise ValueError(f"{value} is bad")
        yield -value


class FussyBatch(Routine):
    value = Slot()
    out = Event()
    policy = policies.batch_size(2)

    def logic(self, value: list[int]) -> None:
        self.out.emit(sum(value))
        if 2 in value:
            raise ValueError("2 is bad")
        self.out.emit(-sum(value))


class FussyFinish(Routine):
    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        pass

    def finish(self) -> None:
        self.out.emit("before")
        raise ValueError("at the end")


class Raises(Routine):
    """Raises what it is told."""

    value = Slot()
    out = Event()

    def logic(self, value: str) -> None:
        match value:
            case "exit":
                sys.exit(7)
            case "surrogate":
                raise OSError(2, "no such file", "caf\udce9.txt")
            case "endless text":
                raise ValueError("\U0001f600" * 100_000)
            case "mute":
                raise Mute
            case "chain":
                try:
                    dict[str, int]()["cause"]
                except KeyError as error:
                    raise ValueError("effect") from error
            case "deep":
                self.logic(value)
            case "keyboard":
                raise KeyboardInterrupt
            case _:
                self.out.emit(value)


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class NoSetup(Routine):
    value = Slot()
    out = Event()

    def setup(self) -> None:
        raise OSError("the disk is gone")

    def logic(self, value: Any) -> None:
        self.out.emit(value)


class NoTeardown(Routine):
    value = Slot()
    out = Event()

    def logic(self, value: Any) -> None:
        self.out.emit(value)

    def teardown(self) -> None:
        raise OSError("cannot let go")


class Unreadable:
    """It can be sent but not received."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("not a number",)
