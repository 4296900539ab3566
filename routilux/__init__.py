"""Routilux: CPU-bound pipelines on every core of one machine."""

from routilux import policies
from routilux.errors import (
    ArenaFull,
    Busy,
    ClosedError,
    DeadlineExceeded,
    FlowError,
    InternalError,
    JobCancelled,
    JobFailed,
    PayloadError,
    PeerLost,
    RoutiluxError,
    RoutineCrashed,
    WireError,
)
from routilux.flow import Connection, Flow
from routilux.function import routine
from routilux.jobs import JobState, Output
from routilux.lifecycle import ExecutionStatus
from routilux.ports import Event, Slot
from routilux.registry import FlowRegistry
from routilux.routine import Routine
from routilux.runtime import Runtime
from routilux.strategies import retry

__all__ = [
    "ArenaFull",
    "Busy",
    "ClosedError",
    "Connection",
    "DeadlineExceeded",
    "Event",
    "ExecutionStatus",
    "Flow",
    "FlowError",
    "FlowRegistry",
    "InternalError",
    "JobCancelled",
    "JobFailed",
    "JobState",
    "Output",
    "PayloadError",
    "PeerLost",
    "RoutiluxError",
    "Routine",
    "RoutineCrashed",
    "Runtime",
    "Slot",
    "WireError",
    "policies",
    "retry",
    "routine",
]
