"""Here are the states of a job and the one table of what may follow what."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from routilux.errors import InternalError


class ExecutionStatus(StrEnum):
    """Where a job stands; every job ends in one of the last three."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """True in the three states that nothing leaves."""
        return self in _ENDED


class Happening(StrEnum):
    """What can happen to a job."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    COMPLETE = "complete"
    FAIL = "fail"
    CANCEL = "cancel"


class InvalidTransition(InternalError):
    """A happening met a job in a state that does not know it."""


_ENDED = frozenset({ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED})

TABLE: Mapping[tuple[ExecutionStatus, Happening], ExecutionStatus] = MappingProxyType(
    {
        (ExecutionStatus.PENDING, Happening.START): ExecutionStatus.RUNNING,
        (ExecutionStatus.PENDING, Happening.PAUSE): ExecutionStatus.PAUSED,
        (ExecutionStatus.PENDING, Happening.FAIL): ExecutionStatus.FAILED,
        (ExecutionStatus.PENDING, Happening.CANCEL): ExecutionStatus.CANCELLED,
        (ExecutionStatus.RUNNING, Happening.PAUSE): ExecutionStatus.PAUSED,
        (ExecutionStatus.RUNNING, Happening.COMPLETE): ExecutionStatus.COMPLETED,
        (ExecutionStatus.RUNNING, Happening.FAIL): ExecutionStatus.FAILED,
        (ExecutionStatus.RUNNING, Happening.CANCEL): ExecutionStatus.CANCELLED,
        (ExecutionStatus.PAUSED, Happening.RESUME): ExecutionStatus.RUNNING,
        # The activation that was running when the pause came may have been the job's last.
        (ExecutionStatus.PAUSED, Happening.COMPLETE): ExecutionStatus.COMPLETED,
        (ExecutionStatus.PAUSED, Happening.FAIL): ExecutionStatus.FAILED,
        (ExecutionStatus.PAUSED, Happening.CANCEL): ExecutionStatus.CANCELLED,
    }
)


def advance(status: ExecutionStatus, happening: Happening) -> ExecutionStatus:
    """The state after `happening`; InvalidTransition where the table has no entry."""
    try:
        return TABLE[status, happening]
    except KeyError:
        raise InvalidTransition(f"a job that is {status} cannot {happening}") from None
