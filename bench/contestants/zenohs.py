"""Here is zenoh: publishers and subscribers of two peers on a Unix socket."""

import json
import os
import tempfile
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import zenoh
import zenoh.handlers
import zenoh.shm

from bench.contestants.links import Get, Put

KEY = "routilux-bench"
PATIENCE = 30.0
_numbers = count()
_sessions: list[Any] = []
"""As long as the process lives: one that is let go of is closed."""


class Bytes:
    """Small messages; zenoh makes batches of them by itself, but for `is_express`."""

    def __init__(self, *, size: int = 0, is_express: bool = False) -> None:
        self.endpoint = f"unixsock-stream/{tempfile.gettempdir()}/z{os.getpid()}-{next(_numbers)}"
        self.size, self.is_express = size, is_express
        self.ahead = 4 if size > 1 << 20 else 100 if size else 1000

    def sender(self) -> Put:
        put: Put = self._publisher().put
        return put

    def receiver(self) -> Get:
        subscriber = _session("listen", self.endpoint).declare_subscriber(
            KEY, zenoh.handlers.FifoChannel(self.ahead)
        )
        receive = subscriber.recv

        def get() -> bytes:
            data: bytes = receive().payload.to_bytes()
            return data

        return get

    def _publisher(self) -> Any:
        """Once somebody listens to it."""
        deadline = monotonic() + PATIENCE
        path = Path(self.endpoint.removeprefix("unixsock-stream/"))
        while not path.exists():
            _wait(deadline)
        publisher = _session("connect", self.endpoint).declare_publisher(
            KEY, congestion_control=zenoh.CongestionControl.BLOCK, express=self.is_express
        )
        while not publisher.matching_status.matching:
            _wait(deadline)
        return publisher


class Shared(Bytes):
    """The payload lies in shared memory. The Python API takes bytes to write there, and gives bytes."""

    def sender(self) -> Put:
        publisher = self._publisher()
        provider = zenoh.shm.ShmProvider.default_backend(8 * self.ahead * self.size)
        policy = zenoh.shm.BlockOn(zenoh.shm.GarbageCollect())

        def put(array: Any) -> None:
            buffer = provider.alloc(array.nbytes, policy)
            buffer[:] = np.asarray(array).tobytes()
            publisher.put(buffer)

        return put


def _wait(deadline: float) -> None:
    if monotonic() > deadline:
        raise TimeoutError(f"nobody listened within {PATIENCE:g} s")
    sleep(0.01)


def _session(kind: str, endpoint: str) -> Any:
    config = zenoh.Config()
    settings: dict[str, object] = {
        "mode": "peer",
        "scouting/multicast/enabled": False,
        "scouting/gossip/enabled": False,
        "listen/endpoints": [],
        f"{kind}/endpoints": [endpoint],
        "transport/shared_memory/enabled": True,
    }
    for name, value in settings.items():
        config.insert_json5(name, json.dumps(value))
    session = zenoh.open(config)
    _sessions.append(session)
    return session
