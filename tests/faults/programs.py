"""Here is a user's program of its own, for the faults that concern a whole process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import psutil

TESTS = Path(__file__).parents[1]
PATIENCE = 30.0

FLOWS = """
import sys
import threading
import time
from pathlib import Path

from faults.routines import Everything, double, hold_the_interpreter, numbers
from routilux import Event, Flow, Routine, Runtime, Slot, routine


@routine
def ticks():
    while True:
        yield 10**12  # not too many fit into a lane


@routine
def slowly(value):
    time.sleep(0.0002)
    return value


@routine
def spin(value):
    Path("started").touch()
    while True:
        pass


@routine
def spin_in_c(value):
    Path("started").touch()
    sum(range(10**11))


@routine
def sleep(value):
    Path("started").touch()
    time.sleep(10_000)


class Total(Routine):
    number = Slot()
    total = Event()

    def logic(self, number):
        self.state["total"] = self.state.get("total", 0) + number
        if self.state["total"] > 1000 * number:
            Path("started").touch()

    def finish(self):
        self.total.emit(self.state["total"])


endless = Flow("endless").pipe(ticks).pipe(slowly).pipe(Total, "total")
HUNG = [spin, spin_in_c, sleep]
python, c, asleep = (Flow(f"hung-{n}").pipe(kind, "busy", workers=2) for n, kind in enumerate(HUNG))
"""
"""A module of flows; its routines tell by a file that they have started."""

RUN = """
from flows import *

if __name__ == "__main__":
    flow = globals()[sys.argv[1]]
    runtime = Runtime()
    for number in range(2):
        runtime.exec(flow, value=number)
    threading.Event().wait(60)
"""
"""A program that waits for a flow that does not end."""

SMALL = """
from faults.routines import Everything, double, numbers
from routilux import Flow, Runtime

if __name__ == "__main__":
    with Runtime() as runtime:
        print(runtime.exec(Flow().pipe(numbers).pipe(double).pipe(Everything()), n=4).result(50))
"""
"""A program that does its work and ends."""


@contextmanager
def program(
    folder: Path,
    arguments: Sequence[str],
    *,
    cwd: str | Path | None = None,
    environment: Mapping[str, str | None] | None = None,
    prepare: Callable[[], object] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """A Python of its own that can import the flows above and our tests; killed in the end. A variable of the
    environment that is None is not there.
    """
    (folder / "flows.py").write_text(FLOWS, encoding="utf-8")
    path = os.pathsep.join([str(folder), str(TESTS), *(entry for entry in sys.path if entry)])
    variables = {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", **(environment or {})}
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd or folder,
        env={name: value for name, value in variables.items() if value is not None},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=prepare,  # noqa: PLW1509 - the limits are for the program alone
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, output, errors."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def until(holds: Callable[[], object]) -> None:
    """Waits for something that cannot be waited on otherwise."""
    waiting, deadline = threading.Event(), monotonic() + PATIENCE
    while not holds():
        assert monotonic() < deadline, "it did not happen in time"
        waiting.wait(0.005)


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    until(lambda: path.exists() or process.poll() is not None)
    assert process.poll() is None, process.communicate()


def wait_until_handled(process: subprocess.Popen[str]) -> None:
    """Until the program catches SIGTERM, and so has its handlers: before, Python's own are in place."""
    until(lambda: caught(process.pid) & 1 << (signal.SIGTERM - 1))


def caught(pid: int) -> int:
    """The mask of signals that a process has handlers for."""
    status = Path("/proc", str(pid), "status").read_text(encoding="ascii", errors="replace")
    return next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt"))


def seconds_until_gone(processes: list[psutil.Process], timeout: float = PATIENCE) -> float:
    """How long it takes until none of them runs; a zombie that nobody here can reap has ended."""
    waiting, began = threading.Event(), monotonic()
    while any(is_running(process) for process in processes):
        assert monotonic() - began < timeout, [process for process in processes if is_running(process)]
        waiting.wait(0.005)
    return monotonic() - began


def is_running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def interrupt(process: subprocess.Popen[str], times: int, number: int = signal.SIGINT) -> None:
    """Send a signal so often, with a pause between, or the kernel makes one of two."""
    waiting = threading.Event()
    for _ in range(times):
        process.send_signal(number)
        waiting.wait(0.03)
