"""Here are a monitor's two sockets, as a test holds them: one that asks the front desk, one that listens."""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
import zmq

from routilux.commands import DESK, Answer, Describe, Description, FlowInfo, Question, Reply, Request
from routilux.hookevents import Envelope, HookEvent
from routilux.ipc.endpoints import endpoint
from routilux.ipc.publish import hooks_name

PATIENCE = 20.0

T = TypeVar("T")


class Visitor:
    """Whoever asks at the front desk in a runtime's directory."""

    def __init__(self, directory: Path) -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.set(zmq.LINGER, 0)
        self.socket.connect(endpoint(directory, DESK))
        self._number = 0

    def ask(self, request: Request) -> Answer:
        self._number += 1
        self.socket.send(msgspec.msgpack.encode(Question(self._number, request)))
        assert self.socket.poll(int(PATIENCE * 1000)), request
        reply = msgspec.msgpack.decode(self.socket.recv(), type=Reply)
        assert reply.number == self._number
        return reply.answer

    def get(self, request: Request, kind: type[T]) -> T:
        """The answer, which is of that kind."""
        answer = self.ask(request)
        assert isinstance(answer, kind), answer
        return answer

    def flow(self) -> FlowInfo:
        """The only flow that the runtime knows."""
        (found,) = self.get(Describe(), Description).flows
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.destroy(linger=0)


class Listener:
    """Whoever has subscribed to the hook events of one process of a flow."""

    def __init__(self, directory: str | Path, process: int = 0, topic: bytes = b"") -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.set(zmq.SUBSCRIBE, topic)
        self._socket.connect(endpoint(directory, hooks_name(process)))
        self._ahead: deque[HookEvent] = deque()
        self.heard: list[HookEvent] = []
        self.numbers: list[int] = []

    def until(self, kind: type[T], holds: Callable[[T], object] = lambda _: True) -> T:
        """The first event of that kind, behind the one asked for last, of which something holds."""
        deadline = monotonic() + PATIENCE
        while True:
            while self._ahead:
                event = self._ahead.popleft()
                self.heard.append(event)
                if isinstance(event, kind) and holds(event):
                    return event
            left = deadline - monotonic()
            assert left > 0, f"no such {kind.__name__}"
            assert self._socket.poll(int(left * 1000)), f"no such {kind.__name__}"
            envelope = msgspec.msgpack.decode(self._socket.recv_multipart()[1], type=Envelope)
            self.numbers.append(envelope.number)
            self._ahead += envelope.events

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.destroy(linger=0)
