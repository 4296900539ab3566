"""Here are hook events: the records of what the runtime did, as its processes publish them for a monitor.

Each process publishes messages of two parts, a topic and an `Envelope` in MessagePack. Instants are
nanoseconds of the monotonic clock, which all processes of a machine share; the envelope says what to add to
get Unix time.
"""

from typing import Any

import msgspec

JOB, ROUTINE, STATS, LOG = b"job", b"routine", b"stats", b"log"
"""The topics."""
COPIED = 4096
"""Bytes of a message, encoded, that goes as it is with the event of its activation."""


class Failure(msgspec.Struct, frozen=True):
    """An exception: its class, its text, and the traceback from the user's code on."""

    type: str
    message: str
    traceback: str = ""
    routine: str = ""


# ---- topic JOB, by the supervisor -------------------------------------------------------------------------


class JobChanged(msgspec.Struct, frozen=True, tag=True):
    """A job was admitted, paused, resumed, or has ended. `counters` are final once it has ended: per routine
    `activations`, `errors`, `skipped`, `unused`, `dead`, and the messages that were `received` and `emitted`.
    """

    at: int
    job_id: str
    status: str
    created_at: float
    """In Unix seconds, as the two that follow."""
    started_at: float | None = None
    finished_at: float | None = None
    error: Failure | None = None
    counters: dict[str, dict[str, int]] = {}
    metadata: dict[str, Any] = {}
    is_traced: bool = False


class ProcessChanged(msgspec.Struct, frozen=True, tag=True):
    """A worker was `started`, is `ready`, is `suspect`, has `died` or was `recycled`, is `restarted`."""

    at: int
    process: int
    routine: str
    replica: int
    change: str
    pid: int
    how: str = ""
    """Of a death: `was killed by signal 9 (SIGKILL)`; of a suspect: why."""
    attempt: int = 0


class DeadLettered(msgspec.Struct, frozen=True, tag=True):
    """A message was given up."""

    at: int
    job_id: str
    routine: str
    slot: str
    message_id: str
    reason: str
    attempts: int


class Pressed(msgspec.Struct, frozen=True, tag=True):
    """A job is held back since nobody reads its outputs, or is no more; or a routine's quota was raised."""

    at: int
    job_id: str
    routine: str
    what: str


class Held(msgspec.Struct, frozen=True, tag=True):
    """A message of a job is held for a debugger."""

    at: int
    job_id: str
    hold_id: str
    breakpoint_id: str
    """Empty after a step."""
    kind: str
    """Of the breakpoint."""
    process: int
    routine: str
    connection_id: str = ""
    event: str = ""
    slot: str = ""
    message_id: str = ""
    """Of the input that was at work."""
    preview: str = ""


class Debugged(msgspec.Struct, frozen=True, tag=True):
    """A debugger has let go of what was held, has changed a variable, or has injected a message; or what was
    held has gone on by itself.
    """

    at: int
    job_id: str
    action: str
    """As in debugcommands.ActOnHold, `set variable`, `inject`, or why by itself: `auto-resume`, `drain`,
    `removed`, `died`, `ended`.
    """
    routine: str
    process: int = 0
    hold_id: str = ""
    slot: str = ""
    connection_id: str = ""
    event: str = ""
    message_id: str = ""
    """Of the input that was at work."""
    variable: str = ""
    preview: str = ""
    """Of the message: as it went on, or was dropped, or was put in; or of the variable's new value."""


# ---- topic ROUTINE, by the workers ------------------------------------------------------------------------


class Committed(msgspec.Struct, frozen=True, tag=True):
    """One commit, for one of its jobs: what it spanned. Of a traced job only what had no event of its own; of
    another, several commits that are told at the same time are one.
    """

    job_id: str
    began: int
    ended: int
    activations: int
    errors: int = 0
    skipped: int = 0
    received: dict[int, int] = {}
    """Messages used, by the position of their slot."""
    emitted: dict[int, int] = {}
    """Messages made, by the position of their event."""
    declined: int = 0
    """How often the policy of a routine that gathers has looked at what waits and not activated it. Told of
    jobs that are traced or not; these fields are about the last time.
    """
    reason: str = ""
    waiting: int = 0
    """Messages before it."""
    idle: int = 0
    """Nanoseconds that passed between the commits, if they are several."""


class Copy(msgspec.Struct, frozen=True, array_like=True):
    """A message as it is encoded."""

    nbytes: int
    data: bytes = b""
    """In one piece, as a recording has it. Empty if the message is larger than COPIED, or copies take more
    than their rate budget.
    """
    is_typed: bool = False
    """Whether it is that of a slot with a declared type."""


class MessageRef(msgspec.Struct, frozen=True, array_like=True):
    """One message: `id` is stable over attempts (`lane:position:index`)."""

    id: str
    slot: int
    """The position of the slot it was taken from."""
    origin: int = 0
    """The submission that caused it, counted from 1."""
    preview: str = ""
    """A line about its payload, made without unpickling."""
    copy: Copy | None = None
    """None unless somebody wants to see the job as a whole."""


