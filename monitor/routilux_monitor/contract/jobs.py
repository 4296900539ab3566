"""Here is what is asked and said of jobs. Their times are whole Unix seconds."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from routilux_monitor.contract.debugging import BreakpointPost
from routilux_monitor.contract.fields import (
    Answer,
    Body,
    Count,
    IdempotencyKey,
    Instant,
    JobTimeout,
    Limit,
    Name,
    NewJobId,
    Offset,
    Page,
    Payload,
    PayloadText,
    Query,
    Seconds,
    UnixSeconds,
)
from routilux_monitor.contract.flows import RoutineInfo
from routilux_monitor.contract.metrics import ExecutionState, QueueStatus

JobStatus = Literal["pending", "running", "paused", "completed", "failed", "cancelled", "lost"]
"""`lost`: its runtime has gone without saying how the job ended."""


class JobPost(Body, frozen=True):
    flow_id: Name
    routine_id: Name
    slot_name: Name
    """`trigger` of a routine without slots."""
    worker_id: Name | None = None
    data: Any = None
    job_id: NewJobId | None = None
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)
    idempotency_key: IdempotencyKey | None = None
    timeout: JobTimeout | None = None
    start_paused: bool = False
    breakpoints: Annotated[list[BreakpointPost], Meta(max_length=64)] = msgspec.field(default_factory=list)
    """Set before the first message is anywhere."""


class Job(Answer, frozen=True):
    job_id: str
    worker_id: str
    flow_id: str
    status: JobStatus
    created_at: UnixSeconds
    started_at: UnixSeconds | None
    completed_at: UnixSeconds | None
    error: str | None
    metadata: dict[str, Payload]
    is_settled: bool
    """Whether nothing more is to come of it, in its trace and logs for instance: it has ended, and last words
    of its processes have been awaited, for a second.
    """


class JobList(Answer, frozen=True):
    jobs: list[Job]
    total: Count
    limit: Limit
    offset: Offset


class JobQuery(Page, frozen=True):
    worker_id: str = ""
    flow_id: str = ""
    runtime_id: str = ""
    status: JobStatus | None = None


class RoutineCounters(Answer, frozen=True):
    activations: Count
    errors: Count
    skipped: Count
    unused: Count
    dead: Count
    """Messages that were given up."""
    received: dict[str, Count]
    """Messages used, by slot."""
    emitted: dict[str, Count]
    """Messages made, by event."""


class JobError(Answer, frozen=True):
    error_type: str
    message: str
    traceback: str
    routine_id: str


class JobState(Answer, frozen=True):
    """All that is known of a job itself."""

    job_id: str
    worker_id: str
    flow_id: str
    runtime_id: str
    status: JobStatus
    created_at: UnixSeconds
    started_at: UnixSeconds | None
    completed_at: UnixSeconds | None
    error: JobError | None
    metadata: dict[str, Payload]
    is_traced: bool
    in_flight: Count
    routines: dict[str, RoutineCounters]
    trace_dropped: Count
    logs_dropped: Count
    is_settled: bool
    """As in Job."""


class JobStatusShort(Answer, frozen=True):
    job_id: str
    flow_id: str
    status: JobStatus
    is_complete: bool
    error: str | None


class WaitQuery(Query, frozen=True):
    timeout: Annotated[
        float, Meta(ge=0, le=300, description="Seconds to wait at most; 300 is the longest.")
    ] = 60.0


class Waited(Answer, frozen=True):
    status: Literal["completed", "timeout"]
    job_id: str
    final_status: JobStatus | None
    """None if the job has not ended."""
    waited_seconds: Seconds


class RoutineMonitoring(Answer, frozen=True):
    routine_id: str
    execution_status: ExecutionState
    queue_status: list[QueueStatus]
    info: RoutineInfo


class Monitoring(Answer, frozen=True):
    job_id: str
    flow_id: str
    job_status: JobStatus
    updated_at: Instant
    routines: dict[str, RoutineMonitoring]


class OutputQuery(Query, frozen=True):
    incremental: bool = False
    """Only what follows the first `offset` characters. Nothing is taken away: a GET changes nothing."""
    offset: Offset = 0


class Output(Answer, frozen=True):
    output: PayloadText
    is_complete: bool
    truncated: bool
    """Whether older lines have been let go."""


class LogQuery(Page, frozen=True):
    routine_id: str = ""
    level: str = ""


class LogEntry(Answer, frozen=True):
    timestamp: Instant
    level: str
    routine_id: str
    replica: Count
    message: PayloadText


class LogList(Answer, frozen=True):
    logs: list[LogEntry]
    total: Count


class JobData(Answer, frozen=True):
    job_id: str
    data: dict[str, Payload]


class ResultItem(Answer, frozen=True):
    routine_id: str
    event_name: str
    payload: Payload
    message_id: str
    """As in the trace: its lineage is had by it."""
    timestamp: Instant | None
    """None unless the trace has it."""


class ResultList(Answer, frozen=True):
    results: list[ResultItem]
    total: Count
    truncated: bool
    """Whether a payload is not shown whole, there are more results than these, or they are no more: whoever
    submitted the job has taken them out, or let go of it.
    """


class ExecutePost(Body, frozen=True):
    flow_id: Name
    routine_id: Name
    slot_name: Name
    data: Any = None
    wait: bool = True
    timeout: JobTimeout | None = None
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)
    idempotency_key: IdempotencyKey | None = None


class Executed(Answer, frozen=True, omit_defaults=True):
    job_id: str
    worker_id: str
    status: JobStatus
    output: PayloadText | None = None
    """What it has printed."""
    result: Payload = None
    """Its only result, or the list of them."""
    error: str | None = None
    elapsed_seconds: Seconds | None = None
