"""Here is what a modelled flow is made of: routines, connections, seeds, what must come of them, and which
faults strike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .bugs import Bug
from .state import MANY

Slots = tuple[tuple[int, ...], ...]
"""The values that one activation gets, per slot."""

Outputs = Sequence[Sequence[int]]
"""The values that one activation emits, per connection of the routine."""

Logic = Callable[[Slots], Outputs]

Policy = Callable[[Sequence[int], bool], tuple[int, ...] | None]
"""How many messages wait in each slot, and whether no more can come: how many to take, or None to decline."""


class Routine(NamedTuple):
    """A worker. Without a policy each message is an activation of its own."""

    logic: Logic | None = None
    policy: Policy | None = None
    finish: Callable[[], Outputs] | None = None
    slots: int = 1
    limit: int = 1
    """Messages (or activations of a policy) in one commit."""
    in_order: bool = False
    """Takes tagged frames only in the order of their tags."""

    @property
    def is_flushed(self) -> bool:
        return self.policy is not None or self.finish is not None


class Connection(NamedTuple):
    """From workers to workers (names apart by blanks): a lane for each pair. "S" is the supervisor."""

    producers: str
    consumers: str
    slot: int = 0
    cut: int = MANY
    """The most messages that a frame holds."""
    is_numbered: bool = False
    """The producer gives each frame the next order tag of its job."""
    is_ordered: bool = False
    """Each order tag that went in leaves a frame here, empty if need be."""
    is_large: bool = False
    """The payloads are blobs."""


class Seed(NamedTuple):
    """A frame that lies in a lane from the supervisor when the run begins."""

    values: tuple[int, ...]
    job: int = 0
    tag: int = -1


@dataclass(frozen=True)
class Flow:
    """A flow, and what must come of it: per connection and job the values in their order.

    Where a connection has several lanes, or where the flow is not `in_order`, the order does not count.
    """

    routines: Mapping[str, Routine]
    connections: Mapping[str, Connection]
    seeds: Mapping[str, Sequence[Seed]]
    expected: Mapping[str, Mapping[int, Sequence[int]]]
    jobs: int = 1
    in_order: bool = True
    poison: frozenset[tuple[str, int]] = frozenset()
    """(routine, value) that kills the process."""
    dead: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Per routine, the values that must end as dead letters."""


@dataclass(frozen=True)
class Setting:
    """How a flow is run, and what befalls it."""

    kills: int = 0
    only: str = ""
    """Names of the workers that may be killed; empty for all."""
    restarts: int = 0
    """How often everything is killed, the supervisor too, and resumed."""
    pauses: int = 0
    """How often the last job may be paused; it is resumed when the others are done."""
    capacity: int = MANY
    """Frames that a lane holds."""
    attempts: int = 3
    detects: bool = True
    """Whether the supervisor looks for quiet jobs; otherwise it is enough that nothing is left."""
    fine: bool = False
    """Whether each doorbell is a step of its own."""
    swift: bool = False
    """Without detector: once the last fault is spent, a transaction is one step."""
    bug: Bug | None = None
