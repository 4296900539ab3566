"""Here are lanes: byte rings in shared memory that carry frames from one producer to one consumer, and are
the record of them.

A position counts bytes since the lane began and never wraps; it modulo the ring's size is the place in the
ring. A frame lies in one piece and starts at a multiple of 64 bytes; what is left before the end of the ring
is passed over by a padding frame.
"""

import struct
import zlib
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from routilux.errors import WireError
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.layout import RING, WORD
from routilux.plan import LanePlan

ALIGN = 64
HEADER = struct.Struct("<QIIIIHHIQQ")
"""position u64 | payload length u32 | crc of the rest of the header u32 | job u32 | count u32 | port u16 |
flags u16 | span u32 | order tag u64 | origin u64"""
_CHECKED = struct.Struct("<QIIIHHIQQ")

_SIZE = HEADER.size
_MOST_FRAMES = RING // ALIGN

MAX_PAYLOAD = RING // 4
"""A frame's payload is not larger."""

LARGE = min(MAX_PAYLOAD, 16 * 1024) - 64
"""Encoded messages beyond this lie in blobs, and frames refer to them."""

PADDING, TOKEN, BLOB, ERROR, DEAD, MARK, TYPED, STEP, GUARDED = 1, 2, 4, 8, 16, 32, 64, 128, 256
NO_MESSAGES = TOKEN | ERROR | DEAD | MARK
"""Flags. BLOB: the payload is references to the messages, which are large. MARK: the frame's one message
stands for none; it says that the order has got past its tags. TYPED: by the codec of the type that the slot
declares. STEP: whoever takes it holds it before it is used. GUARDED: whoever takes it sets it aside until a
debugger has said what is to become of it.
"""
USED_BITS = 16
"""`consumed` is the position of the first frame not used up, shifted by this, and how many messages of that
frame are used.
"""
MAX_COUNT = (1 << USED_BITS) - 1


