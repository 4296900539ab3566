"""Here is the replay: what a generator had sent before its process died is not sent again when it is run
again.

A long generator's outputs are committed as they come, while its input stays in use. A re-run starts from the
front; the outputs that are out already are recognised by their number and their crc, and dropped. A generator
that does not repeat itself fails its job with an error that says so.
"""

from zlib import crc32

from routilux.errors import RoutiluxError
from routilux.ipc.arena import OwnSection
from routilux.ipc.blobs import Blob
from routilux.ipc.channels import Part
from routilux.ipc.commit import Transaction
from routilux.ipc.layout import REPLAY_WORDS, REPLAYED_EVENTS, REPLAYS
from routilux.worker.outputs import Outputs


class Replays:
    """The words in which a process notes what its unfinished activations have sent."""

    def __init__(self, own: OwnSection, routine: str) -> None:
        self.words = own.words
        self.routine = routine
        start = own.index(own.section.words["replay"])
        self._rows = [start + n * REPLAY_WORDS for n in range(REPLAYS)]
        self._in_use: list[int] = []

    @property
    def has_room(self) -> bool:
        """Whether another activation may send early while the present ones are not over."""
        return len(self._in_use) < REPLAYS

    def open(self, key: int) -> "Replay":
        """An activation that may send early begins; its input may have been at work before a crash."""
        unused = [row for row in self._rows if row not in self._in_use]
        known = [row for row in unused if self.words[row] == key]
        (row, *_) = known or [row for row in unused if not self.words[row]] or unused
        self._in_use.append(row)
        return Replay(self, row, key)

    def end(self, row: int, tx: Transaction) -> None:
        """Its input is about to be used up: nothing of it is run again."""
        if self.words[row]:
            tx.store(row, 0)
        self._in_use.remove(row)


class Replay:
    """The early emissions of one activation: per event how many, and a rolling crc of them."""

    def __init__(self, replays: Replays, row: int, key: int) -> None:
        words = replays.words
        self._replays = replays
        self._row = row
        self._key = key
        self._routine = replays.routine
        self._sent = [[0, 0] for _ in range(REPLAYED_EVENTS)]
        self._seen = [[0, 0] for _ in range(REPLAYED_EVENTS)]
        is_known = words[row] == key
        self._expected = [
            [words[at], words[at + 1]] if is_known else [0, 0] for at in range(row + 1, row + REPLAY_WORDS, 2)
        ]

    def note(self, tx: Transaction, outputs: Outputs) -> None:
        """What has been emitted is about to be sent: drop what is out already, remember the rest."""
        if len(outputs.events) > REPLAYED_EVENTS:
            message = (
                f"routine {self._routine!r} has more than {REPLAYED_EVENTS} events: "
                "it cannot send before its activation ends"
            )
            raise RoutiluxError(message)
        self.drop_known(outputs)
        tx.store(self._row, self._key)
        for number, event in enumerate(outputs.events):
            sent = self._sent[number]
            sent[0] += len(event.parts)
            for part in event.parts:
                sent[1] = _rolled(sent[1], part)
            known = self._expected[number]
            count, crc = sent if sent[0] > known[0] else known
            tx.store(self._row + 1 + 2 * number, count)
            tx.store(self._row + 2 + 2 * number, crc)

    def drop_known(self, outputs: Outputs) -> None:
        """Drop the emissions that an earlier run has sent."""
        for number, event in enumerate(outputs.events[:REPLAYED_EVENTS]):
            seen, expected = self._seen[number], self._expected[number]
            known = min(len(event.parts), expected[0] - seen[0])
            if known <= 0:
                continue
            for part in event.parts[:known]:
                seen[1] = _rolled(seen[1], part)
            seen[0] += known
            event.drop_first(known)
            self._sent[number] = list(seen)
            if seen[0] == expected[0] and seen[1] != expected[1]:
                raise self._differs(event.name)

    def close(self, outputs: Outputs) -> None:
        """The activation has come to its end."""
        self.drop_known(outputs)
        for event, seen, expected in zip(outputs.events, self._seen, self._expected, strict=False):
            if seen[0] < expected[0]:
                raise self._differs(event.name)

    def give_up(self) -> None:
        """The activation has failed: what it did not repeat is no fault of its own."""
        self._expected = [[0, 0] for _ in range(REPLAYED_EVENTS)]

    def end(self, tx: Transaction) -> None:
        """Its input is about to be used up."""
        self._replays.end(self._row, tx)

    def _differs(self, event: str) -> RoutiluxError:
        return RoutiluxError(
            f"routine {self._routine!r} was run again after a crash and did not emit on event "
            f"{event!r} what it had emitted before: a generator that sends early must repeat itself, "
            "so let it depend on its input alone"
        )


def _rolled(crc: int, part: Part) -> int:
    """A large payload counts by its size: to read it again would cost as much as to make it."""
    return crc32(b"%d" % part.nbytes if isinstance(part, Blob) else part, crc)
