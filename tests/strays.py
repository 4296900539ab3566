"""Here is what a test may not leave behind: processes, shared memory, runtime folders, open sockets.

Whatever was there when a watch began is none of its business, so a fixture of wider scope may keep a
runtime warm. Several test sessions may run on one machine: a process is ours when it descends from this one
or carries the mark of this session in its environment (an orphan does), a file is ours unless a process of
somebody else holds it.
"""

import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

MARK = "ROUTILUX_TEST_SESSION"
os.environ[MARK] = secrets.token_hex(8)

DESCRIPTORS = Path("/proc/self/fd")
COUNTED = re.compile(r"socket:|/memfd:")


class LeftBehind(AssertionError):
    """A test ended and something it began had not."""


@dataclass(frozen=True)
class Belongings:
    """What this session holds at one moment."""

    processes: frozenset[psutil.Process]
    files: frozenset[Path]
    descriptors: frozenset[tuple[int, str]]  # number and target: a number alone is used again

    def __sub__(self, earlier: "Belongings") -> "Belongings":
        return Belongings(
            self.processes - earlier.processes,
            self.files - earlier.files,
            self.descriptors - earlier.descriptors,
        )

    def __bool__(self) -> bool:
        return bool(self.processes or self.files or self.descriptors)

    def __str__(self) -> str:
        return "\n".join(
            [f"process {process.pid}: {command(process)}" for process in self.processes]
            + [f"file {path}" for path in self.files]
            + [f"descriptor {number}: {target}" for number, target in self.descriptors]
        )


@contextmanager
def watch(patience: float = 20.0) -> Iterator[None]:
    """Fails with LeftBehind if anything begun inside outlives it by `patience`, and removes what it can."""
    before = belongings()
    try:
        yield
    finally:
        left = wait_until_gone(before, patience)
        report = str(left)  # a killed process has no command line any more
        remove(left)
    if left:
        raise LeftBehind(f"left behind after {patience} s:\n{report}")


def wait_until_gone(before: Belongings, patience: float) -> Belongings:
    """What is there that was not there before; waits up to `patience` for it to go."""
    deadline = time.monotonic() + patience
    while left := without_foreign_files(belongings() - before):
        if time.monotonic() >= deadline:
            break
        time.sleep(0.02)
    return left


def belongings() -> Belongings:
    return Belongings(our_processes(), files(), descriptors())


def our_processes() -> frozenset[psutil.Process]:
    this = psutil.Process()
    descendants = this.children(recursive=True)
    orphans = [process for process in psutil.process_iter() if process != this and carries_mark(process)]
    return frozenset(descendants + orphans)


def carries_mark(process: psutil.Process) -> bool:
    try:
        return (MARK, os.environ[MARK]) in process.environ().items()
    except (psutil.Error, OSError):  # ended, a zombie, or another user's
        return False


def files() -> frozenset[Path]:
    places = ((Path("/dev/shm"), "*"), (Path(tempfile.gettempdir()), "routilux-*"))
    found = (path for folder, pattern in places for path in folder.glob(pattern))
    return frozenset(path for path in found if not path.name.startswith("sem."))  # we make no semaphores


def descriptors() -> frozenset[tuple[int, str]]:
    """Open sockets and memfds of this process; none on a system without /proc."""
    found = set()
    for link in DESCRIPTORS.glob("*"):
        with suppress(FileNotFoundError):  # the one that lists the folder
            found.add((int(link.name), str(link.readlink())))
    return frozenset((number, target) for number, target in found if COUNTED.match(target))


def without_foreign_files(left: Belongings) -> Belongings:
    if not left.files:
        return left
    ours = {os.getpid(), *(process.pid for process in our_processes())}
    held = [holdings(process.pid) for process in psutil.process_iter() if process.pid not in ours]
    own = (path for path in left.files if not any(str(path) in holding for holding in held))
    return Belongings(left.processes, frozenset(own), left.descriptors)


def holdings(pid: int) -> str:
    """Every path that a process has open, mapped or bound, as one text to search in."""
    proc = Path("/proc", str(pid))
    links: list[str] = []
    maps = ""
    with suppress(OSError):
        maps = (proc / "maps").read_text(errors="replace")
        links = [str(link.readlink()) for link in (proc / "fd").iterdir()]
    bound = [path for socket, path in bound_sockets().items() if socket in links]
    return "\n".join([maps, *links, *bound])


def bound_sockets() -> dict[str, str]:
    """The path of each bound Unix socket, under the name its descriptor links to."""
    table = Path("/proc/net/unix")
    rows = [line.split(maxsplit=7) for line in table.read_text().splitlines()[1:]] if table.exists() else []
    return {f"socket:[{row[6]}]": row[7] for row in rows if len(row) == 8}


def remove(left: Belongings) -> None:
    """Kills and reaps, unlinks; descriptors stay, since closing one may pull it from under its owner."""
    for process in left.processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left.processes, timeout=5)
    for path in left.files:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.ZombieProcess:
        return "a zombie, since nobody reaped it"
    except psutil.Error as error:
        return str(error)
