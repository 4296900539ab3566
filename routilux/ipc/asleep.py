"""Here is who sleeps: a process says so in a word of its own, and nobody rings one that looks by itself.

    consumer: idle := 1, fence, look at `published`, sleep
    producer: store `published`, fence, look at `idle`

Who rests is not rung either, and wakes by itself. That it was passed over is remembered: a producer rings it
before it sleeps, since then a processor is free.

With a fence on both sides at least one of the two sees the other's store, where stores are seen in their
order otherwise. One bell is enough for each time that a process sleeps. A bell that is missed all the same
costs the time until the consumer looks without one.
"""

import os
from threading import Lock

from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.layout import WORD
from routilux.plan import SUPERVISOR

KEEPS_ORDER = os.uname().machine == "x86_64"
"""Whether stores are seen in their order here; elsewhere everybody is rung."""

RESTING = 2
"""What `idle` says of a process that looks by itself before long."""

_lock = Lock()


def fence() -> None:
    """All of our stores are seen before anything is looked at after this: taking a lock is a locked
    instruction, which empties the store buffer.
    """
    with _lock:
        pass


class Nap:
    """How a process says that it sleeps."""

    def __init__(self, own: OwnSection) -> None:
        self._words = own.words
        self._idle, self._naps = (own.index(own.section.words[name]) for name in ("idle", "naps"))

    def begin(self, until: int) -> None:
        """From here on we must be rung: whoever sleeps now looks once more before. `until` is when we wake by
        ourselves, in ns of the monotonic clock, or 1.
        """
        self._words[self._naps] += 1
        self._words[self._idle] = until
        fence()

    def rest(self) -> None:
        """From here on we need not be rung: we wake before long."""
        self._words[self._idle] = RESTING

    def end(self) -> None:
        self._words[self._idle] = 0


class Sleepers:
    """Who waits for a bell, of all processes."""

    def __init__(self, arena: Arena) -> None:
        self.words = arena.words
        sections = arena.layout.sections
        self._idle, self._naps = (
            [section.words[name] // WORD for section in sections] for name in ("idle", "naps")
        )
        self._rung: dict[int, int] = {}
        """In which of its naps each process was rung last."""
        self._passed_over: set[int] = set()

    def must_be_rung(self, process: int) -> bool:
        """Whether a process may miss what was stored just now, unless it is rung: it is, if so. The
        supervisor always may.
        """
        if not KEEPS_ORDER or process == SUPERVISOR:
            return True
        fence()
        words = self.words
        idle = words[self._idle[process]]
        if idle == RESTING:
            self._passed_over.add(process)
        if idle in (0, RESTING):
            return False
        nap = words[self._naps[process]]
        if self._rung.get(process) == nap:
            return False
        self._rung[process] = nap
        return True

    def passed_over(self) -> set[int]:
        """Who rested when there was something for it, since this was asked last, and rests still."""
        found = {process for process in self._passed_over if self.words[self._idle[process]] == RESTING}
        self._passed_over.clear()
        return found

    def at_work(self) -> int:
        """How many workers neither sleep nor rest."""
        words = self.words
        return sum([not words[idle] for idle in self._idle[1:]])
