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

from routilux.errors import ArenaFull, InternalError
from routilux.ipc import crash
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.lanes import BLOB, LaneWriter
from routilux.ipc.layout import PINS, WORD

GRAIN = 64
STEP = 1 << 20
"""The heap grows by multiples of this."""
SPARE = 16
"""This part of a heap is not for payloads: what must be kept in the pending store finds room there."""
KEEP = 64 << 20
"""Free bytes at the heap's end beyond this go back to the system."""

LOOK_EACH = 1 << 18
"""After so many bytes the producer looks again for what can be freed: while a cache still has it."""

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
        self.left = size
        """Bytes that are not in use, in however many pieces."""
        self._free: list[Extent] = []
        self._grow = grow
        self._shrink = shrink

    def allocate(self, size: int, spare: int = 0) -> Extent:
        """`size` bytes, rounded up to 64. Raises ArenaFull when neither a hole nor the rest of the heap, less
        `spare` bytes, has them.
        """
        size = _grains(size)
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
        size = _grains(size)
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
        extent = Extent(offset, _grains(size))
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


def _grains(size: int) -> int:
    return max(GRAIN, -(-size // GRAIN) * GRAIN)


class Blob:
    """One payload in the heap, and the frames that still refer to it."""

    __slots__ = ("address", "extent", "holders", "lease", "nbytes", "uses", "watched")

    def __init__(self, extent: Extent, address: int, nbytes: int) -> None:
        self.extent = extent
        self.address = address
        self.nbytes = nbytes
        self.uses: list[tuple[LaneWriter, int]] = []
        self.holders = 0
        self.watched: frozenset[int] = frozenset()
        self.lease: weakref.ref[object] | None = None
        """Of a loan: dead once its producer does not look at it any more."""

    @property
    def is_done(self) -> bool:
        """Whether every frame that refers to it has been used up; somebody may pin it all the same."""
        if self.holders:
            return False
        return all([lane.passed(end) for lane, end in self.uses])  # noqa: C419 - a generator costs more

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
        self._own = own
        self._base = base
        self._start = section.heap
        self._data = own.data
        self._top = own.index(section.words["heap_top"])
        self._words = own.words

        def grow(offset: int, size: int) -> None:
            own.grow(base + offset, size)
            own.words[self._top] = offset + size

        def shrink(offset: int, size: int) -> None:
            own.words[self._top] = offset
            own.shrink(base + offset, size)

        self.heap = Heap(section.heap_size, grow, shrink)
        self.heap.restore(own.words[self._top])
        self._spare = section.heap_size // SPARE
        self._live: deque[Blob] = deque()
        self._unlooked = 0
        self._restored: dict[int, Blob] = {}
        self._pins = [
            tuple(s.words[name] // WORD for name in ("pins_used", "pin_live", "pin_blob", "pin_size"))
            for s in arena.layout.sections
        ]

    @property
    def largest(self) -> int:
        """Bytes of the largest payload that can ever find room."""
        return self.heap.size - self._spare

    def has_room(self, nbytes: int) -> bool:
        """Whether `room` would succeed, once all is freed that can be."""
        self.collect()
        return self.heap.fits(nbytes, self._spare)

    def room(self, nbytes: int) -> tuple[Blob, memoryview]:
        """A new blob of `nbytes` bytes and the place to fill. Raises ArenaFull."""
        self._unlooked -= nbytes
        if self._unlooked < 0:
            self._collect_oldest()
            self._unlooked = LOOK_EACH
        try:
            extent = self.heap.allocate(nbytes, self._spare)
        except ArenaFull:
            self.collect()
            extent = self.heap.allocate(nbytes, self._spare)
        if crash.PLAN:
            crash.here("blob.made")
        blob = Blob(extent, self._start + extent.offset, nbytes)
        start = self._base + extent.offset
        return blob, self._data[start : start + nbytes]

    def lend(self, nbytes: int) -> tuple[Blob, memoryview]:
        """A new blob and the place for user code to fill. Unless it is taken back, it is freed when nobody
        looks at the place any more. Raises ArenaFull.
        """
        blob, _ = self.room(nbytes)
        view, blob.lease = self._own.lend(blob.address, nbytes)
        self._live.append(blob)
        return blob, view

    def take_back(self, blob: Blob, start: int, nbytes: int) -> memoryview:
        """What was lent is to be `sent` or `drop`ped as any blob: a message of `nbytes` from `start` on. Its
        place, to be completed.
        """
        blob.holders += 1
        blob.address += start
        blob.nbytes = nbytes
        place = blob.address - self._start + self._base
        return self._data[place : place + nbytes]

    def sent(self, blob: Blob) -> None:
        """All frames that refer to the blob are known now; from here on it is freed when they are done
        with.
        """
        if blob.lease is None:
            self._live.append(blob)
        else:
            blob.holders -= 1

    def drop(self, blob: Blob) -> None:
        """The blob was never referred to."""
        if blob.lease is None:
            self.heap.free(blob.extent)
        else:
            blob.holders -= 1

    def _collect_oldest(self) -> None:
        """Free those that were sent first: mostly they are done with first."""
        live, done = self._live, []
        while live and live[0].is_done:
            done.append(live.popleft())
        self._free_unpinned(done)

    def collect(self) -> None:
        """Free every blob whose frames have all been passed and that nobody pins."""
        done = [blob for blob in self._live if blob.is_done]
        self._live = deque(blob for blob in self._live if not blob.is_done)
        self._free_unpinned(done)

    def _free_unpinned(self, done: list[Blob]) -> None:
        """Free those that nobody pins, and keep an eye on the others."""
        if not done:
            return
        consumers = {lane.consumer for blob in done for lane, _ in blob.uses}
        pinned = self._pinned(consumers.union(*(blob.watched for blob in done if blob.watched)))
        for blob in done:
            if blob.address in pinned or (blob.lease is not None and blob.lease() is not None):
                self._live.append(blob)
            else:
                self.heap.free(blob.extent)

    def _pinned(self, consumers: Iterable[int]) -> set[int]:
        words, pinned = self._arena.words, set[int]()
        for consumer in consumers:
            used, live, blob, _ = self._pins[consumer]
            for row in range(words[used]):
                if words[live + row]:
                    pinned.add(words[blob + row])
        return pinned

    def known(self, address: int, nbytes: int) -> Blob:
        """After a crash: the blob at `address`, which something still refers to."""
        blob = self._restored.get(address)
        if blob is None:
            blob = Blob(self.heap.claim(address - self._start, nbytes), address, nbytes)
            self._restored[address] = blob
            self._live.append(blob)
        return blob

    def restored(self) -> None:
        """All that is referred to has been claimed."""
        self._restored.clear()

    def restore(self, writers: Iterable[LaneWriter]) -> None:
        """After a crash: claim what frames on their way refer to, and what consumers have pinned."""
        for lane in writers:
            for frame, end in lane.in_flight():
                if frame.flags & BLOB:
                    blob = self.known(*REFERENCE.unpack(frame.payload))
                    blob.uses.append((lane, end))
                    lane.carry(blob.nbytes)
        words, mine = self._arena.words, range(self._start, self._start + self.heap.size)
        for consumer, (used, live, place, size) in enumerate(self._pins):
            for row in range(words[used]):
                if words[live + row] and words[place + row] in mine:
                    blob = self.known(words[place + row], words[size + row])
                    blob.watched |= {consumer}


class Pins:
    """The consumer's side: blobs that user code still looks at after the activation that received them."""

    def __init__(self, own: OwnSection) -> None:
        words = own.section.words
        self._words = own.words
        self._used, self._live, self._blob, self._size = (
            own.index(words[name]) for name in ("pins_used", "pin_live", "pin_blob", "pin_size")
        )
        self._free = list(range(PINS - 1, -1, -1))
        self._recorded: set[int] = set()
        self.held: dict[int, weakref.ref[object]] = {}

    @property
    def free(self) -> int:
        """How many more blobs can be pinned."""
        return len(self._free)

    def keep(self, address: int, size: int, lease: "weakref.ref[object]") -> None:
        """Pin the blob at `address` while the lease lives. To be called before the commit that passes its
        frame.
        """
        row = self._take(address, size)
        self._words[self._live + row] = 1
        self.held[row] = lease

    def hold(self, address: int, size: int) -> int:
        """Pin the blob at `address` for a record, until `release` of the row that this returns."""
        row = self._take(address, size)
        self._words[self._live + row] = 1
        self._recorded.add(row)
        return row

    def release(self, row: int) -> None:
        self._recorded.remove(row)
        self._words[self._live + row] = 0
        self._free.append(row)

    def restore(self, rows: Iterable[int]) -> None:
        """After a crash: only what records hold is still pinned; whoever looked is gone."""
        held = set(rows)
        for row in range(self._words[self._used]):
            if row not in held:
                self._words[self._live + row] = 0
        self._free = [row for row in self._free if row not in held]
        self._recorded = held

    def kept(self) -> dict[int, tuple["weakref.ref[object]", int]]:
        """By the row of its pin, the lease and the bytes of each blob that is looked at and in no record."""
        words = self._words
        recorded = {words[self._blob + row] for row in self._recorded}
        return {
            row: (lease, words[self._size + row])
            for row, lease in self.held.items()
            if lease() is not None and words[self._blob + row] not in recorded
        }

    def _take(self, address: int, size: int) -> int:
        if not self._free:
            message = f"more than {PINS} large payloads are held back by this process: accept smaller batches"
            raise ArenaFull(message)
        row, words = self._free.pop(), self._words
        words[self._blob + row] = address
        words[self._size + row] = size
        words[self._used] = max(words[self._used], row + 1)
        return row

    def sweep(self) -> None:
        """Unpin what nobody looks at any more."""
        for row in [row for row, lease in self.held.items() if lease() is None]:
            del self.held[row]
            self._words[self._live + row] = 0
            self._free.append(row)
