"""Here is wear: when a process has done, or grown, so much that a fresh one should take its place."""

import re

from routilux.clock import monotonic

LOOK_SECONDS = 0.02
"""Between two looks at the memory: one takes about 20 µs."""
_PRIVATE = re.compile(r"^RssAnon:\s+(\d+) kB", re.MULTILINE)


class Wear:
    """What one process may do: `activations` of them, and `memory` bytes of its own (shared memory that it
    has read does not count). None is no limit.
    """

    def __init__(self, activations: int | None, memory: float | None) -> None:
        self.left = activations
        self._has_run = False
        self._memory = memory
        self._looked = 0.0

    def note(self, ran: int) -> None:
        """So many activations have run."""
        self._has_run |= ran > 0
        if self.left is not None:
            self.left -= ran

    @property
    def is_over(self) -> bool:
        """Whether the process should end before its next activation. None ends before its first: what it
        needs to start may be more than it may have.
        """
        if self.left is not None and self.left <= 0:
            return True
        if self._memory is None or not self._has_run or monotonic() < self._looked + LOOK_SECONDS:
            return False
        self._looked = monotonic()
        return private_bytes() > self._memory


def private_bytes() -> int:
    """Memory of this process that it shares with no other."""
    with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123 - pathlib costs 4 ms at the start
        found = _PRIVATE.search(file.read())
    return int(found[1]) * 1024 if found else 0
