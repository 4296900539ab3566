"""Here is the control line: questions of a worker that wait for the supervisor's answer.

Apart from the lanes, since what it carries happens at once and not with a commit.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec
import zmq

from routilux.ipc.endpoints import endpoint

NAME = "control"
WAITING = 10_000
"""Messages of a worker that find room on their way: as many as a recording has at most."""
PATIENCE_MS = 100
"""Between two looks whether there is still a reason to wait."""


class Ask(msgspec.Struct, frozen=True, array_like=True):
    """A question about the shared data of a job (values are encoded payloads), or the wish to pause it. Or
    `hold`, that a message of the job is held, and `shown`, what the supervisor wanted to see meanwhile: those
    two are answered when somebody says how to go on. Or a `note`, a `sample` of a recording, or the `fault`
    of a condition, which are not answered.
    """

    number: int
    job: int
    what: Literal["get", "set", "delete", "keys", "pause", "hold", "shown", "note", "sample", "fault"]
    key: str = ""
    value: bytes = b""


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What came of it: `value` of a get (None if there is none), `keys`, or why not."""

    number: int
    is_over: bool = False
    value: bytes | None = None
    keys: tuple[str, ...] = ()
    refusal: str = ""


class Answerer:
    """The supervisor's end."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._context = zmq.Context(io_threads=1)
        self.socket = self._context.socket(zmq.ROUTER)
        self.socket.set(zmq.LINGER, 0)  # a dead peer must not hold up our exit
        self.socket.bind(endpoint(directory, NAME))
        self._decode = msgspec.msgpack.Decoder(Ask).decode
        self.malformed = 0

    def answer(self, by: Callable[[bytes, Ask], Answer | None], most: int = 1000) -> None:
        """Answer what has been asked, at most so many questions; does not wait. What is not answered at once
        is answered by `tell`.
        """
        for peer, ask in self._asked(most):
            answer = by(peer, ask)
            if answer is not None:
                self.tell(peer, answer)

    def tell(self, peer: bytes, answer: Answer) -> None:
        """Answer whoever has asked."""
        with contextlib.suppress(zmq.ZMQError):  # it has died, or was answered before and did not listen
            self.socket.send_multipart([peer, msgspec.msgpack.encode(answer)], zmq.NOBLOCK)

    def _asked(self, most: int) -> Iterator[tuple[bytes, Ask]]:
        for _ in range(most):
            try:
                parts = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                peer, body = parts
                yield peer, self._decode(body)
            except (ValueError, msgspec.MsgspecError):
                self.malformed += 1

    def close(self) -> None:
        self._context.destroy(linger=0)


class Asker:
    """A worker's end; it connects when it first asks."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = directory
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self._number = 0
        self._decode = msgspec.msgpack.Decoder(Answer).decode

    def ask(self, ask: Ask, is_in_vain: Callable[[], bool]) -> Answer | None:
        """Wait for the answer; None once the wait is in vain."""
        socket = self._socket or self._connect()
        self._number += 1
        socket.send(msgspec.msgpack.encode(msgspec.structs.replace(ask, number=self._number)))
        while not is_in_vain():
            if socket.poll(PATIENCE_MS):
                answer = self._decode(socket.recv())
                if answer.number == self._number:
                    return answer
        return None

    def note(self, ask: Ask) -> bool:
        """Say something that is not answered; whether it is on its way."""
        socket = self._socket or self._connect()
        try:
            socket.send(msgspec.msgpack.encode(ask), zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def _connect(self) -> "zmq.Socket[bytes]":
        self._context = zmq.Context(io_threads=1)
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.set(zmq.LINGER, 0)  # as above
        self._socket.set(zmq.SNDHWM, WAITING)
        self._socket.connect(endpoint(self._directory, NAME))
        return self._socket

    def close(self) -> None:
        if self._context is not None:
            self._context.destroy(linger=0)
