"""Here is the log of a job: the last lines that its routines have logged and printed."""

import threading
from collections import deque
from typing import NamedTuple

LINES = 10_000
NBYTES = 1 << 20
"""What is kept of one job, at most; characters count as bytes."""


class LogEntry(NamedTuple):
    """A line; `at` is in Unix seconds, `level` is `INFO` and its like, or `STDOUT` or `STDERR` of what was
    printed.
    """

    at: float
    level: str
    routine: str
    replica: int
    text: str


class LogRing:
    """Keeps the newest lines, and counts those that it has dropped for them."""

    def __init__(self, lines: int = LINES, nbytes: int = NBYTES) -> None:
        self._most = lines
        self._most_bytes = nbytes
        self._nbytes = 0
        self._entries: deque[LogEntry] = deque()
        self._lock = threading.Lock()
        self.dropped = 0

    def put(self, entry: LogEntry) -> None:
        with self._lock:
            self._entries.append(entry)
            self._nbytes += len(entry.text)
            while len(self._entries) > self._most or self._nbytes > self._most_bytes:
                self._nbytes -= len(self._entries.popleft().text)
                self.dropped += 1

    def lose(self, lines: int) -> None:
        """So many have never arrived."""
        with self._lock:
            self.dropped += lines

    def entries(self) -> list[LogEntry]:
        """The lines, in the order of their time."""
        with self._lock:
            return sorted(self._entries, key=lambda entry: entry.at)
