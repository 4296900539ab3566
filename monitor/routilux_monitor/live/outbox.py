"""Here is the Outbox: what waits to be sent to one client. The oldest event goes when a new one finds no
room; what answers the client itself is never dropped.
"""

import asyncio
from collections import deque

from routilux_monitor import wire
from routilux_monitor.contract.live import Lagged

MOST_EVENTS = 1_000
MOST_BYTES = 256 << 10
MOST_ANSWERS = 256
"""A client that asks for more without reading the answers is cut off."""


class Overrun(Exception):
    """The client asks and does not read."""


class Outbox:
    """Filled by the event loop's callbacks, emptied by one task."""

    def __init__(self, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._answers: deque[bytes] = deque()
        self._events: deque[bytes] = deque()
        self._nbytes = 0
        self._dropped = 0
        self._filled = asyncio.Event()

    @property
    def is_clear(self) -> bool:
        """Whether nothing waits."""
        return not (self._answers or self._events or self._dropped)

    def answer(self, message: bytes) -> None:
        """Raises Overrun if too many wait."""
        if len(self._answers) >= MOST_ANSWERS:
            raise Overrun(f"{MOST_ANSWERS} answers wait to be read")
        self._answers.append(message)
        self._filled.set()

    def event(self, message: bytes) -> None:
        self._events.append(message)
        self._nbytes += len(message)
        while len(self._events) > self._most_events or self._nbytes > self._most_bytes:
            self._nbytes -= len(self._events.popleft())
            self._dropped += 1
        self._filled.set()

    async def take(self) -> bytes:
        """The next message: answers first, then how many events were dropped, then the oldest event."""
        while self.is_clear:
            self._filled.clear()
            await self._filled.wait()
        if self._answers:
            return self._answers.popleft()
        if self._dropped:
            lagged, self._dropped = wire.encode(Lagged(self._dropped)), 0
            return lagged
        message = self._events.popleft()
        self._nbytes -= len(message)
        return message
