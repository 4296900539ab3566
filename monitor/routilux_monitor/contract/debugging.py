"""Here is what is asked and said of breakpoints and of what is held."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from routilux_monitor.contract.fields import (
    Answer,
    Body,
    Count,
    Instant,
    Limit,
    Name,
    Payload,
    PayloadText,
    Query,
)

BreakpointType = Literal["routine", "slot", "event", "connection", "error"]
Action = Literal["pause", "log"]
Suspend = Literal["worker", "job", "message"]
Condition = Annotated[str, Meta(max_length=4096, description="An expression; see docs/debugging.md.")]
HitCondition = Annotated[str, Meta(max_length=64, examples=[">= 3", "% 10"])]
LogMessage = Annotated[str, Meta(max_length=4096)]
BreakpointId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]


class BreakpointPost(Body, frozen=True):
    """Where messages are to be held, and which. `type` follows from the fields that say where, but for
    `error`.
    """

    breakpoint_id: BreakpointId | None = None
    type: BreakpointType | None = None
    routine_id: Name | None = None
    slot_name: Name | None = None
    event_name: Name | None = None
    source_routine_id: Name | None = None
    source_event_name: Name | None = None
    target_routine_id: Name | None = None
    target_slot_name: Name | None = None
    condition: Condition | None = None
    hit_condition: HitCondition | None = None
    action: Action = "pause"
    log_message: LogMessage | None = None
    one_shot: bool = False
    suspend: Suspend = "worker"
    enabled: bool = True


class BreakpointPut(Body, frozen=True):
    """What is to change; what is not named stays as it is."""

    condition: Condition | UnsetType | None = UNSET
    hit_condition: HitCondition | UnsetType | None = UNSET
    action: Action | UnsetType = UNSET
    log_message: LogMessage | UnsetType | None = UNSET
    one_shot: bool | UnsetType = UNSET
    suspend: Suspend | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class Breakpoint(Answer, frozen=True):
    breakpoint_id: str
    job_id: str | None
    """None: for every job of the flow."""
    type: BreakpointType
    routine_id: str | None
    slot_name: str | None
    event_name: str | None
    source_routine_id: str | None
    source_event_name: str | None
    target_routine_id: str | None
    target_slot_name: str | None
    condition: str | None
    hit_condition: str | None
    action: Literal["pause", "log", "record"]
    """`record` is that of a recording, which holds nothing."""
    log_message: str | None
    one_shot: bool
    suspend: Suspend
    enabled: bool
    hit_count: Count
    evaluations: Count
    condition_errors: Count
    cost_us: Annotated[float, Meta(ge=0)]
    """Microseconds that its condition has taken in all."""
    last_error: PayloadText
    """Why its condition could not be answered, the last time."""


class BreakpointList(Answer, frozen=True):
    breakpoints: list[Breakpoint]
    total: Count


class Hold(Answer, frozen=True):
    """A message that is held."""

    hold_id: str
    breakpoint_id: str | None
    """None after a step."""
    type: str
    routine_id: str
    process: Count
    """0 is the supervisor, which holds submissions."""
    replica: Count
    since: Instant
    message_id: str
    """Of the input that was at work: what is held was caused by it."""
    parents: list[str]
    connection_id: str | None
    event_name: str | None
    slot_name: str | None
    data: Payload
    is_whole: bool
    """Whether `data` is all of it; else `preview` says what it is."""
    preview: PayloadText
    error: PayloadText
    """Of a failed activation, its traceback."""
    attempt: Count


class HoldList(Answer, frozen=True):
    holds: list[Hold]
    total: Count


class PausedAt(Answer, frozen=True):
    routine_id: str


class LogPointLine(Answer, frozen=True):
    timestamp: Instant
    breakpoint_id: str
    routine_id: str
    message: PayloadText


class Session(Answer, frozen=True):
    session_id: str
    job_id: str
    status: Literal["paused", "running", "no_session"]
    paused_at: PausedAt | None
    """Where the oldest hold is."""
    step_mode: Literal["step"] | None
    """`step` if the oldest hold has come of a step."""
    call_stack_depth: Count
    """Of the oldest hold; 0 where no function of the user's is under way."""
    holds: list[Hold]
    """The oldest first."""
    log: list[LogPointLine]
    """What log points have written, the last hundred lines; also of a job that has ended, as long as its
    runtime holds it.
    """


