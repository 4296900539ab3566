"""Here is how a command answers: what came out on standard output, what went wrong on standard error."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from traceback import format_exception
from typing import Any

import typer

from routilux.cli import progress, results
from routilux.cli.interrupts import Interrupts
from routilux.cli.traces import own_traceback
from routilux.errors import FlowError, RoutiluxError, StoreError
from routilux.jobs import JobState
from routilux.lifecycle import ExecutionStatus


def show(job: JobState, crew: Mapping[str, int], *, as_json: bool, is_drained: bool) -> None:
    """Tell what came out of a job, and why it failed."""
    if as_json:
        results.write_json(job, sys.stdout.buffer)
    else:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a text stream of ours
        if not sys.stderr.isatty():
            for line in progress.totals(crew, job):
                print(line)
        if job.errors:
            print(f"passed over, the first of {len(job.errors):,}: {job.errors[0].args[0]}")
        if job.error is None or is_drained:
            results.show(results.outputs(job))
        sys.stdout.flush()
    if job.error is not None and not (is_drained and job.status is ExecutionStatus.CANCELLED):
        complain(job.error)


def answering(run: Callable[[], Any], interrupts: Interrupts, *, failure: int = 1) -> Any:
    """What `run` returns; its errors are told on standard error and end the command with the exit code
    `failure`.
    """
    try:
        return run()
    except BrokenPipeError:
        raise
    except Exception as error:  # the user's code runs in here: a setup() inline, say  # noqa: BLE001
        if not interrupts.seen:
            complain(error)
        raise typer.Exit(interrupts.exit_code or failure) from None


def complain(error: BaseException) -> None:
    """Tell an error on standard error: a line for each fault, a traceback where it is the user's."""
    match error:
        case FlowError():
            text = "\n".join(f"error: {fault}" for fault in error.faults)
        case RoutiluxError():
            text = f"error: {error}"
        case _:
            trace = own_traceback(error) or "".join(format_exception(error))  # all ours: our bug
            text = f"error: {type(error).__name__}: {error}\n\n{trace.rstrip()}"
    print(text, file=sys.stderr, flush=True)


def existing(path: Path) -> Path:
    """The path, if there is a file; StoreError if not: looking into a store must not make one."""
    if not path.is_file():
        raise StoreError(f"there is no file {str(path)!r}")
    return path
