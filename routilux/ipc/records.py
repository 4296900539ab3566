"""Here is the pending store: what a worker has taken off its lanes and not used, or made and not sent, kept
in shared memory so that it outlives the process.

A record is free while its `live` is 0. Everything else of it is written while it is free, thus in private;
the commit that makes `live` a number of messages makes it exist.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from enum import IntEnum
from itertools import chain

import msgspec

from routilux.errors import ArenaFull
from routilux.ipc import crash
from routilux.ipc.arena import OwnSection
from routilux.ipc.blobs import REFERENCE, SPARE, Pins, nbytes_of, references
from routilux.ipc.commit import Transaction
from routilux.ipc.heap import Extent, Heap
from routilux.ipc.lanes import BLOB, Frame
from routilux.ipc.layout import COLUMNS, PINS, RECORDS

PARKED = 1 << 32
"""In `live`: the messages are retired, since only a new one can make them usable."""
MESSAGES = PARKED - 1
HELD = struct.Struct("<QQQ")
"""A reference to another's blob (address u64 | bytes u64) and the row of the pin that keeps it u64: one for
each message."""


class Kind(IntEnum):
    """Why a record is there."""

    WAITING = 1
    """An emission that its lanes have no room for."""
    ASIDE = 2
    """A frame taken out of the way of others."""
    INBOX = 3
    """Messages that the policy has not accepted yet."""
    TOKEN = 4
    """The job's end has been told, and is still to be carried out."""
    AGAIN = 5
    """A message whose activation has failed, and that gets another attempt."""


class Record(msgspec.Struct, frozen=True):
    """A frame, or a part of one, in the pending store: of its messages, `left` are still to be used.

    `first` is the place that its first message had in the frame it came from. One that waits for another
    attempt has failed `failures` times, and waits until the monotonic clock says `due` nanoseconds.
    """

    row: int
    kind: int
    lane: int
    order: int
    frame: Frame
    left: int
    first: int = 0
    failures: int = 0
    due: int = 0
    is_parked: bool = False


