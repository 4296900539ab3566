"""Here is the directory of a runtime: the sockets of its processes, and who removes it when nobody else
can.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from routilux.errors import RoutiluxError
from routilux.ipc.endpoints import PREFIX

LONGEST = 107
"""Bytes of a Unix socket's path."""
FLOW = "00000"
"""As long a name as the directory of one flow's sockets may have."""

_JANITOR = 'trap "" INT TERM HUP QUIT; read -r _; exec rm -rf -- "$1"'


class RunDirectory:
    """A directory of mode 0700 with this runtime's sockets.

    A janitor, a shell that waits for the end of a pipe whose other end only this process has, removes it; so
    it goes even when this process is killed. What a killed janitor leaves is swept by the next runtime: the
    lock file tells that nobody is there.
    """

    def __init__(self) -> None:
        sweep()
        self.path, self._lock = _locked_directory()
        if len(os.fsencode(self.path / FLOW / "worker-00000")) > LONGEST:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            message = (
                f"the directory for temporary files has too long a name for sockets ({self.path}): "
                "set TMPDIR to a shorter one"
            )
            raise RoutiluxError(message)
        self._janitor = subprocess.Popen(  # noqa: S603 - a fixed command
            ["/bin/sh", "-c", _JANITOR, "routilux-janitor", os.fspath(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def close(self) -> None:
        """Remove the directory and wait until the janitor is gone."""
        if self._janitor.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._janitor.stdin.close()
        self._janitor.wait()
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _locked_directory() -> tuple[Path, int]:
    """A new directory and its locked lock file."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = os.open(path / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            return path, lock
        os.close(lock)  # another runtime's sweep was quicker than our lock


def sweep() -> None:
    """Remove the directories of this user's runtimes that were killed together with their janitor."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if path.stat().st_uid != os.getuid():
                continue
            lock = os.open(path / "lock", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)
