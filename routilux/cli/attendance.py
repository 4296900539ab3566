"""Here is how a command attends to its flow: the work in a thread, signals and terminal in this one."""

import contextlib
import os
import shlex
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, Protocol, TypeVar

from routilux.cli.interrupts import Interrupts
from routilux.cli.progress import Quiet, counted
from routilux.clock import Deadline
from routilux.errors import DeadlineExceeded
from routilux.lifecycle import ExecutionStatus
from routilux.runtime import Runtime

T = TypeVar("T")

DRAINING = "draining: sources stop, what is in flight is finished; press Ctrl-C again to kill"
TICK = 0.1
"""Seconds between two looks at the progress."""
FEW = 3
"""Jobs that are named."""
KILL_SECONDS = 0.7
"""What killing may take before we leave without it: the workers then die with us."""


STAYING = "the run is over, and all of it is still there to be looked at; Ctrl-C ends it"


@dataclass
class Drain:
    """How many seconds what is in flight may take to its end after the first signal; None is for ever."""

    seconds: float | None = None
    state_dir: Path | None = None
    """Where what has not come to its end stays, for `routilux resume`."""
    deadline: Deadline | None = None
    """Known once the first signal has come."""
    told: threading.Event = field(default_factory=threading.Event)
    """Set once the first signal has come: for work that waits for it."""

    def is_over(self) -> bool:
        if self.deadline is None:
            self.deadline = Deadline.after(self.seconds)
        return self.deadline.passed


class View(Protocol):
    """What the user sees meanwhile."""

    def refresh(self) -> None: ...
    def say(self, line: str) -> None: ...
    def stop(self) -> None: ...


def attend(
    interrupts: Interrupts,
    runtimes: Sequence[Runtime],
    work: Callable[[], T],
    view: View,
    drain: Drain | None = None,
    *,
    keeps: bool = False,
) -> T:
    """Do `work`, close the runtimes, and return what it returned or raise what it raised. With `keeps` they
    stay open after work that went well and was not interrupted.

    The first signal drains the runtimes, and suspends or cancels what is left when the time for that is over;
    the second kills their processes and this one.
    """
    drain = drain or Drain()
    outcome: Future[T] = Future()
    outcome.add_done_callback(lambda _: interrupts.wake())
    thread = threading.Thread(
        target=_settle, args=(outcome, runtimes, work, interrupts if keeps else None), daemon=True
    )
    with interrupts.counted():
        thread.start()
        while not outcome.done():
            interrupts.wait(TICK)
            _answer(interrupts, runtimes, view, drain)
            view.refresh()
        view.stop()
    return outcome.result()


def stay(interrupts: Interrupts, runtime: Runtime) -> None:
    """Keep a runtime open, without work, until the first signal; then close it."""
    view, drain = Quiet(), Drain()
    view.say(STAYING)
    attend(interrupts, [runtime], drain.told.wait, view, drain)


def _settle(
    outcome: "Future[T]", runtimes: Sequence[Runtime], work: Callable[[], T], keeper: Interrupts | None
) -> None:
    try:
        is_kept = False
        try:
            result = work()
            is_kept = keeper is not None and not keeper.seen
        finally:
            for runtime in () if is_kept else runtimes:
                runtime.close()
    except BaseException as error:  # it is raised again where the outcome is read  # noqa: BLE001
        outcome.set_exception(error)
    else:
        outcome.set_result(result)


def _answer(interrupts: Interrupts, runtimes: Sequence[Runtime], view: View, drain: Drain) -> None:
    match len(interrupts.seen):
        case 0:
            return
        case 1 if drain.is_over():
            _give_up(interrupts, runtimes, view, drain)
        case 1:
            drain.told.set()
            if any(not job.ended for runtime in runtimes for job in runtime.jobs()):
                view.say(DRAINING)
            _drain(runtimes)
        case _:
            view.stop()
            _kill(runtimes, interrupts.exit_code or 1)


def _drain(runtimes: Sequence[Runtime]) -> None:
    """Asked again at every look: the job may have been on its way only when it was asked first."""
    for runtime in runtimes:
        if runtime.jobs(ExecutionStatus.RUNNING):
            with contextlib.suppress(DeadlineExceeded):
                runtime.drain(timeout=0.0)


def _give_up(interrupts: Interrupts, runtimes: Sequence[Runtime], view: View, drain: Drain) -> None:
    """Say what is left, and end the runtimes; once, and only if there is something left."""
    jobs = [job for runtime in runtimes for job in runtime.jobs() if not job.ended]
    left = [job.job_id for job in jobs if job.status is not ExecutionStatus.PENDING]
    if interrupts.is_late or not left:
        return
    interrupts.is_late = True
    view.say(
        f"not drained within {drain.seconds:g} seconds: {counted(len(left), 'job')} left ({brief(left)})"
    )
    if drain.state_dir is None:
        view.say("cancelled: what was in flight is lost")
    else:
        view.say(f"suspended: go on with routilux resume {shlex.quote(str(drain.state_dir))}")
    _end(runtimes, None)


def brief(names: Sequence[str]) -> str:
    """The first few names."""
    return ", ".join([*names[:FEW], "…"] if len(names) > FEW else names)


def _end(runtimes: Sequence[Runtime], grace: float | None) -> threading.Thread:
    """Suspend what can be suspended and cancel the rest, in a thread."""

    def end() -> None:
        for runtime in runtimes:
            runtime.suspend(grace=grace)

    ender = threading.Thread(target=end, name="routilux-end", daemon=True)
    ender.start()
    return ender


def _kill(runtimes: Sequence[Runtime], code: int) -> NoReturn:
    _end(runtimes, 0.0).join(KILL_SECONDS)
    os._exit(code)
