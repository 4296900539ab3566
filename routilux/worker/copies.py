"""Here are the copies of messages that go with the events of a job that somebody wants to see as a whole, so
that each can be replayed.

A subscriber that has stopped reading costs what may wait for him: as many envelopes as go before loss. So
there is a bound to what one activation brings with it, and to all of them in a second.
"""

from collections.abc import Iterable, Iterator

import msgspec

from routilux.hookevents import COPIED, Copy, MessageRef
from routilux.ipc.codec import in_one_piece
from routilux.worker.budget import TokenBucket

BUDGET = 4 << 20, 1 << 20
"""Bytes of copies a second, and how many may come at once."""
TOGETHER = 64 << 10
"""Bytes of the copies of one activation."""


class Copies:
    """Of one process."""

    def __init__(self) -> None:
        self._made, self._sent = TokenBucket(*BUDGET), TokenBucket(*BUDGET)

    def of(self, part: bytes, now: int, *, is_typed: bool) -> Copy:
        """Of a small message, if there is room for it."""
        nbytes = len(part)
        if nbytes > COPIED or not self._made.take(now, nbytes):
            return Copy(nbytes)
        return Copy(nbytes, in_one_piece(part), is_typed)

    def together(self, messages: Iterable[MessageRef], now: int) -> Iterator[MessageRef]:
        """The inputs of one activation, of which the first keep their copies. They may have come long
        ago, for many activations that run at once.
        """
        room = TOGETHER
        for message in messages:
            copy = message.copy
            if copy is not None and copy.data:
                room -= copy.nbytes
                if room < 0 or not self._sent.take(now, copy.nbytes):
                    yield msgspec.structs.replace(message, copy=Copy(copy.nbytes))
                    continue
            yield message
