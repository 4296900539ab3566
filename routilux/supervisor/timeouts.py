"""Here are the timeouts of activations: which worker has been at one for too long."""

from collections.abc import Iterator
from time import monotonic_ns

from routilux.flow import Flow
from routilux.ipc.arena import Arena
from routilux.ipc.layout import WORD
from routilux.plan import Plan

LOOKS = 8
"""How often the supervisor looks within one timeout."""


class Timeouts:
    """The workers whose routine has a `timeout`."""

    def __init__(self, flow: Flow, plan: Plan, arena: Arena) -> None:
        self._words = arena.words
        limits = {process.index: flow.nodes[process.node].timeout for process in plan.processes[1:]}
        self._limits = {
            index: (arena.layout.sections[index].words["running_since"] // WORD, limit)
            for index, limit in limits.items()
            if limit is not None
        }
        self.nap = min((limit / LOOKS for _, limit in self._limits.values()), default=None)
        """Seconds between two looks; None if there is nothing to look at."""

    def overdue(self) -> Iterator[tuple[int, str]]:
        """The workers that have run too long, and what that is called."""
        for index, (word, limit) in self._limits.items():
            since = self._words[word]
            if since and monotonic_ns() - since > limit * 1e9:
                yield index, f"ran longer than its timeout of {limit:g} s"
