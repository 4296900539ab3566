"""Here is how a worker says that a job may have come to its end: at once, but not again and again."""

from collections.abc import Callable

from routilux.clock import monotonic

SHARE = 1 / 8
"""A job is named again only after this part of the time since it was named first,"""
LONGEST = 0.01
"""and after no more than so many seconds."""


class Quiet:
    """The job slots of which messages were used up here and none made.

    The supervisor then adds up all messages of the job, which costs as much as hundreds of them. In a flow
    under load a fast worker is often through with all that has come.
    """

    def __init__(self, number: Callable[[int], int], tell: Callable[[set[int]], None]) -> None:
        """`number` says which job has a slot; `tell` names slots to the supervisor."""
        self.slots: set[int] = set()
        self._number = number
        self._tell = tell
        self._told: dict[int, tuple[int, float, float]] = {}
        """By slot: the job that was named, when it was named first, and when it may be named again."""

    def tell(self, *, is_last: bool = False) -> None:
        """Name those that may be named now; all of them if there will be no other time."""
        if not self.slots:
            return
        now, named = monotonic(), set[int]()
        for slot in self.slots:
            number, first, due = self._told.get(slot, (None, now, now))
            if number != (job := self._number(slot)):
                first = due = now
            if due <= now or is_last:
                named.add(slot)
                self._told[slot] = job, first, now + min(LONGEST, SHARE * (now - first))
        self.slots -= named
        if named:
            self._tell(named)

    @property
    def due(self) -> float | None:
        """When the next one may be named; None if there is none."""
        return min((self._told[slot][2] for slot in self.slots if slot in self._told), default=None)
