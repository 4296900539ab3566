"""Here is the replay: what an activation had sent before its process died is not sent again when it is run
again.

The outputs of a long activation are committed as they come, while its input stays in use. A re-run starts
from the front, or from the cursor it had noted; the outputs that are out already are recognised by their
number and their crc, and dropped. One that does not repeat itself fails its job with an error that says so.
"""

from collections.abc import Sequence
from typing import Any, cast
from zlib import crc32

from routilux.errors import RoutiluxError
from routilux.ipc.arena import OwnSection
from routilux.ipc.blobs import Blob
from routilux.ipc.channels import Part
from routilux.ipc.codec import Decoder, Encoder
from routilux.ipc.commit import Transaction
from routilux.ipc.heap import Extent, Heap
from routilux.ipc.layout import REPLAY_HEAD, REPLAY_WORDS, REPLAYED_EVENTS, REPLAYS
from routilux.worker.jobs import JobTable
from routilux.worker.outputs import Outputs

_KEY, _JOB, _CURSOR, _TOTAL = range(len(REPLAY_HEAD))
_GRAIN_BITS = 6


class Replays:
    """The words in which a process notes what its unfinished activations have sent."""

    def __init__(self, own: OwnSection, heap: Heap, jobs: JobTable, routine: str) -> None:
        self.words = own.words
        self.routine = routine
        self.cursors: dict[int, bytes] = {}
        """By input: the last cursor of the activations that are to be run again."""
        self.encoder = Encoder(large=1 << 32)
        start = own.index(own.section.words["replay"])
        self._rows = [start + n * REPLAY_WORDS for n in range(REPLAYS)]
        self._in_use: list[int] = []
        self._data = own.data
        self._base = own.section.heap - own.section.start
        self._heap = heap
        self._jobs = jobs
        self._extents: dict[int, Extent] = {}
        self._old: list[Extent] = []

    @property
    def has_room(self) -> bool:
        """Whether another activation may send early while the present ones are not over."""
        return any(self._is_free(row) for row in self._rows)

    def _is_free(self, row: int) -> bool:
        """An activation that is to be run again keeps its row; one whose job is over is not run again."""
        if row in self._in_use:
            return False
        return not self.words[row + _KEY] or self._jobs.is_over(self.words[row + _JOB])

    def open(self, key: int, job: int) -> "Replay | None":
        """An activation that may send early begins; its input may have been at work before a crash. None if
        there is no place to note what it sends: it must not send early then.
        """
        known = [row for row in self._rows if self.words[row] == key and row not in self._in_use]
        found = known or [row for row in self._rows if self._is_free(row)]
        if not found:
            return None
        self._in_use.append(found[0])
        return Replay(self, found[0], key, job)

    def cursor(self, key: int) -> Any:
        """Where the activation of this input is to go on; None at its front."""
        data = self.cursors.get(key)
        return None if data is None else Decoder().decode(data)

    def keep(self, tx: Transaction, row: int, key: int, cursor: bytes) -> None:
        """The activation has come so far, as of the next commit."""
        extent = self._heap.allocate(len(cursor))
        self._release(row)
        self._extents[row] = extent
        start = self._base + extent.offset
        self._data[start : start + len(cursor)] = cursor
        tx.store(row + _CURSOR, extent.offset >> _GRAIN_BITS << 32 | len(cursor))
        self.cursors[key] = cursor

    def _release(self, row: int) -> None:
        if (old := self._extents.pop(row, None)) is not None:
            self._old.append(old)

    def settle(self) -> None:
        """After the commit: what it replaced is free."""
        for extent in self._old:
            self._heap.free(extent)
        self._old.clear()

    def put_off(self, row: int) -> None:
        """The activation is run again later: what it has sent stays noted."""
        self._in_use.remove(row)

    def end(self, row: int, key: int, tx: Transaction) -> None:
        """Its input is about to be used up: nothing of it is run again."""
        if self.words[row] or row + _KEY in tx.late:
            tx.store(row + _KEY, 0)
            tx.store(row + _CURSOR, 0)
        self._release(row)
        self.cursors.pop(key, None)
        self._in_use.remove(row)

    def restore(self) -> None:
        """After a crash: the cursors are where they were."""
        for row in self._rows:
            word = self.words[row + _CURSOR]
            if self.words[row] and word:
                place, size = word >> 32 << _GRAIN_BITS, word & 0xFFFFFFFF
                self._extents[row] = self._heap.claim(place, size)
                start = self._base + place
                self.cursors[self.words[row]] = bytes(self._data[start : start + size])


