"""Here is what is measured of jobs: metrics, trace, queues, the state of routines. Times are ISO 8601."""

from typing import Any, Literal

from routilux_monitor.contract.fields import (
    Answer,
    Count,
    Instant,
    Page,
    Payload,
    PayloadText,
    Query,
    Seconds,
)


class RoutineMetrics(Answer, frozen=True):
    execution_count: Count
    total_duration: Seconds
    avg_duration: Seconds
    min_duration: Seconds | None
    max_duration: Seconds | None
    p50: Seconds | None
    """Percentiles are right within an eighth."""
    p95: Seconds | None
    p99: Seconds | None
    error_count: Count
    last_execution: Instant | None


class ErrorRecord(Answer, frozen=True):
    error_id: str
    job_id: str
    routine_id: str
    timestamp: Instant
    error_type: str
    error_message: str
    traceback: str


class JobMetrics(Answer, frozen=True):
    job_id: str
    flow_id: str
    start_time: Instant | None
    end_time: Instant | None
    duration: Seconds | None
    routine_metrics: dict[str, RoutineMetrics]
    total_events: Count
    total_slot_calls: Count
    total_event_emits: Count
    errors: list[ErrorRecord]


class TraceData(Answer, frozen=True, omit_defaults=True):
    """What an event tells beside its kind, as far as it applies."""

    slot_name: str | None = None
    event_name: str | None = None
    connection_id: str | None = None
    message_id: str | None = None
    """Of the message that was taken out of the slot."""
    message_ids: list[str] | None = None
    """Of those that were put out, as far as they are known."""
    parents: list[str] | None = None
    """The messages that they were caused by."""
    preview: PayloadText | None = None
    nbytes: Count | None = None
    """Of the message, encoded. Told of jobs that somebody wants to see as a whole."""
    is_replayable: bool | None = None
    """Whether the message can be had whole, by /messages/{message_id}/recording: it is not too large for the
    trace, nor was it let go for newer ones. The WebSocket does not tell.
    """
    hold_id: str | None = None
    """Of what a debugger holds, or has let go."""
    breakpoint_id: str | None = None
    action: str | None = None
    """What a debugger did: `resume`, `drop`, `edit` and so on; or why it went on by itself."""
    made_by: Literal["debugger"] | None = None
    variable: str | None = None
    """The one that a debugger has set; `preview` is its new value."""
    process: int | None = None
    count: int | None = None
    """How many messages or activations this event stands for, if more than one."""
    more: dict[str, Payload] | None = None


class ExecutionEvent(Answer, frozen=True):
    event_id: str
    job_id: str
    routine_id: str
    event_type: str
    timestamp: Instant
    data: TraceData
    duration: Seconds | None
    status: str


class ExecutionTrace(Answer, frozen=True):
    events: list[ExecutionEvent]
    total: Count
    dropped: Count
    """Events of this job that are not here: let go for newer ones, or, one for each activation, never heard.
    These are known a second after its end.
    """


class TraceQuery(Page, frozen=True):
    routine_id: str = ""


class TraceFileQuery(Query, frozen=True):
    format: Literal["json", "perfetto"] = "json"


class PerfettoTrace(Answer, frozen=True, rename="camel"):
    """The JSON trace format of Perfetto and of Chrome."""

    trace_events: list[dict[str, Any]]


class ExecutionState(Answer, frozen=True):
    routine_id: str
    is_active: bool
    status: str
    """`pending`, `running`, `idle`, `completed` or `failed`."""
    last_execution_time: Instant | None
    execution_count: Count
    error_count: Count
    active_thread_count: Count
    """Processes that are at work on it now."""


class QueueStatus(Answer, frozen=True):
    """A slot's lanes. They are shared by the jobs of a running flow, and so are these figures."""

    slot_name: str
    routine_id: str
    unconsumed_count: Count
    total_count: Count
    max_length: Count
    """Messages of the present size that fit; 0 while there are none, for the bound is one of bytes."""
    watermark_threshold: Count
    usage_percentage: float
    """From 0 to 1."""
    pressure_level: Literal["low", "medium", "high", "critical"]
    is_full: bool
    is_near_full: bool


class LineageStep(Answer, frozen=True):
    """One message: who made it out of which others, who used it, and what was made of it."""

    message_id: str
    parents: list[str]
    children: list[str]
    origin: Count
    """The submission that caused it, counted from 1; 0 if the trace does not tell."""
    source_routine: str | None
    """None for a submission."""
    event_name: str | None
    connection_id: str | None
    emitted_at: Instant | None
    target_routine: str | None
    """None if nobody has used it."""
    slot_name: str | None
    received_at: Instant | None
    preview: PayloadText


class Lineage(Answer, frozen=True):
    job_id: str
    message: LineageStep
    ancestors: list[LineageStep]
    """What led to it, the nearest first."""
    is_whole: bool
    """Whether the way ends in submissions: else the trace does not have all of it."""


class MessageRecording(Answer, frozen=True):
    """One message of a trace, to be replayed."""

    job_id: str
    message_id: str
    routine_id: str
    slot_name: str
    nbytes: Count
    """Of the message, encoded."""
    recording: PayloadText
    """A file of this one message, in base64: `routilux replay` and `routilux.recorded` read it."""