class Emitted(msgspec.Struct, frozen=True, array_like=True):
    """Messages that one activation has put on one connection."""

    event: int
    connection: int
    """Its position among the flow's connections; -1 for an output of the flow."""
    count: int
    ids: tuple[str, ...] = ()
    """The ids that their consumers will know them by, as many as are known at the commit and at most 256;
    for the others see Placed.
    """
    preview: str = ""
    """Of the first of them."""


class Activated(msgspec.Struct, frozen=True, tag=True):
    """One activation of a traced job, or one attempt at it. Those that are a first `attempt`, and no finish,
    make up the routine's counter of activations together with those in Committed.
    """

    job_id: str
    began: int
    ended: int
    status: str
    """`completed`, `failed`, `skipped`, `continued`, `retried`, or `cut` since its job was over."""
    inputs: tuple[MessageRef, ...]
    """At most the first 256; none of a finish."""
    received: dict[int, int]
    """Messages used, by the position of their slot: all of them, and none if it is retried."""
    emitted: tuple[Emitted, ...]
    reason: str | None = None
    """Why the policy has activated it; empty if it does not say, None if no policy was asked."""
    error: Failure | None = None
    is_finish: bool = False
    attempt: int = 1


class Placed(msgspec.Struct, frozen=True, tag=True):
    """What could not be told with the activation that began then at this process: where messages that it has
    emitted have come to lie, since they had to wait for room, or are many.
    """

    job_id: str
    began: int
    parents: tuple[str, ...]
    """The ids of the activation's inputs, at most the first 256."""
    event: int
    connection: int
    ids: tuple[str, ...]


class Failed(msgspec.Struct, frozen=True, tag=True):
    """An exception in a routine's logic, whether or not its job is traced."""

    at: int
    job_id: str
    action: str
    """What `on_error` made of it: `stop`, `skip`, `continue` or `retry`."""
    error: Failure
    message_id: str = ""


# ---- topic LOG --------------------------------------------------------------------------------------------


class LogLine(msgspec.Struct, frozen=True, tag=True):
    """A line that a routine has logged or printed."""

    at: int
    routine: str
    replica: int
    job_id: str
    """Empty outside any job."""
    level: str
    """`INFO` and its like; `STDOUT` or `STDERR` of what was printed."""
    text: str


# ---- topic STATS: cumulative, so that losing one loses nothing --------------------------------------------


class Durations(msgspec.Struct, frozen=True, array_like=True):
    """How long activations took, in nanoseconds. In a commit that spans several they are told apart only if
    the job is traced; else each has the average.
    """

    count: int
    total: int
    shortest: int
    longest: int
    buckets: dict[int, int]
    """See histogram.py."""


class WorkerStats(msgspec.Struct, frozen=True, tag=True):
    """What this incarnation of a worker has done so far."""

    activations: int
    durations: Durations
    """Of the activations since somebody has first listened."""
    jobs: dict[str, Durations]
    """Of the jobs with activations in the last seconds; the last figures of each are repeated for two
    seconds.
    """
    dropped: int
    """Activations of traced jobs that found no room in the rate budget, and are in Committed alone."""
    log_dropped: int = 0


class ProcessFigures(msgspec.Struct, frozen=True):
    """One process of a running flow; the supervisor is process 0, without a routine."""

    process: int
    routine: str
    replica: int
    pid: int
    state: str
    """`starting`, `idle`, `running`, `held`, `suspect`, `dead` or `stopped`."""
    restarts: int
    started_at: float
    """Unix seconds of its present incarnation."""
    activations: int
    errors: int
    pending_bytes: int = 0
    """In its pending store."""
    heap_bytes: int = 0
    """Granted to it in shared memory."""
    epoch: int = 0


class ConnectionFigures(msgspec.Struct, frozen=True, array_like=True):
    """One connection, all its lanes together; cumulative messages."""

    connection: int
    """Its position among the flow's connections; -1 - i is the way from submitters to routine i, in the
    flow's order.
    """
    sent: int
    used: int
    """What was taken out of the lanes: used up, or waiting before the policy."""
    lane_bytes: int
    """That lie in its lanes."""
    lane_capacity: int


class JobFigures(msgspec.Struct, frozen=True):
    """A job under way."""

    job_id: str
    status: str
    counters: dict[str, dict[str, int]]
    in_flight: int


class FlowStats(msgspec.Struct, frozen=True, tag=True):
    """The whole of a running flow as shared memory says; by the supervisor."""

    processes: tuple[ProcessFigures, ...]
    connections: tuple[ConnectionFigures, ...]
    jobs: tuple[JobFigures, ...]
    waiting: dict[str, dict[str, int]]
    """Per routine and slot, the messages that wait before its policy, if any do."""
    ended_jobs: int
    failed_jobs: int


HookEvent = (
    JobChanged
    | ProcessChanged
    | DeadLettered
    | Pressed
    | Held
    | Debugged
    | Committed
    | Activated
    | Placed
    | Failed
    | LogLine
    | WorkerStats
    | FlowStats
)


class Envelope(msgspec.Struct, frozen=True, array_like=True):
    """One published message. `number` counts the messages of this `process` and `epoch`, of all topics, from
    1, so that a gap shows; the epoch is that of the incarnation.
    """

    process: int
    epoch: int
    number: int
    wall: int
    """Add this to a monotonic instant to get nanoseconds of Unix time."""
    events: tuple[HookEvent, ...]
