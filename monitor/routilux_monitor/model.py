"""Here is what the monitor knows: runtimes, flows, their running instances, jobs, and what happened in them.

`store.py` keeps it up to date from the feed, `views.py` only reads it. Durations are nanoseconds and instants
Unix seconds, unless the name says otherwise.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import msgspec

from routilux.commands import FlowInfo, Introduction
from routilux.hookevents import ConnectionFigures, Durations, Failure, ProcessFigures
from routilux_monitor.copies import Copies


@dataclass
class RuntimeRecord:
    """A runtime that runs, or has run while this monitor did."""

    introduction: Introduction
    is_gone: bool = False
    gone_at: float | None = None
    """None of one that was not seen to end."""

    @property
    def runtime_id(self) -> str:
        return self.introduction.runtime_id


@dataclass
class FlowRecord:
    """A flow by its name; the newest description of it."""

    runtime_id: str
    info: FlowInfo
    is_left: bool = False
    """Whether its runtime goes on without it: it is of interest only while there are jobs of it."""

    @property
    def flow_id(self) -> str:
        return self.info.flow_id


@dataclass
class ProcessUsage:
    """What the system says of one process. Sizes in bytes, `cpu` in percent of one core."""

    cpu: float
    rss: int
    private: int
    shared: int
    threads: int
    read_at: float


@dataclass
class Instance:
    """One start of a flow, with its processes: what the REST contract calls a worker."""

    worker_id: str
    runtime_id: str
    flow_id: str
    created_at: float
    started_at: float
    state: str
    stopped_at: float | None = None
    processes: dict[int, ProcessFigures] = field(default_factory=dict)
    usage: dict[int, ProcessUsage] = field(default_factory=dict)
    connections: dict[int, ConnectionFigures] = field(default_factory=dict)
    connection_rates: dict[int, float] = field(default_factory=dict)
    """Messages a second, over the last seconds; keys as in `connections`."""
    routine_rates: dict[str, float] = field(default_factory=dict)
    """Activations a second."""
    waiting: dict[str, dict[str, int]] = field(default_factory=dict)
    """Per routine and slot: messages that wait before its policy."""
    durations: dict[str, Durations] = field(default_factory=dict)
    """Per routine, all its processes and incarnations together."""
    jobs_processed: int = 0
    jobs_failed: int = 0
    gaps: int = 0
    """Published messages that have not reached us, those before we came among them."""
    dropped: int = 0
    """Events that its processes did not publish, for want of room in their rate budget."""
    updated_at: float = 0.0
    logs: "deque[LogRecord]" = field(default_factory=deque)
    """Lines outside any job; bounded as those of a job."""
    logs_dropped: int = 0


@dataclass
class RoutineOfJob:
    """What one routine has done for one job."""

    activations: int = 0
    errors: int = 0
    skipped: int = 0
    unused: int = 0
    dead: int = 0
    used: int = 0
    """Messages, of all slots."""
    made: int = 0
    """Messages, on all events."""
    received: dict[int, int] = field(default_factory=dict)
    """Those of them of which events have told, by the position of the slot."""
    emitted: dict[int, int] = field(default_factory=dict)
    """Likewise, by the position of the event."""
    durations: Durations | None = None
    is_active: bool = False
    last_at: float | None = None
    """When its last activation ended."""


class TraceEvent(msgspec.Struct, frozen=True):
    """One thing that happened in a job. `number` orders the events of a job and never changes."""

    number: int
    job_id: str
    routine_id: str
    process: int
    kind: str
    """As the WebSocket's types: `job_started`, `job_completed`, `job_failed`, `routine_started`,
    `routine_completed`, `routine_failed`, `event_emitted`, `slot_called`; and `job_cancelled`, `job_paused`,
    `job_resumed`, `job_lost`, `policy_evaluated`, `dead_letter`, `process_died`, `pressed`, and
    `messages_placed` for messages whose ids were not known yet when they were emitted.
    """
    at: float
    began: float | None = None
    duration: int | None = None
    """Of all its activations together."""
    status: str = ""
    count: int = 1
    """Activations, or messages."""
    activation: int = 0
    """The number of the event that ended the activation it belongs to; 0 if none is known."""
    data: dict[str, Any] = {}
    """Plain JSON. Of `slot_called`: `slot_name`, and if told apart `message_id`, `origin`, `preview`, and
    `nbytes` if somebody wants to see the job as a whole. Of `event_emitted`: `event_name`, and if told apart
    `connection_id`, `message_ids`, `parents`, `preview`.
    """


class ErrorOfJob(msgspec.Struct, frozen=True):
    error_id: str
    routine_id: str
    at: float
    failure: Failure
    action: str


class LogRecord(msgspec.Struct, frozen=True):
    at: float
    routine_id: str
    replica: int
    job_id: str
    level: str
    text: str


@dataclass
class JobRecord:
    """One job, under way or ended. Its trace, errors and logs are bounded; what was let go is counted. So are
    the copies of messages; the trace has the size of those that are missing.

    `notable` has events that matter more than others, each older than all of `trace`: they are bounded
    together.
    """

    job_id: str
    flow_id: str
    worker_id: str
    runtime_id: str
    status: str
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None
    error: Failure | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    is_traced: bool = False
    in_flight: int = 0
    routines: dict[str, RoutineOfJob] = field(default_factory=dict)
    trace: deque[TraceEvent] = field(default_factory=deque)
    notable: deque[TraceEvent] = field(default_factory=deque)
    trace_dropped: int = 0
    copies: Copies = field(default_factory=Copies)
    errors: deque[ErrorOfJob] = field(default_factory=deque)
    errors_dropped: int = 0
    logs: deque[LogRecord] = field(default_factory=deque)
    logs_dropped: int = 0
    is_settled: bool = False
    """Whether it has ended, and last words of it have been awaited: nothing more is to come."""

    @property
    def events(self) -> Iterator[TraceEvent]:
        """All of its trace that is kept, in its order."""
        return chain(self.notable, self.trace)

    @property
    def ended(self) -> bool:
        return self.status in ("completed", "failed", "cancelled", "lost")