class Frame(NamedTuple):
    """One batch of one job. `port` is the slot it is for; on the way to the supervisor, the event it comes
    from.

    On the way to the workers of an ordered routine, `tag` is the number of its first message, counted from 1.
    On the way from them, it is the number of the first input that it answers, and `span` how many inputs in a
    row are done with it. 0 is a message without a place in any order.
    """

    job: int
    port: int
    messages: int
    payload: bytes | memoryview
    flags: int = 0
    tag: int = 0
    origin: int = 0
    position: int = 0
    end: int = 0
    span: int = 0

    @property
    def space(self) -> int:
        """Bytes that it takes in a ring."""
        return -(-(HEADER.size + len(self.payload)) // ALIGN) * ALIGN


class LaneWriter:
    """The producer's end: frames are private beyond `published` until a commit stores `position` there."""

    __slots__ = (
        "_consumed",
        "_in_flight",
        "_large",
        "_ring",
        "_words",
        "consumer",
        "messages",
        "plan",
        "position",
        "published",
        "sent",
        "total",
    )

    def __init__(self, arena: Arena, own: OwnSection, plan: LanePlan) -> None:
        section, consumer = own.section, arena.layout.sections[plan.consumer]
        start = section.rings[plan.index] - section.start
        self.plan = plan
        self.consumer = plan.consumer
        self.published = own.index(section.published[plan.index])
        self._consumed = consumer.consumed[plan.index] // WORD
        self._words = arena.words
        self._ring = own.data[start : start + RING]
        self.position = own.words[self.published]
        self.sent = own.index(section.sent[plan.index])
        self.total = own.words[self.sent]
        self.messages = 0
        self._in_flight: deque[tuple[int, int, int]] = deque()
        self._large = 0

    def put(self, frame: Frame) -> int:
        """Write the frame beyond `published`; its end position, or 0 when there is no room now."""
        length = len(frame.payload)
        at, space = self.position % RING, -(-(_SIZE + length) // ALIGN) * ALIGN
        gap = RING - at if at + space > RING else 0
        if self.position + gap + space - (self._words[self._consumed] >> USED_BITS) > RING:
            return 0
        if gap:
            self._write(at, Frame(0, 0, 0, b"", PADDING), gap - _SIZE)
            self.position += gap
            at = 0
        self._write(at, frame, length)
        count = frame.messages
        self.position += space
        self.messages += count
        if not frame.flags & NO_MESSAGES:
            self.total += count
        self._in_flight.append((self.position, count, 0))
        if len(self._in_flight) > _MOST_FRAMES:
            self.outstanding()
        return self.position

    def _write(self, at: int, frame: Frame, length: int) -> None:
        job, port, count, payload, flags, tag, origin, _, _, span = frame
        crc = zlib.crc32(_CHECKED.pack(self.position, length, job, count, port, flags, span, tag, origin))
        HEADER.pack_into(
            self._ring, at, self.position, length, crc, job, count, port, flags, span, tag, origin
        )
        if payload:
            self._ring[at + _SIZE : at + _SIZE + length] = payload

    def in_flight(self) -> Iterator[tuple[Frame, int]]:
        """After a crash: the frames published and not passed, with their ends; they are outstanding again."""
        position = self._words[self._consumed] >> USED_BITS
        while position < self.position:
            at = position % RING
            _, length, _, job, count, port, flags, span, tag, origin = HEADER.unpack_from(self._ring, at)
            if flags & PADDING:
                position += HEADER.size + length
                continue
            payload = bytes(self._ring[at + HEADER.size : at + HEADER.size + length])
            frame = Frame(job, port, count, payload, flags, tag, origin, position, span=span)
            position += frame.space
            self.messages += count
            self._in_flight.append((position, count, 0))
            yield frame, position

    def passed(self, position: int) -> bool:
        """Whether the consumer has used up all before `position`."""
        return self._words[self._consumed] >> USED_BITS >= position

    def outstanding(self) -> int:
        """Messages written and not yet used up."""
        mark, in_flight = self._words[self._consumed], self._in_flight
        done = mark >> USED_BITS
        while in_flight and in_flight[0][0] <= done:
            _, count, large = in_flight.popleft()
            self.messages -= count
            self._large -= large
        return self.messages - (mark & MAX_COUNT)

    def carry(self, large: int) -> None:
        """The frame last written refers to payloads of so many bytes."""
        end, count, _ = self._in_flight.pop()
        self._in_flight.append((end, count, large))
        self._large += large

    @property
    def large(self) -> int:
        """Bytes of large payloads that frames not yet used up refer to."""
        self.outstanding()
        return self._large

    def close(self) -> None:
        self._ring.release()


class LaneReader:
    """The consumer's end. `position` and `used` are private until a commit stores `mark` in `consumed`."""

    __slots__ = (
        "_data",
        "_start",
        "_words",
        "consumed",
        "plan",
        "position",
        "producer",
        "published",
        "sent",
        "taken",
        "total",
        "used",
    )

    def __init__(self, arena: Arena, own: OwnSection, plan: LanePlan) -> None:
        producer = arena.layout.sections[plan.producer]
        self.plan = plan
        self.producer = plan.producer
        self.published = producer.published[plan.index] // WORD
        self.consumed = own.index(own.section.consumed[plan.index])
        self._words = arena.words
        self._data = arena.data
        self._start = producer.rings[plan.index]
        self.sent = producer.sent[plan.index] // WORD
        self.taken = own.index(own.section.used[plan.index])
        self.total = own.words[self.taken]
        mark = own.words[self.consumed]
        self.position, self.used = mark >> USED_BITS, mark & MAX_COUNT

    @property
    def waiting(self) -> int:
        """Bytes published and not yet passed."""
        return self._words[self.published] - self.position

    @property
    def unused(self) -> int:
        """Messages published and not yet used, as far as the producer has counted them."""
        return self._words[self.sent] - self.total

    @property
    def mark(self) -> int:
        return self.position << USED_BITS | self.used

    def head(self) -> Frame | None:
        """The frame at `position`, its payload a view of the ring; None when nothing is published beyond."""
        while self._words[self.published] > self.position:
            at = self._start + self.position % RING
            position, length, crc, job, count, port, flags, span, tag, origin = HEADER.unpack_from(
                self._data, at
            )
            checked = zlib.crc32(_CHECKED.pack(position, length, job, count, port, flags, span, tag, origin))
            if position != self.position or crc != checked:
                message = (
                    f"lane {self.plan.index}: the frame at position {self.position} is damaged, "
                    "or not the one expected"
                )
                raise WireError(message)
            if flags & PADDING:
                self.position += HEADER.size + length
                continue
            begin = at + _SIZE
            end = position - (-(_SIZE + length) // ALIGN) * ALIGN
            payload = self._data[begin : begin + length]
            return Frame(job, port, count, payload, flags, tag, origin, position, end, span)
        return None

    def use(self, frame: Frame, upto: int) -> None:
        """The first `upto` messages of `frame`, which is the head, are used."""
        if not frame.flags & NO_MESSAGES:
            self.total += upto - self.used
        if upto >= frame.messages:
            self.position, self.used = frame.end, 0
        else:
            self.used = upto
