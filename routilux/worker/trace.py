"""Here is the trace: what became of each activation that is published by itself, and under which ids its
consumers will know what it has emitted.

A message is known by the lane, the position of its frame, and its place in it. Which lane and frame it comes
to lie in shows only when there is room for it. So each channel counts what is pushed into it, an activation
notes the numbers of its own, and each frame that is written tells the numbers of those in it.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import islice

from routilux.hookevents import Activated, Copy, Emitted, Failure, HookEvent, MessageRef, Placed
from routilux.ipc.blobs import Blob, references
from routilux.ipc.channels import Channel, Part
from routilux.ipc.codec import each_of
from routilux.ipc.lanes import BLOB, TOKEN, TYPED, Frame, LaneWriter
from routilux.ipc.preview import preview, short
from routilux.worker.copies import Copies
from routilux.worker.intake import Batch
from routilux.worker.outputs import EventOutput

MOST = 256
"""Messages that one event names."""
LINE = 120
"""Characters of a preview."""


class Sent:
    """Messages of the activation at hand on one connection."""

    __slots__ = ("by", "connection", "count", "event", "found", "ids", "is_told", "preview")

    def __init__(self, by: "Running", event: int, connection: int, preview: str) -> None:
        self.by = by
        self.event = event
        self.connection = connection
        self.preview = preview
        self.count = 0
        self.found = 0
        self.ids: list[str] = []
        self.is_told = False
        """Whether the activation has been published: what is found out from now on is told by itself."""

    @property
    def may_find_more(self) -> bool:
        """Where messages have come to lie is found out for all of them only if somebody has asked for it."""
        return self.found < MOST or self.by.is_whole


class Running:
    """One activation, while it runs."""

    __slots__ = (
        "attempt",
        "began",
        "ended",
        "error",
        "inputs",
        "is_finish",
        "is_whole",
        "job_id",
        "reason",
        "received",
        "sent",
        "status",
    )

    def __init__(self, job_id: str, began: int, *, attempt: int, is_whole: bool) -> None:
        self.job_id = job_id
        self.began = began
        self.ended = began
        self.inputs: tuple[MessageRef, ...] = ()
        self.sent: dict[tuple[int, int], Sent] = {}
        self.received: dict[int, int] = {}
        self.status = "completed"
        self.reason = ""
        self.error: Failure | None = None
        self.attempt = attempt
        self.is_finish = False
        self.is_whole = is_whole

    @property
    def parents(self) -> tuple[str, ...]:
        return tuple(message.id for message in self.inputs)

    def told(self) -> Activated:
        """The event, with the ids that are known by now."""
        emitted = []
        for sent in self.sent.values():
            emitted.append(
                Emitted(sent.event, sent.connection, sent.count, tuple(sent.ids[:MOST]), sent.preview)
            )
            del sent.ids[:MOST]
            sent.is_told = True
        return Activated(
            self.job_id,
            self.began,
            self.ended,
            self.status,
            self.inputs,
            self.received,
            tuple(emitted),
            self.reason,
            self.error,
            self.is_finish,
            self.attempt,
        )


class _Span:
    """Messages of one channel, by their numbers, that belong together."""

    __slots__ = ("first", "sent", "stop")

    def __init__(self, first: int, stop: int, sent: Sent) -> None:
        self.first = first
        self.stop = stop
        self.sent = sent


class Placement:
    """Finds out where messages come to lie."""

    def __init__(self) -> None:
        self._spans: dict[Channel, deque[_Span]] = {}
        self._news: dict[Sent, None] = {}

    def expect(self, channel: Channel, first: int, count: int, sent: Sent) -> None:
        """The messages that will be pushed into the channel as its `first` and so on are those."""
        sent.count += count
        channel.placed = self.placed
        self._spans.setdefault(channel, deque()).append(_Span(first, first + count, sent))

    def placed(self, channel: Channel, lane: LaneWriter, frame: Frame, first: int) -> None:
        """A frame was written, its messages counted from `first` in their channel."""
        spans = self._spans.get(channel)
        stop, position = first + frame.messages, lane.position - frame.space
        while spans and spans[0].first < stop:
            span = spans[0]
            numbers = range(max(first, span.first), min(stop, span.stop))
            if numbers and span.sent.may_find_more:
                span.sent.found += len(numbers)
                span.sent.ids += [f"{lane.plan.index}:{position}:{number - first}" for number in numbers]
                self._news[span.sent] = None
            if span.stop > stop:
                span.first = stop
                break
            spans.popleft()
        if not spans:
            channel.placed = None

    @property
    def has_news(self) -> bool:
        return bool(self._news)

    @property
    def expects_more(self) -> bool:
        """Whether messages wait for room of which is to be told where they will lie."""
        return any(self._spans.values())

    def news(self) -> Iterator[Placed]:
        """At a commit: what is to be told by itself."""
        for sent in self._news:
            by = sent.by
            while len(sent.ids) > (0 if sent.is_told else MOST):
                yield Placed(
                    by.job_id, by.began, by.parents, sent.event, sent.connection, tuple(sent.ids[:MOST])
                )
                del sent.ids[:MOST]
        self._news.clear()

    def forget(self) -> None:
        """Nobody listens any more."""
        for channel in self._spans:
            channel.placed = None
        self._spans.clear()
        self._news.clear()


class Trace:
    """The activations of this process that have an event of their own."""

    def __init__(self, data: memoryview) -> None:
        self.placement = Placement()
        self.running: Running | None = None
        self._data = data
        self.copies = Copies()
        self._ended: list[Running] = []
        self._batch: Batch | None = None
        self._parts: Iterator[bytes] = iter(())
        """The messages of that batch from the next one on."""
        self._next = 0

    def message(self, batch: Batch, index: int, now: int, *, is_whole: bool) -> MessageRef:
        """What there is to say of an input that lies in its lane, or in a record; with a copy of it if the
        job is wanted as a whole.
        """
        line, copy, frame = "", None, batch.frame
        if frame.flags & TOKEN or not frame.payload:
            pass
        elif frame.flags & BLOB:
            address, size = references(frame.payload)[index]
            line = self._region(address, size)
            copy = Copy(size) if is_whole else None
        else:
            part = self._part(batch, index)
            line = short(part, LINE)
            copy = self.copies.of(part, now, is_typed=bool(frame.flags & TYPED)) if is_whole else None
        return MessageRef(batch.message_id(index), batch.slot, batch.origin, line, copy)

    def _part(self, batch: Batch, index: int) -> bytes:
        """One small message, as it is encoded; quick if one asks for each in turn."""
        if self._batch is not batch or index < self._next:
            self._batch, self._parts, self._next = batch, each_of(batch.frame.payload), 0
        part = next(islice(self._parts, index - self._next, None))
        self._next = index + 1
        return part

    def _region(self, address: int, size: int) -> str:
        return preview(self._data[address : address + size], is_large=True, limit=LINE)

    def _line(self, part: Part) -> str:
        return self._region(part.address, part.nbytes) if isinstance(part, Blob) else short(part, LINE)

    def closes(self, position: int, event: EventOutput) -> None:
        """What the activation at hand has emitted on the event is about to be pushed into its channels."""
        running, count = self.running, len(event.parts)
        if running is None or not count:
            return
        keyed = 0
        for number, target in enumerate(event.targets):
            connection = target.channels[0].lanes[0].plan.connection
            key = position, -1 if connection is None else connection
            changed = list(event.sent(number, keyed)) if event.changes else None
            if changed == []:
                keyed += target.key is not None
                continue
            sent = running.sent.get(key)
            if sent is None:
                first = event.parts[0] if changed is None else changed[0][0]
                sent = running.sent[key] = Sent(running, *key, self._line(first))
            if changed is not None:
                shares = Counter(place for _, place, _ in changed)
                keyed += target.key is not None
            elif target.key is None:
                shares = Counter({0: count})
            else:
                shares = Counter(place[keyed] for place in event.places)
                keyed += 1
            for worker, share in shares.items():
                channel = target.channels[worker]
                self.placement.expect(channel, channel.pushed, share, sent)

    def end(self, ended: int) -> None:
        """The activation at hand is over; its event is published once it is committed."""
        running, self.running = self.running, None
        if running is not None:
            running.ended = ended
            self._ended.append(running)

    def committed(self) -> Sequence[HookEvent]:
        """All that this commit makes certain."""
        if not (self._ended or self.placement.has_news):
            return ()
        told: list[HookEvent] = [running.told() for running in self._ended]
        self._ended.clear()
        return [*told, *self.placement.news()]

    def forget(self) -> None:
        """Nobody listens any more."""
        self.running = self._batch = None
        self._parts = iter(())
        self._ended.clear()
        self.placement.forget()
