"""Here is raw pyzmq: PUSH and PULL over a Unix socket."""

import os
from itertools import count
from typing import Any

import zmq

from bench.contestants.links import Get, Put

_numbers = count()


class Bytes:
    """A message is copied into the socket's memory, as suits small ones."""

    def __init__(self, *, ahead: int = 1000) -> None:
        self.endpoint = f"ipc://@routilux-bench-{os.getpid()}-{next(_numbers)}"  # no file
        self.ahead = ahead

    def sender(self) -> Put:
        socket = self._socket(zmq.PUSH, zmq.SNDHWM)
        socket.bind(self.endpoint)
        send: Put = socket.send
        return send

    def receiver(self) -> Get:
        socket = self._socket(zmq.PULL, zmq.RCVHWM)
        socket.connect(self.endpoint)
        receive: Get = socket.recv
        return receive

    def _socket(self, kind: int, mark: int) -> Any:
        socket: Any = zmq.Context.instance().socket(kind)
        socket.setsockopt(mark, self.ahead)
        return socket


class Uncopied(Bytes):
    """Messages of some size: neither end copies them beyond what the kernel does; a few on their way, so
    that they stay in the caches.
    """

    def __init__(self, *, size: int) -> None:
        super().__init__(ahead=4 if size > 1 << 20 else 100)

    def sender(self) -> Put:
        socket = self._socket(zmq.PUSH, zmq.SNDHWM)
        socket.bind(self.endpoint)
        return lambda data: socket.send(data, copy=False)

    def receiver(self) -> Get:
        socket = self._socket(zmq.PULL, zmq.RCVHWM)
        socket.connect(self.endpoint)
        return lambda: socket.recv(copy=False).buffer
