"""Here are the policies that take many messages of a slot: BatchSize, TimeInterval and WholeJob."""
# ruff: noqa: ARG002 - an inbox is told more than each policy needs

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from routilux.context import JobView
from routilux.policies.inbox import AT_END, Inbox, Policy, Queues, Taken


@dataclass(frozen=True)
class BatchSize(Policy):
    """Exactly `n` messages of each slot; at the end up to `n` of what is left, unless it shall be dropped."""

    n: int
    drop_rest: bool = False

    def inbox(self, slot_names: Sequence[str], job: JobView | None) -> Inbox:
        return _Batches(len(slot_names), self)


class _Batches(Queues):
    def __init__(self, slots: int, policy: BatchSize) -> None:
        super().__init__(slots)
        self._n = policy.n
        self._drop_rest = policy.drop_rest
        self._reason = f"{policy.n} of {policy.n} messages" + (" in each slot" if slots > 1 else "")

    def take(self, *, now: float, final: bool) -> Taken | None:
        counts = [min(self._n, len(queue)) for queue in self._queues]
        if min(counts) == self._n:
            return self._take(counts, many=True, reason=self._reason)
        return self._take(counts, many=True, reason=AT_END) if final and not self._drop_rest else None


@dataclass(frozen=True)
class TimeInterval(Policy):
    """Everything that has come, once `seconds` have passed since the first of it arrived."""

    seconds: float
    timed: ClassVar[bool] = True

    def inbox(self, slot_names: Sequence[str], job: JobView | None) -> Inbox:
        return _Window(len(slot_names), self.seconds)


class _Window(Queues):
    def __init__(self, slots: int, seconds: float) -> None:
        super().__init__(slots)
        self._seconds = seconds
        self._reason = f"{seconds:g} s have passed"

    def take(self, *, now: float, final: bool) -> Taken | None:
        due = self.due()
        if due is None or not (final or now >= due):
            return None
        reason = self._reason if now >= due else AT_END
        return self._take([len(queue) for queue in self._queues], many=True, reason=reason)

    def due(self) -> float | None:
        heads = [queue[0].arrived for queue in self._queues if queue]
        return min(heads) + self._seconds if heads else None


@dataclass(frozen=True)
class WholeJob(Policy):
    """Everything at once, when nothing more of the job can come."""

    def inbox(self, slot_names: Sequence[str], job: JobView | None) -> Inbox:
        return _Everything(len(slot_names))


class _Everything(Queues):
    def take(self, *, now: float, final: bool) -> Taken | None:
        return self._take([len(queue) for queue in self._queues], many=True, reason=AT_END) if final else None
