"""Here are routines whose failures are told beforehand, so that both engines must count the same."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from routilux import Event, Routine, Slot, policies


class Counted(Routine):
    """Fails on the numbers that 3 divides, `failures` times each; emits before it does."""

    failures: int = 2

    def setup(self) -> None:
        self.tries = Counter[tuple[str, Any]]()

    def attempt(self, what: int) -> None:
        """Raises if it is to fail once more; the first fact that an attempt leaves is its number."""
        self.tries[self.job.job_id, what] += 1
        if what % 3 == 0 and self.tries[self.job.job_id, what] <= self.failures:
            raise ValueError(f"{what} is bad")


class Single(Counted):
    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        self.out.emit(("before", value))
        self.attempt(value)
        self.out.emit(("after", value))


class Yields(Counted):
    value = Slot()
    out = Event()

    def logic(self, value: int) -> Iterator[tuple[str, int]]:
        for _ in range(300):  # more than a generator keeps to itself, were it not tried again
            yield "before", value
        self.attempt(value)
        yield "after", value


class Batches(Counted):
    value = Slot()
    out = Event()
    policy = policies.batch_size(2)

    def logic(self, value: list[int]) -> None:
        self.out.emit(("before", *value))
        self.attempt(value[0])
        self.out.emit(("after", *value))


class Joins(Counted):
    left = Slot()
    right = Slot()
    out = Event()
    policy = policies.join(on=lambda value: value)

    def logic(self, left: int, right: int) -> None:
        self.out.emit(("before", left, right))
        self.attempt(left)
        self.out.emit(("after", left, right))


class Finishes(Counted):
    """Fails at the end of the job."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        self.state["seen"] = self.state.get("seen", 0) + 1

    def finish(self) -> None:
        self.out.emit(("before", self.state.get("seen", 0)))
        self.attempt(0)
        self.out.emit(("after", self.state.get("seen", 0)))


class FinishesBatches(Finishes):
    policy = policies.batch_size(4)

    def logic(self, value: list[int]) -> None:  # type: ignore[override]  # a batch in place of a message
        self.state["seen"] = self.state.get("seen", 0) + len(value)


class Waits(Routine):
    """Fails on `bad` until a file is there; says when it has failed by adding a line to another."""

    value = Slot()
    out = Event()
    path: str
    bad: int = 2

    def logic(self, value: int) -> None:
        if value == self.bad and not Path(self.path, "well").exists():
            with Path(self.path, "tries").open("a", encoding="ascii") as tries:
                tries.write(f"{os.getpid()} {time.monotonic()}\n")
            raise ValueError("not yet")
        self.out.emit(value)
