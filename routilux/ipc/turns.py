"""Here are the turns of ordered connections: per job, which number comes next, kept through a crash.

Whoever sends to the workers of an ordered routine numbers the messages; whoever receives from them takes the
answers in the order of those numbers.
"""

from collections.abc import Callable

from routilux.ipc.arena import OwnSection
from routilux.ipc.commit import Transaction

TAG_BITS = 48
TAG = (1 << TAG_BITS) - 1
"""A word holds the tag that comes next, and above it the generation of the job."""


class Turns:
    """The next tags of one process, by row (one for each ordered connection at hand) and job."""

    def __init__(self, own: OwnSection, rows: int, jobs: int) -> None:
        self._words = own.words
        self._first = own.index(own.section.words["tags"])
        self._rows = rows
        self._jobs = jobs
        self._now: dict[int, int] = {}

    def _index(self, row: int, job: int) -> int:
        return self._first + row * self._jobs + (job & 0xFFFF)

    def _word(self, index: int) -> int:
        word = self._now.get(index)
        return self._words[index] if word is None else word

    def next(self, row: int, job: int) -> int:
        """The tag that comes next; the first is 1."""
        word = self._word(self._index(row, job))
        return max(1, word & TAG) if word >> TAG_BITS == job >> 16 else 1

    def advance(self, tx: Transaction, row: int, job: int, by: int) -> None:
        """So many tags are dealt with, as of the next commit."""
        index = self._index(row, job)
        word = self._now[index] = job >> 16 << TAG_BITS | self.next(row, job) + by
        tx.store(index, word)

    def forget(self, tx: Transaction, job: int) -> None:
        """The job is over: another of its generation must not go on where it has stopped."""
        for row in range(self._rows):
            index = self._index(row, job)
            word = self._word(index)
            if word and word >> TAG_BITS == job >> 16:
                self._now[index] = 0
                tx.store(index, 0)

    def restore(self, is_over: Callable[[int], bool]) -> None:
        """After a crash: forget the jobs that have ended meanwhile."""
        for at in range(self._rows * self._jobs):
            word = self._words[self._first + at]
            if word and is_over(word >> TAG_BITS << 16 | at % self._jobs):
                self._words[self._first + at] = 0
