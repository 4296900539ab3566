"""Here are the worker processes as the supervisor has them: spawned, watched, reaped, killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from routilux.errors import RoutineCrashed

_BOOT = (
    "import json,sys;"
    "sys.path[:]=json.loads(sys.argv[1]);"
    "from routilux.worker.entry import main;"
    "main(sys.argv[2:])"
)


class Process:
    """One worker process, leader of its own process group. Only the thread that spawned it may let it go."""

    def __init__(self, name: str, popen: "subprocess.Popen[bytes]") -> None:
        self.name = name
        self.pid = popen.pid
        self._popen = popen
        self.sentinel = os.pidfd_open(popen.pid) if hasattr(os, "pidfd_open") else -1

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that killed it. Asking reaps it."""
        return self._popen.poll()

    def kill(self) -> None:
        """SIGKILL to its whole group: what it has started goes too."""
        if self._popen.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def reap(self) -> None:
        """Wait until it is gone. What is left of its group is killed."""
        self._popen.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if self.sentinel >= 0:
            os.close(self.sentinel)
            self.sentinel = -1


def spawn(
    name: str,
    arguments: Sequence[int],
    inherited: Sequence[int],
    environment: Mapping[str, str],
    options: Sequence[str] = (),
) -> Process:
    """A new interpreter with those options, never a fork: no lock, thread or socket of ours is in it. It
    ignores our terminal's Ctrl-C.
    """
    path = json.dumps([str(Path(entry).absolute()) for entry in sys.path])
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001 - as multiprocessing does
    command = [sys.executable, *flags, *options, "-c", _BOOT, path, *map(str, arguments), name]
    try:
        popen = subprocess.Popen(  # noqa: S603 - our own interpreter
            command,
            stdin=subprocess.DEVNULL,
            pass_fds=tuple(inherited),
            env={**os.environ, **environment},
            process_group=0,
        )
    except OSError as error:
        message = f"{name}: no process could be started with {sys.executable!r}: {error}"
        raise RoutineCrashed(message) from error
    return Process(name, popen)


def fate(exit_code: int) -> str:
    """How a process ended, for a sentence: `was killed by signal 9`, `exited with code 3`."""
    if exit_code < 0:
        with contextlib.suppress(ValueError):
            return f"was killed by signal {-exit_code} ({signal.Signals(-exit_code).name})"
        return f"was killed by signal {-exit_code}"
    return f"exited with code {exit_code}"
