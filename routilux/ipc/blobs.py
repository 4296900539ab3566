"""Here are blobs: large payloads, written once into their producer's heap and read in place by every lane of
a fan-out.

A producer frees a blob when every consumer lane has passed its frame and no consumer pins it. It reads the
positions first and the pins second; a consumer stores its pin first and its position second. So no blob is
freed in between.
"""

import struct
import weakref
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from routilux.errors import ArenaFull
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.lanes import LaneWriter
from routilux.ipc.layout import PINS, WORD

GRAIN = 64
STEP = 1 << 20
"""The heap grows by multiples of this."""
KEEP = 64 << 20
"""Free bytes at the heap's end beyond this go back to the system."""

REFERENCE = struct.Struct("<QQ")
"""offset in the arena u64 | bytes u64"""


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
        self._free: list[Extent] = []
        self._grow = grow
        self._shrink = shrink

    def allocate(self, size: int) -> Extent:
        """`size` bytes, rounded up to 64. Raises ArenaFull when neither a hole nor the rest of the heap has
        them.
        """
        size = max(GRAIN, -(-size // GRAIN) * GRAIN)
        for position, (offset, length) in enumerate(self._free):
            if length >= size:
                if length == size:
                    del self._free[position]
                else:
                    self._free[position] = Extent(offset + size, length - size)
                return Extent(offset, size)
        start = self._free[-1].offset if self._free and sum(self._free[-1]) == self.top else self.top
        if start + size > self.size:
            message = (
                f"a payload of {size:,} bytes does not fit into the shared memory of this process "
                f"({self.size:,} bytes, of which {self.top:,} are in use): raise Runtime(heap=...)"
            )
            raise ArenaFull(message)
        more = min(-(-(start + size - self.top) // STEP) * STEP, self.size - self.top)
        self._grow(self.top, more)
        self.top += more
        if start != self.top - more:
            self._free.pop()
        if self.top > start + size:
            self._free.append(Extent(start + size, self.top - start - size))
        return Extent(start, size)

    def free(self, extent: Extent) -> None:
        """Give an extent back; the end of the heap beyond KEEP free bytes returns to the system."""
        at = bisect_left(self._free, extent)
        offset, size = extent
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


class Blob:
    """One payload in the heap, and the frames that still refer to it."""

    __slots__ = ("address", "extent", "holders", "nbytes", "uses")

    def __init__(self, extent: Extent, address: int, nbytes: int) -> None:
        self.extent = extent
        self.address = address
        self.nbytes = nbytes
        self.uses: list[tuple[LaneWriter, int]] = []
        self.holders = 0

    @property
    def is_done(self) -> bool:
        """Whether every frame that refers to it has been used up; somebody may pin it all the same."""
        return self.holders == 0 and all(lane.passed(end) for lane, end in self.uses)

    @property
    def reference(self) -> bytes:
        return REFERENCE.pack(self.address, self.nbytes)


class BlobWriter:
    """The producer's side: puts payloads into the heap and frees them when nobody can look at them any
    more.
    """

    def __init__(self, arena: Arena, own: OwnSection) -> None:
        section = own.section
        base = section.heap - section.start
        self._arena = arena
        self._base = base
        self._start = section.heap
        self._data = own.data
        self.heap = Heap(
            section.heap_size,
            lambda offset, size: own.grow(base + offset, size),
            lambda offset, size: own.shrink(base + offset, size),
        )
        self._live: deque[Blob] = deque()
        self._pins = [
            (s.words["pins_used"] // WORD, s.words["pin_live"] // WORD, s.words["pin_blob"] // WORD)
            for s in arena.layout.sections
        ]

    def room(self, nbytes: int) -> tuple[Blob, memoryview]:
        """A new blob of `nbytes` bytes and the place to fill. Raises ArenaFull."""
        self._collect_oldest()
        try:
            extent = self.heap.allocate(nbytes)
        except ArenaFull:
            self.collect()
            extent = self.heap.allocate(nbytes)
        blob = Blob(extent, self._start + extent.offset, nbytes)
        start = self._base + extent.offset
        return blob, self._data[start : start + nbytes]

    def sent(self, blob: Blob) -> None:
        """All frames that refer to the blob are known now; from here on it is freed when they are done
        with.
        """
        self._live.append(blob)

    def drop(self, blob: Blob) -> None:
        """The blob was never referred to."""
        self.heap.free(blob.extent)

    def _collect_oldest(self) -> None:
        """Free those that were sent first: mostly they are done with first."""
        live = self._live
        while live and live[0].is_done:
            if not self._free_unpinned([live.popleft()]):
                return

    def collect(self) -> None:
        """Free every blob whose frames have all been passed and that nobody pins."""
        done = [blob for blob in self._live if blob.is_done]
        self._live = deque(blob for blob in self._live if not blob.is_done)
        self._free_unpinned(done)

    def _free_unpinned(self, done: list[Blob]) -> bool:
        """Free those that nobody pins, and keep an eye on the others; whether all of them are free."""
        pinned = self._pinned({lane.consumer for blob in done for lane, _ in blob.uses})
        kept = [blob for blob in done if blob.address in pinned]
        for blob in done:
            if blob.address not in pinned:
                self.heap.free(blob.extent)
        self._live.extend(kept)
        return not kept

    def _pinned(self, consumers: Iterable[int]) -> set[int]:
        words, pinned = self._arena.words, set[int]()
        for consumer in consumers:
            used, live, blob = self._pins[consumer]
            for row in range(words[used]):
                if words[live + row]:
                    pinned.add(words[blob + row])
        return pinned


class Pins:
    """The consumer's side: blobs that user code still looks at after the activation that received them."""

    def __init__(self, own: OwnSection) -> None:
        words = own.section.words
        self._words = own.words
        self._used, self._live, self._blob = (
            own.index(words[name]) for name in ("pins_used", "pin_live", "pin_blob")
        )
        self._free = list(range(PINS - 1, -1, -1))
        self.held: dict[int, weakref.ref[object]] = {}

    @property
    def free(self) -> int:
        """How many more blobs can be pinned."""
        return len(self._free)

    def keep(self, address: int, lease: "weakref.ref[object]") -> None:
        """Pin the blob at `address` while the lease lives. To be called before the commit that passes its
        frame.
        """
        row, words = self._free.pop(), self._words
        words[self._blob + row] = address
        words[self._used] = max(words[self._used], row + 1)
        words[self._live + row] = 1
        self.held[row] = lease

    def sweep(self) -> None:
        """Unpin what nobody looks at any more."""
        for row in [row for row, lease in self.held.items() if lease() is None]:
            del self.held[row]
            self._words[self._live + row] = 0
            self._free.append(row)
