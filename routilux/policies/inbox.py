"""Here are the Policy and the Inbox it makes, which every activation policy follows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from routilux.context import JobView

AT_END = "the job ends"
"""The reason of what is taken only since nothing more can come."""


class Message(Protocol):
    """One payload in a slot; `arrived` is in seconds of the monotonic clock."""

    @property
    def value(self) -> Any: ...
    @property
    def origin(self) -> int: ...
    @property
    def arrived(self) -> float: ...


@dataclass(slots=True)
class Taken:
    """The messages of one activation, per slot.

    Logic gets a list of values per slot where `many`, else one value, or None for a slot that gave nothing.
    """

    slots: list[list[Message]]
    many: bool
    message: Any = None
    reason: str = ""
    """Of a policy that has no message for logic."""

    @property
    def why(self) -> str:
        """Why the policy has accepted, for whoever looks; empty if it does not say."""
        return self.reason if self.message is None else str(self.message)

    @property
    def arguments(self) -> list[Any]:
        """What logic is called with, a value or list per slot."""
        if self.many:
            return [[message.value for message in slot] for slot in self.slots]
        return [slot[0].value if slot else None for slot in self.slots]


class Inbox(ABC):
    """The messages of one job that wait at one process."""

    declined: Any = None
    """What the policy has said when it declined last, if it says anything."""

    @abstractmethod
    def put(self, slot: int, message: Message) -> None:
        """Add `message` behind the others of its slot; after an error the inbox is as it was."""

    @abstractmethod
    def take(self, *, now: float, final: bool) -> Taken | None:
        """Remove and return what one activation uses; None declines.

        `final` says that nothing more can arrive: ask until it declines, then report what `rest` still holds.
        """

    @abstractmethod
    def rest(self) -> list[list[Message]]:
        """The messages held, per slot; they stay."""

    def due(self) -> float | None:
        """The monotonic time at which `take` will accept although nothing new arrives."""
        return None

    def __len__(self) -> int:
        return sum(map(len, self.rest()))


class Policy(ABC):
    """Makes one Inbox per job and process."""

    immediate: ClassVar[bool] = False
    """Each message is an activation of its own: an engine may do without the Inbox."""
    timed: ClassVar[bool] = False
    """An inbox may accept later although nothing new arrives: mind its `due()`."""

    @property
    def needs_origin(self) -> bool:
        """Whether messages must carry the submission they come from."""
        return False

    @abstractmethod
    def inbox(self, slot_names: Sequence[str], job: JobView | None) -> Inbox:
        """A new, empty inbox."""


class Queues(Inbox):
    """An inbox of one queue per slot, for the policies that count or wait."""

    def __init__(self, slots: int) -> None:
        self._queues: list[deque[Message]] = [deque() for _ in range(slots)]

    def put(self, slot: int, message: Message) -> None:
        self._queues[slot].append(message)

    def rest(self) -> list[list[Message]]:
        return [list(queue) for queue in self._queues]

    def __len__(self) -> int:
        return sum(map(len, self._queues))

    def _take(
        self, counts: Sequence[int], *, many: bool, message: object = None, reason: str = ""
    ) -> Taken | None:
        """Take so many from the front of each queue; None if that is nothing at all."""
        if not any(counts):
            return None
        queues = zip(self._queues, counts, strict=True)
        slots = [[queue.popleft() for _ in range(count)] for queue, count in queues]
        return Taken(slots, many, message, reason)
