"""Here is how a worker goes on after a crash: one message at a time, so that the one that kills it can be
told from its neighbours, and is not run for ever.
"""

from routilux.ipc.arena import OwnSection
from routilux.ipc.commit import Transaction


def key_of_input(lane: int, position: int, index: int) -> int:
    """A number for one message, never 0: the same for every incarnation that gets it. Another message of the
    lane has it 16 GiB later at the soonest.
    """
    return (lane + 1) << 44 | (position >> 6 & 0xFFFFFFF) << 16 | index


class Care:
    """The words by which a worker tells what it is at, and by which the supervisor tells what to leave
    alone.
    """

    def __init__(self, own: OwnSection, tx: Transaction) -> None:
        words = own.section.words
        self._words = own.words
        self._tx = tx
        self._at, self._once, self._care, self._poison = (
            own.index(words[name]) for name in ("at", "at_once", "care", "poison")
        )

    @property
    def is_taken(self) -> bool:
        """Whether each transaction is to be of one message."""
        return bool(self._words[self._care] or self._words[self._poison])

    def begin(self, key: int, *, alone: bool) -> None:
        """The transaction starts with this input, and has no other if it is `alone`."""
        self._words[self._at] = key
        self._words[self._once] = alone
        self._tx.begin()
        if self._words[self._care]:
            self._tx.store(self._care, self._words[self._care] - 1)

    def forbids(self, key: int) -> bool:
        """Whether this input has killed its process too often; asked once, since it is used up then."""
        if self._words[self._poison] != key:
            return False
        self._tx.store(self._poison, 0)
        return True

    def end(self) -> None:
        """There is nothing left to be careful with."""
        if self._words[self._care]:
            self._words[self._care] = 0
