"""Here are the quotas: how much a gathering worker may hold back before its producers have to wait.

No fixed number is right for all: a join behind a filter, or several jobs in opposite orders, can starve at
any. So the supervisor doubles the quota of a worker that starves while nothing upstream of it moves.
"""

from routilux.clock import monotonic
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.layout import WORD
from routilux.plan import Plan

LOOK_SECONDS = 0.05
"""Between two looks; a quota is doubled when three of them in a row have found the same."""
IMPATIENT_SECONDS = 30.0
"""Whoever has starved so long gets more even if something upstream still moves."""
MOST = 40
"""Doublings; the memory that a job may use is the limit, not this."""


class Quotas:
    """What the supervisor has seen of the workers that starve."""

    def __init__(self, plan: Plan, arena: Arena, own: OwnSection) -> None:
        self._plan = plan
        self._words = arena.words
        self._own = own
        self._quota = own.index(own.section.words["quota"])
        sections = [section.words for section in arena.layout.sections]
        self._idle, self._starved, self._commit = (
            [words[name] // WORD for words in sections] for name in ("idle", "starved", "commit")
        )
        self._seen: dict[int, tuple[tuple[int, ...], int, float]] = {}
        self._looked = 0.0

    def look(self) -> list[int]:
        """The workers whose quota has just been doubled: they want to be woken."""
        now = monotonic()
        if now < self._looked + LOOK_SECONDS:
            return []
        self._looked = now
        return [process.index for process in self._plan.processes[1:] if self._starves(process.index, now)]

    def _starves(self, index: int, now: float) -> bool:
        words = self._words
        if not words[self._starved[index]]:
            self._seen.pop(index, None)
            return False
        upstream = self._plan.upstream[index]
        state = tuple(words[self._commit[other]] for other in upstream)
        if not all(words[self._idle[other]] for other in upstream):
            state = ()
        before, times, since = self._seen.get(index, (state, 0, now))
        times = times + 1 if state and state == before else 0
        self._seen[index] = state, times, since
        if times < 2 and now < since + IMPATIENT_SECONDS:
            return False
        del self._seen[index]
        word = self._quota + index
        self._own.words[word] = min(self._own.words[word] + 1, MOST)
        return True
