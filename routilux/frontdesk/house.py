"""Here is the house: what the front desk may use of its runtime."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from routilux.deadletters import DeadLetter, DeadLetters
from routilux.engine import Engine
from routilux.flow import Flow
from routilux.joblist import JobList
from routilux.jobs import JobState
from routilux.submission import Seed


class Admit(Protocol):
    """Begins a job of a flow that has been opened; raises Busy when it finds no place within `patience`
    seconds.
    """

    def __call__(
        self,
        flow: Flow,
        seeds: list[Seed],
        *,
        job_id: str | None,
        timeout: float | None,
        paused: bool,
        metadata: Mapping[str, Any],
        trace: bool,
        patience: float,
    ) -> JobState: ...


class Requeue(Protocol):
    """Begins a job with a dead letter; raises Busy as above."""

    def __call__(self, letter: DeadLetter, *, patience: float) -> JobState: ...


@dataclass(frozen=True)
class House:
    """Everything in it may be used from any thread, and waits for nothing but what its docstring says."""

    engine: Engine
    jobs: JobList
    dead_letters: DeadLetters
    flows: Callable[[], Iterable[Flow]]
    """Those that were run here, and those that are registered."""
    open: Callable[[Flow], Flow]
    """Checks the flow before its first job; raises FlowError, or ClosedError when no more jobs are taken."""
    admit: Admit
    requeue: Requeue
    is_shutdown: Callable[[], bool]
    is_default: Callable[[], bool]
