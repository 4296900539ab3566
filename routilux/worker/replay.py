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
from routilux.ipc.layout import REPLAYED_EVENTS
from routilux.worker.outputs import Outputs


class Replay:
    """The early emissions of the activation at hand: per event how many, and a rolling crc of them."""

    def __init__(self, own: OwnSection, routine: str) -> None:
        words = own.section.words
        self._words = own.words
        self._routine = routine
        self._of, self._rows = own.index(words["replay_of"]), own.index(words["replay"])
        self._key = 0
        self._expected: list[list[int]] = []
        self._sent = [[0, 0] for _ in range(REPLAYED_EVENTS)]
        self._seen = [[0, 0] for _ in range(REPLAYED_EVENTS)]

    @property
    def of(self) -> int:
        """The input whose activation was cut off after it had sent something; 0 if there is none."""
        return self._words[self._of]

    def open(self, key: int) -> None:
        """An activation that may send early begins."""
        self._key = key
        self._sent = [[0, 0] for _ in range(REPLAYED_EVENTS)]
        self._seen = [[0, 0] for _ in range(REPLAYED_EVENTS)]
        if self.of == key:
            row = self._rows
            self._expected = [
                [self._words[row + 2 * e], self._words[row + 2 * e + 1]] for e in range(REPLAYED_EVENTS)
            ]
        else:
            self._expected = [[0, 0] for _ in range(REPLAYED_EVENTS)]

    def note(self, tx: Transaction, outputs: Outputs) -> None:
        """What has been emitted is about to be sent: drop what is out already, remember the rest."""
        if len(outputs.events) > REPLAYED_EVENTS:
            message = (
                f"routine {self._routine!r} has more than {REPLAYED_EVENTS} events: "
                "it cannot send before its activation ends"
            )
            raise RoutiluxError(message)
        self.drop_known(outputs)
        tx.store(self._of, self._key)
        for number, event in enumerate(outputs.events):
            sent = self._sent[number]
            sent[0] += len(event.parts)
            for part in event.parts:
                sent[1] = _rolled(sent[1], part)
            known = self._expected[number]
            count, crc = sent if sent[0] > known[0] else known
            tx.store(self._rows + 2 * number, count)
            tx.store(self._rows + 2 * number + 1, crc)

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

    def end(self, tx: Transaction) -> None:
        """Its input is about to be used up: nothing of it is run again."""
        if self.of:
            tx.store(self._of, 0)
        self._key = 0

    def _differs(self, event: str) -> RoutiluxError:
        return RoutiluxError(
            f"routine {self._routine!r} was run again after a crash and did not emit on event "
            f"{event!r} what it had emitted before: a generator that sends early must repeat itself, "
            "so let it depend on its input alone"
        )


def _rolled(crc: int, part: Part) -> int:
    """A large payload counts by its size: to read it again would cost as much as to make it."""
    return crc32(b"%d" % part.nbytes if isinstance(part, Blob) else part, crc)
