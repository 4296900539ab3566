"""Here are blobs: large payloads, written once into their producer's heap and read in place by every lane of
a fan-out.

A producer frees a blob when every consumer lane has passed its frame and no consumer pins it. It reads the
positions first and the pins second; a consumer stores its pin first and its position second. So no blob is
freed in between.
"""

import struct
import weakref
from collections import deque
from collections.abc import Iterable
from itertools import compress

from routilux.errors import ArenaFull
from routilux.ipc import crash
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.heap import Extent, Heap, grains
from routilux.ipc.lanes import BLOB, LaneWriter
from routilux.ipc.layout import PINS, WORD

SPARE = 16
"""This part of a heap is not for payloads: what must be kept in the pending store finds room there."""
RECENT = 8 << 20
"""So many bytes that were freed just now are kept at hand for payloads of the same size: a cache still has
them, and they need not be looked for.
"""
LOOK_EACH = 1 << 18
"""After so many bytes the producer looks again for what can be freed: while a cache still has it;"""
LOOK_MORE = 1 << 10
"""and after so many more for each row of pins that it has to look through."""

REFERENCE = struct.Struct("<QQ")
"""offset in the arena u64 | bytes u64"""


def references(payload: bytes | memoryview) -> list[tuple[int, int]]:
    """Where the messages of a frame with the flag BLOB lie, and their sizes."""
    return list(REFERENCE.iter_unpack(payload))


def nbytes_of(payload: bytes | memoryview) -> int:
    """Bytes of all of them."""
    return sum([nbytes for _, nbytes in REFERENCE.iter_unpack(payload)])


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
        for lane, end in self.uses:  # noqa: SIM110 - a generator costs more
            if not lane.passed(end):
                return False
        return True

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
        self._rows = 0
        """Of pins, when they were last looked through."""
        self._recent: dict[int, list[Extent]] = {}
        self._left_for_recent = self._most_recent = min(RECENT, section.heap_size // (4 * SPARE))
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
            self._unlooked = LOOK_EACH + LOOK_MORE * self._rows
        if recent := self._recent.get(grains(nbytes)):
            extent = recent.pop()
            self._left_for_recent += extent.size
        else:
            extent = self._allocate(nbytes)
        if crash.PLAN:
            crash.here("blob.made")
        blob = Blob(extent, self._start + extent.offset, nbytes)
        start = self._base + extent.offset
        return blob, self._data[start : start + nbytes]

    def _allocate(self, nbytes: int) -> Extent:
        try:
            return self.heap.allocate(nbytes, self._spare)
        except ArenaFull:
            self.collect()
            return self.heap.allocate(nbytes, self._spare)

    def _free(self, extent: Extent) -> None:
        if extent.size > self._left_for_recent:
            self.heap.free(extent)
            return
        self._left_for_recent -= extent.size
        self._recent.setdefault(extent.size, []).append(extent)

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
            self._free(blob.extent)
        else:
            blob.holders -= 1

    def _collect_oldest(self) -> None:
        """Free those that were sent first: mostly they are done with first."""
        live, done = self._live, []
        while live and live[0].is_done:
            done.append(live.popleft())
        self._free_unpinned(done)

    def collect(self) -> None:
        """Free every blob whose frames have all been passed and that nobody pins; keep nothing at hand."""
        done = [blob for blob in self._live if blob.is_done]
        self._live = deque(blob for blob in self._live if not blob.is_done)
        self._free_unpinned(done)
        for recent in self._recent.values():
            for extent in recent:
                self.heap.free(extent)
        self._recent.clear()
        self._left_for_recent = self._most_recent

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
                self._free(blob.extent)

    def _pinned(self, consumers: Iterable[int]) -> set[int]:
        words, pinned = self._arena.words, set[int]()
        self._rows = 0
        for consumer in consumers:
            used, live, blob, _ = self._pins[consumer]
            if rows := words[used]:
                self._rows += rows
                pinned.update(compress(words[blob : blob + rows], words[live : live + rows]))
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
                    refer(lane, end, [self.known(*each) for each in references(frame.payload)])
        words, mine = self._arena.words, range(self._start, self._start + self.heap.size)
        for consumer, (used, live, place, size) in enumerate(self._pins):
            for row in range(words[used]):
                if words[live + row] and words[place + row] in mine:
                    blob = self.known(words[place + row], words[size + row])
                    blob.watched |= {consumer}


def refer(lane: LaneWriter, end: int, blobs: Iterable[Blob]) -> None:
    """The frame last written, which ends at `end`, refers to the blobs."""
    nbytes, use = 0, (lane, end)
    for blob in blobs:
        blob.uses.append(use)
        nbytes += blob.nbytes
    lane.carry(nbytes)


class Pins:
    """The consumer's side: blobs that user code still looks at after the activation that received them."""

    def __init__(self, own: OwnSection) -> None:
        words = own.section.words
        self._words = own.words
        self._used, self._live, self._blob, self._size = (
            own.index(words[name]) for name in ("pins_used", "pin_live", "pin_blob", "pin_size")
        )
        self._free: list[int] = []
        """Rows that were used before."""
        self._recorded: set[int] = set()
        self.held: dict[int, weakref.ref[object]] = {}

    @property
    def free(self) -> int:
        """How many more blobs can be pinned."""
        return PINS - self._words[self._used] + len(self._free)

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
        self._free = [row for row in range(self._words[self._used]) if row not in held]
        for row in self._free:
            self._words[self._live + row] = 0
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
        words = self._words
        if self._free:
            row = self._free.pop()
        elif (row := words[self._used]) < PINS:
            words[self._used] = row + 1
        else:
            message = f"more than {PINS} large payloads are held back by this process: accept smaller batches"
            raise ArenaFull(message)
        words[self._blob + row] = address
        words[self._size + row] = size
        return row

    def sweep(self) -> None:
        """Unpin what nobody looks at any more."""
        for row in [row for row, lease in self.held.items() if lease() is None]:
            del self.held[row]
            self._words[self._live + row] = 0
            self._free.append(row)
