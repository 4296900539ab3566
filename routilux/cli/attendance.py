"""Here is how a command attends to its flow: the work in a thread, signals and terminal in this one."""

import contextlib
import math
import os
import shlex
import signal
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
from routilux.runtime import INTERRUPTED, Runtime

T = TypeVar("T")

AT_CTRL_C, AT_OTHERS = 2.0, 30.0
"""Seconds for what is in flight: after Ctrl-C, where somebody waits, and after the signal of a system."""
TICK = 0.1
"""Seconds between two looks at the progress."""
FEW = 3
"""Jobs that are named."""
KILL_SECONDS = 0.7
"""What killing may take before we leave without it: the workers then die with us."""
STAYING = "the run is over, and all of it is still there to be looked at; Ctrl-C ends it"


@dataclass
class Drain:
    """How many seconds what is in flight may take to its end after the first signal; None is 2 after Ctrl-C
    and 30 after another.
    """

    seconds: float | None = None
    state_dir: Path | None = None
    """Where what has not come to its end stays, for `routilux resume`."""
    is_of_use: bool = True
    """Whether what comes to its end would be shown; if not, the first signal ends all of it."""
    told: threading.Event = field(default_factory=threading.Event)
    """Set once the first signal has come: for work that waits for it."""
    deadline: Deadline = field(default_factory=lambda: Deadline(None))
    """Known once the first signal has come."""
    grace: float | None = None
    """As of `Runtime.close`, when the time is over."""
    is_given_up: bool = False

    def begin(self, number: int) -> None:
        """The first signal has come, `number`."""
        if self.told.is_set():
            return
        if self.seconds is None:
            self.seconds = AT_CTRL_C if number == signal.SIGINT else AT_OTHERS
        if number == signal.SIGINT:
            self.grace = INTERRUPTED
        self.deadline = Deadline.after(self.seconds if self.is_of_use else 0.0)
        self.told.set()

    def __str__(self) -> str:
        limit = "" if self.seconds == math.inf else f", for {self.seconds:g} s at most"
        return f"draining{limit}: sources stop, what is in flight is finished; press Ctrl-C again to kill"


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

    The first signal drains the runtimes, and suspends or cancels what is left when the time for that is over,
    which may be at once; the second kills their processes and this one.
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
    if not interrupts.seen:
        return
    drain.begin(interrupts.seen[0])
    if len(interrupts.seen) > 1:
        view.stop()
        _kill(runtimes, interrupts.exit_code or 1)
    elif drain.deadline.passed:
        _give_up(interrupts, runtimes, view, drain)
    else:
        if any(not job.ended for runtime in runtimes for job in runtime.jobs()):
            view.say(str(drain))
        _drain(runtimes)


def _drain(runtimes: Sequence[Runtime]) -> None:
    """Asked again at every look: the job may have been on its way only when it was asked first."""
    for runtime in runtimes:
        if runtime.jobs(ExecutionStatus.RUNNING):
            with contextlib.suppress(DeadlineExceeded):
                runtime.drain(timeout=0.0)


def _give_up(interrupts: Interrupts, runtimes: Sequence[Runtime], view: View, drain: Drain) -> None:
    """Say what is left, and end the runtimes; once, and not before the work has begun."""
    jobs = [job for runtime in runtimes for job in runtime.jobs()]
    left = [job.job_id for job in jobs if not job.ended and job.status is not ExecutionStatus.PENDING]
    has_begun = bool(left) or (bool(jobs) and all(job.ended for job in jobs))
    if drain.is_given_up or (drain.is_of_use and not has_begun):
        return
    drain.is_given_up = True
    if left and drain.is_of_use:
        interrupts.is_late = True
        view.say(
            f"not drained within {drain.seconds:g} seconds: {counted(len(left), 'job')} left ({brief(left)})"
        )
        if drain.state_dir is None:
            view.say("cancelled: what was in flight is lost")
        else:
            view.say(f"suspended: go on with routilux resume {shlex.quote(str(drain.state_dir))}")
    _end(runtimes, drain.grace)


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
