"""Here is a made history: so many jobs that have ended, as a monitor would have kept them."""

import time
from collections import deque
from pathlib import Path

from monitor.fakeruntime import chain, durations
from routilux.commands import Introduction
from routilux.hookevents import Failure
from routilux_monitor.history import History
from routilux_monitor.model import (
    ErrorOfJob,
    FlowRecord,
    Instance,
    JobRecord,
    LogRecord,
    RoutineOfJob,
    RuntimeRecord,
    TraceEvent,
)

FLOWS = 10
BEGAN = 1_700_000_000.0


def job(number: int, *, routines: int = 3, events: int = 20, began: float = BEGAN) -> JobRecord:
    """Every fifth has failed."""
    flow, at = f"flow-{number % FLOWS}", began + number
    failure = Failure("ValueError", f"number {number}", "traceback", "a") if number % 5 == 0 else None
    names = [f"routine-{n}" for n in range(routines)]
    trace = [
        TraceEvent(
            n, f"job-{number}", names[n % routines], 1, "routine_completed", at, at, 1000, activation=n
        )
        for n in range(1, events + 1)
    ]
    return JobRecord(
        f"job-{number}",
        flow,
        f"worker-{flow}",
        "past",
        "failed" if failure else "completed",
        at,
        at + 0.1,
        at + 1.0,
        failure,
        {"number": number},
        is_traced=True,
        routines={name: RoutineOfJob(5, 1, received={0: 5}, durations=durations(5)) for name in names},
        trace=deque(trace),
        errors=deque([ErrorOfJob("e", "a", at, failure, "stop")] if failure else []),
        logs=deque([LogRecord(at, "a", 0, f"job-{number}", "INFO", "a line")]),
        is_settled=True,
    )


def fill(history: History, jobs: int, *, began: float = BEGAN) -> None:
    """A runtime that has run so many jobs of ten flows; all of it is written when this returns."""
    history.keep_runtime(RuntimeRecord(Introduction("past", 1, began, "0.1.0"), is_gone=True))
    for number in range(FLOWS):
        name = f"flow-{number}"
        history.keep_flow(FlowRecord("past", chain(name, "a", "b", "c")))
        history.keep_instance(
            Instance(
                f"worker-{name}", "past", name, began, began, "running", began + jobs, jobs_processed=jobs
            )
        )
    for number in range(jobs):
        history.keep_job(job(number, began=began), in_full=True)
        if number % 1000 == 999:
            history.runtimes()  # waits until all is written
    history.runtimes()


def made(path: Path, jobs: int) -> None:
    """A file with such a history, of the last hours: a monitor lets go of what is old."""
    history = History(path)
    fill(history, jobs, began=time.time() - jobs - 60.0)
    history.close()
