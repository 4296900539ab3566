"""Here is a visit to the front desks of this user's running runtimes."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import zmq

from routilux.clock import Deadline
from routilux.commands import DESK, INTRODUCTION, Answer, Question, Reply, Request
from routilux.errors import PeerLost
from routilux.ipc.endpoints import PREFIX, endpoint

SECONDS = 5.0
LOOK = 0.2
"""Seconds between two looks whether the runtime is still there."""


class RuntimeGone(PeerLost):
    """The runtime has ended."""


def runtimes() -> Iterator[Path]:
    """The directories of those that run now; one that was killed holds its lock no more."""
    for path in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        with suppress(OSError):
            is_ours = path.lstat().st_uid == os.getuid() and (path / INTRODUCTION).is_file()
            if is_ours and _is_there(path):
                yield path


def _is_there(directory: Path) -> bool:
    descriptor = os.open(directory / "lock", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _exists(directory: Path) -> bool:
    try:
        return _is_there(directory)
    except OSError:
        return False


def ask(directory: Path, request: Request, seconds: float = SECONDS) -> Answer:
    """What the runtime of that directory answers. Raises PeerLost if it does not in time, RuntimeGone once
    it has ended.
    """
    deadline = Deadline.after(seconds)
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.set(zmq.LINGER, 0)  # it may be gone
        socket.connect(endpoint(directory, DESK))
        socket.send(msgspec.msgpack.encode(Question(1, request)))
        while not socket.poll(int(LOOK * 1000)):
            if not _exists(directory):
                raise RuntimeGone(f"the runtime in {str(directory)!r} has ended")
            if deadline.passed:
                raise PeerLost(f"the runtime in {str(directory)!r} does not answer")
        return msgspec.msgpack.decode(socket.recv(), type=Reply).answer
