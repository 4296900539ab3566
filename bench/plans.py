"""Here is how a workload is written down: who competes, with which options, and what we want to come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.results import Target

OURS = "Routilux"


@dataclass(frozen=True)
class Entry:
    """One contestant: `call` is an entry of `bench/contestants/`, as "module:function", or a script of it.

    `share` of the workload's count is what it is given: a slower one would take too long for all of it.
    `setting` tells the setting of the peer, for the report.
    """

    name: str
    peer: str
    call: str
    options: Mapping[str, Any] = field(default_factory=dict)
    share: float = 1.0
    setting: str = ""
    rounds: int | None = None
    """At most so many rounds, for what takes long and hardly varies."""
    is_big: bool = False
    """Takes so much to start that a smoke run does without it."""


@dataclass(frozen=True)
class Plan:
    key: str
    title: str
    unit: str
    count: int
    smoke_count: int
    entries: tuple[Entry, ...]
    targets: tuple[Target, ...] = ()
    reference: str = OURS
    is_less_better: bool = False
    note: str = ""
    curve: str = ""
    item_seconds: float = 0.0
    """How long an item shall take: the loops for that are measured once and given to all as `loops`."""
    is_asked_for: bool = False
    """Whether it is measured only when it is named."""
    warm_up: float = 0.1
    """Which part of its work each contestant does before it is measured."""
    turns: int = 1
    """So many rounds instead of one: short ones, where the difference to be seen is small."""

    @property
    def workload(self) -> str:
        return self.key.split("-")[0]
