"""Here is what is asked and said of workers: here a worker is a running instance of a flow, with its
processes.
"""

from typing import Annotated

from msgspec import Meta

from routilux_monitor.contract.fields import (
    Answer,
    Body,
    Count,
    Limit,
    Name,
    Offset,
    Page,
    Seconds,
    UnixSeconds,
)
from routilux_monitor.contract.jobs import JobStatus, LogEntry


class WorkerPost(Body, frozen=True):
    flow_id: Name
    worker_id: Annotated[
        str | None, Meta(description="Only of the instance that runs already: a runtime chooses new ones.")
    ] = None


class WorkerLogs(Answer, frozen=True):
    logs: list[LogEntry]
    total: Count
    dropped: Count
    """Older ones, for which there was no room."""


class Worker(Answer, frozen=True):
    worker_id: str
    flow_id: str
    status: str
    """`running`, `paused`, `draining` or `stopped`."""
    created_at: UnixSeconds
    started_at: UnixSeconds
    jobs_processed: Count
    jobs_failed: Count
    runtime_id: str
    stopped_at: UnixSeconds | None


class WorkerList(Answer, frozen=True):
    workers: list[Worker]
    total: Count
    limit: Limit
    offset: Offset


class WorkerQuery(Page, frozen=True):
    flow_id: str = ""
    runtime_id: str = ""


class WorkerStatistics(Answer, frozen=True):
    worker_id: str
    flow_id: str
    status: str
    uptime_seconds: Seconds
    total_jobs: Count
    running_jobs: Count
    completed_jobs: Count
    failed_jobs: Count
    average_job_duration: Seconds | None
    avg_job_duration: Seconds | None
    processes: Count
    restarts: Count
    gaps: Count
    """Published messages that have not reached the monitor."""
    dropped: Count
    """Events beyond the rate budget of tracing."""


class HistoryItem(Answer, frozen=True):
    job_id: str
    status: JobStatus
    created_at: UnixSeconds
    started_at: UnixSeconds | None
    completed_at: UnixSeconds | None
    duration: Seconds | None
    error: str | None


class Process(Answer, frozen=True):
    process: Count
    routine_id: str
    """Empty of the supervisor, which is process 0."""
    index: Count
    pid: int
    state: str
    cpu_percent: float | None
    """Of one core; None until it was measured."""
    rss_bytes: Count | None
    private_bytes: Count | None
    shared_memory_bytes: Count
    """Granted to it in the flow's shared memory."""
    restarts: Count
    uptime_seconds: Seconds
    activations: Count
    errors: Count


class ProcessList(Answer, frozen=True):
    processes: list[Process]
    total: Count
