"""Here is the look: a worker that has just been busy looks at its lanes a little longer before it sleeps.

To be woken takes the way through ZeroMQ's threads and the scheduler. Whoever answers at once has answered by
then, and the answer is seen as soon as it is published.
"""

import os
from collections.abc import Sequence
from time import perf_counter_ns
from typing import Protocol

from routilux.ipc.asleep import KEEPS_ORDER

LOOK_NS = 300_000
"""About what it takes to fall asleep and be woken."""
BUSY_NS = 100_000
"""A look ends when others have had the processor for so long: they need it."""
MOST_SKIPPED = 64
"""Looks in a row that are left out, at most, while they do not pay."""


class Words(Protocol):
    """What is looked at."""

    def __getitem__(self, place: int, /) -> int: ...


class Look:
    """Looks that have not paid are left out: one, then two, then four ..., until one pays again."""

    def __init__(self, words: Words, published: Sequence[int]) -> None:
        self._words = words
        self._places = tuple(published)
        self._seen: list[int] = []
        self._skip = self._skipped = 0

    def has_news(self) -> bool:
        """Whether anything was published since this was asked last."""
        words = self._words
        seen = [words[place] for place in self._places]
        if seen == self._seen:
            return False
        self._seen = seen
        return True

    def pays(self, *, is_called: bool = False) -> bool:
        """Whether something is published before long; certainly looked for by one that `is_called` for it.
        Others that want the processor have it meanwhile.
        """
        if (self._skipped < self._skip and not is_called) or not KEEPS_ORDER:
            self._skipped += 1
            return False
        self._skipped = 0
        now = perf_counter_ns()
        until = now + LOOK_NS
        while now < until:
            if self.has_news():
                self._skip = 0
                return True
            os.sched_yield()
            before, now = now, perf_counter_ns()
            if now - before > BUSY_NS:
                break
        self._skip = min(2 * self._skip + 1, MOST_SKIPPED)
        return False
