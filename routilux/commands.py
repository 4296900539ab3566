"""Here are commands: what a monitor asks of a running runtime over its control socket, and the answers.

A runtime's directory (`routilux-*` in the folder for temporary files, mode 0700, held by a lock) has a file
`runtime.json`, an `Introduction`, and the socket `desk`, a ROUTER. Whoever connects with a DEALER sends one
`Request` in MessagePack a message and gets one `Reply` for each, not necessarily in their order.
"""

from typing import Any

import msgspec

from routilux.debugcommands import DebugAnswer, DebugRequest

INTRODUCTION = "runtime.json"
DESK = "desk"


class Introduction(msgspec.Struct, frozen=True):
    """What a runtime says of itself in its directory."""

    runtime_id: str
    pid: int
    started_at: float
    version: str
    is_default: bool = False
    """Whether it is the one of `Runtime.get_instance()`."""


class SlotInfo(msgspec.Struct, frozen=True):
    name: str
    type: str = ""
    """The declared type, as Python writes it; empty if there is none."""


class RoutineInfo(msgspec.Struct, frozen=True):
    """One routine of a flow."""

    routine_id: str
    class_name: str
    policy: str
    slots: tuple[SlotInfo, ...]
    events: tuple[str, ...]
    config: dict[str, Any]
    """Plain JSON; what is none is a line about it."""
    workers: int
    ordered: bool
    key: str
    on_error: str
    doc: str = ""
    source: str = ""
    """`file:line` of its logic."""


class ConnectionInfo(msgspec.Struct, frozen=True):
    connection_id: str
    source: str
    event: str
    target: str
    slot: str


class FlowInfo(msgspec.Struct, frozen=True):
    """A flow that the runtime has run or that is registered. Its processes run if `worker_id` is not empty:
    each start of a flow has another.
    """

    flow_id: str
    routines: tuple[RoutineInfo, ...]
    connections: tuple[ConnectionInfo, ...]
    created_at: float
    updated_at: float
    worker_id: str = ""
    started_at: float = 0.0
    directory: str = ""
    """With the sockets `hooks-<process>` that publish hook events; process 0 is the supervisor."""
    processes: int = 0
    """How many there are, the supervisor among them."""
    jobs_processed: int = 0
    jobs_failed: int = 0
    state: str = ""
    """`running`, `paused`, `draining` or `stopped`."""


class JobInfo(msgspec.Struct, frozen=True):
    """A job that the runtime knows; times in Unix seconds."""

    job_id: str
    flow_id: str
    worker_id: str
    status: str
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None
    error: str = ""
    error_type: str = ""
    traceback: str = ""
    routine: str = ""
    metadata: dict[str, Any] = {}
    counters: dict[str, dict[str, int]] = {}
    outputs: int = 0
    """Messages put out and not yet handed out."""
    is_traced: bool = False


# ---- requests ---------------------------------------------------------------------------------------------


class Describe(msgspec.Struct, frozen=True, tag=True):
    """→ Description: the runtime its flows, its jobs under way, and the last ones that have ended."""


class Submit(msgspec.Struct, frozen=True, tag=True):
    """→ AboutJob. `data` is plain JSON for the slot (checked against its type); None with an empty
    `slot` triggers a routine without slots. `inputs` gives several slots of the entry instead.
    """

    flow_id: str
    routine_id: str = ""
    slot_name: str = ""
    data: Any = None
    inputs: dict[str, Any] | None = None
    job_id: str | None = None
    timeout: float | None = None
    """Seconds until the job fails, from its admission on."""
    start_paused: bool = False
    breakpoints: tuple[dict[str, Any], ...] = ()
    """Each as the fields of debug.breakpoints.Breakpoint; set before the first message is anywhere."""
    metadata: dict[str, Any] = {}
    trace: bool = True


class Act(msgspec.Struct, frozen=True, tag=True):
    """→ AboutJob, after the action: `pause`, `resume`, `cancel`, `trace` or `untrace`."""

    job_id: str
    action: str


class Results(msgspec.Struct, frozen=True, tag=True):
    """→ ResultPage: what a job has put out and nobody has taken out, without taking it out."""

    job_id: str
    offset: int = 0
    limit: int = 100


class Logs(msgspec.Struct, frozen=True, tag=True):
    """→ LogPage: what `job.logs()` has, the newest last."""

    job_id: str
    limit: int = 1000


class SharedDataOf(msgspec.Struct, frozen=True, tag=True):
    """→ SharedDataPage: `job.data` as it stands; there is none once the job has ended."""

    job_id: str


class StartFlow(msgspec.Struct, frozen=True, tag=True):
    """→ AboutFlow: its processes run afterwards."""

    flow_id: str


class ActOnFlow(msgspec.Struct, frozen=True, tag=True):
    """→ AboutFlow, after `pause` or `resume` of all its jobs; `stop` begins to end its processes, which may
    take their grace, and cancels its jobs.
    """

    worker_id: str
    action: str


