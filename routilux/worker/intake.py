"""Here is what a worker has in front of it: per lane, the frames it has set aside, then those in the ring."""

import copy
import weakref
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from routilux.errors import PayloadError
from routilux.ipc.arena import Arena
from routilux.ipc.blobs import REFERENCE, Pins
from routilux.ipc.codec import Decoder, split
from routilux.ipc.commit import Transaction
from routilux.ipc.lanes import BLOB, TOKEN, Frame, LaneReader
from routilux.ipc.records import Kind, Record, Records
from routilux.plan import SUPERVISOR


class Undecodable:
    """Stands in for a message whose bytes could not be turned into an object; `error` says why."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def reject(self) -> None:
        raise self.error


def explained(error: Exception) -> Exception:
    """A class that the user's program has defined too late cannot be known here: say so."""
    if isinstance(error, AttributeError) and "'__main__'" in str(error):
        return PayloadError(
            f"{error}: it was defined after the flow was started; call runtime.stop(flow) first"
        )
    return error


class Batch:
    """The messages of one frame, and how many of them are used."""

    __slots__ = (
        "_values",
        "count",
        "frame",
        "is_token",
        "job",
        "lane",
        "origin",
        "row",
        "slot",
        "used",
    )

    def __init__(self, lane: int, slot: int, frame: Frame, used: int) -> None:
        self.lane = lane
        self.slot = slot
        self.frame = frame
        self.job = frame.job
        self.origin = frame.origin
        self.count = frame.messages
        self.used = used
        self.is_token = bool(frame.flags & TOKEN)
        self.row: int | None = None
        self._values: list[Any] | None = None

    @property
    def left(self) -> int:
        return self.count - self.used

    @property
    def nbytes(self) -> int:
        """Of all its messages, encoded; a large one's where it lies."""
        payload = self.frame.payload
        if self.frame.flags & BLOB:
            return int(REFERENCE.unpack(payload)[1])
        return len(payload)

    def message_id(self, index: int) -> str:
        """The same on every attempt: lane, position of the frame, place within it."""
        return f"{self.lane}:{self.frame.position}:{index}"

    def forget(self) -> None:
        """Hold on to no payload of it any more."""
        self._values = None

    def values(self, loader: "Loader") -> list[Any]:
        """All messages of the frame, decoded at once."""
        if self._values is None:
            self._values = loader.load(self.frame, self.slot)
        return self._values


class Loader:
    """Turns frames into objects, and knows which large payloads somebody still looks at."""

    def __init__(self, arena: Arena, decoder: Decoder, pins: Pins, copied: Collection[int]) -> None:
        self._arena = arena
        self._data = arena.data
        self._decoder = decoder
        self.pins = pins
        self._copied = copied
        self._leases: list[tuple[int, int, weakref.ref[object]]] = []

    def load(self, frame: Frame, slot: int) -> list[Any]:
        """The messages of a frame; private to the routine where its slot says `copy`."""
        loaded = self._load(frame)
        return copy.deepcopy(loaded) if slot in self._copied else loaded

    def _load(self, frame: Frame) -> list[Any]:
        if frame.flags & BLOB:
            return [self._load_large(frame)]
        try:
            return self._decoder.decode_batch(frame.payload)
        except Exception:  # one of them is bad: find out which  # noqa: BLE001
            return [self._load_one(part) for part in split(frame.payload)]

    def _load_one(self, part: bytes | memoryview) -> object:
        try:
            return self._decoder.decode(part)
        except Exception as error:  # the class's own code may raise anything  # noqa: BLE001
            return Undecodable(explained(error))

    def _load_large(self, frame: Frame) -> object:
        address, size = REFERENCE.unpack(frame.payload)
        if self.pins.free <= len(
            self._leases
        ):  # user code keeps so many that there is no place to note another
            return self._decode_large(memoryview(bytes(self._arena.data[address : address + size])))
        region, lease = self._arena.lease(address, size)
        self._leases.append((address, size, lease))
        return self._decode_large(region)

    def _decode_large(self, region: memoryview) -> object:
        try:
            return self._decoder.decode_large(region)
        except Exception as error:  # as in _load_one  # noqa: BLE001
            return Undecodable(explained(error))

    def raw(self, frame: Frame, index: int) -> bytes:
        """One message of a frame as it was encoded."""
        if frame.flags & BLOB:
            address, size = REFERENCE.unpack(frame.payload)
            return bytes(self._data[address : address + size])
        return list(split(frame.payload))[index]

    def settle(self) -> None:
        """Before the lane passes the frames: pin the large payloads that user code has kept."""
        for address, size, lease in self._leases:
            if lease() is not None:
                self.pins.keep(address, size, lease)
        self._leases.clear()


