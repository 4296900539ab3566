"""Here is the house: what the front desk may use of its runtime."""

from collections.abc import Callable
from dataclasses import dataclass

from routilux.admission import Admission
from routilux.deadletters import DeadLetters
from routilux.engine import Engine


@dataclass(frozen=True)
class House:
    """All of it may be used from any thread."""

    engine: Engine
    admission: Admission
    dead_letters: DeadLetters
    is_default: Callable[[], bool]
    """Whether the runtime is the one that all of its process share."""
    monitor_link: Callable[[], str]
    """Of the monitor beside the runtime; empty if there is none."""
