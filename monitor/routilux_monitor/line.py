"""Here is a line to the front desk of a runtime: questions and their answers over its control socket."""

import asyncio
import contextlib
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import zmq
import zmq.asyncio

from routilux.commands import DESK, Answer, Question, Reply, Request
from routilux.errors import Busy, DeadlineExceeded, PeerLost
from routilux.ipc.endpoints import endpoint

PATIENCE = 5.0
"""Seconds that an answer may take."""
MOST_QUESTIONS = 1000
"""That may be open at a time."""
LARGEST = 64 << 20
"""Bytes of an answer; a runtime that sends more is cut off."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Reply).decode


class RuntimeGone(PeerLost):
    """The runtime has ended, and whatever it was asked will not be answered."""


class Line:
    """Asks one runtime; any number of tasks of one event loop may ask at the same time. To be closed by
    whoever learns that the runtime has ended.
    """

    def __init__(self, context: zmq.asyncio.Context, directory: Path, runtime_id: str) -> None:
        self.runtime_id = runtime_id
        self.malformed = 0
        """Replies that could not be read."""
        self._numbers = count(1)
        self._open: dict[int, asyncio.Future[Answer]] = {}
        self._is_closed = False
        self._socket = context.socket(zmq.DEALER)
        self._socket.set(zmq.LINGER, 0)  # a dead runtime must not hold up our exit
        self._socket.set(zmq.MAXMSGSIZE, LARGEST)
        self._socket.connect(endpoint(directory, DESK))
        self._reader = asyncio.create_task(self._read(), name=f"replies of {runtime_id}")

    async def ask(self, request: Request, timeout: float = PATIENCE) -> Answer:  # noqa: ASYNC109 - each question has its own
        """The answer, which may be a Refusal. Raises RuntimeGone, DeadlineExceeded, or Busy when too many
        questions are open.
        """
        if self._is_closed:
            raise self._gone()
        if len(self._open) >= MOST_QUESTIONS:
            raise Busy(
                f"{len(self._open)} questions to runtime {self.runtime_id!r} are open: try again later"
            )
        number = next(self._numbers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._open[number] = answer
        try:
            async with asyncio.timeout(timeout):
                await self._socket.send(_encode(Question(number, request)))
                return await answer
        except TimeoutError:
            what = type(request).__name__
            raise DeadlineExceeded(
                f"runtime {self.runtime_id!r} has not answered {what} within {timeout:g} seconds"
            ) from None
        except zmq.ZMQError as error:  # the socket was closed while we waited for room in it
            raise self._gone() from error
        finally:
            del self._open[number]

    def _gone(self) -> RuntimeGone:
        return RuntimeGone(f"runtime {self.runtime_id!r} has ended")

    async def _read(self) -> None:
        while True:
            parts = await self._socket.recv_multipart()
            try:
                reply = _decode(parts[-1])
            except msgspec.MsgspecError:
                self.malformed += 1
                continue
            answer = self._open.get(reply.number)
            if answer is not None and not answer.done():  # it may have come too late
                answer.set_result(reply.answer)

    async def close(self) -> None:
        """Let all who wait have RuntimeGone. Idempotent."""
        if self._is_closed:
            return
        self._is_closed = True
        for answer in self._open.values():
            if not answer.done():
                answer.set_exception(self._gone())
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader
        self._socket.close(linger=0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
