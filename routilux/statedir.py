"""Here is the state directory of a durable runtime: its lock, and a folder for each flow that runs."""

import contextlib
import fcntl
import json
import logging
import os
import shutil
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from routilux import incarnation
from routilux.clock import Deadline, pause
from routilux.errors import RoutiluxError

LOCK = "run.lock"
FLOWS = "flows"
PATIENCE = 10.0
"""Seconds that processes of an earlier runtime get to end before they are named."""

log = logging.getLogger("routilux.runtime")


class StateDirectory:
    """A directory that one runtime at a time holds; the lock is inherited by its workers, so it is free only
    when the last of them has ended. Raises RoutiluxError when somebody else holds it.
    """

    def __init__(self, path: str | PathLike[str], *, resumes: bool) -> None:
        self.path = Path(path).absolute()
        if resumes and not (self.path / LOCK).exists():
            raise RoutiluxError(f"{str(self.path)!r} is no state directory: there is no {LOCK} in it")
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise RoutiluxError(
                f"{str(self.path)!r} cannot be a state directory: {error.strerror}"
            ) from error
        try:
            self._take()
            if not resumes and (left := list(self.flows())):
                names = ", ".join(folder.name for folder in left)
                raise RoutiluxError(  # noqa: TRY301 - the lock goes back either way
                    f"{str(self.path)!r} holds an unfinished run of {names}: go on with Runtime.resume(...) "
                    "or `routilux resume`, or remove the directory to give it up"
                )
        except BaseException:
            os.close(self.lock)
            raise

    def _take(self) -> None:
        """Take the lock, once what is left of an earlier runtime has ended."""
        deadline, told = Deadline.after(PATIENCE), False
        while not self._is_free():
            owner = self._owner()
            if owner is not None:
                raise RoutiluxError(
                    f"{str(self.path)!r} is in use by process {owner}: close that runtime first, or name "
                    "another directory"
                )
            holders = ", ".join(map(str, sorted(self._holders()))) or "unknown"
            if deadline.passed:
                raise RoutiluxError(
                    f"{str(self.path)!r} is still held by workers of an earlier run (process {holders}), "
                    "which has ended: end them, then try again"
                )
            if not told:
                log.warning("waiting for process %s of an earlier run in %s", holders, self.path)
                told = True
            pause(0.02)
        pid, started = incarnation.own()
        os.ftruncate(self.lock, 0)
        os.pwrite(self.lock, json.dumps([pid, started]).encode(), 0)

    def _is_free(self) -> bool:
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _owner(self) -> int | None:
        """The runtime that holds the directory, if it is alive."""
        with contextlib.suppress(ValueError):
            pid, started = json.loads(os.pread(self.lock, 4096, 0))
            if incarnation.started(pid) == started:
                return int(pid)
        return None

    def _holders(self) -> Iterator[int]:
        """The other processes that have the lock open."""
        mine = os.fstat(self.lock)
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                fds = [fd.stat() for fd in (process / "fd").iterdir()]
                if int(process.name) != os.getpid() and any(os.path.samestat(mine, fd) for fd in fds):
                    yield int(process.name)

    def flows(self) -> Iterator[Path]:
        """The folders of flows that have not come to their end."""
        yield from sorted((self.path / FLOWS).glob("*"))

    def new_flow(self, name: str) -> Path:
        """A folder for a flow that starts."""
        number = 1 + max((int(path.name.partition("-")[0]) for path in self.flows()), default=0)
        path = self.path / FLOWS / f"{number}-{name}"
        path.mkdir(mode=0o700, parents=True)
        return path

    def close(self) -> None:
        """Let go of the directory. What is left of it, if nothing is unfinished, is the lock file."""
        if not any(self.flows()):
            with contextlib.suppress(OSError):
                (self.path / FLOWS).rmdir()
        os.close(self.lock)


def forget(folder: Path) -> None:
    """All of a flow has come to its end."""
    shutil.rmtree(folder, ignore_errors=True)
