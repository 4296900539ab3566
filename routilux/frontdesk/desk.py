"""Here is the front desk itself: a thread that answers the requests of monitors, one at a time.

Each is answered within a bounded time, since all monitors of a runtime share the thread.
"""

import logging
import os
import threading
from importlib import metadata
from pathlib import Path

import msgspec
import zmq

from routilux.clock import wall
from routilux.commands import DESK, INTRODUCTION, Answer, Introduction, Question, Refusal, Reply
from routilux.errors import BreakpointError, Busy, ClosedError, FlowError, PayloadError, RoutiluxError
from routilux.frontdesk.clerk import Clerk
from routilux.frontdesk.house import House
from routilux.frontdesk.refused import Refused
from routilux.ipc.endpoints import PREFIX, endpoint

log = logging.getLogger("routilux.frontdesk")

LARGEST = 16 << 20
"""Bytes of a request."""
LEAVE_SECONDS = 5.0
"""What the code of a user, a key or a type, may take at the end."""
WATERMARK = 100
"""Answers that may wait for one monitor; further ones are lost to it."""


class FrontDesk:
    """Answers at `desk` in the runtime's directory, from its making until `close`."""

    def __init__(self, directory: Path, house: House) -> None:
        introduction = Introduction(
            directory.name.removeprefix(PREFIX),
            os.getpid(),
            wall(),
            metadata.version("routilux"),
            house.is_default(),
        )
        self.malformed = 0
        """Messages that were no requests."""
        self._clerk = Clerk(house, introduction)
        self._decode = msgspec.msgpack.Decoder(Question).decode
        self._encode = msgspec.msgpack.Encoder().encode
        self._is_alone = False
        """Whether nobody waits for its end."""
        self._end = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._context = zmq.Context(io_threads=1)
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.set(zmq.LINGER, 0)  # a monitor that does not listen must not hold up our exit
        self._socket.set(zmq.MAXMSGSIZE, LARGEST)
        self._socket.set(zmq.SNDHWM, WATERMARK)
        self._socket.bind(endpoint(directory, DESK))
        _introduce(directory, introduction)
        self._thread = threading.Thread(target=self._run, name="routilux-desk", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._end, zmq.POLLIN)
        try:
            while self._end not in (events := dict(poller.poll())):
                if self._socket in events:
                    self._serve(self._socket.recv_multipart())
        finally:
            self._context.destroy(linger=0)
            if self._is_alone:
                os.close(self._end)

    def _serve(self, parts: list[bytes]) -> None:
        try:
            peer, body = parts
            question = self._decode(body)
        except (ValueError, RecursionError, msgspec.MsgspecError):
            self.malformed += 1
            return
        reply = self._encode(Reply(question.number, self._answer(question)))
        try:
            self._socket.send_multipart([peer, reply], zmq.NOBLOCK)
        except zmq.ZMQError:  # it has gone, or does not listen
            return

    def _answer(self, question: Question) -> Answer:
        try:
            return self._clerk.answer(question.request)
        except Refused as refused:
            return refused.refusal
        except Exception as error:  # the user's code: a key, a type, a routine's pickling  # noqa: BLE001
            return _refusal(error)

    def close(self) -> None:
        """Nothing of it is left; called by its own thread, once that has given its answer."""
        self._is_alone = threading.current_thread() is self._thread
        os.eventfd_write(self._end, 1)
        if self._is_alone:
            return
        self._thread.join(LEAVE_SECONDS)
        if self._thread.is_alive():
            self._is_alone = True
            log.warning("the front desk is still held up by what it was asked for: it is left behind")
        else:
            os.close(self._end)


def _refusal(error: Exception) -> Refusal:
    message = str(error).encode(errors="backslashreplace").decode()
    match error:
        case Busy():
            return Refusal("BUSY", message)
        case ClosedError():
            return Refusal("RUNTIME_SHUTDOWN", message)
        case FlowError():
            return Refusal("VALIDATION_ERROR", message, {"faults": list(error.faults)})
        case PayloadError() | BreakpointError():
            return Refusal("VALIDATION_ERROR", message)
        case RoutiluxError():
            return Refusal("INTERNAL_ERROR", message)
    log.error("the front desk could not answer", exc_info=error)
    return Refusal("INTERNAL_ERROR", f"{type(error).__name__}: {message}")


def _introduce(directory: Path, introduction: Introduction) -> None:
    """Whoever finds the file finds all of it."""
    draft = directory / f"{INTRODUCTION}.new"
    draft.write_bytes(msgspec.json.encode(introduction))
    draft.rename(directory / INTRODUCTION)
