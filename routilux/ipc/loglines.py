"""Here is the way of log lines from a worker to the supervisor: bounded, and never waited for.

A batch that finds no room is dropped and counted. Those that are on their way are counted in the word
`logged` of the worker, so that whoever reads a job's log can wait until they have arrived.
"""

import os
from collections.abc import Iterator
from typing import Any

import msgspec
import zmq

from routilux.hookevents import LogLine
from routilux.ipc.endpoints import endpoint

NAME = "logs"
WATERMARK = 256
"""Batches on their way from one worker."""


class LogBatch(msgspec.Struct, frozen=True, array_like=True):
    """Lines of one process, each with the number of its job (0 for none)."""

    process: int
    number: int
    """What `logged` says with it."""
    wall: int
    """As in Envelope."""
    dropped: int
    """Lines of this incarnation that found no room before these."""
    jobs: tuple[int, ...]
    lines: tuple[LogLine, ...]


class LogSender:
    """A worker's end; it goes with its context."""

    def __init__(self, context: "zmq.Context[Any]", directory: str | os.PathLike[str]) -> None:
        self._socket = context.socket(zmq.PUSH)
        self._socket.set(zmq.LINGER, 100)  # ms: the last lines of a worker that leaves
        self._socket.set(zmq.SNDHWM, WATERMARK)
        self._socket.connect(endpoint(directory, NAME))
        self._encode = msgspec.msgpack.Encoder().encode

    def send(self, batch: LogBatch) -> bool:
        """Whether there was room for it."""
        try:
            self._socket.send(self._encode(batch), zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def close(self) -> None:
        self._socket.close()


class LogReceiver:
    """The supervisor's end; it goes with its context."""

    def __init__(self, context: "zmq.Context[Any]", directory: str | os.PathLike[str]) -> None:
        self.socket = context.socket(zmq.PULL)
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.RCVHWM, WATERMARK)
        self.socket.bind(endpoint(directory, NAME))
        self._decode = msgspec.msgpack.Decoder(LogBatch).decode
        self.malformed = 0

    def received(self, most: int) -> Iterator[LogBatch]:
        """What has come, at most so many batches; does not wait."""
        for _ in range(most):
            try:
                data = self.socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                yield self._decode(data)
            except msgspec.DecodeError:
                self.malformed += 1
