"""Here is how a worker says that a job may have come to its end: at once, but not again and again."""

from collections.abc import Callable

from routilux.clock import monotonic
from routilux.ipc.balance import Balance

SHARE = 1 / 8
"""A job is looked at again only after this part of the time since it was looked at first,"""
LONGEST = 0.01
"""and after no more than so many seconds."""


class Quiet:
    """The job slots of which messages were used up here and none made.

    To wake the supervisor costs as much as hundreds of messages, and in a flow under load a fast worker is
    often through with all that has come. So a job is named only if it looks quiet from here. It may just not
    look so yet, since another process has not stored the last of its counters: it is looked at again.
    """

    def __init__(
        self, balance: Balance, number: Callable[[int], int], tell: Callable[[set[int]], None]
    ) -> None:
        """`number` says which job has a slot; `tell` names slots to the supervisor."""
        self.slots: set[int] = set()
        self._balance = balance
        self._number = number
        self._tell = tell
        self._looked: dict[int, tuple[int, float, float]] = {}
        """By slot: the job that was looked at, when that was first, and when it may be again."""

    def tell(self, *, is_last: bool = False) -> None:
        """Name those that are quiet; all of them if there will be no other time."""
        if not self.slots:
            return
        now, named = monotonic(), set[int]()
        for slot in self.slots:
            number, first, due = self._looked.get(slot, (None, now, now))
            if number != (job := self._number(slot)):
                first = due = now
            if is_last or (due <= now and self._balance.is_quiet(slot)):
                named.add(slot)
            if due <= now:
                self._looked[slot] = job, first, now + min(LONGEST, SHARE * (now - first))
        self.slots -= named
        if named:
            self._tell(named)

    @property
    def due(self) -> float | None:
        """When the next one may be looked at; None if there is none."""
        return min((self._looked[slot][2] for slot in self.slots if slot in self._looked), default=None)
