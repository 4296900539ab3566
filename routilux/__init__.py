"""Routilux: CPU-bound pipelines on every core of one machine.

What a module of routines needs is imported at once, the rest when it is first asked for: a worker need not
load the runtime.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from routilux import policies
from routilux.function import routine
from routilux.ports import Event, Slot
from routilux.routine import Routine
from routilux.strategies import retry

if TYPE_CHECKING:
    from routilux.debug.breakpoints import Breakpoint
    from routilux.errors import (
        ArenaFull,
        BreakpointError,
        Busy,
        ClosedError,
        DeadLettersFull,
        DeadlineExceeded,
        FlowError,
        InternalError,
        JobCancelled,
        JobFailed,
        PayloadError,
        PeerLost,
        RecordingError,
        RoutiluxError,
        RoutineCrashed,
        StoreError,
        WireError,
    )
    from routilux.flow import Connection, Flow
    from routilux.hooks import ExecutionHooks
    from routilux.jobs import JobState, Output
    from routilux.lifecycle import ExecutionStatus
    from routilux.registry import FlowRegistry
    from routilux.replay import Emission, Message, recorded
    from routilux.runtime import Runtime

__all__ = [
    "ArenaFull",
    "Breakpoint",
    "BreakpointError",
    "Busy",
    "ClosedError",
    "Connection",
    "DeadLettersFull",
    "DeadlineExceeded",
    "Emission",
    "Event",
    "ExecutionHooks",
    "ExecutionStatus",
    "Flow",
    "FlowError",
    "FlowRegistry",
    "InternalError",
    "JobCancelled",
    "JobFailed",
    "JobState",
    "Message",
    "Output",
    "PayloadError",
    "PeerLost",
    "RecordingError",
    "RoutiluxError",
    "Routine",
    "RoutineCrashed",
    "Runtime",
    "Slot",
    "StoreError",
    "WireError",
    "policies",
    "recorded",
    "retry",
    "routine",
]

_HOMES = {
    "debug.breakpoints": ("Breakpoint",),
    "errors": (
        "ArenaFull",
        "BreakpointError",
        "Busy",
        "ClosedError",
        "DeadLettersFull",
        "DeadlineExceeded",
        "FlowError",
        "InternalError",
        "JobCancelled",
        "JobFailed",
        "PayloadError",
        "PeerLost",
        "RecordingError",
        "RoutiluxError",
        "RoutineCrashed",
        "StoreError",
        "WireError",
    ),
    "flow": ("Connection", "Flow"),
    "hooks": ("ExecutionHooks",),
    "jobs": ("JobState", "Output"),
    "lifecycle": ("ExecutionStatus",),
    "registry": ("FlowRegistry",),
    "replay": ("Emission", "Message", "recorded"),
    "runtime": ("Runtime",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        message = f"module 'routilux' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"routilux.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
