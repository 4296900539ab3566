"""Here is what is said of runtimes, dead letters and the monitor's own health."""

from typing import Literal

from routilux_monitor.contract.fields import (
    Answer,
    Count,
    Limit,
    Offset,
    Page,
    PayloadText,
    Seconds,
    UnixSeconds,
)


class RuntimeItem(Answer, frozen=True):
    runtime_id: str
    thread_pool_size: int
    """0: routines are processes."""
    is_default: bool
    active_job_count: Count
    is_shutdown: bool
    pid: int
    version: str
    started_at: UnixSeconds
    ended_at: UnixSeconds | None
    """None while it runs, and of one that no monitor has seen end."""


class RuntimeList(Answer, frozen=True):
    runtimes: list[RuntimeItem]
    total: Count
    default_runtime_id: str | None


class LetterQuery(Page, frozen=True):
    flow_id: str = ""
    job_id: str = ""


class DeadLetter(Answer, frozen=True):
    id: str
    runtime_id: str
    flow_id: str
    job_id: str
    routine_id: str
    slot_name: str
    connection_id: str
    message_id: str
    attempts: Count
    reason: str
    traceback: str
    """Of the exception it was given up for; empty where its process died."""
    created_at: UnixSeconds
    preview: PayloadText
    nbytes: Count


class LetterList(Answer, frozen=True):
    dead_letters: list[DeadLetter]
    total: Count
    limit: Limit
    offset: Offset


class Alive(Answer, frozen=True):
    status: Literal["alive"]


class ReadyRuntime(Answer, frozen=True):
    shutdown: bool
    """Whether there is no runtime that takes jobs."""
    active_workers: Count


class Ready(Answer, frozen=True):
    status: Literal["ready"]
    runtime: ReadyRuntime
    flow_count: Count


class Stats(Answer, frozen=True):
    version: str
    uptime_seconds: Seconds
    runtimes: Count
    flows: Count
    workers: Count
    jobs: dict[str, Count]
    """By status."""
    processes: Count
    clients: Count
    """Connected by WebSocket."""
    waiting: Count
    """Requests that wait for the end of a job."""
    gaps: Count
    dropped: Count
