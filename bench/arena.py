"""Here is a contestant as the driver sees it: a process with a deadline, of which nothing is left behind."""

import json
import os
import re
import selectors
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import psutil

SCRIPT = Path(__file__).with_name("contestant.py")
MARK = "ROUTILUX_BENCH_CONTESTANT"
"""In the environment of a contestant and of all that it starts: how these are found again."""
SHARED_MEMORY = Path("/dev/shm")
SEMAPHORE = re.compile(r"sem\.[a-z]+(\d+)-\d+")
TO_START = 120.0
TO_LEAVE = 8.0


class ContestFailed(Exception):
    """A contestant has crashed, hung or said why it cannot; its row tells the reason."""


class Contestant:
    def __init__(self, process: subprocess.Popen[bytes], mark: str, complaints: Path) -> None:
        self.process = process
        self.mark = mark
        self._complaints = complaints
        self._rest = b""
        assert process.stdout is not None
        self._output = process.stdout.fileno()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)

    def measure(self, count: int, seconds: float) -> dict[str, Any]:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(b"%d\n" % count)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer says why
        found: dict[str, Any] = self.answer("found", seconds)
        return found

    def answer(self, kind: str, seconds: float) -> Any:
        """The next answer, which must be of that kind; ContestFailed says what came instead."""
        line = json.loads(self.line(seconds))
        if kind not in line:
            raise ContestFailed(str(line.get("failed", line)))
        return line[kind]

    def line(self, seconds: float) -> bytes:
        deadline = monotonic() + seconds
        while b"\n" not in self._rest:
            if not self._selector.select(max(0.0, deadline - monotonic())):
                raise ContestFailed(f"no answer within {seconds:g} s")
            data = os.read(self._output, 1 << 16)
            if not data:
                raise ContestFailed(f"ended without an answer: {self._last_words()}")
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return line

    def _last_words(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(2.0)
        lines = self._complaints.read_text(errors="replace").strip().splitlines()
        return f"exit code {self.process.poll()}; {lines[-1][:300] if lines else 'it said nothing'}"

    def leave(self) -> None:
        """Ask it to end by ending its input."""
        with suppress(BrokenPipeError):
            assert self.process.stdin is not None
            self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(TO_LEAVE)


@contextmanager
def started(python: str, arguments: list[str]) -> Iterator[Contestant]:
    """Runs `python -P arguments`. With this block all that it has started ends, and its folder for temporary
    files goes.
    """
    mark = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="rb-", ignore_cleanup_errors=True) as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment |= {MARK: mark, "TMPDIR": folder}
        complaints = Path(folder, "stderr")
        with complaints.open("wb") as errors:
            process = subprocess.Popen(
                [python, "-P", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                cwd=folder,
                start_new_session=True,
            )
        contestant = Contestant(process, mark, complaints)
        members: set[int] = set()
        try:
            yield contestant
            members |= {member.pid for member in marked(mark)}
            contestant.leave()
        finally:
            members |= end(mark)
            sweep(Path(folder).name, members)
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                with suppress(BrokenPipeError):
                    pipe.close()
            process.wait()


def sweep(name: str, members: set[int]) -> None:
    """Remove what a contestant has left in shared memory: files named after its folder, as those of iceoryx2,
    and semaphores named after one of its processes, as those of Ray's compiled graphs.
    """
    for left in SHARED_MEMORY.iterdir():
        semaphore = SEMAPHORE.fullmatch(left.name)
        if left.name.startswith(name) or (semaphore and int(semaphore[1]) in members):
            left.unlink(missing_ok=True)


def end(mark: str) -> set[int]:
    """Kill every process with that mark in its environment, until there is none; which ones these were."""
    killed = set()
    while members := list(marked(mark)):
        killed |= {member.pid for member in members}
        for member in members:
            with suppress(psutil.NoSuchProcess):
                member.send_signal(signal.SIGKILL)
        psutil.wait_procs(members, 5.0)
    return killed


def marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark:
                yield process


def marked_memory(mark: str) -> dict[int, tuple[float, float]]:
    """By process: MB that are no other's (Private_Clean and Private_Dirty), and MB that no file backs."""
    found = {}
    for process in marked(mark):
        with suppress(OSError):
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            status = Path(f"/proc/{process.pid}/status").read_text()
            private = kilobytes(rollup, "Private_Clean") + kilobytes(rollup, "Private_Dirty")
            found[process.pid] = private / 1e3, kilobytes(status, "RssAnon") / 1e3
    return found


def kilobytes(text: str, name: str) -> float:
    """A figure of a file of /proc, there in units of 1,024 bytes; here in those of 1,000."""
    line = next(line for line in text.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1.024
