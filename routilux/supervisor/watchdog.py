"""Here is the watchdog: it tells when a flow stands still although jobs of it are under way.

That is a mistake of ours, if it ever happens. It must not look like a job that takes long.
"""

from routilux.clock import monotonic
from routilux.ipc.arena import Arena
from routilux.ipc.lanes import USED_BITS
from routilux.ipc.layout import RECORDS, WORD
from routilux.plan import Plan

LOOK_SECONDS = 1.0
LOOKS = 30
"""In a row, at each of which every worker slept without a timer and none had committed since the first."""


class Watchdog:
    """What the supervisor has seen of the workers of one flow."""

    def __init__(self, plan: Plan, arena: Arena) -> None:
        self._plan = plan
        self._arena = arena
        self._words = arena.words
        sections = [section.words for section in arena.layout.sections]
        self._idle = [words["idle"] // WORD for words in sections[1:]]
        self._commits = [words["commit"] // WORD for words in sections]
        self._seen: list[int] = []
        self._times = 0
        self._looked = 0.0

    def stands_still(self) -> bool:
        """Look, at most once a second; whether it is time to give up."""
        now = monotonic()
        if now < self._looked + LOOK_SECONDS:
            return False
        self._looked = now
        words = self._words
        if any(words[idle] != 1 for idle in self._idle):  # at work, or a timer will wake it
            return False
        commits = [words[commit] for commit in self._commits]
        self._times = self._times + 1 if commits == self._seen else 0
        self._seen = commits
        return self._times >= LOOKS

    def diagnosis(self) -> str:
        """Where messages wait."""
        found = []
        for lane in self._plan.lanes:
            sections = self._arena.layout.sections
            published = self._words[sections[lane.producer].published[lane.index] // WORD]
            consumed = self._words[sections[lane.consumer].consumed[lane.index] // WORD] >> USED_BITS
            if published > consumed:
                found.append(f"{published - consumed:,} bytes in {self._plan.way(lane.index)}")
        for process in self._plan.processes[1:]:
            live = self._arena.layout.sections[process.index].words["live"] // WORD
            used = self._words[self._arena.layout.sections[process.index].words["rows_used"] // WORD]
            held = sum(1 for row in range(min(used, RECORDS)) if self._words[live + row])
            if held:
                found.append(f"{held:,} frames held back by routine {process.node!r}")
        return "; ".join(found) or "no message is left anywhere"
