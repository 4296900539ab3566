"""Here is how a command attends to its flow: the work in a thread, signals and terminal in this one."""

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import NoReturn, Protocol, TypeVar

from routilux.cli.interrupts import Interrupts
from routilux.errors import DeadlineExceeded
from routilux.lifecycle import ExecutionStatus
from routilux.runtime import Runtime

T = TypeVar("T")

DRAINING = "draining: sources stop, what is in flight is finished; press Ctrl-C again to kill"
TICK = 0.1
"""Seconds between two looks at the progress."""
KILL_SECONDS = 0.7
"""What killing may take before we leave without it: the workers then die with us."""


class View(Protocol):
    """What the user sees meanwhile."""

    def refresh(self) -> None: ...
    def say(self, line: str) -> None: ...
    def stop(self) -> None: ...


def attend(interrupts: Interrupts, runtimes: Sequence[Runtime], work: Callable[[], T], view: View) -> T:
    """Do `work`, close the runtimes, and return what it returned or raise what it raised.

    The first signal drains the runtimes, the second kills their processes and this one.
    """
    outcome: Future[T] = Future()
    outcome.add_done_callback(lambda _: interrupts.wake())
    thread = threading.Thread(
        target=_settle, args=(outcome, runtimes, work), name="routilux-run", daemon=True
    )
    with interrupts.counted():
        thread.start()
        while not outcome.done():
            interrupts.wait(TICK)
            _answer(interrupts, runtimes, view)
            view.refresh()
        view.stop()
    return outcome.result()


def _settle(outcome: "Future[T]", runtimes: Sequence[Runtime], work: Callable[[], T]) -> None:
    try:
        try:
            result = work()
        finally:
            for runtime in runtimes:
                runtime.close()
    except BaseException as error:  # it is raised again where the outcome is read  # noqa: BLE001
        outcome.set_exception(error)
    else:
        outcome.set_result(result)


def _answer(interrupts: Interrupts, runtimes: Sequence[Runtime], view: View) -> None:
    match len(interrupts.seen):
        case 0:
            return
        case 1:
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


def _kill(runtimes: Sequence[Runtime], code: int) -> NoReturn:
    def close() -> None:
        for runtime in runtimes:
            runtime.close(grace=0.0)

    closer = threading.Thread(target=close, name="routilux-kill", daemon=True)
    closer.start()
    closer.join(KILL_SECONDS)
    os._exit(code)
