"""Here are stopped workers: processes that a signal has put to sleep, and that nobody wakes.

A stopped process is no dead one and holds up its flow for as long as it likes. One that is merely busy, or
that a debugger has stopped, is never counted among them.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

from routilux.clock import monotonic

log = logging.getLogger("routilux.supervisor")

LOOK_SECONDS = 1.0
STOPPED = "T"
SUSPECT = (
    "routine %r is suspect: a signal has stopped its process %d, which is killed and started again if it is "
    "stopped for %g seconds"
)


class Stopped:
    """How long each worker of one flow has been stopped: at most `limit` seconds, then it is to be killed."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._looked = monotonic()
        self._seconds: dict[int, float] = {}
        self.suspects: frozenset[int] = frozenset()
        """Those that were found stopped twice in a row."""

    def over_limit(self, workers: dict[int, tuple[str, int]]) -> Iterator[tuple[int, str]]:
        """Look once a second, at the routine and process of each worker; those stopped for too long, and what
        that is called.
        """
        now = monotonic()
        # What is more was a standstill of our own: somebody may have stopped us all, and continued us first.
        passed = min(now - self._looked, 2 * LOOK_SECONDS)
        if passed < LOOK_SECONDS:
            return
        self._looked = now
        stopped = [index for index, (_, pid) in workers.items() if is_stopped(pid)]
        before, self._seconds = self._seconds, dict.fromkeys(stopped, 0.0)
        self.suspects = frozenset()
        for index in stopped:
            if index not in before:
                continue
            seconds = self._seconds[index] = before[index] + passed
            if not before[index]:
                log.warning(SUSPECT, *workers[index], self._limit)
            self.suspects |= {index}
            if seconds >= self._limit:
                yield index, f"had been stopped by a signal for more than {self._limit:g} s and was killed"


def is_stopped(pid: int) -> bool:
    """Whether a process has been stopped by a signal, and by no debugger."""
    try:
        stat = Path("/proc", str(pid), "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return stat.rpartition(") ")[2].startswith(STOPPED)
