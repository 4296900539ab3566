"""Here is a monitor's socket, as a test holds it: it asks at the front desk of a runtime, about a chain."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
import zmq

from process.flows.stages import Gather, double, numbers
from routilux import Flow
from routilux.commands import DESK, Answer, Describe, Description, FlowInfo, Question, Refusal, Reply, Request
from routilux.ipc.endpoints import endpoint

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


def refused(visitor: Visitor, request: Request) -> str:
    """The code of the refusal."""
    return visitor.get(request, Refusal).code


def chain() -> Flow:
    return Flow("chain").pipe(numbers).pipe(double, workers=2).pipe(Gather(), "gather")