class Inlet:
    """One in-lane of this worker."""

    def __init__(self, reader: LaneReader, loader: Loader, tx: Transaction, records: Records) -> None:
        self.reader = reader
        self.from_supervisor = reader.producer == SUPERVISOR
        self.changed = False
        self.owes_credit = False
        self.passed_from = reader.position
        self._loader = loader
        self._tx = tx
        self._records = records
        self._head: Batch | None = None
        self._aside: deque[Batch] = deque()

    def next(self, is_held: Callable[[int], bool]) -> Batch | None:
        """The oldest batch of a job that runs. Those of held jobs are set aside, so that others pass them."""
        passed_over: set[int] = set()  # one answer per job: it may change while we ask
        for batch in self._aside:
            if batch.job not in passed_over and not is_held(batch.job):
                return batch
            passed_over.add(batch.job)
        while head := self._ring_head():
            if head.job not in passed_over and not is_held(head.job):
                return head
            self.set_aside(head)
        return None

    def _ring_head(self) -> Batch | None:
        if self._head is None:
            frame = self.reader.head()
            if frame is None:
                return None
            slot = frame.port if self.from_supervisor else self.reader.plan.slot
            self._head = Batch(self.reader.plan.index, slot, frame, self.reader.used)
        return self._head

    def use(self, batch: Batch, upto: int) -> None:
        """The messages of `batch` before `upto` are used up, as of the next commit."""
        batch.used = upto
        if not batch.left:
            batch.forget()
        if batch.row is not None:
            if batch.left:
                self._records.change(self._tx, batch.row, batch.left)
            else:
                self._records.drop(self._tx, batch.row)
                if batch in self._aside:
                    self._aside.remove(batch)
            return
        self.reader.use(batch.frame, upto)
        self.changed = True
        if not batch.left:
            self.owes_credit |= bool(
                batch.frame.flags & BLOB
            )  # its producer counts bytes that the lane does not show
            self._head = None

    def take(self, batch: Batch) -> None:
        """The batch is the caller's: the lane is passed, and nothing of it is used yet."""
        if batch.row is not None:
            self._aside.remove(batch)
            return
        self.owes_credit |= bool(batch.frame.flags & BLOB)
        self.reader.use(batch.frame, batch.count)
        self.changed = True
        self._head = None

    def set_aside(self, batch: Batch) -> None:
        """Take the head of the lane out of the way; it stays an active message of its job."""
        self.keep(batch, Kind.ASIDE)
        self._aside.append(batch)

    def keep(self, batch: Batch, kind: Kind) -> None:
        """Move the head of the lane into the pending store; it is the caller's to use up."""
        frame = batch.frame
        if batch.row is not None:
            self._aside.remove(batch)
            return
        self.owes_credit |= bool(frame.flags & BLOB)
        batch.row = self._records.add(
            self._tx,
            kind,
            lane=batch.lane,
            job=batch.job,
            payload=frame.payload,
            messages=batch.count,
            left=batch.left,
            port=batch.slot,
            flags=frame.flags,
            origin=batch.origin,
            position=frame.position,
            holds=bool(frame.flags & BLOB),
        )
        batch.frame = frame._replace(payload=bytes(frame.payload))
        self.reader.use(batch.frame, batch.count)
        self.changed = True
        self._head = None

    def restore(self, record: Record) -> Batch:
        """After a crash: what the record says, as it was before."""
        frame = Frame(
            record.job,
            record.port,
            record.messages,
            record.payload,
            record.flags,
            origin=record.origin,
            position=record.position,
        )
        batch = Batch(record.lane, record.port, frame, record.messages - record.left)
        batch.row = record.row
        if record.kind == Kind.ASIDE:
            self._aside.append(batch)
        return batch

    def relieve(self) -> bool:
        """Set aside all that lies in the ring; whether there was anything."""
        moved = False
        while batch := self._ring_head():
            self.set_aside(batch)
            moved = True
        return moved


@dataclass(slots=True)
class Arrival:
    """A message in an inbox."""

    value: Any
    origin: int
    arrived: float
    unit: "Unit"
    index: int


@dataclass(eq=False, slots=True)
class Unit:
    """The messages of one frame that are in an inbox, and the record that keeps them."""

    inlet: Inlet
    batch: Batch
    waiting: dict[int, Arrival] = field(default_factory=dict)
    is_parked: bool = False
