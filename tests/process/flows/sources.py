"""Here are sources of many messages."""

from collections.abc import Iterator

from routilux import Event, Routine, Slot


class Flood(Routine):
    """Yields bytes as fast as it can."""

    n = Slot()
    out = Event()
    size: int = 100

    def logic(self, n: int) -> Iterator[bytes]:
        payload = bytes(self.size)
        for _ in range(n):
            yield payload
