"""Here is rest: where others need all the processors, a worker with little to do lets it gather.

To wake a process takes about as long as dozens of small messages. When every processor is at work anyway, a
worker that was woken for little looks again by itself after a few milliseconds, and is not rung meanwhile.
Whoever has passed it over and goes to sleep rings it then: a processor is free for it.
"""

import os
from time import thread_time_ns

from routilux.ipc.asleep import KEEPS_ORDER, Sleepers

REST_SECONDS = 0.008
LITTLE_NS = 1_500_000
"""Of the processor's time: whoever has used no more of it since it was woken has had little to do."""
IN_VAIN = 2
"""Rests in a row at whose end there was nothing; after that it sleeps."""
MOST_SKIPPED = 64
"""Rests in a row that are left out, at most, while they do not pay."""
PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""Those that this process may use."""


class Rest:
    """Rests that somebody had to end are left out: one, then two, then four ..., until one pays again."""

    def __init__(self, sleepers: Sleepers) -> None:
        self._sleepers = sleepers
        self._woken = 0
        self._in_vain = self._skip = self._skipped = 0

    def pays(self, *, has_worked: bool) -> bool:
        """Whether to rest rather than to sleep. `has_worked`: there was something to do since it was asked
        last.
        """
        self._in_vain = 0 if has_worked else self._in_vain + 1
        if self._in_vain > IN_VAIN or not KEEPS_ORDER or thread_time_ns() - self._woken > LITTLE_NS:
            return False
        if self._sleepers.at_work() <= PROCESSORS:  # we are one of them
            return False
        if self._skipped < self._skip:
            self._skipped += 1
            return False
        self._skipped = 0
        return True

    def end(self, *, is_rung: bool) -> None:
        """It is over, by itself or since somebody has rung."""
        self._skip = min(2 * self._skip + 1, MOST_SKIPPED) if is_rung else 0

    def wake(self) -> None:
        """From here on it is counted how much there is to do."""
        self._woken = thread_time_ns()
