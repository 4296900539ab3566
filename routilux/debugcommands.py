"""Here are the commands of debuggers: what a monitor or a terminal asks of a running runtime about
breakpoints and about what is held.
"""

from typing import Any

import msgspec

# ---- requests ---------------------------------------------------------------------------------------------


class ListBreakpoints(msgspec.Struct, frozen=True, tag=True):
    """→ BreakpointList: those that concern a job, or those of a flow for all of its jobs."""

    job_id: str = ""
    flow_id: str = ""
    renews: bool = True
    """Whether who asks debugs: then the job's lease is renewed."""


class SetBreakpoint(msgspec.Struct, frozen=True, tag=True):
    """→ BreakpointList of the new one, for a job or for all jobs of a flow."""

    fields: dict[str, Any]
    """Of debug.breakpoints.Breakpoint."""
    job_id: str = ""
    flow_id: str = ""


class ChangeBreakpoint(msgspec.Struct, frozen=True, tag=True):
    """→ BreakpointList of the one, after the change."""

    breakpoint_id: str
    changes: dict[str, Any]
    job_id: str = ""
    flow_id: str = ""


class RemoveBreakpoint(msgspec.Struct, frozen=True, tag=True):
    """→ Done; what is held at it goes on."""

    breakpoint_id: str
    job_id: str = ""
    flow_id: str = ""


class Renew(msgspec.Struct, frozen=True, tag=True):
    """→ Done: somebody debugs the job still, so that nothing goes on by itself for the time of a lease."""

    job_id: str


class AskSession(msgspec.Struct, frozen=True, tag=True):
    """→ SessionInfo."""

    job_id: str
    renews: bool = True
    """As in ListBreakpoints."""


class LookAt(msgspec.Struct, frozen=True, tag=True):
    """→ SeenInfo: what a held process sees."""

    job_id: str
    what: str
    """`stack` or `variables`."""
    hold_id: str = ""
    """The oldest if there is none."""
    frame: int = 0
    path: tuple[int, ...] = ()
    """Of the variable whose parts are wanted."""
    renews: bool = True


class LetAttach(msgspec.Struct, frozen=True, tag=True):
    """→ AttachInfo: an editor's debugger may attach to the held process."""

    job_id: str
    hold_id: str = ""
    """The oldest if there is none."""


class SetVariable(msgspec.Struct, frozen=True, tag=True):
    """→ SeenInfo, with the variable as it is then; the message is still held."""

    job_id: str
    name: str
    value: Any
    """Plain JSON."""
    hold_id: str = ""
    """The oldest if there is none."""
    scope: str = ""
    """`local`, `configuration`, `state` or `attribute`; the first of that name if there is none."""
    frame: int = 0


class ActOnHold(msgspec.Struct, frozen=True, tag=True):
    """→ SessionInfo, after `resume`, `step`, `step_over`, `step_into`, `drop`, `edit`, `retry`, `skip` or
    `fail`.
    """

    job_id: str
    action: str
    hold_id: str = ""
    """The oldest if there is none."""
    payload: Any = None
    """Plain JSON; for `edit`, and for `retry` if `has_payload`."""
    has_payload: bool = False


class Inject(msgspec.Struct, frozen=True, tag=True):
    """→ Done: a message more for any slot of a job under way."""

    job_id: str
    routine_id: str
    slot_name: str
    data: Any = None
    encoded: bytes = b""
    """In its place, a payload laid out as a large one; never from outside, for it may hold pickles."""
    is_typed: bool = False
    """Whether that is encoded as the slot's type."""


class StartRecording(msgspec.Struct, frozen=True, tag=True):
    """→ TapeInfo of a new recording, of a job or of all jobs of a flow."""

    place: str
    """`a.event->b.slot`, `a.event` or `b.slot`."""
    job_id: str = ""
    flow_id: str = ""
    condition: str | None = None
    count: int = 100
    seconds: float = 60.0
    max_bytes: int = 64 << 20


class TakeRecorded(msgspec.Struct, frozen=True, tag=True):
    """→ TapeInfo: what it has by now, as much as goes into one answer; with `stops` it is over then."""

    flow_id: str
    recording_id: str
    offset: int = 0
    """Messages that are there already."""
    stops: bool = False


