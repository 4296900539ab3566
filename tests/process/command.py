"""Here is `routilux` as a user has it: a process, in a folder with some flows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FLOWS = """
import sys
import time
from pathlib import Path

from routilux import Event, Flow, Routine, Slot, routine


@routine
def half(n):
    return n / 2


@routine
def ticks():
    while True:
        yield 1
        time.sleep(0.001)


@routine
def stuck():
    Path("started").touch()
    while True:
        time.sleep(60)


@routine
def told(n):
    Path("started").touch()
    while n < 0:
        time.sleep(60)
    return n


@routine
def modules(n):
    return sorted(name for name in sys.modules if name.split(".")[0] in ("typer", "click", "rich")
                  or name.startswith("routilux.cli"))


@routine
def picky(n):
    if n % 2:
        raise ValueError(f"{n} is odd")
    return [{"n": n, "half": n // 2}]


class Total(Routine):
    number = Slot()
    total = Event()

    def logic(self, number):
        self.state["total"] = self.state.get("total", 0) + number
        Path("started").touch()

    def finish(self):
        self.total.emit({"total": self.state["total"]})


def one(routine):
    flow = Flow("one")
    flow.add_routine(routine, "only")
    return flow


halves, hangs, loaded, picks = one(half), one(stuck), one(modules), one(picky)
tells = one(told)
endless = Flow("endless")
endless.pipe(ticks).pipe(Total, "total")
faulty = Flow("faulty")
faulty.add_routine(half, "half")
faulty.connect("half", "outptu", "nobody", "n")
"""
DEADLINE = 50.0
Command = Callable[..., "subprocess.Popen[str]"]


def draining(seconds: int) -> str:
    """What is told when a signal has come."""
    return (
        f"draining, for {seconds} s at most: sources stop, what is in flight is finished; "
        "press Ctrl-C again to kill\n"
    )


@contextmanager
def commands(folder: Path) -> Iterator[Command]:
    """Starts `routilux` in a folder with the flows above, and ends what a failing test has left running."""
    (folder / "flows.py").write_text(FLOWS, encoding="utf-8")
    begun: list[subprocess.Popen[str]] = []

    def run(*arguments: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "routilux", *arguments]
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=-1,
            stderr=stderr,
            text=True,
            env=environment(),
        )
        begun.append(process)
        return process

    try:
        yield run
    finally:
        for process in begun:
            with process:
                process.kill()


def environment() -> dict[str, str]:
    return os.environ | {"NO_COLOR": "1", "COLUMNS": "100"}


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, output, errors."""
    out, err = process.communicate(timeout=DEADLINE)
    return process.returncode, out, err


def with_any_job(text: str) -> str:
    """The text without the id that a job was given by its runtime."""
    return re.sub(r"job-\w+-\d+", "JOB", text)


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2].strip()
