"""Flows for an editor's debugger; as a program, a runtime that waits for one and is killed meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from routilux import Event, Flow, Routine, Runtime, Slot, routine

SHORT = 0.5
"""Seconds that an activation may take."""


@routine
def count(n: int) -> Iterator[int]:
    yield from range(n)


@routine
def inverse(value: int) -> float:
    return 12 / value


class Sums(Routine):
    """Saves what it has seen, and says so."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        seen = self.state.get("seen", 0) + value
        self.out.emit(seen)
        self.state["seen"] = seen


class Hooks(Routine):
    """Tells whose `breakpoint()` is."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        self.out.emit(sys.breakpointhook.__module__)


def hooks() -> Flow:
    return Flow("hooks").pipe(count, "count").pipe(Hooks(), "hooks")


def sums() -> Flow:
    return Flow("sums").pipe(count, "count").pipe(Sums(), "sums")


def impatient() -> Flow:
    return Flow("sums").pipe(count, "count").pipe(Sums(), "sums", timeout=SHORT)


def division() -> Flow:
    return Flow("division").pipe(inverse, "inverse")


def main() -> None:
    with Runtime(heap=1 << 24, allow_attach=True) as runtime:
        place = {"routine_id": "sums", "event_name": "out"}
        job = runtime.exec(sums(), n=4, breakpoints=[place])
        with job.session() as session:
            found = session.wait().attach()
            sys.stdout.write(f"{found.host} {found.port}\n")
            sys.stdout.flush()
            job.wait()


if __name__ == "__main__":
    main()