class ForgetFlow(msgspec.Struct, frozen=True, tag=True):
    """→ Done: the flow is stopped as by ActOnFlow's `stop`, and described no more until it is run again by
    the program, or by one of its dead letters.
    """

    flow_id: str


class Validate(msgspec.Struct, frozen=True, tag=True):
    """→ Findings."""

    flow_id: str


class Letters(msgspec.Struct, frozen=True, tag=True):
    """→ LetterPage; of just the letter of that id, if one is named."""

    flow_id: str | None = None
    job_id: str | None = None
    letter_id: int | None = None
    offset: int = 0
    limit: int = 100


class ActOnLetter(msgspec.Struct, frozen=True, tag=True):
    """→ AboutJob of the new job for `requeue`, Done for `discard`."""

    letter_id: int
    action: str


class AskMonitor(msgspec.Struct, frozen=True, tag=True):
    """→ MonitorInfo: the monitor beside this runtime. Whoever may ask may do all that its token is good for,
    here.
    """


Request = (
    Describe
    | AskMonitor
    | Submit
    | Act
    | Results
    | Logs
    | SharedDataOf
    | StartFlow
    | ActOnFlow
    | ForgetFlow
    | Validate
    | Letters
    | ActOnLetter
    | DebugRequest
)


class Question(msgspec.Struct, frozen=True, array_like=True):
    """What travels to the runtime; `number` comes back with the answer."""

    number: int
    request: Request


# ---- answers ----------------------------------------------------------------------------------------------


class Description(msgspec.Struct, frozen=True, tag=True):
    introduction: Introduction
    flows: tuple[FlowInfo, ...]
    jobs: tuple[JobInfo, ...]
    is_shutdown: bool = False
    omitted: int = 0
    """Jobs, the oldest, that would have been too many for one answer."""


class MonitorInfo(msgspec.Struct, frozen=True, tag=True):
    link: str
    """With its token; empty if there is none."""


class AboutJob(msgspec.Struct, frozen=True, tag=True):
    job: JobInfo


class AboutFlow(msgspec.Struct, frozen=True, tag=True):
    flow: FlowInfo


class ResultItem(msgspec.Struct, frozen=True):
    """One output, still encoded (`ipc.plain` shows it without unpickling); cut if it is larger than
    64 KiB.
    """

    routine: str
    event: str
    message_id: str
    encoded: bytes
    is_large: bool
    nbytes: int


class ResultPage(msgspec.Struct, frozen=True, tag=True):
    """As many of the items as fit into 4 MiB; go on after them."""

    items: tuple[ResultItem, ...]
    total: int
    is_gone: bool = False
    """The job has ended and nobody holds it any more: what it had put out is no more."""


class LogPage(msgspec.Struct, frozen=True, tag=True):
    """Lines as `time level routine[replica] text`, and how many older ones were dropped."""

    lines: tuple[dict[str, Any], ...]
    dropped: int


class SharedDataPage(msgspec.Struct, frozen=True, tag=True):
    values: dict[str, bytes]
    """Encoded payloads, each laid out as a large one."""
    sizes: dict[str, int] = {}
    """Bytes of those that would have been too much for one answer."""


class Findings(msgspec.Struct, frozen=True, tag=True):
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


class LetterInfo(msgspec.Struct, frozen=True):
    id: int
    flow_id: str
    job_id: str
    routine_id: str
    slot_name: str
    connection: str
    message_id: str
    attempts: int
    reason: str
    traceback: str
    at: float
    preview: str
    nbytes: int


class LetterPage(msgspec.Struct, frozen=True, tag=True):
    letters: tuple[LetterInfo, ...]
    total: int


class Done(msgspec.Struct, frozen=True, tag=True):
    pass


class Refusal(msgspec.Struct, frozen=True, tag=True):
    """Why not. `code` is one of FLOW_NOT_FOUND, JOB_NOT_FOUND, JOB_ALREADY_COMPLETED, ROUTINE_NOT_FOUND,
    SLOT_NOT_FOUND, WORKER_NOT_FOUND, LETTER_NOT_FOUND, BREAKPOINT_NOT_FOUND, HOLD_NOT_FOUND, NOTHING_HELD,
    VALIDATION_ERROR, TIMEOUT_EXCEEDED, BUSY, RUNTIME_SHUTDOWN, INTERNAL_ERROR.
    """

    code: str
    message: str
    details: dict[str, Any] = {}


Answer = (
    Description
    | MonitorInfo
    | AboutJob
    | AboutFlow
    | ResultPage
    | LogPage
    | SharedDataPage
    | Findings
    | LetterPage
    | DebugAnswer
    | Done
    | Refusal
)


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """What comes back."""

    number: int
    answer: Answer