class Records:
    """The pending store of one process."""

    def __init__(self, own: OwnSection, heap: Heap, pins: Pins) -> None:
        words = own.section.words
        self.own = own
        self._words = own.words
        self._data = own.data
        self._base = own.section.heap - own.section.start
        self._heap = heap
        self._pins = pins
        self._pinned: dict[int, list[int]] = {}
        self._order = 0
        self._live = own.index(words["live"])
        self._used = own.index(words["rows_used"])
        self._columns = [own.index(words[f"record_{name}"]) for name in COLUMNS]
        self._free: list[int] = []
        self._sizes: dict[int, tuple[int, int, int, int]] = {}
        """By row: its kind, its lane, its job, and the bytes of its messages, wherever they lie."""
        self.nbytes = 0
        self.by_job: Counter[int] = Counter()
        self.by_inlet: Counter[int] = Counter()
        """Bytes that wait: in all, of a job, and of the messages of a lane that a policy has not accepted."""
        self._extents: dict[int, Extent] = {}
        self._dropped: list[int] = []
        self._top = own.words[self._used]

    def add(
        self,
        tx: Transaction,
        kind: Kind,
        lane: int,
        frame: Frame,
        *,
        left: int | None = None,
        first: int = 0,
        failures: int = 0,
        due: int = 0,
        parked: bool = False,
        holds: bool = False,
    ) -> int:
        """A new record, as of the next commit; its row. With `holds` the payload refers to another's blobs,
        which are pinned as long as the record lives. Raises ArenaFull when there is no row, or no room.
        """
        row, payload = self._row(), frame.payload
        try:
            if holds:
                payload = self._hold(row, payload)
            extent = self._heap.allocate(len(payload))
        except ArenaFull:
            self._give_back(row)
            raise
        start = self._base + extent.offset
        self._data[start : start + len(payload)] = payload
        self._extents[row] = extent
        self._note(row, kind, lane, frame)
        self._order += 1
        port = frame.port << 32 | first << 16 | frame.flags
        place = (extent.offset, len(payload), frame.messages)
        turn = (frame.tag, frame.span << 16 | failures, due)
        values = (kind, lane, frame.job, port, frame.origin, self._order, frame.position, *place, *turn)
        for column, value in zip(self._columns, values, strict=True):
            self._words[column + row] = value
        if crash.PLAN:
            crash.here("records.written")
        self.change(tx, row, frame.messages if left is None else left, parked=parked)
        return row

    def _hold(self, row: int, payload: bytes | memoryview) -> bytes:
        """Pin what the payload refers to; the same with the rows of the pins."""
        pinned = self._pinned[row] = []
        held = []
        for address, nbytes in references(payload):
            pinned.append(self._pins.hold(address, nbytes))
            held.append(HELD.pack(address, nbytes, pinned[-1]))
        return b"".join(held)

    def _note(self, row: int, kind: int, lane: int, frame: Frame) -> None:
        is_large = frame.flags & BLOB
        nbytes = nbytes_of(frame.payload) if is_large else len(frame.payload)
        self._sizes[row] = kind, lane, frame.job, nbytes
        self._count(row, nbytes)

    def _count(self, row: int, nbytes: int) -> None:
        kind, lane, job, _ = self._sizes[row]
        self.nbytes += nbytes
        self.by_job[job] += nbytes
        if not self.by_job[job]:
            del self.by_job[job]
        if kind == Kind.INBOX:
            self.by_inlet[lane] += nbytes

    @property
    def is_nearly_full(self) -> bool:
        """Whether rows or room may soon be missing."""
        rows = self._top - len(self._free)
        few_pins = self._pins.free < PINS // 4
        return rows > RECORDS * 3 // 4 or few_pins or self._heap.left < self._heap.size // SPARE // 2

    def waiting(self, job: int) -> Counter[tuple[int, int]]:
        """Bytes that a job has waiting here, by kind and lane."""
        found: Counter[tuple[int, int]] = Counter()
        for kind, lane, holder, nbytes in self._sizes.values():
            if holder == job:
                found[kind, lane] += nbytes
        return found

    def _row(self) -> int:
        if self._free:
            return self._free.pop()
        if self._top == RECORDS:
            message = (
                f"a process holds back more than {RECORDS} frames: let its policy accept more, or send less"
            )
            raise ArenaFull(message)
        self._top += 1
        self._words[self._used] = self._top
        return self._top - 1

    def change(self, tx: Transaction, row: int, left: int, *, parked: bool = False) -> None:
        """The record has `left` messages, as of the next commit."""
        tx.live[self._live + row] = left | (PARKED if parked else 0)

    def become(self, tx: Transaction, row: int, kind: Kind) -> None:
        """The record is there for another reason, as of the next commit."""
        _, lane, job, nbytes = self._sizes[row]
        self._count(row, -nbytes)
        self._sizes[row] = kind, lane, job, nbytes
        self._count(row, nbytes)
        tx.store(self._columns[0] + row, kind)

    def drop(self, tx: Transaction, row: int) -> None:
        """The record is used up, as of the next commit."""
        tx.live[self._live + row] = 0
        self._dropped.append(row)

    def settle(self) -> None:
        """After the commit: rows and bytes of what was dropped are free."""
        for row in self._dropped:
            self._heap.free(self._extents.pop(row))
            self._count(row, -self._sizes[row][3])
            del self._sizes[row]
            self._give_back(row)
        self._dropped.clear()

    def _give_back(self, row: int) -> None:
        self._free.append(row)
        for pin in self._pinned.pop(row, ()):
            self._pins.release(pin)

    def restore(self) -> list[Record]:
        """After a crash: every record there is, the oldest first; their bytes and pins are claimed again."""
        found = sorted(self._read(), key=lambda record: record.order)
        self._order = found[-1].order if found else 0
        self._pins.restore(chain.from_iterable(self._pinned.values()))
        return found

    def _read(self) -> Iterator[Record]:
        words = self._words
        for row in range(self._top):
            live = words[self._live + row]
            if not live:
                self._free.append(row)
                continue
            kind, lane, job, port, origin, order, position, place, size, messages, tag, span, due = (
                words[column + row] for column in self._columns
            )
            self._extents[row] = self._heap.claim(place, size)
            payload = bytes(self._data[self._base + place : self._base + place + size])
            flags = port & 0xFFFF
            if flags & BLOB and size == messages * HELD.size:
                held = list(HELD.iter_unpack(payload))
                self._pinned[row] = [pin for _, _, pin in held]
                payload = b"".join([REFERENCE.pack(address, nbytes) for address, nbytes, _ in held])
            frame = Frame(job, port >> 32, messages, payload, flags, tag, origin, position, span=span >> 16)
            self._note(row, kind, lane, frame)
            yield Record(
                row,
                kind,
                lane,
                order,
                frame,
                live & MESSAGES,
                first=port >> 16 & 0xFFFF,
                failures=span & 0xFFFF,
                due=due,
                is_parked=bool(live & PARKED),
            )
