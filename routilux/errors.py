"""Here is everything Routilux raises on purpose, ordered by who must act.

Each takes a ready one-line message first and survives pickling, since most of them cross a process border.
"""

from __future__ import annotations


class RoutiluxError(Exception):
    """Any error of Routilux; `except RoutiluxError` catches them all."""


class FlowError(RoutiluxError):
    """The flow is written wrongly and its author must act; `faults` holds every reason, one line each."""

    @property
    def faults(self) -> tuple[str, ...]:
        """The reasons, in the order they were found."""
        return tuple(str(fault) for fault in self.args)

    def __str__(self) -> str:
        return "\n".join(self.faults)


class PolicyError(FlowError, TypeError):
    """An activation policy written by the user answered with something that is no answer."""


class KeyRefusedError(RoutiluxError, TypeError):
    """What `key=` or `join(on=...)` found in a payload cannot serve as a key."""


class PayloadError(RoutiluxError, TypeError):
    """A value cannot be sent; names the routine, the event and the value's type."""


class NotRunningError(RoutiluxError, RuntimeError):
    """`emit`, `state` and their like were used on a routine that no engine is running."""


class StoreError(RoutiluxError):
    """The file of a store cannot be read or written; the message names it and says why."""


class DeadLettersFull(RoutiluxError):
    """The store of dead letters has no room for another: discard or requeue some."""


class BreakpointError(RoutiluxError):
    """A breakpoint cannot be set as it is written, or nothing is held that could be released."""


class BreakpointNotFound(BreakpointError):
    """There is no breakpoint of that id."""


class HoldNotFound(BreakpointError):
    """Nothing is held under that id any more."""


class RecordingError(RoutiluxError):
    """A file of recorded messages cannot be read or written, or a message in it cannot be used here."""


class ClosedError(RoutiluxError):
    """The runtime or the flow was closed by you."""


class Busy(RoutiluxError):
    """No place came free among the admitted jobs within the time given; try later or raise `max_pending`."""


class DeadlineExceeded(RoutiluxError, TimeoutError):
    """The time you gave has passed."""


class JobCancelled(RoutiluxError):
    """The job was cancelled; it has no result."""


class JobFailed(RoutiluxError):
    """The job failed; the routine's own traceback is part of the text.

    The original exception stays in the process that raised it: `cause_type` is the name of its class.
    """

    def __init__(
        self, message: str, *, job_id: str = "", cause_type: str = "", traceback: str = "", routine: str = ""
    ) -> None:
        super().__init__(message)
        self.job_id = job_id
        self.cause_type = cause_type
        self.traceback = traceback
        self.routine = routine

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}\n\n{self.traceback.rstrip()}" if self.traceback else message

    def __reduce__(self) -> tuple[type[JobFailed], tuple[object, ...], dict[str, object]]:
        # The keyword-only fields lie in __dict__ and are put back as state.
        return type(self), self.args, self.__dict__


class RoutineCrashed(RoutiluxError):
    """A worker process died or could not start; the message names the routine and how."""


class PeerLost(RoutiluxError):
    """A process at the other end of a connection is gone."""


class ArenaFull(RoutiluxError, MemoryError):
    """The shared memory of the runtime has no room for this payload."""


class WireError(RoutiluxError):
    """Bytes arrived that do not follow the protocol."""


class InternalError(RoutiluxError):
    """Routilux broke its own rules: a bug of ours, please report it."""
