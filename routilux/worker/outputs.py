"""Here is what a routine emits, from the call of `emit` until its frames lie in the lanes, still private."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import cast

from routilux.errors import PayloadError
from routilux.ipc import crash
from routilux.ipc.blobs import Blob
from routilux.ipc.channels import NO_TURN, Channel, Part, Segment, Turn, push, runs, segments
from routilux.ipc.codec import EncodeError, Encoder, Large, Packed, batch
from routilux.ipc.commit import Transaction
from routilux.ipc.lanes import ERROR, GUARDED, LARGE, MAX_PAYLOAD, STEP, TYPED, Frame, LaneWriter
from routilux.ipc.loans import Loans
from routilux.ipc.records import Records
from routilux.ipc.turns import Turns
from routilux.ipc.typed import TypedEncoder
from routilux.keys import by_key, key_of
from routilux.worker.changes import Apart, Change, Changes, Decision, Sent, blobs_of, cut, shifted
from routilux.worker.target import Target

MOST_LARGE = 2 << 20
"""Bytes of large payloads that are sent at once: they are to be read while a cache has them."""
MOST_FILL = 1024
"""Messages of one frame, however small they are;"""
FEW = MAX_PAYLOAD // 16
"""and so many bytes of it are left, that what a routine makes of them may be a little longer."""


class EventOutput:
    """One event of the running routine: what it has emitted in this transaction, encoded."""

    def __init__(
        self,
        name: str,
        routine: str,
        targets: Sequence[Target],
        loans: Loans,
        *,
        encoder: Encoder | TypedEncoder,
        turns: Turns,
    ) -> None:
        self.name = name
        self._routine = routine
        self._turns = turns
        self._answers = any(target.is_answer for target in targets)
        self._is_plain = len(targets) == 1 and not self._answers and targets[0].is_plain
        self.written: dict[LaneWriter, None] = {}
        """Lanes that were written to since the last commit."""
        self._keyed = [(target.key, len(target.channels)) for target in targets if target.key is not None]
        self._encoder = encoder
        self.encode = encoder.encode
        self.changes: Changes = {}
        """What a debugger has made of some of the parts."""
        self._special: list[Callable[[object, bytes | Large], None]] = []
        """How to keep a part, if that is not all: it has a key, or is watched."""
        self.targets = targets
        self.parts: list[Part] = []
        self.fill = MOST_FILL
        """How many messages of the size of the last ones make a frame."""
        self.large = 0
        """Bytes of the large ones among them, or more; 0 only if there are none."""
        self.places: list[tuple[int, ...]] = []
        self._loans = loans
        self._blobs = loans.blobs
        self._flags = TYPED if isinstance(encoder, TypedEncoder) and encoder.is_fast else 0
        self.look(None)
        self.emit = encoder.emitter(self.parts.append, self._emit_otherwise, self._special)
        """Encode the value and keep it until the activation's commit; later changes to it are not seen."""

    def _emit_otherwise(self, value: object, packed: Packed) -> None:
        """Emit what is large, or was not packed at once, or has a special way."""
        try:
            part = self._encoder.complete(value, packed)
        except EncodeError as error:
            message = f"routine {self._routine!r} cannot emit a {error.type_name} on event {self.name!r}: "
            raise PayloadError(message + error.reason) from error
        if self._special:
            self._special[0](value, part)
        else:
            self.parts.append(self._store(part, value) if isinstance(part, Large) else part)

    def look(self, watch: Callable[[object, bytes | Large], None] | None) -> None:
        """Let `watch` decide about each emission from now on; None: no more."""
        special = watch if watch is not None else self.keep if self.is_keyed else None
        self._special[:] = [] if special is None else [special]

    @property
    def is_typed(self) -> bool:
        """Whether what it emits is encoded as the type that its slots declare."""
        return bool(self._flags & TYPED)

    @property
    def is_keyed(self) -> bool:
        """Whether its messages have to be asked for their key."""
        return bool(self._keyed)

    def keep(self, value: object, part: bytes | Large) -> None:
        """Keep an emission until the activation's commit."""
        if self._keyed:
            self.places.append(tuple(by_key(key_of(key, value), n) for key, n in self._keyed))
        self.parts.append(self._store(part, value) if isinstance(part, Large) else part)

    def keep_as(self, decision: Decision, part: bytes | Large) -> None:
        """Keep an emission as a debugger has decided."""
        if decision.is_dropped:
            return
        self.keep(decision.value, self.encode(decision.value) if decision.is_edited else part)
        self._note_changes(decision)

    def _note_changes(self, decision: Decision) -> None:
        """Keep what the debugger has decided about single connections."""
        at, edits = len(self.parts) - 1, decision.edits or {}
        found: dict[int, Change] = {}
        for number, target in enumerate(self.targets):
            flags = STEP * (number in decision.steps) | GUARDED * (number in decision.guards)
            if number in decision.drops:
                found[number] = Change(None)
            elif number in edits:
                value = edits[number]
                part = self.encode(value)
                stored = self._store(part, value) if isinstance(part, Large) else part
                place = 0 if target.key is None else by_key(key_of(target.key, value), len(target.channels))
                found[number] = Change(stored, place, flags, is_own=True)
            elif flags:
                keyed = [each for each in self.targets[:number] if each.key is not None]
                place = 0 if target.key is None else self.places[at][len(keyed)]
                found[number] = Change(self.parts[at], place, flags)
        if found:
            self.changes[at] = found

    def _store(self, large: Large, value: object) -> Blob:
        self.large += large.nbytes
        if self._loans.are_open and (blob := self._loans.take(large, value)) is not None:
            return blob
        blob, room = self._blobs.room(large.nbytes)
        with room:
            large.write(room)
        return blob

    def rollback(self, mark: int) -> None:
        """Forget what was emitted since the event had `mark` messages."""
        for part in self.parts[mark:]:
            if isinstance(part, Blob):
                self._blobs.drop(part)
        if self.changes:
            for blob in blobs_of(self.changes, mark):
                self._blobs.drop(blob)
            self.changes = {at: changed for at, changed in self.changes.items() if at < mark}
        del self.parts[mark:]
        del self.places[mark:]

    def drop_first(self, count: int) -> None:
        """Forget the first of what was emitted: it is out already."""
        for part in self.parts[:count]:
            if isinstance(part, Blob):
                self._blobs.drop(part)
        self.changes = shifted(self.changes, count)
        del self.parts[:count]
        del self.places[:count]
        if not self.parts:
            self.large = 0

    def close(self, tx: Transaction, job: int, origin: int, answered: Turn = NO_TURN) -> None:
        """Hand what was emitted for `job` to the channels, and count it. `answered` are the inputs that it
        answers, if anybody takes it in their order; with nothing emitted a mark says that they are done with.
        """
        if not self.parts and not (self._answers and answered.span):
            return
        if self.changes:
            self._close_changed(tx, job, origin, answered)
            return
        if self._is_plain and not self.large and self._put(tx, job, origin):
            return
        parts = self.parts[:]
        made = keyed = 0
        for target in self.targets:
            turn = answered if target.is_answer else NO_TURN
            if target.numbered >= 0 and parts:
                turn = Turn(self._turns.next(target.numbered, job), 0, is_numbered=True)
                self._turns.advance(tx, target.numbered, job, len(parts))
            if target.key is None:
                cut = self._cut(job, target, parts, origin, turn)
                made += push(target.channels[0], cut)
                continue
            for worker, channel in enumerate(target.channels):
                places = [at for at, place in enumerate(self.places) if place[keyed] == worker]
                for first, run in runs(places) if turn.is_numbered else [(0, places)]:
                    chosen = [parts[at] for at in run]
                    place = turn.after(first) if turn.is_numbered else turn
                    cut = self._cut(job, target, chosen, origin, place)
                    made += push(channel, cut)
            keyed += 1
        self._are_pushed([part for part in parts if isinstance(part, Blob)] if self.large else ())
        tx.create(job & 0xFFFF, made)

    def _are_pushed(self, blobs: Iterable[Blob]) -> None:
        """What was emitted waits in the channels now, `blobs` of it large."""
        for blob in blobs:
            self._blobs.sent(blob)
        if self.large:
            self.fill = max(1, MOST_LARGE * len(self.parts) // self.large)
        self.large = 0
        self.parts.clear()
        self.places.clear()

    def _cut(self, job: int, target: Target, parts: list[Part], origin: int, turn: Turn) -> list[Segment]:
        if self.large or not parts:
            return segments(job, target.port, parts, origin=origin, flags=self._flags, turn=turn)
        self.fill = max(1, min(MOST_FILL, (MAX_PAYLOAD - FEW) // (len(cast("bytes", parts[0])) + 1)))
        return [Segment(job, target.port, parts[:], origin=origin, flags=self._flags, turn=turn)]

    def _put(self, tx: Transaction, job: int, origin: int) -> bool:
        """The way of small messages to a single channel, which nobody numbers or chooses: frames, as long as
        there is room for them at once. Whether there was for all.
        """
        parts, (target,) = self.parts, self.targets
        put, at = target.channels[0].put, 0
        while at < len(parts):
            run = parts[at : at + self.fill]
            payload = batch(cast("list[bytes]", run))
            if len(payload) > MAX_PAYLOAD and len(run) > 1:
                self.fill = max(1, len(run) * (MAX_PAYLOAD - FEW) // len(payload))
                continue
            lane = put(Frame(job, target.port, len(run), payload, self._flags, 0, origin))
            if lane is None:
                break
            at += len(run)
            note(tx, lane, self.written)
            self.fill = min(MOST_FILL, max(self.fill, len(run) * (MAX_PAYLOAD - FEW) // len(payload)))
        if at:
            tx.create(job & 0xFFFF, at)
            del parts[:at]
        return not parts

    def _close_changed(self, tx: Transaction, job: int, origin: int, answered: Turn) -> None:
        """As `close`, where connections do not all get the same."""
        made = keyed = 0
        for number, target in enumerate(self.targets):
            sent = list(self.sent(number, keyed))
            keyed += target.key is not None
            turn = answered if target.is_answer else NO_TURN
            if target.numbered >= 0 and sent:
                turn = Turn(self._turns.next(target.numbered, job), 0, is_numbered=True)
                self._turns.advance(tx, target.numbered, job, len(sent))
            for worker, channel in enumerate(target.channels):
                places = [at for at, (_, place, _) in enumerate(sent) if place == worker]
                for first, run in runs(places) if turn.is_numbered and places else [(0, places)]:
                    some = [sent[at] for at in run]
                    place = turn.after(first) if turn.is_numbered else turn
                    if some or place.span:
                        made += push(
                            channel,
                            list(cut(job, target.port, some, origin=origin, flags=self._flags, turn=place)),
                        )
        self._are_pushed((*(part for part in self.parts if isinstance(part, Blob)), *blobs_of(self.changes)))
        self.changes.clear()
        tx.create(job & 0xFFFF, made)

    def sent(self, number: int, keyed: int) -> Iterator[Sent]:
        """What one connection gets."""
        has_key = self.targets[number].key is not None
        for at, part in enumerate(self.parts):
            change = self.changes.get(at, {}).get(number)
            if change is None:
                yield part, self.places[at][keyed] if has_key else 0, 0
            elif change.part is not None:
                yield change.part, change.place, change.flags

    def set_apart(self, mark: int) -> Apart:
        """Take out what was emitted since the event had `mark` messages, to be put back."""
        apart = self.parts[mark:], self.places[mark:], shifted(self.changes, mark)
        self.changes = {at: changed for at, changed in self.changes.items() if at < mark}
        del self.parts[mark:]
        del self.places[mark:]
        return apart

    def put_back(self, apart: Apart) -> None:
        parts, places, self.changes = apart
        self.parts[:] = parts
        self.places[:] = places
        blobs = (*(part for part in parts if isinstance(part, Blob)), *blobs_of(self.changes))
        self.large = sum(blob.nbytes for blob in blobs)


def note(tx: Transaction, lane: LaneWriter, written: dict[LaneWriter, None]) -> None:
    """What is in the lane now is published with the transaction."""
    tx.published[lane.published] = lane.position
    tx.late[lane.sent] = lane.total
    written[lane] = None


class Outputs:
    """All events of the running routine, and the channels they lead to."""

    def __init__(self, events: Sequence[EventOutput], supervisor: Channel, loans: Loans) -> None:
        self.events = events
        self.is_ordered = any(target.is_answer for event in events for target in event.targets)
        """Whether anybody takes what is emitted in the order of our inputs."""
        self.loans = loans
        self._blobs = loans.blobs
        self._supervisor = supervisor
        self._written: dict[LaneWriter, None] = {}
        for event in events:
            event.written = self._written
        self.watcher: Callable[[int, int, EventOutput], None] | None = None
        """Told of a job, and what is about to be handed over for it."""
        self.channels = list(
            dict.fromkeys([supervisor, *(c for e in events for t in e.targets for c in t.channels)])
        )
        self._queues = [channel.queue for channel in self.channels]
        self._done = [channel.done for channel in self.channels]
        self._let_go = [channel.let_go for channel in self.channels]

    def marks(self) -> list[int]:
        return [len(event.parts) for event in self.events]

    def rollback(self, marks: Sequence[int]) -> None:
        for event, mark in zip(self.events, marks, strict=True):
            event.rollback(mark)

    def set_apart(self, marks: Sequence[int]) -> list[Apart]:
        """Take out what was emitted since `marks`, to be put back."""
        return [event.set_apart(mark) for event, mark in zip(self.events, marks, strict=True)]

    def put_back(self, apart: Sequence[Apart]) -> None:
        for event, its in zip(self.events, apart, strict=True):
            event.put_back(its)

    def close(self, tx: Transaction, job: int, origin: int, answered: Turn = NO_TURN) -> None:
        """The next emissions belong to another job, submission or input: hand over those so far."""
        made = 0
        for position, event in enumerate(self.events):
            made += (count := len(event.parts))
            if count and self.watcher is not None:
                self.watcher(job, position, event)
            if count or answered.span:
                event.close(tx, job, origin, answered)
        if made:
            tx.count("emitted", job & 0xFFFF, made)

    def report(self, tx: Transaction, job: int, record: bytes, flags: int = ERROR) -> None:
        """Tell the supervisor something of the job, in the same commit as what it is about."""
        part: Part = record
        if len(record) > LARGE:
            part, room = self._blobs.room(len(record))
            room[:] = record
        for segment in segments(job, 0, [part], flags=flags):
            self._supervisor.push(segment)
        if isinstance(part, Blob):
            self._blobs.sent(part)
        tx.create(job & 0xFFFF, 1)

    def store(self, tx: Transaction, records: Records) -> None:
        """What waits for room is kept in the pending store, as of this commit."""
        if any(self._queues) or any(self._done):
            for number, channel in enumerate(self.channels):
                channel.store(number, tx, records)

    def settle(self) -> None:
        """After the commit: let go of what was dropped."""
        if any(self._let_go):
            for channel in self.channels:
                channel.settle()

    @property
    def large(self) -> int:
        """About how many bytes of large payloads have been emitted and not been handed over."""
        return sum([event.large for event in self.events])

    @property
    def fill(self) -> int:
        """How many messages like the last ones fill a frame, or are MOST_LARGE bytes."""
        return min([event.fill for event in self.events], default=MOST_FILL)

    @property
    def waiting(self) -> bool:
        """Whether something waits for room: no activation starts then."""
        return any(self._queues)

    def write(self, tx: Transaction) -> bool:
        """Write what there is room for and note the new positions in the transaction; whether all of it found
        room, so that another activation may share the commit.
        """
        if not any(self._queues):
            return True
        for channel in self.channels:
            if channel:
                for lane in channel.pump():
                    note(tx, lane, self._written)
        return not any(self._queues)

    def pump(self, tx: Transaction) -> list[LaneWriter]:
        """As `write`, for the last time before the commit: all lanes that were written to for it."""
        if any(self._queues):
            self.write(tx)
        written = list(self._written)
        self._written.clear()
        if crash.PLAN:
            crash.here("frames.written")
        return written
