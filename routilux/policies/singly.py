"""Here are the policies that take one message of a slot: Immediate, AllSlotsReady and Join."""
# ruff: noqa: ARG002 - an inbox is told more than each policy needs

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from routilux.context import JobView
from routilux.errors import KeyRefusedError
from routilux.keys import KeySource, key_of
from routilux.policies.inbox import Inbox, Message, Policy, Queues, Taken


@dataclass(frozen=True)
class Immediate(Policy):
    """One message of any slot, in the order of arrival; `policy_message` is the slot's name."""

    immediate: ClassVar[bool] = True

    def inbox(self, slot_names: Sequence[str], job: JobView | None) -> Inbox:
        return _Line(slot_names)


class _Line(Inbox):
    def __init__(self, slot_names: Sequence[str]) -> None:
        self._names = slot_names
        self._line: deque[tuple[int, Message]] = deque()

    def put(self, slot: int, message: Message) -> None:
        self._line.append((slot, message))

    def take(self, *, now: float, final: bool) -> Taken | None:
        if not self._line:
            return None
        slot, message = self._line.popleft()
        slots: list[list[Message]] = [[] for _ in self._names]
        slots[slot].append(message)
        return Taken(slots, many=False, message=self._names[slot])

    def rest(self) -> list[list[Message]]:
        return [[message for at, message in self._line if at == slot] for slot in range(len(self._names))]

    def __len__(self) -> int:
        return len(self._line)


@dataclass(frozen=True)
class AllSlotsReady(Policy):
    """One message of each slot, put together by their order of arrival."""

    def inbox(self, slot_names: Sequence[str], job: JobView | None) -> Inbox:
        return _Rows(len(slot_names))


class _Rows(Queues):
    def take(self, *, now: float, final: bool) -> Taken | None:
        if not all(self._queues):
            return None
        return self._take([1] * len(self._queues), many=False, reason="all slots ready")


@dataclass(frozen=True)
class Join(Policy):
    """One message of each slot with the same key; `policy_message` is the key."""

    on: KeySource

    @property
    def needs_origin(self) -> bool:
        return self.on == "origin"

    def inbox(self, slot_names: Sequence[str], job: JobView | None) -> Inbox:
        return _Partners(slot_names, self)

    def key(self, message: Message) -> object:
        """For "origin" the submission that caused `message`, else what `on` finds in its payload."""
        return message.origin if self.needs_origin else key_of(self.on, message.value)


class _Partners(Inbox):
    """Rows are complete as soon as their last partner is put, and taken in that order."""

    def __init__(self, slot_names: Sequence[str], policy: Join) -> None:
        self._names = slot_names
        self._policy = policy
        self._waiting: dict[object, list[deque[Message]]] = {}
        self._complete: deque[tuple[object, list[list[Message]]]] = deque()
        self._held = 0

    def put(self, slot: int, message: Message) -> None:
        key = self._policy.key(message)
        try:
            sides = self._waiting.get(key)
        except TypeError:
            raise KeyRefusedError(
                f"join(on={self._policy.on!r}): the key of a message of slot {self._names[slot]!r} is a "
                f"{type(key).__name__}, which cannot be hashed; make it a str, int or tuple by a callable"
            ) from None
        if sides is None:
            sides = self._waiting[key] = [deque() for _ in self._names]
        sides[slot].append(message)
        self._held += 1
        if all(sides):
            self._complete.append((key, [[side.popleft()] for side in sides]))
            if not any(sides):
                del self._waiting[key]

    def take(self, *, now: float, final: bool) -> Taken | None:
        if not self._complete:
            return None
        key, row = self._complete.popleft()
        self._held -= len(row)
        return Taken(row, many=False, message=key)

    def rest(self) -> list[list[Message]]:
        rows = [row for _, row in self._complete]
        rows += [[list(side) for side in sides] for sides in self._waiting.values()]
        return [[message for row in rows for message in row[slot]] for slot in range(len(self._names))]

    def __len__(self) -> int:
        return self._held
