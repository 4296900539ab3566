"""Here is discovery: which runtimes of this user run on this machine, as their directories tell."""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from routilux.commands import INTRODUCTION, Introduction
from routilux.ipc.endpoints import PREFIX

LONGEST = 64 << 10
"""Bytes of an introduction."""
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True)
class Found:
    """A running runtime. `changed` is another number after a flow of it has started or stopped."""

    directory: Path
    introduction: Introduction
    changed: int


def running(folder: Path | None = None) -> dict[str, Found]:
    """The running runtimes by their id. Only directories that are this user's own, closed to all others, and
    whose lock is held count; what cannot be read is left out.
    """
    found = (_look(path) for path in _candidates(folder or Path(tempfile.gettempdir())))
    return {one.introduction.runtime_id: one for one in found if one is not None}


def _candidates(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            yield from [Path(entry.path) for entry in entries if entry.name.startswith(PREFIX)]
    except OSError:
        return


def _look(path: Path) -> Found | None:
    try:
        status = path.lstat()
        if (
            not stat.S_ISDIR(status.st_mode)
            or status.st_uid != os.getuid()
            or stat.S_IMODE(status.st_mode) != stat.S_IRWXU
            or not _is_held(path / "lock")
        ):
            return None
        introduction = msgspec.json.decode(_read(path / INTRODUCTION), type=Introduction)
    except (OSError, msgspec.MsgspecError):
        return None
    return Found(path, introduction, status.st_mtime_ns)


def _is_held(lock: Path) -> bool:
    """Whether its runtime holds the lock. Shared, so that two monitors do not take each other for one."""
    descriptor = os.open(lock, _READ)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _read(path: Path) -> bytes:
    descriptor = os.open(path, _READ)
    try:
        return os.read(descriptor, LONGEST)
    finally:
        os.close(descriptor)
