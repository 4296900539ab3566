"""Here are sources of many messages."""

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from routilux import Event, Routine, Slot, routine


@routine
def numbers_until(what: tuple[int, str]) -> Iterator[int]:
    """So many numbers at once, then, with a path, one after the other until there is something at it."""
    least, path = what
    for number in count():
        if number >= least:
            if not path or Path(path).exists():
                return
            time.sleep(0.001)
        yield number


class Flood(Routine):
    """Yields bytes as fast as it can."""

    n = Slot()
    out = Event()
    size: int = 100

    def logic(self, n: int) -> Iterator[bytes]:
        payload = bytes(self.size)
        for _ in range(n):
            yield payload
