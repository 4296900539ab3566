"""Here is how a test gets at the worker processes of this program, and waits for what they do."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable

import psutil
import pytest

TIMEOUT = 50.0


def workers(name: str) -> list[psutil.Process]:
    """The processes of a routine that are up now, or of one of its workers ("name-0")."""
    found = []
    for child in psutil.Process().children():
        try:
            command = child.cmdline()
        except psutil.NoSuchProcess:
            continue
        called = command[-1].rpartition(":")[2] if command else ""
        if name in (called, called.rpartition("-")[0]):
            found.append(child)
    return found


def kill(name: str) -> None:
    """SIGKILL every worker of that name, as soon as there is one: it may be between two lives."""
    until(lambda: workers(name))
    for victim in workers(name):
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGKILL)


def until(holds: Callable[[], object], timeout: float = TIMEOUT) -> None:
    """Waits for something that cannot be waited on otherwise."""
    waiting = threading.Event()
    for _ in range(int(timeout * 100)):
        if holds():
            return
        waiting.wait(0.01)
    pytest.fail("it did not happen in time")
