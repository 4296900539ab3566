"""Here is what waits before a policy: messages, the frames they came in, and what is to be tried again."""

from dataclasses import dataclass, field
from typing import Any

from routilux.hookevents import MessageRef
from routilux.ipc.arena import OwnSection
from routilux.ipc.layout import WAITING_SLOTS
from routilux.policies import Taken
from routilux.worker.intake import Batch, Inlet


@dataclass(slots=True)
class Arrival:
    """A message in an inbox."""

    value: Any
    origin: int
    arrived: float
    unit: "Unit"
    index: int
    told: MessageRef | None = None
    """What is said of it, if its job is traced."""


@dataclass(eq=False, slots=True)
class Attempt:
    """What a policy has taken, to be run; once it has failed, not before `due` on the monotonic clock."""

    taken: Taken
    failures: int = 0
    due: float = 0.0
    is_let_go: bool = False
    """Whether the user's hooks have held it once."""

    @property
    def messages(self) -> list[Arrival]:
        return [message for slot in self.taken.slots for message in slot if isinstance(message, Arrival)]


@dataclass(eq=False, slots=True)
class Unit:
    """The messages of one frame that are in an inbox, and the record that keeps them."""

    inlet: Inlet
    batch: Batch
    waiting: dict[int, Arrival] = field(default_factory=dict)
    is_parked: bool = False


class WaitingCounts:
    """By slot, how many messages wait before the policy, in words for everybody to see."""

    def __init__(self, own: OwnSection) -> None:
        self._words = own.words
        self._first = own.index(own.section.words["waiting"])
        self._counts = [0] * WAITING_SLOTS
        self._changed = set(range(WAITING_SLOTS))  # an earlier incarnation may have left some

    def add(self, slot: int, messages: int) -> None:
        at = min(slot, WAITING_SLOTS - 1)
        self._counts[at] += messages
        self._changed.add(at)

    def store(self) -> None:
        """After a commit."""
        for at in self._changed:
            self._words[self._first + at] = self._counts[at]
        self._changed.clear()
