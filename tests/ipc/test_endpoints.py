"""A runtime's directory goes with the runtime, however it ends, and no other does."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest

from routilux.errors import RoutiluxError
from routilux.ipc.endpoints import PREFIX, endpoint
from routilux.ipc.rundirectory import RunDirectory, sweep

PATIENCE = 20.0

pytestmark = pytest.mark.usefixtures("no_strays")

OWNER = """
from routilux.ipc.rundirectory import RunDirectory
directory = RunDirectory()
print(directory.path, directory._janitor.pid, flush=True)
input()
"""


def owner() -> tuple[subprocess.Popen[str], Path, psutil.Process]:
    """A process with a run directory, and its janitor."""
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", OWNER], stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    path, janitor = process.stdout.readline().split()
    return process, Path(path), psutil.Process(int(janitor))


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def abandoned(folder: Path, name: str = "x") -> Path:
    """What is left of a runtime that was killed together with its janitor."""
    path = folder / f"{PREFIX}{name}"
    path.mkdir()
    (path / "lock").touch()
    (path / "worker-1").touch()
    return path


def test_close_removes_the_directory_and_ends_the_janitor(folder: Path) -> None:
    directory = RunDirectory()
    (directory.path / "worker-0").touch()
    assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700
    directory.close()
    assert list(folder.iterdir()) == []
    assert directory._janitor.returncode == 0


def test_the_janitor_removes_it_when_its_owner_is_killed(folder: Path) -> None:
    process, path, _ = owner()
    (path / "worker-0").touch()
    kill(process)
    deadline = monotonic() + PATIENCE
    while path.exists():
        assert monotonic() < deadline, "the janitor has not removed it"
        sleep(0.01)
    assert list(folder.iterdir()) == []


def test_what_a_killed_janitor_leaves_goes_with_the_next_runtime(folder: Path) -> None:
    process, path, janitor = owner()
    janitor.kill()
    kill(process)
    assert path.exists()
    directory = RunDirectory()
    assert list(folder.iterdir()) == [directory.path]
    directory.close()


def wait_until_ignored(pid: int, numbers: Iterable[int]) -> None:
    """A shell that has just begun ignores nothing yet."""
    wanted, deadline = sum(1 << (number - 1) for number in numbers), monotonic() + PATIENCE
    status = Path("/proc", str(pid), "status")
    while True:
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        ignored = next(int(line.split()[1], 16) for line in lines if line.startswith("SigIgn"))
        if ignored & wanted == wanted:
            return
        assert monotonic() < deadline
        sleep(0.01)


def test_ctrl_c_does_not_end_the_janitor(folder: Path) -> None:
    directory, numbers = RunDirectory(), (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    wait_until_ignored(directory._janitor.pid, numbers)
    for number in numbers:
        os.kill(directory._janitor.pid, number)
    assert directory._janitor.poll() is None
    assert directory.path.exists()
    directory.close()


def test_close_works_without_a_janitor(folder: Path) -> None:
    directory = RunDirectory()
    directory._janitor.kill()
    directory.close()
    assert list(folder.iterdir()) == []


def test_sweep_removes_only_what_nobody_has_locked(folder: Path) -> None:
    first, locked = abandoned(folder), abandoned(folder, "locked")
    with (locked / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        directory = RunDirectory()
        sweep()
        assert not first.exists()
        assert (locked / "worker-1").exists()
        assert directory.path.exists()
        directory.close()
    sweep()
    assert list(folder.iterdir()) == []


def test_sweep_leaves_what_is_no_run_directory(folder: Path) -> None:
    beginning = folder / f"{PREFIX}beginning"  # its owner has not made the lock yet
    beginning.mkdir()
    file = folder / f"{PREFIX}file"
    file.touch()
    other = folder / "other"
    other.mkdir()
    (other / "lock").touch()
    link = folder / f"{PREFIX}link"
    link.symlink_to(other)
    linked_lock = folder / f"{PREFIX}linked-lock"
    linked_lock.mkdir()
    (linked_lock / "lock").symlink_to(other / "lock")
    sweep()
    assert {*folder.iterdir()} == {beginning, file, other, link, linked_lock}
    assert (other / "lock").exists()


def test_sweep_leaves_what_belongs_to_another_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = abandoned(folder)
    monkeypatch.setattr(os, "getuid", lambda: path.stat().st_uid + 1)
    sweep()
    assert path.exists()


def test_a_directory_with_too_long_a_name_says_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = folder / ("d" * 90)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with pytest.raises(RoutiluxError, match="set TMPDIR to a shorter one"):
        RunDirectory()
    assert list(deep.iterdir()) == []


def test_an_endpoint_is_a_socket_in_the_directory() -> None:
    assert endpoint(Path("/tmp/x"), "worker-3") == "ipc:///tmp/x/worker-3"