class Replay:
    """The early emissions of one activation: per event how many, and a rolling crc of them."""

    def __init__(self, replays: Replays, row: int, key: int, job: int) -> None:
        words = replays.words
        self._replays = replays
        self._row = row
        self._key = key
        self._job = job
        self._routine = replays.routine
        self._sent = [[0, 0] for _ in range(REPLAYED_EVENTS)]
        self._seen = [[0, 0] for _ in range(REPLAYED_EVENTS)]
        is_known = words[row] == key
        self._total = words[row + _TOTAL] if is_known else 0
        self._expected = [
            [words[at], words[at + 1]] if is_known else [0, 0]
            for at in range(row + len(REPLAY_HEAD), row + REPLAY_WORDS, 2)
        ]

    def note(self, tx: Transaction, outputs: Outputs, cursor: object = None) -> None:
        """What has been emitted is about to be sent: drop what is out already, remember the rest. With a
        cursor, a re-run starts there, and repeats none of it.
        """
        if len(outputs.events) > REPLAYED_EVENTS:
            message = (
                f"routine {self._routine!r} has more than {REPLAYED_EVENTS} events: "
                "it cannot send before its activation ends"
            )
            raise RoutiluxError(message)
        self.drop_known(outputs)
        for event, sent in zip(outputs.events, self._sent, strict=False):
            sent[0] += len(event.parts)
            self._total += len(event.parts)
            sent[1] = _rolled(sent[1], event.parts, may_be_large=event.large > 0)
        if cursor is not None:
            self._go_on_from(tx, outputs, cursor)
        pairs = zip(self._sent, self._expected, outputs.events, strict=False)
        self._store(tx, [max(sent, expected) for sent, expected, _ in pairs])

    def _store(self, tx: Transaction, counts: list[list[int]]) -> None:
        tx.store(self._row + _KEY, self._key)
        tx.store(self._row + _JOB, self._job)
        tx.store(self._row + _TOTAL, self._total)
        for at, number in enumerate(number for pair in counts for number in pair):
            tx.store(self._row + len(REPLAY_HEAD) + at, number)

    def _go_on_from(self, tx: Transaction, outputs: Outputs, cursor: object) -> None:
        data = self._replays.encoder.encode(cursor)
        if not isinstance(data, bytes):
            raise RoutiluxError(
                f"routine {self._routine!r}: a cursor is a position (a number, a text, a tuple of them), "
                f"not a {type(cursor).__name__} with large buffers"
            )
        self.close(outputs)
        self._total += 1  # it has got further, even if it has sent nothing
        self._sent, self._seen, self._expected = ([[0, 0] for _ in range(REPLAYED_EVENTS)] for _ in range(3))
        self._replays.keep(tx, self._row, self._key, data)

    def drop_known(self, outputs: Outputs) -> None:
        """Drop the emissions that an earlier run has sent."""
        for number, event in enumerate(outputs.events[:REPLAYED_EVENTS]):
            seen, expected = self._seen[number], self._expected[number]
            known = min(len(event.parts), expected[0] - seen[0])
            if known <= 0:
                continue
            seen[1] = _rolled(seen[1], event.parts[:known])
            seen[0] += known
            event.drop_first(known)
            self._sent[number] = list(seen)
            if seen[0] == expected[0] and seen[1] != expected[1]:
                raise self._differs(event.name)

    def close(self, outputs: Outputs) -> None:
        """The activation has come to its end, or to a cursor."""
        self.drop_known(outputs)
        for event, seen, expected in zip(outputs.events, self._seen, self._expected, strict=False):
            if seen[0] < expected[0]:
                raise self._differs(event.name)

    def give_up(self) -> None:
        """The activation has failed, or was cut short: what it did not repeat is no fault of its own."""
        self._expected = [[0, 0] for _ in range(REPLAYED_EVENTS)]

    def put_off(self) -> None:
        """Its input is tried again later."""
        self._replays.put_off(self._row)

    def end(self, tx: Transaction) -> None:
        """Its input is about to be used up."""
        self._replays.end(self._row, self._key, tx)

    def _differs(self, event: str) -> RoutiluxError:
        return RoutiluxError(
            f"routine {self._routine!r} was run again after a crash and did not emit on event "
            f"{event!r} what it had emitted before: what sends early must repeat itself, "
            "so let it depend on its input alone, or note where it is by self.flush(cursor=...)"
        )


def _rolled(crc: int, parts: Sequence[Part], *, may_be_large: bool = True) -> int:
    """A large payload counts by its size: to read it again would cost as much as to make it."""
    if may_be_large and Blob in set(map(type, parts)):
        parts = [b"%d" % part.nbytes if isinstance(part, Blob) else part for part in parts]
    return crc32(b"".join(cast("Sequence[bytes]", parts)), crc)
