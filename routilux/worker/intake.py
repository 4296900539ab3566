"""Here is what a worker has in front of it: per lane, the frames it has set aside, then those in the ring."""

from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic_ns
from typing import Any

from routilux.ipc.blobs import REFERENCE, nbytes_of
from routilux.ipc.channels import LARGE_AHEAD
from routilux.ipc.codec import batch as joined
from routilux.ipc.codec import split
from routilux.ipc.commit import Transaction
from routilux.ipc.lanes import BLOB, TOKEN, TYPED, Frame, LaneReader
from routilux.ipc.layout import RING, Order
from routilux.ipc.records import Kind, Record, Records
from routilux.ipc.turns import Turns
from routilux.plan import SUPERVISOR
from routilux.worker.care import key_of_input
from routilux.worker.loader import Loader

RUN, DROP = int(Order.RUN), int(Order.DROP)
"""As plain numbers, which are compared quicker."""

MUCH = LARGE_AHEAD // 2
"""After so many bytes of large payloads a commit is due: their producer uses the memory again while a cache
has it.
"""

MOST_ASIDE = 4 << 20
"""Bytes of a job that are set aside behind one that is tried again; the rest waits in the lane."""


class Batch:
    """The messages of one frame, and how many of them are used."""

    __slots__ = (
        "_values",
        "count",
        "due",
        "failures",
        "first",
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
        self.first = 0
        self.failures = 0
        self.due = 0
        self._values: list[Any] | None = None

    @property
    def left(self) -> int:
        return self.count - self.used

    def message_id(self, index: int) -> str:
        """The same on every attempt: lane, position of the frame, place within it."""
        return f"{self.lane}:{self.frame.position}:{self.first + index}"

    def key(self, index: int) -> int:
        """The same, as a number."""
        return key_of_input(self.lane, self.frame.position, self.first + index)

    def parts(self) -> list[bytes]:
        """Each message as the payload of a frame of its own."""
        payload = bytes(self.frame.payload)
        if self.frame.flags & TOKEN:
            return [payload]
        if self.frame.flags & BLOB:
            return [payload[at : at + REFERENCE.size] for at in range(0, len(payload), REFERENCE.size)]
        return [joined([part]) for part in split(payload)]

    def only(self, index: int, payload: bytes, tag: int = 0) -> "Batch":
        """A batch of just one of its messages, which keeps its identity."""
        frame = self.frame._replace(messages=1, payload=payload, tag=tag, span=0)
        alone = Batch(self.lane, self.slot, frame, 0)
        alone.first = self.first + index
        return alone

    def forget(self) -> None:
        """Hold on to no payload of it any more."""
        self._values = None

    def values(self, loader: Loader) -> list[Any]:
        """All messages of the frame, decoded at once."""
        if self._values is None:
            self._values = loader.load(self.frame, self.slot)
        return self._values


class Inlet:
    """One in-lane of this worker."""

    def __init__(
        self, reader: LaneReader, loader: Loader, tx: Transaction, records: Records, turns: Turns
    ) -> None:
        self.reader = reader
        self.from_supervisor = reader.producer == SUPERVISOR
        self.changed = False
        self.owed = 0
        """Bytes of large payloads that were used up since its producer was last told of it: the lane does not
        show them.
        """
        self.passed_from = reader.position
        self.keeps_order = False
        """Whether a message that is tried again holds up those of its job that came after it."""
        self.siblings: Sequence[Inlet] = ()
        """If messages are taken in the order of their tags: the lanes from all workers of their routine."""
        self._loader = loader
        self._tx = tx
        self._records = records
        self._turns = turns
        self._row = reader.plan.merged
        self._head: Batch | None = None
        self._aside: deque[Batch] = deque()
        self.retries: list[Batch] = []
        """Messages that have failed and are tried again."""

    def next(self, order: Callable[[int], int]) -> Batch | None:
        """The oldest batch that may be used now. Those of held jobs are set aside, so that others pass them;
        so are those whose turn it is not, if they are in the way of another job. What comes before those of
        a job that is over may never come: they do not wait for it.
        """
        if not (self.retries or self._aside):
            head = self._head
            if head is None and (not self.reader.waiting or (head := self.head()) is None):
                return None
            said = order(head.job)
            if said == DROP or (said == RUN and (self._row < 0 or self._is_next(head))):
                return head
        return self._next_of_several(order)

    def _next_of_several(self, order: Callable[[int], int]) -> Batch | None:
        """As `next`, where not simply the head of the lane is used."""
        waits = {batch.job for batch in self.retries} if self.keeps_order and self.retries else set[int]()
        passed_over = set(waits)  # one answer per job: it may change while we ask
        if (self.retries or self._aside) and (kept := self._next_kept(order, passed_over)) is not None:
            return kept
        while head := self.head():
            said = order(head.job)
            if said == Order.DROP:
                return head
            if head.job in waits and self._records.by_job[head.job] > MOST_ASIDE:
                return None
            if head.job in passed_over or said == Order.HOLD:
                self.set_aside(head)
            elif self._is_next(head):
                return head
            elif any((other := lane.head()) and other.job != head.job for lane in self.siblings):
                self.set_aside(head)
                passed_over.add(head.job)
            else:
                return None
        return None

    def _next_kept(self, order: Callable[[int], int], passed_over: set[int]) -> Batch | None:
        """As `next`, of what is in the pending store; notes the jobs of which nothing else may be used."""
        for batch in self.retries:
            said = order(batch.job)
            if said == Order.DROP or (said == Order.RUN and batch.due <= monotonic_ns()):
                return batch
        for batch in self._aside:
            said = order(batch.job)
            may_run = said == Order.RUN and batch.job not in passed_over and self._is_next(batch)
            if said == Order.DROP or may_run:
                return batch
            passed_over.add(batch.job)
        return None

    def _is_next(self, batch: Batch) -> bool:
        """Whether it is the batch's turn."""
        tag = batch.frame.tag
        return self._row < 0 or not tag or tag == self._turns.next(self._row, batch.job)

    def _take_turn(self, batch: Batch) -> None:
        """The batch is about to be used up."""
        if self._row >= 0 and batch.frame.span:
            self._turns.advance(self._tx, self._row, batch.job, batch.frame.span)

    def due(self, order: Callable[[int], int]) -> int | None:
        """When the first message that failed gets another attempt, in ns of the monotonic clock."""
        return min((each.due for each in self.retries if order(each.job) != Order.HOLD), default=None)

    def head(self) -> Batch | None:
        """The first batch in the ring."""
        if self._head is None:
            frame = self.reader.head()
            if frame is None:
                return None
            slot = frame.port if self.from_supervisor else self.reader.plan.slot
            self._head = Batch(self.reader.plan.index, slot, frame, self.reader.used)
        return self._head

    def has_more(self, batch: Batch) -> bool:
        """Whether anything lies behind the batch, which is to be used."""
        return bool(
            batch.row is not None or self._aside or self.retries or self.reader.lies_behind(batch.frame)
        )

    @property
    def unpassed(self) -> Frame | None:
        """The frame at the head of the lane, if it has been looked at."""
        return None if self._head is None else self._head.frame

    def use(self, batch: Batch, upto: int) -> None:
        """The messages of `batch` before `upto` are used up, as of the next commit."""
        batch.used = upto
        if is_used_up := upto >= batch.count:
            batch.forget()
            if self._row >= 0:
                self._take_turn(batch)
        if batch.row is not None:
            if is_used_up:
                self._records.drop(self._tx, batch.row)
                self._let_go(batch)
            else:
                self._records.change(self._tx, batch.row, batch.left)
            return
        self.reader.use(batch.frame, upto)
        self.changed = True
        if is_used_up:
            self._owe(batch.frame)
            self._head = None

    @property
    def owes_credit(self) -> bool:
        """Whether the producer may be waiting for what has become free: of a full lane, an eighth; of large
        payloads, half of what may be under way. Whoever waits for that has more than half under way, and goes
        on when less is left.
        """
        passed, waiting = self.reader.position - self.passed_from, self.reader.waiting
        was_full = waiting + passed > RING // 4 and (passed > RING // 8 or not waiting)
        return was_full or self.owed >= MUCH

    def _owe(self, frame: Frame) -> None:
        if frame.flags & BLOB:
            self.owed += nbytes_of(frame.payload)

    def _let_go(self, batch: Batch) -> None:
        for place in (self._aside, self.retries):
            if batch in place:
                place.remove(batch)

    def take(self, batch: Batch) -> None:
        """The batch is the caller's: the lane is passed, and nothing of it is used yet."""
        self._take_turn(batch)
        if batch.row is not None:
            self._records.become(self._tx, batch.row, Kind.INBOX)
            self._let_go(batch)
            return
        self._owe(batch.frame)
        self.reader.use(batch.frame, batch.count)
        self.changed = True
        self._head = None

    def set_aside(self, batch: Batch) -> None:
        """Take the head of the lane out of the way; it stays an active message of its job."""
        self.keep(batch, Kind.ASIDE)
        self._aside.append(batch)

    def keep(self, batch: Batch, kind: Kind) -> None:
        """Move the head of the lane into the pending store; it is the caller's to use up."""
        if batch.row is not None:
            self._records.become(self._tx, batch.row, kind)
            self._let_go(batch)
            return
        self._owe(batch.frame)
        self._record(batch, kind)
        batch.frame = batch.frame._replace(payload=bytes(batch.frame.payload))
        self.reader.use(batch.frame, batch.count)
        self.changed = True
        self._head = None

    def _record(self, batch: Batch, kind: Kind) -> None:
        batch.row = self._records.add(
            self._tx,
            kind,
            batch.lane,
            batch.frame._replace(port=batch.slot),
            left=batch.left,
            first=batch.first,
            failures=batch.failures,
            due=batch.due,
            holds=bool(batch.frame.flags & BLOB),
        )

    def postpone(self, batch: Batch, index: int, delay: float, replacement: bytes | None = None) -> None:
        """The message at `index`, the next one of its batch, has failed, and is tried again after `delay`
        seconds, perhaps with another payload. It stays an active message of its job.
        """
        is_numbered = self.reader.plan.numbered >= 0 and batch.frame.tag > 0
        tag = batch.frame.tag + index if is_numbered else 0
        alone = batch.only(index, batch.parts()[index], tag)
        if replacement is not None:
            flags = alone.frame.flags & ~(BLOB | TYPED)
            alone.frame = alone.frame._replace(payload=joined([replacement]), flags=flags)
        alone.failures, alone.due = batch.failures + 1, monotonic_ns() + int(delay * 1e9)
        self._record(alone, Kind.AGAIN)
        self.use(batch, index + 1)
        self.retries.append(alone)

    def restore(self, record: Record) -> Batch:
        """After a crash: what the record says, as it was before."""
        frame = record.frame
        batch = Batch(record.lane, frame.port, frame, frame.messages - record.left)
        batch.row, batch.first = record.row, record.first
        batch.failures, batch.due = record.failures, record.due
        if record.kind == Kind.ASIDE:
            self._aside.append(batch)
        elif record.kind == Kind.AGAIN:
            self.retries.append(batch)
        return batch

    def relieve(self) -> bool:
        """Set aside all that lies in the ring; whether there was anything."""
        moved = False
        while batch := self.head():
            self.set_aside(batch)
            moved = True
        return moved
