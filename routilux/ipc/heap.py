"""Here is the heap of one process's section: which bytes of it are taken, and which are free."""

from bisect import bisect_left, insort
from collections.abc import Callable
from typing import NamedTuple

from routilux.errors import ArenaFull, InternalError

GRAIN = 64
STEP = 1 << 20
"""The heap grows by multiples of this."""
KEEP = 64 << 20
"""Free bytes at the heap's end beyond this go back to the system."""


class Extent(NamedTuple):
    offset: int
    size: int


class Heap:
    """First fit over the free extents of one section's heap; neighbours are merged. Offsets count from the
    heap's start.
    """

    def __init__(
        self, size: int, grow: Callable[[int, int], None], shrink: Callable[[int, int], None]
    ) -> None:
        self.size = size
        self.top = 0
        self.left = size
        """Bytes that are not in use, in however many pieces."""
        self._free: list[Extent] = []
        self._grow = grow
        self._shrink = shrink

    def allocate(self, size: int, spare: int = 0) -> Extent:
        """`size` bytes, rounded up to 64. Raises ArenaFull when neither a hole nor the rest of the heap, less
        `spare` bytes, has them.
        """
        size = grains(size)
        for position, (offset, length) in enumerate(self._free):
            if length >= size:
                if length == size:
                    del self._free[position]
                else:
                    self._free[position] = Extent(offset + size, length - size)
                self.left -= size
                return Extent(offset, size)
        start = self._free[-1].offset if self._free and sum(self._free[-1]) == self.top else self.top
        if start + size > self.size - spare:
            message = (
                f"a payload of {size:,} bytes does not fit into the shared memory of this process "
                f"({self.size:,} bytes, of which {self.top:,} are in use): raise Runtime(heap=...)"
            )
            raise ArenaFull(message)
        more = min(-(-(start + size - self.top) // STEP) * STEP, self.size - spare - self.top)
        self._grow(self.top, more)
        self.top += more
        if start != self.top - more:
            self._free.pop()
        if self.top > start + size:
            self._free.append(Extent(start + size, self.top - start - size))
        self.left -= size
        return Extent(start, size)

    def fits(self, size: int, spare: int = 0) -> bool:
        """Whether `allocate` would succeed, but for the system's memory."""
        size = grains(size)
        tail = self._free[-1].size if self._free and sum(self._free[-1]) == self.top else 0
        return self.size - spare - self.top + tail >= size or any(
            extent.size >= size for extent in self._free
        )

    def restore(self, top: int) -> None:
        """After a crash: all below `top` was granted, and is free until it is claimed."""
        self.top = top
        if top:
            self._free = [Extent(0, top)]

    def claim(self, offset: int, size: int) -> Extent:
        """Take the extent out of the free ones: what lies there is still referred to."""
        extent = Extent(offset, grains(size))
        at = bisect_left(self._free, (offset + 1,)) - 1
        if at < 0 or sum(self._free[at]) < sum(extent):
            message = (
                f"bytes {offset:,} to {sum(extent):,} of the heap are referred to twice, or never granted"
            )
            raise InternalError(message)
        self.left -= extent.size
        start, length = self._free.pop(at)
        rest = Extent(sum(extent), start + length - sum(extent))
        self._free[at:at] = [e for e in (Extent(start, offset - start), rest) if e.size]
        return extent

    def free(self, extent: Extent) -> None:
        """Give an extent back; the end of the heap beyond KEEP free bytes returns to the system."""
        at = bisect_left(self._free, extent)
        offset, size = extent
        self.left += size
        if at < len(self._free) and self._free[at].offset == offset + size:
            size += self._free.pop(at).size
        if at and sum(self._free[at - 1]) == offset:
            at -= 1
            offset, before = self._free.pop(at)
            size += before
        if offset + size == self.top and size > KEEP + STEP:
            keep = -(-(offset + KEEP) // STEP) * STEP
            self._shrink(keep, self.top - keep)
            size, self.top = keep - offset, keep
        insort(self._free, Extent(offset, size))


def grains(size: int) -> int:
    """So many bytes, rounded up to what is given out."""
    return max(GRAIN, -(-size // GRAIN) * GRAIN)
