"""Here are channels: an event's way to the workers of one routine, and what waits there for room.

Waiting messages are bound to a worker's lane as late as possible: a worker that is slow gets fewer of them.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, takewhile
from typing import NamedTuple, cast

from routilux.ipc.blobs import REFERENCE, Blob, BlobWriter, refer, references
from routilux.ipc.codec import batch, split
from routilux.ipc.commit import Transaction
from routilux.ipc.lanes import (
    BLOB,
    DEAD,
    ERROR,
    GUARDED,
    MARK,
    MAX_COUNT,
    MAX_PAYLOAD,
    STEP,
    TOKEN,
    Frame,
    LaneWriter,
)
from routilux.ipc.records import Kind, Record, Records
from routilux.plan import SUPERVISOR
from routilux.routing import least

WINDOW_NS = 32_000_000
"""A worker among several is given about this much work ahead of time: several times as much as a rest takes,
and little enough that all of them end together."""
SMALLEST_WINDOW = 2
RUN_NS = 1_000_000
"""About this much work goes to one worker at a time, where it does not go round: a frame, and to be woken for
it, costs as much as dozens of small messages."""
LARGE_AHEAD = 8 << 20
"""Bytes of large payloads that may be on their way in one lane: few enough to lie in a cache until they are
read,"""
LEAST_AHEAD = 4
"""or so many times the size of the next one: with two, a cache has both, but each end waits for the other."""
LARGE_FRAME = 1 << 20
"""One frame refers to so many bytes of large payloads, or to one: their room is free once all are used up."""
MOST_REFERENCES = MAX_PAYLOAD // REFERENCE.size

Part = bytes | Blob
"""An encoded message: its bytes, or where it lies when it is large."""


class Turn(NamedTuple):
    """A place in the order of one job's messages at one ordered routine.

    On their way to its workers messages are numbered, each its own `tag`, from 1. On the way from them, they
    answer the input `tag`, and the last of them says how many inputs in a row, its `span`, are done with.
    """

    tag: int = 0
    span: int = 0
    is_numbered: bool = False

    def after(self, messages: int) -> "Turn":
        """What follows so many messages."""
        return Turn(self.tag + (messages if self.is_numbered else self.span), 0, self.is_numbered)

    def part(self, start: int, stop: int, messages: int) -> "Turn":
        """The place of some of the messages."""
        if self.is_numbered:
            return self.after(start)
        return self if stop == messages or not self.span else self._replace(span=0)


NO_TURN = Turn()
"""Of messages without a place in any order."""


class Segment:
    """Consecutive messages of one job, from one event (or for one slot): all of them small, or all large.

    With a `turn` they have a place in an order, see Turn.
    """

    __slots__ = (
        *("at", "first", "flags", "is_large", "job", "origin", "parts"),
        *("port", "row", "stored", "turn"),
    )

    def __init__(
        self, job: int, port: int, parts: list[Part], *, origin: int = 0, flags: int = 0, turn: Turn = NO_TURN
    ) -> None:
        self.job = job
        self.port = port
        self.parts = parts
        self.is_large = isinstance(parts[0], Blob)
        self.at = 0
        self.first = 0
        """How many messages were pushed into its channel before its own."""
        self.row: int | None = None
        self.stored = 0
        self.origin = origin
        self.flags = flags
        self.turn = turn

    def __len__(self) -> int:
        return len(self.parts) - self.at

    def join(self, other: "Segment") -> bool:
        """Take in the messages of a segment that follows, if one frame could hold both."""
        if (
            (self.job, self.port, self.origin, self.flags, self.is_large)
            != (other.job, other.port, other.origin, other.flags, other.is_large)
            or self.flags & (MARK | STEP | GUARDED)
            or self.first + len(self.parts) != other.first
            or self.turn.after(len(self.parts)) != other.turn._replace(span=0)
            or self.row is not None
        ):
            return False
        self.parts.extend(other.parts)
        self.turn = self.turn._replace(span=self.turn.span + other.turn.span)
        return True

    def take(self, most: int, large: int = LARGE_FRAME) -> tuple[Frame, list[Blob]]:
        """The next frame of at most `most` messages, and what it refers to: one large one, or several that
        have `large` bytes. It is gone from the segment only when `at` is raised.
        """
        if self.is_large:
            blobs = self._large(min(most, MOST_REFERENCES), large)
            return self.frame(len(blobs), _referring(blobs), BLOB), blobs
        first = cast("bytes", self.parts[self.at])
        most = min(most, MAX_COUNT, 2 * MAX_PAYLOAD // (len(first) + 1) + 1)
        run = cast("list[bytes]", self.parts[self.at : self.at + most])
        payload = batch(run)  # to add up their sizes would take longer
        while len(payload) > MAX_PAYLOAD and len(run) > 1:
            del run[max(1, int(len(run) * MAX_PAYLOAD / len(payload) * 0.95)) :]
            payload = batch(run)
        return self.frame(len(run), payload), []

    def _large(self, most: int, nbytes: int) -> list[Blob]:
        """The next of its large messages: one, or at most `most` that have `nbytes` bytes."""
        blobs = cast("list[Blob]", self.parts[self.at : self.at + most])
        for at, blob in enumerate(blobs):
            nbytes -= blob.nbytes
            if nbytes < 0 and at:
                return blobs[:at]
        return blobs

    def frame(self, messages: int, payload: bytes, flags: int = 0) -> Frame:
        """A frame of its next messages."""
        turn = self.turn.part(self.at, self.at + messages, len(self.parts))
        return Frame(
            self.job, self.port, messages, payload, self.flags | flags, turn.tag, self.origin, span=turn.span
        )


def segments(
    job: int,
    port: int,
    parts: Sequence[Part],
    *,
    origin: int = 0,
    flags: int = 0,
    turn: Turn = NO_TURN,
) -> list[Segment]:
    """Cut a run of messages so that small and large ones are apart. One that answers inputs with nothing
    becomes a mark.
    """
    if not parts and turn.span:
        return [Segment(job, port, [b""], origin=origin, flags=flags | MARK, turn=turn)]
    if len(set(map(type, parts))) < 2:  # a fifth of the time of looking at one after the other
        return [Segment(job, port, list(parts), origin=origin, flags=flags, turn=turn)] if parts else []
    found, at = list[Segment](), 0
    for _, run in groupby(parts, type):
        own = list(run)
        place = turn.part(at, at + len(own), len(parts))
        found.append(Segment(job, port, own, origin=origin, flags=flags, turn=place))
        at += len(own)
    return found


def _referring(blobs: Sequence[Blob]) -> bytes:
    pack = REFERENCE.pack
    return b"".join([pack(blob.address, blob.nbytes) for blob in blobs])


def window(service_ns: int) -> int:
    """Messages that a worker among several is given ahead of time, by what one takes there (0 is unknown)."""
    return max(SMALLEST_WINDOW, min(WINDOW_NS // service_ns, MAX_COUNT)) if service_ns else SMALLEST_WINDOW


class Channel:
    """The lanes from this process to the workers of one routine, over one connection."""

    def __init__(
        self, lanes: Sequence[LaneWriter], service_ns: Callable[[int], int], *, is_numbered: bool = False
    ) -> None:
        self.lanes = lanes
        self._is_numbered = is_numbered
        self._is_desk = lanes[0].consumer == SUPERVISOR
        self._service_ns = service_ns
        self.queue: deque[Segment] = deque()
        """What waits for room."""
        self._messages = 0
        self.done: list[int] = []
        """Rows of the pending store that are to be dropped with the next commit,"""
        self.let_go: list[Blob] = []
        """and what is to be let go of after it."""
        self._turn = -1
        self._is_held = False
        """Whether too many large payloads were on their way: the next go once there is room for them, smaller
        ones once a quarter is used up.
        """
        self.pushed = 0
        """Messages pushed so far."""
        self.placed: Callable[[Channel, LaneWriter, Frame, int], None] | None = None
        """Told of each frame that is written, and how many messages were pushed before its first."""

    def push(self, segment: Segment) -> None:
        """Let the messages wait for room; nothing moves before `pump`."""
        if segment.is_large:
            for blob in cast("list[Blob]", segment.parts):
                blob.holders += 1
        self._messages += len(segment)
        segment.first = self.pushed
        self.pushed += len(segment)
        if not (self.queue and self.queue[-1].join(segment)):
            self.queue.append(segment)

    def put(self, frame: Frame) -> LaneWriter | None:
        """Write small messages at once, past all of this, where that is the same: there is one lane, nothing
        waits, and nobody watches. None if it is not, or there is no room.
        """
        if len(self.lanes) > 1 or self.queue or self.placed is not None or not self.lanes[0].put(frame):
            return None
        self.pushed += frame.messages
        return self.lanes[0]

    def __len__(self) -> int:
        """Messages that wait for room."""
        return self._messages

    def __bool__(self) -> bool:
        return bool(self.queue)

    def pump(self) -> list[LaneWriter]:
        """Write what there is room for; the lanes that were written to, still unpublished."""
        written: list[LaneWriter] = []
        while self.queue:
            segment = self.queue[0]
            lane, most = self._pick(len(segment))
            if lane is None:
                break
            large = self._large_room(lane, segment) if segment.is_large else 0
            if segment.is_large and self._is_held:
                break
            frame, blobs = segment.take(most, large)
            end = lane.put(frame)
            if not end:
                break
            if blobs:
                refer(lane, end, blobs)
                for blob in blobs:
                    blob.holders -= 1
            if self.placed is not None:
                self.placed(self, lane, frame, segment.first + segment.at)
            segment.at += frame.messages
            self._messages -= frame.messages
            if not segment:
                self._sent(self.queue.popleft())
            if lane not in written:
                written.append(lane)
        return written

    def _large_room(self, lane: LaneWriter, segment: Segment) -> int:
        """Bytes of large payloads that the next frame may refer to, unless too many are on their way."""
        size = cast("Blob", segment.parts[segment.at]).nbytes
        most, large = max(LARGE_AHEAD, LEAST_AHEAD * size), lane.large
        if self._is_held and size <= LARGE_FRAME:
            most = LARGE_AHEAD * 3 // 4
        self._is_held = large > 0 and large + size > most
        return 0 if self._is_desk else min(most - large, LARGE_FRAME)

    def drop(self, is_dropped: Callable[[int], bool]) -> dict[int, int]:
        """Forget what waits for jobs that are over, but for reports: how many messages of which."""
        dropped: dict[int, int] = {}
        kept: deque[Segment] = deque()
        for segment in self.queue:
            if segment.flags & (ERROR | DEAD) or not is_dropped(segment.job):
                kept.append(segment)
                continue
            dropped[segment.job] = dropped.get(segment.job, 0) + len(segment)
            self._messages -= len(segment)
            self.let_go += [part for part in segment.parts[segment.at :] if isinstance(part, Blob)]
            self._sent(segment)
        self.queue.clear()
        self.queue += kept
        return dropped

    def settle(self) -> None:
        """After the commit: large payloads of what was dropped are held no longer."""
        for blob in self.let_go:
            blob.holders -= 1
        self.let_go.clear()

    def _sent(self, segment: Segment) -> None:
        if segment.row is not None:
            self.done.append(segment.row)

    def store(self, number: int, tx: Transaction, records: Records) -> None:
        """Note in the pending store, as of this commit, what waits and what does not any more."""
        for row in self.done:
            records.drop(tx, row)
        self.done.clear()
        if self.queue and (head := self.queue[0]).row is not None and head.at != head.stored:
            records.change(tx, head.row, len(head))
            head.stored = head.at
        fresh = list(takewhile(lambda segment: segment.row is None, reversed(self.queue)))
        for segment in reversed(fresh):
            segment.row = self._add(number, segment, tx, records)
            segment.stored = segment.at

    @staticmethod
    def _add(number: int, segment: Segment, tx: Transaction, records: Records) -> int:
        rest = segment.parts[segment.at :]
        if segment.is_large:
            frame = segment.frame(len(rest), _referring(cast("list[Blob]", rest)), BLOB)
        else:
            frame = segment.frame(len(rest), batch(cast("list[bytes]", rest)))
        return records.add(tx, Kind.WAITING, number, frame)

    def restore(self, record: Record, blobs: BlobWriter) -> None:
        """After a crash: what the record says waits again."""
        frame = record.frame
        gone = frame.messages - record.left
        if frame.flags & BLOB:
            parts: list[Part] = []
            for address, nbytes in references(frame.payload)[gone:]:
                blob = blobs.known(address, nbytes)
                blob.holders += 1
                parts.append(blob)
        elif frame.flags & (MARK | TOKEN):
            parts = [b""]
        else:
            parts = [*[*split(frame.payload)][gone:]]
        turn = Turn(frame.tag, frame.span, self._is_numbered and frame.tag > 0).part(
            gone, frame.messages, frame.messages
        )
        segment = Segment(
            frame.job, frame.port, parts, origin=frame.origin, flags=frame.flags & ~BLOB, turn=turn
        )
        segment.row = record.row
        segment.first = self.pushed
        self.pushed += len(segment)
        self._messages += len(segment)
        self.queue.append(segment)

    def _pick(self, count: int) -> tuple[LaneWriter | None, int]:
        """The lane for the next frame and how many messages it may take; None when all have enough to do."""
        if len(self.lanes) == 1:
            return self.lanes[0], MAX_COUNT
        self._turn += 1
        turn = self._turn % len(self.lanes)
        able = []
        for lane in (*self.lanes[turn:], *self.lanes[:turn]):
            outstanding, service = lane.outstanding(), self._service_ns(lane.consumer)
            most = window(service)
            room = most - outstanding
            if room >= min(count, -(-most // 2)):  # one message is not worth a frame and a wake-up
                able.append((lane, outstanding, service, min(room, most // 2)))
        if not able:
            return None, 0
        lane, _, service, room = able[least([outstanding for _, outstanding, _, _ in able])]
        run = max(-(-count // len(self.lanes)), RUN_NS // service if service else 1)
        return lane, min(room, run)  # the second half is there before the first is used up


def push(channel: Channel, cut: Sequence[Segment]) -> int:
    """Let them wait for room; how many messages that is."""
    messages = sum(map(len, cut))
    for segment in cut:
        channel.push(segment)
    return messages


def runs(numbers: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    """Cut rising numbers where one is missing: each run, and the number it starts with."""
    start = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or numbers[at] != numbers[at - 1] + 1:
            yield numbers[start], numbers[start:at]
            start = at