class SaveHeld(msgspec.Struct, frozen=True, tag=True):
    """→ TapeInfo of what is held, as one message."""

    job_id: str
    hold_id: str = ""
    """The oldest if there is none."""


class AskAudit(msgspec.Struct, frozen=True, tag=True):
    """→ Audit."""

    job_id: str
    renews: bool = True


DebugRequest = (
    ListBreakpoints
    | SetBreakpoint
    | ChangeBreakpoint
    | RemoveBreakpoint
    | Renew
    | AskSession
    | LookAt
    | LetAttach
    | SetVariable
    | ActOnHold
    | Inject
    | StartRecording
    | TakeRecorded
    | SaveHeld
    | AskAudit
)

# ---- answers ----------------------------------------------------------------------------------------------


class BreakpointList(msgspec.Struct, frozen=True, tag=True):
    """Each as the fields of debug.breakpoints.Breakpoint."""

    breakpoints: tuple[dict[str, Any], ...]


class HeldMessage(msgspec.Struct, frozen=True):
    """A message that is held."""

    hold_id: str
    breakpoint_id: str
    """Empty after a step."""
    type: str
    routine_id: str
    process: int
    """0 is the supervisor, which holds submissions."""
    replica: int
    since: float
    """Unix seconds."""
    attempt: int
    message_id: str
    """Of the input that was at work: what is held was caused by it."""
    parents: tuple[str, ...]
    """All inputs of that activation."""
    connection_id: str | None = None
    event_name: str | None = None
    slot_name: str | None = None
    encoded: bytes | None = None
    """The payload, laid out as a large one; None if it is too much for one answer."""
    preview: str = ""
    error: str = ""
    """Of a failed activation, its traceback."""


class LogPointLine(msgspec.Struct, frozen=True):
    at: float
    breakpoint_id: str
    routine_id: str
    text: str


class SessionInfo(msgspec.Struct, frozen=True, tag=True):
    """The debugging of a job. `paused` while anything is held, `no_session` once the job has ended; what its
    log points have written stays.
    """

    job_id: str
    status: str
    holds: tuple[HeldMessage, ...] = ()
    """The oldest first, at most a hundred."""
    log: tuple[LogPointLine, ...] = ()
    """What log points have written, the last hundred."""


class Picture(msgspec.Struct, frozen=True):
    """Some of an array's numbers, evenly spread over it: a line of them, or rows."""

    shape: tuple[int, ...]
    """Of the picture: how many, or rows and columns."""
    values: tuple[float | None, ...]
    """Row by row; None is infinite, or not a number."""


class VariableInfo(msgspec.Struct, frozen=True):
    name: str
    type: str
    text: str
    scope: str
    count: int
    """How much is in it."""
    path: tuple[int, ...]
    picture: Picture | None = None
    """Of an array."""


class FrameInfo(msgspec.Struct, frozen=True):
    """A function of the user's that is under way."""

    function: str
    file: str
    line: int
    text: str


class SeenInfo(msgspec.Struct, frozen=True, tag=True):
    hold_id: str
    variables: tuple[VariableInfo, ...] = ()
    frames: tuple[FrameInfo, ...] = ()
    """The innermost first."""


class TapeInfo(msgspec.Struct, frozen=True, tag=True):
    """What a recording has, from the wanted message on. `reason` is empty while it goes on."""

    recording_id: str = ""
    messages: tuple[bytes, ...] = ()
    """Each a debug.recordings.Recorded in MessagePack."""
    skipped: int = 0
    reason: str = ""


class AttachInfo(msgspec.Struct, frozen=True, tag=True):
    """Where one client of the Debug Adapter Protocol is taken, as long as the message is held."""

    hold_id: str
    host: str
    port: int
    launch: dict[str, Any]
    """A configuration for VS Code's `launch.json`."""


class AuditEntry(msgspec.Struct, frozen=True):
    at: float
    action: str
    detail: str


class Audit(msgspec.Struct, frozen=True, tag=True):
    """What debuggers have done to a job, the oldest first."""

    entries: tuple[AuditEntry, ...]


DebugAnswer = BreakpointList | SessionInfo | SeenInfo | TapeInfo | AttachInfo | Audit
