"""Here is a monitor that answers on a free port about runtimes that tests make up."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO

import aiohttp
import msgspec
from aiohttp import web

from routilux.commands import (
    AboutFlow,
    AboutJob,
    Act,
    ActOnFlow,
    ActOnLetter,
    Answer,
    ConnectionInfo,
    Done,
    Findings,
    FlowInfo,
    Introduction,
    JobInfo,
    LetterInfo,
    LetterPage,
    Letters,
    Refusal,
    Request,
    ResultItem,
    ResultPage,
    Results,
    RoutineInfo,
    SharedDataOf,
    SharedDataPage,
    SlotInfo,
    StartFlow,
    Submit,
    Validate,
)
from routilux.debug.breakpoints import Breakpoint
from routilux.debugcommands import (
    ActOnHold,
    AskAudit,
    AskSession,
    Audit,
    AuditEntry,
    BreakpointList,
    ChangeBreakpoint,
    FrameInfo,
    HeldMessage,
    Inject,
    ListBreakpoints,
    LogPointLine,
    LookAt,
    Picture,
    RemoveBreakpoint,
    Renew,
    SeenInfo,
    SessionInfo,
    SetBreakpoint,
    VariableInfo,
)
from routilux.hookevents import ConnectionFigures, Copy, Durations, Failure, ProcessFigures
from routilux.ipc.codec import Encoder, in_one_piece
from routilux_monitor import binding
from routilux_monitor.app import application
from routilux_monitor.copies import Kept
from routilux_monitor.lineage import Lineage, lineage
from routilux_monitor.live.hub import Hub
from routilux_monitor.model import (
    FlowRecord,
    Instance,
    JobRecord,
    LogRecord,
    RoutineOfJob,
    RuntimeRecord,
    TraceEvent,
)
from routilux_monitor.monitor import Monitor
from routilux_monitor.security.access import Access
from routilux_monitor.security.tokens import Failures, Tokens
from routilux_monitor.waits import Waits

SECRET = "ruby-4711"
"""What payloads hold: nobody with the view token may see it."""
DEBUG, VIEW = "debug-token-of-tests", "view-token-of-tests"
WORKER, RUNTIME, FLOW, JOB = "r1-1", "r1", "words", "job-1"


def flow_info() -> FlowInfo:
    def routine(name: str, slots: tuple[str, ...], workers: int) -> RoutineInfo:
        return RoutineInfo(
            name, name.title(), "Immediate()", tuple(map(SlotInfo, slots)), ("output",), {}, workers,
            ordered=False, key="", on_error="stop",
        )  # fmt: skip

    return FlowInfo(
        FLOW,
        (routine("split", ("text",), 2), routine("count", ("word",), 1), routine("source", (), 1)),
        (ConnectionInfo("split.output->count.word", "split", "output", "count", "word"),),
        created_at=1000.5,
        updated_at=1001.5,
        worker_id=WORKER,
        started_at=1002.5,
        processes=4,
        state="running",
    )


def job_record(job_id: str = JOB, status: str = "completed") -> JobRecord:
    failure = Failure("ValueError", "no", "Traceback ...", "count") if status == "failed" else None
    record = JobRecord(
        job_id, FLOW, WORKER, RUNTIME, status, 1003.5, 1004.5, 1010.5, failure, {"who": SECRET}
    )
    if status in ("running", "paused"):
        record.finished_at = None
    took = Durations(4, 4_000_000, 500_000, 2_000_000, {80: 3, 84: 1})
    record.routines["split"] = RoutineOfJob(
        1, 1, received={0: 4}, emitted={0: 8}, durations=took, last_at=1009.25
    )
    record.trace.extend([
        TraceEvent(1, job_id, "", 0, "job_started", 1004.5, status="running"),
        TraceEvent(
            2, job_id, "split", 1, "slot_called", 1005.0, activation=4,
            data={"slot_name": "text", "message_id": "1:0:0", "origin": 1, "preview": SECRET, "nbytes": 10},
        ),
        TraceEvent(
            3, job_id, "split", 1, "event_emitted", 1006.0, count=2, activation=4,
            data={
                "event_name": "output", "message_ids": ["2:0:0", "2:0:1"], "parents": ["1:0:0"],
                "preview": SECRET,
            },
        ),
        TraceEvent(
            4, job_id, "split", 1, "routine_failed", 1006.0, 1005.0, 10**9, "skipped", activation=4,
            data={"error_message": SECRET, "traceback": "Traceback ..."},
        ),
    ])  # fmt: skip
    record.copies.keep(Kept("1:0:0", 2, Copy(10, in_one_piece(Encoder().encode(SECRET)))))
    record.logs.append(LogRecord(1005.5, "split", 0, job_id, "STDOUT", SECRET))
    record.logs.append(LogRecord(1005.5, "split", 0, job_id, "INFO", f"has seen {SECRET}"))
    return record


def instance() -> Instance:
    process = ProcessFigures(1, "split", 0, 4242, "running", 1, 1002.5, 4, 1)
    made = Instance(WORKER, RUNTIME, FLOW, 1002.0, 1002.5, "running", processes={1: process})
    made.connections[0] = ConnectionFigures(0, 10, 6, 900, 1000)
    made.waiting["count"] = {"word": 1}
    made.routine_rates["split"] = 12.5
    return made


def held_message() -> HeldMessage:
    return HeldMessage(
        "hold-1", "bp-1", "routine", "split", 1, 0, 1005.5, 1, "1:0:0", (),
        encoded=in_one_piece(Encoder().encode(SECRET)), preview=SECRET,
    )  # fmt: skip


@dataclass
class Found:
    jobs: Sequence[JobRecord]
    total: int


@dataclass
class MadeUp:
    """Knows one runtime with one running flow and its jobs; answers as that runtime would."""

    runtimes: dict[str, RuntimeRecord] = field(default_factory=dict)
    flows: dict[str, FlowRecord] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    jobs: dict[str, JobRecord] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    listeners: list[Callable[[TraceEvent], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.runtimes[RUNTIME] = RuntimeRecord(Introduction(RUNTIME, 4200, 1000.0, "0.1.0", is_default=True))
        self.flows[FLOW] = FlowRecord(RUNTIME, flow_info())
        self.instances[WORKER] = instance()
        for record in (job_record(), job_record("job-2", "failed"), job_record("job-3", "running")):
            self.jobs[record.job_id] = record

    async def past_job(self, job_id: str) -> JobRecord | None:
        return None

    async def find_jobs(
        self,
        *,
        flow_id: str = "",
        worker_id: str = "",
        status: str = "",
        runtime_id: str = "",
        limit: int = 100,
        offset: int = 0,
    ) -> Found:
        found = [
            job
            for job in self.jobs.values()
            if flow_id in ("", job.flow_id)
            and worker_id in ("", job.worker_id)
            and status in ("", job.status)
            and runtime_id in ("", job.runtime_id)
        ]
        return Found(found[offset : offset + limit], len(found))

    async def count_jobs(self, *, flow_id: str = "", worker_id: str = "") -> dict[str, int]:
        found = await self.find_jobs(flow_id=flow_id, worker_id=worker_id, limit=10**6)
        return {
            status: sum(job.status == status for job in found.jobs)
            for status in {j.status for j in found.jobs}
        }

    async def lineage(self, job_id: str, message_id: str) -> Lineage | None:
        return lineage(self.jobs[job_id].trace, message_id, {"split"})

    async def refresh(self) -> None:
        """There is nothing new."""

    def learn(self, runtime_id: str, info: JobInfo) -> JobRecord:
        record = self.jobs.setdefault(info.job_id, job_record(info.job_id, info.status))
        record.status = info.status
        return record

    def listen(self, listener: Callable[[TraceEvent], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self, event: TraceEvent) -> None:
        """Let it have happened."""
        for listener in tuple(self.listeners):
            listener(event)

    def end(self, job_id: str, status: str = "completed") -> None:
        self.jobs[job_id].status = status
        self.tell(TraceEvent(99, job_id, "", 0, f"job_{status}", 1011.0, status=status))

    async def ask(self, runtime_id: str, request: Request) -> Answer:
        self.asked.append(request)
        await asyncio.sleep(0)
        return self._answer(request)

    def _answer(self, request: Request) -> Answer:  # noqa: PLR0911 - one line for each request
        match request:
            case Submit():
                return AboutJob(self._info(request.job_id or f"job-{len(self.jobs) + 1}", "running"))
            case Act():
                status = {"pause": "paused", "cancel": "cancelled"}.get(request.action, "running")
                return AboutJob(self._info(request.job_id, status))
            case Results():
                name = f"{request.job_id}/2:0:0"
                item = ResultItem("count", "output", name, b"\xa9ruby-4711", is_large=False, nbytes=10)
                return ResultPage((item,), 1)
            case SharedDataOf():
                return SharedDataPage({"gem": b"\xa9ruby-4711"})
            case StartFlow() | ActOnFlow():
                return AboutFlow(flow_info())
            case Validate():
                return Findings((), ("count has no reader",))
            case Letters():
                letter = LetterInfo(
                    7, FLOW, JOB, "count", "word", "c", "2:0:1", 3, "killed", "", 1009.0, SECRET, 9
                )
                return LetterPage((letter,), 1)
            case ActOnLetter(action="requeue"):
                return AboutJob(self._info("requeued", "running"))
            case ActOnLetter():
                return Done()
        return self._debug(request)

    def _debug(self, request: Request) -> Answer:
        match request:
            case ListBreakpoints() | SetBreakpoint() | ChangeBreakpoint():
                found = Breakpoint(
                    breakpoint_id="bp-1", type="routine", routine_id="split", last_error=SECRET
                )
                return BreakpointList((msgspec.structs.asdict(found),))
            case AskSession() | ActOnHold():
                line = LogPointLine(1005.5, "bp-1", "split", SECRET)
                return SessionInfo(request.job_id, "paused", (held_message(),), (line,))
            case LookAt():
                variable = VariableInfo("gem", "str", SECRET, "local", 0, (0,), Picture((1,), (4711.0,)))
                return SeenInfo("hold-1", (variable,), (FrameInfo("split", "words.py", 3, "return gem"),))
            case AskAudit():
                return Audit((AuditEntry(1005.5, "resume", "hold-1"),))
            case RemoveBreakpoint() | Inject() | Renew():
                return Done()
        return Refusal("VALIDATION_ERROR", "not in this rig")

    def _info(self, job_id: str, status: str) -> JobInfo:
        return JobInfo(job_id, FLOW, WORKER, status, 1012.0)


@dataclass
class Rig:
    known: MadeUp
    url: str
    host: str
    session: aiohttp.ClientSession
    hub: Hub
    access: Access

    async def ask(
        self, method: str, path: str, body: object = None, *, token: str = DEBUG
    ) -> tuple[int, dict[str, object]]:
        """Status and JSON of an answer."""
        headers = {"X-API-Key": token}
        sent = None
        if method != "GET":
            headers["Content-Type"] = "application/json"
            sent = BytesIO(json.dumps({} if body is None else body).encode())
        async with self.session.request(
            method, f"{self.url}/api/v1{path}", headers=headers, data=sent
        ) as answer:
            return answer.status, await answer.json() if answer.status != 204 else {}


@asynccontextmanager
async def answering(
    known: MadeUp | None = None, *, origins: frozenset[str] = frozenset(), failures: int = 10**6
) -> AsyncIterator[Rig]:
    """Inside, a monitor answers about `known`."""
    known = known or MadeUp()
    bound = binding.loopback(0)
    access = Access(bound.hosts("http"), "http", Tokens(DEBUG, VIEW), origins, Failures(failures))
    hub = Hub(known)
    runner = web.AppRunner(
        application(Monitor(known, hub, Waits(known)), access), access_log=None, shutdown_timeout=1.0
    )
    await runner.setup()
    try:
        for one in bound.sockets:
            await web.SockSite(runner, one).start()
        async with aiohttp.ClientSession() as session:
            yield Rig(known, bound.url("http"), f"127.0.0.1:{bound.port}", session, hub, access)
    finally:
        await runner.cleanup()
