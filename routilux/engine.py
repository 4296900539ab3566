"""Here is the one interface behind which a flow runs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from routilux.clock import Deadline
from routilux.deadletters import DeadLetters
from routilux.debug.breakpoints import Breakpoint
from routilux.debug.session import DebugControl
from routilux.flow import Flow
from routilux.hooks import NO_HOOKS, Hooks
from routilux.jobs import JobState
from routilux.submission import Seed

CHANGED = "flow {!r} has changed since it was started: call runtime.stop(flow) first"
UNREAD_FAILURE = (
    "job {!r} has put out more than {:,} bytes that nobody reads: "
    "iterate job.outputs() or runtime.stream(), or raise max_output"
)
UNREAD = 256 << 20
"""Bytes of outputs that wait for their reader before the job is held back."""


@dataclass(frozen=True)
class Settings:
    """What a Runtime asks of its engine. Sizes in bytes, durations in seconds."""

    max_pending: int
    heap: int
    max_output: int
    grace: float
    stop_limit: float
    dead_letters: DeadLetters
    hooks: Hooks = NO_HOOKS
    allow_attach: bool = False
    is_watched: bool = False
    """Whether a monitor was started with the runtime, and will listen to its flows."""


@dataclass(frozen=True)
class Running:
    """A flow whose processes run. Times in Unix seconds; jobs since its start."""

    flow: Flow
    worker_id: str
    started_at: float
    directory: Path
    """With the sockets on which its processes publish hook events."""
    processes: int
    ended: int
    failed: int
    state: str
    """See FlowInfo."""


class Engine(Protocol):
    """Runs the jobs of flows. Every method may be called from any thread."""

    def open(self, flow: Flow) -> None:
        """Check that this engine can run the flow; raises FlowError with every reason why not. Starts
        nothing.
        """

    def job(self, flow: Flow, job_id: str) -> JobState:
        """A job that has not begun."""

    def submit(
        self,
        job: JobState,
        seeds: list[Seed],
        deadline: Deadline,
        *,
        paused: bool,
        is_open: bool,
        patience: Deadline | None = None,
        breakpoints: Sequence[Breakpoint] = (),
    ) -> None:
        """Begin the job, with those breakpoints set. It waits for a place until the deadline, or for as long
        as `patience` says, then raises Busy.
        """

    def start(self, flow: Flow) -> None:
        """Let the processes of a flow run, without a job."""

    def running(self) -> list[Running]:
        """The flows whose processes run."""

    def debugger(self, flow: Flow) -> DebugControl:
        """How to debug all jobs of a flow; raises BreakpointError where that cannot be done."""

    def feed(self, job: JobState, seeds: Iterable[Seed]) -> bool:
        """More messages for a job submitted with `is_open`; False when it has ended. Waits while too much is
        under way.
        """

    def seal(self, job: JobState) -> None:
        """Nothing more is fed to the job."""

    def resume(self, admit: Callable[[JobState], None]) -> list[JobState]:
        """Go on with what an earlier engine has kept; its jobs, each of which is shown to `admit` before
        anything happens to it.
        """

    def stop(self, flow: Flow, grace: float | None) -> None:
        """End the processes of a flow; its jobs are cancelled."""

    def begin_stop(self, flow: Flow) -> None:
        """As `stop`, without waiting for their end."""

    def drain(self) -> None:
        """Take no more jobs, stop the sources, and let what is in flight go to its end."""

    def close(self, grace: float | None, *, keeps: bool = False) -> None:
        """Cancel what runs and leave nothing behind; a durable engine that `keeps` what runs can be taken up
        later.
        """
