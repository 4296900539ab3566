"""Here is the balance of a job: the messages that all processes have made for it, and used up.

Whoever maps the arena can tell whether a job is quiet.
"""

from routilux.ipc.arena import Arena
from routilux.ipc.layout import COUNTERS, WORD


class Balance:
    """The counters `created` and `retired` of all processes."""

    def __init__(self, arena: Arena) -> None:
        self._words = arena.words
        words = [section.words for section in arena.layout.sections]
        self._created, self._retired = ([each[name] // WORD for each in words] for name in COUNTERS[:2])

    def is_quiet(self, slot: int) -> bool:
        """Whether nothing of the job in the slot happens by itself any more.

        All `retired` are summed first, then all `created`: both only grow, and a message is counted before
        anything that follows from it, so the difference over-counts what is in flight, and zero is zero.
        """
        words = self._words
        retired = sum([words[row + slot] for row in self._retired])
        created = sum([words[row + slot] for row in self._created])
        return created == retired
