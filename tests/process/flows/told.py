"""Here are routines of which the tests of hook events hear."""

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from routilux import Event, ExecutionHooks, Routine, Slot, policies, routine


@routine
def until_told(path: str) -> Iterator[int]:
    """Goes on until there is something at the path, so slowly that it never waits for room."""
    for number in takewhile(lambda _: not Path(path).exists(), count()):
        time.sleep(0.001)
        yield number


@routine
def numbers(n: int) -> Iterator[int]:
    yield from range(n)


@routine
def each(paths: list[str]) -> Iterator[str]:
    yield from paths


@routine
def one_or_until(path: str) -> Iterator[int]:
    """One number, or with a path as many as come before there is something at it."""
    yield 0
    for number in takewhile(lambda _: path and not Path(path).exists(), count(1)):
        time.sleep(0.001)
        yield number


class Writes(Routine):
    """Appends each to a file."""

    x = Slot()
    path: str

    def logic(self, x: int) -> None:
        with Path(self.path).open("a", encoding="utf-8") as file:
            file.write(f"{x}\n")


@routine
def left(x: int) -> dict[str, int]:
    return {"key": x, "left": x}


@routine
def right(x: int) -> dict[str, int]:
    return {"key": x, "right": x}


@routine
def sink(x: Any) -> None:
    """Uses it up."""


@routine
def odd(x: int) -> int:
    if x % 2 == 0:
        raise ValueError(x)
    return x


@routine
def killed_once(path: str) -> str:
    """Kills its process the first time."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return "survived"
    os.kill(os.getpid(), signal.SIGKILL)
    return "unreachable"


def pairs(slots: dict[str, list[int]], job: object) -> tuple[bool, dict[str, int], str]:
    """Takes two at a time."""
    return (True, {"x": 2}, "a pair") if len(slots["x"]) > 1 else (False, {}, "one is no pair")


class Pairs(Routine):
    """Uses up pairs."""

    x = Slot()
    policy = policies.as_policy(pairs)

    def logic(self, x: list[int]) -> None:
        """Uses them up."""


class Waits(Routine):
    """Takes what has come within a second."""

    x = Slot()
    policy = policies.time_interval(1.0)

    def logic(self, x: list[int]) -> None:
        """Uses it up."""


class Both(Routine):
    """Joins what comes from the left and the right."""

    a = Slot()
    b = Slot()
    both = Event()
    policy = policies.join(on="key")

    def logic(self, a: dict[str, int], b: dict[str, int]) -> None:
        self.both.emit(a | b)


class Talks(Routine):
    """Logs and prints."""

    x = Slot()

    def logic(self, x: int) -> None:
        self.log.info("info %d", x)
        logging.getLogger("elsewhere").warning("warning %d", x)
        sys.stdout.write(f"printed {x}\n")
        print(f"err {x}", file=sys.stderr)  # noqa: T201 - what is printed is heard


class Greets(Routine):
    """Logs before any job, and in each."""

    x = Slot()

    def setup(self) -> None:
        self.log.info("hello")

    def logic(self, x: int) -> None:
        self.log.info("got %d", x)


class Fails(ExecutionHooks):
    """Every hook of it raises."""

    def on_routine_start(self, job_id: str, routine_id: str, values: Any) -> None:
        raise SystemExit("start")

    def on_routine_end(self, *args: Any) -> None:
        raise RuntimeError("end")

    def on_event_emit(self, *args: Any) -> bool | None:
        raise RuntimeError("emit")

    def on_slot_data_received(self, *args: Any) -> bool | None:
        raise RuntimeError("received")

    def should_pause_routine(self, *args: Any) -> bool | None:
        raise RuntimeError("pause")

    def on_job_start(self, job_id: str) -> None:
        raise RuntimeError("job")


class Notes(ExecutionHooks):
    """Appends a line to a file for each call, in whichever process."""

    def __init__(self, path: str) -> None:
        self.path = path

    def note(self, *words: object) -> None:
        with Path(self.path).open("a", encoding="utf-8") as file:
            file.write(" ".join(map(str, words)) + "\n")

    def on_flow_start(self, flow_name: str) -> None:
        self.note("flow starts", flow_name)

    def on_flow_end(self, flow_name: str) -> None:
        self.note("flow ends", flow_name)

    def on_job_start(self, job_id: str) -> None:
        self.note("job starts", job_id)

    def on_job_end(self, job_id: str, status: str, error: Exception | None) -> None:
        self.note("job ends", job_id, status, error is not None)

    def on_slot_data_received(self, job_id: str, routine_id: str, slot_name: str, value: Any) -> bool | None:
        self.note("received", job_id, routine_id, slot_name, value)
        return None

    def on_policy_evaluated(self, job_id: str, routine_id: str, activate: bool, reason: str) -> None:  # noqa: FBT001 - see ExecutionHooks
        if activate:
            self.note("activates", job_id, routine_id, reason)

    def on_routine_start(self, job_id: str, routine_id: str, values: Any) -> None:
        self.note("starts", job_id, routine_id, dict(values))

    def on_event_emit(self, job_id: str, routine_id: str, event_name: str, value: Any) -> bool | None:
        self.note("emits", job_id, routine_id, event_name, value)
        return None

    def on_routine_end(
        self, job_id: str, routine_id: str, status: str, duration: float, error: BaseException | None
    ) -> None:
        self.note("ends", job_id, routine_id, status, duration >= 0, type(error).__name__)


class Holds(ExecutionHooks):
    """Holds the job at one of its places, at one value."""

    def __init__(self, place: str, value: Any) -> None:
        self.place = place
        self.value = value

    def on_slot_data_received(self, job_id: str, routine_id: str, slot_name: str, value: Any) -> bool | None:
        return False if (self.place, self.value) == ("slot", value) else None

    def on_event_emit(self, job_id: str, routine_id: str, event_name: str, value: Any) -> bool | None:
        return False if (self.place, self.value) == ("event", value) else None

    def should_pause_routine(self, job_id: str, routine_id: str, values: Any) -> bool | None:
        return self.place == "routine" and self.value in values.values()
