"""Here is a visit to the front desks of this user's running runtimes."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import zmq

from routilux.commands import DESK, INTRODUCTION, Answer, Question, Reply, Request
from routilux.errors import PeerLost
from routilux.ipc.endpoints import PREFIX, endpoint

SECONDS = 5.0


def runtimes() -> Iterator[Path]:
    """The directories of those that run now; one that was killed holds its lock no more."""
    for path in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        with suppress(OSError):
            is_ours = path.lstat().st_uid == os.getuid() and (path / INTRODUCTION).is_file()
            if is_ours and _is_held(path / "lock"):
                yield path


def _is_held(lock: Path) -> bool:
    descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def ask(directory: Path, request: Request, seconds: float = SECONDS) -> Answer:
    """What the runtime of that directory answers. Raises PeerLost if it does not in time."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.set(zmq.LINGER, 0)  # it may be gone
        socket.connect(endpoint(directory, DESK))
        socket.send(msgspec.msgpack.encode(Question(1, request)))
        if not socket.poll(int(seconds * 1000)):
            raise PeerLost(f"the runtime in {str(directory)!r} does not answer")
        return msgspec.msgpack.decode(socket.recv(), type=Reply).answer
