"""Here is the report of an error in a routine: what the user learns of it, wherever it was raised."""

import traceback

import msgspec

from routilux.errors import JobFailed
from routilux.hookevents import Failure

LONGEST = 8000
"""Characters of a traceback that are kept: its end."""
ENGINE = ("/routilux/worker/", "/routilux/invoke.py", "/routilux/engines/", "/routilux/policies/")
"""Where frames lie that a user does not want to read."""


class ErrorRecord(msgspec.Struct, frozen=True, array_like=True):
    """An exception in a routine, or in the start of its process; `action` is what `on_error` made of it."""

    routine: str
    action: str
    type: str
    message: str
    traceback: str

    def as_error(self, job_id: str) -> JobFailed:
        """The error that a failed job carries."""
        message = f"routine {self.routine!r} of job {job_id!r} raised {self.type}: {self.message}"
        return JobFailed(
            message, job_id=job_id, cause_type=self.type, traceback=self.traceback, routine=self.routine
        )


class DeathReport(msgspec.Struct, frozen=True, array_like=True):
    """A message that has killed its process too often, as it lay before the slot."""

    routine: str
    slot: str
    lane: int
    message_id: str
    is_large: bool
    is_typed: bool
    payload: bytes


def describe(routine: str, action: str, error: BaseException) -> ErrorRecord:
    """The record of an exception; its traceback begins in the user's own code."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    try:
        trace = traceback.TracebackException.from_exception(error, capture_locals=False)
        _strip(trace)
        text, lines = str(error), "".join(trace.format())
    except Exception:  # a broken __str__ must not hide the error  # noqa: BLE001
        text, lines = "(its text could not be made)", "".join(traceback.format_tb(error.__traceback__))
    return ErrorRecord(routine, action, name, text[:2000], lines[-LONGEST:])


def _strip(trace: traceback.TracebackException) -> None:
    entry: traceback.TracebackException | None = trace
    while entry is not None:
        own = [frame for frame in entry.stack if not any(place in frame.filename for place in ENGINE)]
        entry.stack = traceback.StackSummary.from_list(own)
        entry = entry.__cause__ or entry.__context__


def failure_of(error: BaseException) -> Failure:
    """What can be told of an error that a job ended with."""
    message = _sendable(str(error.args[0]) if error.args else "")
    if isinstance(error, JobFailed):
        return Failure(error.cause_type, message, _sendable(error.traceback), error.routine)
    return Failure(type(error).__name__, message)


def _sendable(text: str) -> str:
    """Its end, without what UTF-8 does not know."""
    return text[-LONGEST:].encode(errors="backslashreplace").decode()