HoldQueryId = Annotated[str, Meta(max_length=64, description="Of the oldest hold if it is left out.")]


class StackQuery(Query, frozen=True):
    hold_id: HoldQueryId = ""


class VariablesQuery(Query, frozen=True):
    hold_id: HoldQueryId = ""
    routine_id: str = ""
    """The oldest hold of this routine."""
    frame: Annotated[int, Meta(ge=0, le=49, description="0 is the innermost.")] = 0
    path: Annotated[
        str,
        Meta(
            pattern=r"^([0-9]{1,6}(\.[0-9]{1,6}){0,31})?$",
            description="The path of a variable, joined by dots: then, what is in it.",
        ),
    ] = ""


class Picture(Answer, frozen=True):
    """Some of an array's numbers, evenly spread over it: at most 64 of a line, 32 × 32 of a plane."""

    shape: list[Count]
    """Of the picture: how many, or rows and columns."""
    values: Payload
    """A list of numbers, row by row; null is infinite, or not a number."""


class Variable(Answer, frozen=True):
    name: str
    type: str
    value: PayloadText
    """Short; made without running any code of its class."""
    scope: str
    """`message`, `local`, `configuration`, `state` or `attribute`; empty for what is in another."""
    count: Count
    """How much is in it."""
    path: str
    picture: Picture | None
    """Of an array of real numbers."""


class VariablePut(Body, frozen=True):
    value: Any
    hold_id: BreakpointId | None = None
    """The oldest if there is none."""
    scope: Literal["local", "configuration", "state", "attribute"] | None = None
    """The first of that name, in the order in which they are listed, if it is left out."""
    frame: Annotated[int, Meta(ge=0, le=49, description="0 is the innermost.")] = 0


class Variables(Answer, frozen=True):
    job_id: str
    hold_id: str
    variables: list[Variable]


class StackFrame(Answer, frozen=True):
    function: str
    file: str
    line: Count
    text: str


class CallStack(Answer, frozen=True):
    """The user's functions that are under way, the innermost first, and the messages that led here."""

    job_id: str
    hold_id: str
    call_stack: list[StackFrame]
    message_id: str
    parents: list[str]


class ResumePost(Body, frozen=True):
    hold_id: BreakpointId | None = None
    """The oldest if there is none."""
    payload: Any = UNSET
    """Go on with this payload instead."""
    drop: bool = False


class Attachment(Answer, frozen=True):
    """Where the held process waits for one client of the Debug Adapter Protocol."""

    hold_id: str
    host: str
    """Of the machine that the runtime is on."""
    port: Annotated[int, Meta(ge=1, le=65535)]
    launch: dict[str, Any]
    """A configuration for VS Code's `launch.json`."""


class HoldPost(Body, frozen=True):
    hold_id: BreakpointId | None = None


class EditPost(Body, frozen=True):
    payload: Any


class RetryPost(Body, frozen=True):
    payload: Any = UNSET
    """Run again on this payload; on the same one if it is left out."""


class InjectPost(Body, frozen=True):
    routine_id: Name
    slot_name: Name
    data: Any = None


class AuditQuery(Query, frozen=True):
    limit: Limit = 1000


class AuditEntry(Answer, frozen=True):
    timestamp: Instant
    action: str
    detail: str


class Audit(Answer, frozen=True):
    job_id: str
    entries: list[AuditEntry]
    """The oldest first; the last thousand at most."""
    total: Count


class ConditionPost(Body, frozen=True):
    condition: Condition


class ConditionChecked(Answer, frozen=True):
    valid: bool
    message: str | None
    column: Count | None
    """Where it is wrong, counted from 0."""
    length: Count | None
