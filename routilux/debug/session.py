"""Here is debugging as its user holds it: the breakpoints of a job or flow, and the session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from types import TracebackType
from typing import Any, Protocol, Self

from routilux.debug import recordings
from routilux.debug.breakpoints import Breakpoint
from routilux.debug.follower import Follower
from routilux.debug.holds import Look, Release, Report, Seen, StackFrame, Variable
from routilux.debug.recorder import Recording, RecordingControl
from routilux.debug.recordings import MOST_BYTES, End, Limits, Recorded
from routilux.errors import BreakpointError

PATIENCE = 5.0
"""Seconds that a held process has to answer what it sees."""


KEEP: Any = object()
"""Stands for the payload as it is."""


@dataclass(frozen=True)
class HoldInfo:
    """A message that is held; `report` is what its process said."""

    hold_id: str
    report: Report
    routine_id: str
    replica: int
    since: float
    """Unix seconds."""
    attempt: int
    connection_id: str | None
    event_name: str | None
    slot_name: str | None


@dataclass(frozen=True)
class Action:
    """Something that was done by a debugger."""

    at: float
    action: str
    detail: str


@dataclass(frozen=True)
class Note:
    """A line that a log point has written."""

    at: float
    breakpoint_id: str
    routine_id: str
    text: str


class DebugControl(Protocol):
    """What an engine lets a debugger do. All of it raises BreakpointError with the reason where it cannot."""

    lease: float
    """Seconds after the last client has gone until what is held goes on."""

    def add(self, job: Any, wanted: Breakpoint | Mapping[str, Any]) -> Breakpoint: ...
    def update(self, job: Any, breakpoint_id: str, changes: Mapping[str, Any]) -> Breakpoint: ...
    def remove(self, job: Any, breakpoint_id: str) -> None: ...
    def breakpoints(self, job: Any) -> list[Breakpoint]: ...
    def renew(self, job: Any) -> None: ...
    def holds(self, job: Any, *, renews: bool = True) -> list[HoldInfo]: ...
    def wait(self, job: Any, timeout: float | None) -> list[HoldInfo]: ...
    def release(self, job: Any, hold_id: str, release: Release, payload: Any = None) -> None: ...
    def look(self, job: Any, hold_id: str, what: Look, timeout: float, *, renews: bool = True) -> Seen: ...
    @property
    def recordings(self) -> RecordingControl: ...
    def read(self, report: Report) -> Any: ...
    def saved(self, job: Any, hold_id: str) -> Recorded: ...
    def follower(self, job: Any) -> Follower: ...
    def inject(self, job: Any, routine: str, slot: str, payload: Any) -> None: ...
    def attach(self, job: Any) -> None: ...
    def detach(self, job: Any) -> None: ...
    def audit(self, job: Any) -> list[Action]: ...
    def notes(self, job: Any) -> list[Note]: ...


class Breakpoints:
    """The breakpoints of one job, those of its flow among them; or of a flow, for all of its jobs."""

    def __init__(self, control: DebugControl, job: Any = None) -> None:
        self._control = control
        self._job = job

    def add(self, wanted: Breakpoint | Mapping[str, Any] | None = None, /, **fields: Any) -> Breakpoint:
        """Set a breakpoint, given as such or by its fields; it holds from the next message on. Raises
        BreakpointError for a place that the flow does not have, or a condition that is none.
        """
        return self._control.add(self._job, fields if wanted is None else wanted)

    def update(self, breakpoint_id: str, **changes: Any) -> Breakpoint:
        """Change some of its fields, `enabled` for instance. What is held at it stays held."""
        return self._control.update(self._job, breakpoint_id, changes)

    def remove(self, breakpoint_id: str) -> None:
        """What is held at it goes on."""
        self._control.remove(self._job, breakpoint_id)

    def list(self) -> list[Breakpoint]:
        """All of them, with what they have come to so far."""
        return self._control.breakpoints(self._job)

    def record(
        self,
        place: str | Mapping[str, Any],
        path: str | PathLike[str],
        /,
        *,
        count: int = 100,
        condition: str | None = None,
        seconds: float = 60.0,
        max_bytes: int = MOST_BYTES,
    ) -> Recording:
        """Begin to record the next `count` messages of a place, `a.event->b.slot`, `a.event` or `b.slot`, for
        at most so many seconds and bytes, of those on which the condition holds. They are written to the file
        when the recording is waited for or stopped. Raises BreakpointError.
        """
        try:
            limits = Limits(count, max_bytes, seconds)
        except (TypeError, ValueError) as error:
            raise BreakpointError(f"this is no recording: {error}") from None
        control = self._control.recordings
        return Recording(control, control.start(self._job, place, condition, limits), path)

    def __iter__(self) -> Iterator[Breakpoint]:
        return iter(self.list())

    def __len__(self) -> int:
        return len(self.list())

    def __getitem__(self, breakpoint_id: str) -> Breakpoint:
        for each in self.list():
            if each.breakpoint_id == breakpoint_id:
                return each
        raise KeyError(breakpoint_id)


class Session:
    """The debugging of one job. While it is open as a context manager nothing goes on by itself; without,
    each call renews a lease, after which what is held goes on.
    """

    def __init__(self, control: DebugControl, job: Any) -> None:
        self._control = control
        self._job = job

    def __enter__(self) -> Self:
        self._control.attach(self._job)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._control.detach(self._job)

    @property
    def holds(self) -> list[Hold]:
        """What is held now, the oldest first."""
        return [Hold(self._control, self._job, info) for info in self._control.holds(self._job)]

    @property
    def status(self) -> str:
        """`paused` while anything is held, else `running`."""
        return "paused" if self.holds else "running"

    def wait(self, timeout: float | None = None) -> Hold:
        """The oldest hold, as soon as there is one. Raises DeadlineExceeded; BreakpointError if the job has
        ended.
        """
        return Hold(self._control, self._job, self._control.wait(self._job, timeout)[0])

    def resume(self) -> int:
        """Let all go on that is held; how many that were."""
        holds = self.holds
        for hold in holds:
            hold.resume()
        return len(holds)

    def inject(self, routine: str, slot: str, data: Any) -> None:
        """Put a message into any slot; it belongs to the job as any other. Raises BreakpointError if the job
        has ended, and PayloadError or FlowError for what does not fit.
        """
        self._control.inject(self._job, routine, slot, data)

    def follow(self) -> Follower:
        """What tells, from `with` on, which messages have caused another: `follower.ancestors(hold)`.
        Meanwhile workers publish a sample of what they do; `job.trace()` makes it all.
        """
        return self._control.follower(self._job)

    @property
    def audit(self) -> list[Action]:
        """What debuggers have done to this job, the oldest first (the last thousand)."""
        return self._control.audit(self._job)

    @property
    def log(self) -> list[Note]:
        """What its log points have written (the last thousand)."""
        return self._control.notes(self._job)


class Hold:
    """One message that is held, until one of its methods lets it go on; after that they raise
    BreakpointError.
    """

    def __init__(self, control: DebugControl, job: Any, info: HoldInfo) -> None:
        self._control = control
        self._job = job
        self.info = info
        self.hold_id = info.hold_id
        self.breakpoint_id = info.report.breakpoint_id
        self.type = info.report.type
        self.routine_id = info.routine_id
        self.replica = info.replica
        self.since = info.since
        self.attempt = info.attempt
        self.message_id = info.report.message_id
        """Of the input that was at work: what is held was caused by it."""
        self.parents = info.report.parents
        """All inputs of that activation: several of a join or a batch, none of a submission."""
        self.origin = info.report.origin
        """The submission that has caused it, counted from 1, where a `join(on="origin")` needs that told."""
        self.connection_id = info.connection_id
        self.event_name = info.event_name
        self.slot_name = info.slot_name
        self.preview = info.report.shown
        self.error = info.report.error
        """Of a failed activation, the traceback."""

    def __repr__(self) -> str:
        where = self.connection_id or self.event_name or self.slot_name or ""
        return (
            f"<Hold {self.hold_id} at {self.type} {self.routine_id}{where and ' ' + where}: {self.preview}>"
        )

    @property
    def data(self) -> Any:
        """The message. Raises BreakpointError if it is larger than travels; `preview` says what it is."""
        if self.info.report.payload is None:
            raise BreakpointError(f"this message is too large to travel to a debugger: {self.preview}")
        return self._control.read(self.info.report)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the message to a file, for `recorded` and `routilux replay`; it is held on. Raises
        BreakpointError if it is too large to travel, or no single message; RecordingError.
        """
        record = self._control.saved(self._job, self.hold_id)
        recordings.write(path, [record], End(1, reason="count"))

    # ---- go on --------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Go on; of a failed activation, as `on_error` says."""
        self._release(Release())

    def drop(self) -> None:
        """Go on without this message."""
        self._release(Release("drop"))

    def edit(self, payload: Any) -> None:
        """Go on with another payload. Raises BreakpointError, and holds on, if its slot does not take it."""
        self._release(Release("edit"), payload)

    def retry(self, payload: Any = KEEP) -> None:
        """Run the failed activation again, if wished on another payload."""
        self._release(Release("retry"), payload)

    def skip(self) -> None:
        """Let go of the message of the failed activation, and of what it has emitted."""
        self._release(Release("skip"))

    def fail(self) -> None:
        """Let the job fail."""
        self._release(Release("fail"))

    def step(self) -> None:
        """Go on, and hold at the next thing that happens in this process."""
        self._release(Release(step="step"))

    def step_over(self) -> None:
        """Go on, and hold at the next activation of this process."""
        self._release(Release(step="over"))

    def step_into(self) -> None:
        """Go on, and hold where this very message arrives."""
        self._release(Release(step="into"))

    def _release(self, release: Release, payload: Any = None) -> None:
        self._control.release(self._job, self.hold_id, release, payload)

    # ---- look ---------------------------------------------------------------------------------------------

    def variables(self, frame: int = 0, *, timeout: float = PATIENCE) -> list[Variable]:
        """Locals of that frame of the user's (0 is the innermost), the routine's configuration, state and
        attributes. Made in the held process, without running code of their classes.
        """
        return list(self._look(Look(0, "variables", frame), timeout).variables)

    def children(self, variable: Variable, frame: int = 0, *, timeout: float = PATIENCE) -> list[Variable]:
        """What is in a variable: the first hundred items, fields or attributes."""
        return list(self._look(Look(0, "variables", frame, variable.path), timeout).variables)

    def call_stack(self, *, timeout: float = PATIENCE) -> list[StackFrame]:
        """The user's functions that are under way, the innermost first."""
        return list(self._look(Look(0, "stack"), timeout).frames)

    def _look(self, look: Look, timeout: float) -> Seen:
        return self._control.look(self._job, self.hold_id, look, timeout)
