"""Here is the debug desk: how requests of debuggers are answered."""

from collections.abc import Callable
from typing import Any, Final, assert_never

import msgspec

from routilux.commands import Answer, Done
from routilux.debug.breakpoints import Breakpoint, validated
from routilux.debug.conditions import check
from routilux.debug.holds import Assign, Look, Release, Variable
from routilux.debug.session import KEEP, DebugControl, HoldInfo, Note, Session
from routilux.debugcommands import (
    ActOnHold,
    AskAudit,
    AskSession,
    AttachInfo,
    Audit,
    AuditEntry,
    BreakpointList,
    ChangeBreakpoint,
    DebugRequest,
    FrameInfo,
    HeldMessage,
    Inject,
    LetAttach,
    ListBreakpoints,
    LogPointLine,
    LookAt,
    RemoveBreakpoint,
    Renew,
    SaveHeld,
    SeenInfo,
    SessionInfo,
    SetBreakpoint,
    SetVariable,
    StartRecording,
    TakeRecorded,
    VariableInfo,
)
from routilux.errors import (
    AttachRefused,
    BreakpointError,
    BreakpointNotFound,
    DeadlineExceeded,
    HoldNotFound,
)
from routilux.flow import Flow
from routilux.frontdesk.entry import typed
from routilux.frontdesk.house import House
from routilux.frontdesk.refused import Refused
from routilux.frontdesk.tapes import TapeDesk, captured
from routilux.joblist import Ended
from routilux.jobs import JobState
from routilux.submission import slot_seed

LOOK_SECONDS = 1.0
"""That a held process has to say what it sees: all monitors wait for it."""
ATTACH_SECONDS = 3.0
"""The same, to make ready for an editor's debugger: it has much to import."""
MOST_HOLDS = 100
MOST_LINES = 100
MOST_BYTES = 4 << 20
"""Payloads of one answer."""

ACTIONS: Final = {
    "resume": Release(),
    "step": Release(step="step"),
    "step_over": Release(step="over"),
    "step_into": Release(step="into"),
    "drop": Release("drop"),
    "edit": Release("edit"),
    "retry": Release("retry"),
    "skip": Release("skip"),
    "fail": Release("fail"),
}


class DebugDesk:
    """Part of the clerk; `find_flow` and `find_job` are its."""

    def __init__(
        self, house: House, find_flow: Callable[[str], Flow], find_job: Callable[[str], JobState | Ended]
    ) -> None:
        self._house = house
        self._find_flow = find_flow
        self._find_job = find_job
        self._tapes = TapeDesk(self._control, self._running, self._job, self._held)

    def answer(self, request: DebugRequest) -> Answer:
        """Do what was asked. Raises Refused, or whatever else stands in the way."""
        try:
            return self._answer(request)
        except BreakpointNotFound as error:
            raise Refused("BREAKPOINT_NOT_FOUND", str(error)) from error
        except HoldNotFound as error:
            raise Refused("HOLD_NOT_FOUND", str(error)) from error
        except AttachRefused as error:
            raise Refused("ATTACH_REFUSED", str(error)) from error
        except BreakpointError as error:
            raise Refused("VALIDATION_ERROR", str(error)) from error
        except DeadlineExceeded as error:
            raise Refused("TIMEOUT_EXCEEDED", str(error)) from error

    def _answer(self, request: DebugRequest) -> Answer:  # noqa: C901, PLR0911, PLR0912 - one line for each
        match request:
            case ListBreakpoints():
                return self._list(request)
            case SetBreakpoint():
                return self._set(request)
            case ChangeBreakpoint():
                return self._change(request)
            case RemoveBreakpoint():
                return self._remove(request)
            case Renew():
                job = self._job(request.job_id)
                job.control.debugger.renew(job)
                return Done()
            case AskSession():
                return self._session(request.job_id, renews=request.renews)
            case LookAt():
                return self._look(request)
            case LetAttach():
                return self._let_attach(request)
            case SetVariable():
                return self._set_variable(request)
            case ActOnHold():
                return self._act(request)
            case Inject():
                return self._inject(request)
            case StartRecording() | TakeRecorded() | SaveHeld():
                return self._tapes.answer(request)
            case AskAudit():
                return self._audit(request)
        assert_never(request)

    def _job(self, job_id: str) -> JobState:
        """One under way."""
        found = self._find_job(job_id)
        if isinstance(found, Ended) or found.ended:
            message = f"job {job_id!r} has ended ({found.status}): there is nothing to debug any more"
            raise Refused("JOB_ALREADY_COMPLETED", message, {"status": found.status})
        return found

    def _held_job(self, job_id: str) -> JobState | None:
        found = self._find_job(job_id)
        return found.job() if isinstance(found, Ended) else found

    # ---- breakpoints --------------------------------------------------------------------------------------

    def wanted(self, flow: Flow, fields: dict[str, Any]) -> Breakpoint:
        """A breakpoint of that flow. Raises Refused, with the column of what is wrong with a condition."""
        check_condition(fields)
        try:
            return validated(flow, fields)
        except BreakpointError as error:
            raise Refused("VALIDATION_ERROR", str(error)) from error

    def _control(self, job_id: str, flow_id: str) -> tuple[DebugControl, JobState | None]:
        if job_id:
            job = self._job(job_id)
            return job.control.debugger, job
        flow = self._house.admission.open(self._find_flow(flow_id))
        return self._house.engine.debugger(flow), None

    def _running(self, flow_id: str) -> DebugControl | None:
        """Of a flow whose processes run: to ask for it starts none."""
        flow = self._find_flow(flow_id)
        is_running = any(each.flow is flow for each in self._house.engine.running())
        return self._house.engine.debugger(flow) if is_running else None

    def _list(self, request: ListBreakpoints) -> BreakpointList:
        if request.job_id:
            job = self._held_job(request.job_id)
            if job is None or job.ended:
                return BreakpointList(())
            control = job.control.debugger
            if request.renews:
                control.renew(job)
            return _listed(*control.breakpoints(job))
        running = self._running(request.flow_id)
        return BreakpointList(()) if running is None else _listed(*_of_flow(running))

    def _set(self, request: SetBreakpoint) -> BreakpointList:
        control, job = self._control(request.job_id, request.flow_id)
        check_condition(request.fields)
        return _listed(control.add(job, request.fields))

    def _change(self, request: ChangeBreakpoint) -> BreakpointList:
        control, job = self._control(request.job_id, request.flow_id)
        _check_is_of_flow(control, job, request.breakpoint_id)
        check_condition(request.changes)
        return _listed(control.update(job, request.breakpoint_id, request.changes))

    def _remove(self, request: RemoveBreakpoint) -> Done:
        control, job = self._control(request.job_id, request.flow_id)
        _check_is_of_flow(control, job, request.breakpoint_id)
        control.remove(job, request.breakpoint_id)
        return Done()

    # ---- what is held -------------------------------------------------------------------------------------

    def _session(self, job_id: str, *, renews: bool) -> SessionInfo:
        job = self._held_job(job_id)
        if job is None:
            return SessionInfo(job_id, "no_session")
        control = job.control.debugger
        if job.ended:
            return SessionInfo(job_id, "no_session", log=_lines(control.notes(job)))
        if renews:
            control.renew(job)
        holds, room = [], MOST_BYTES
        for info in control.holds(job, renews=False)[:MOST_HOLDS]:
            payload = info.report.payload
            is_shown = payload is not None and len(payload) <= room
            room -= len(payload or b"") if is_shown else 0
            holds.append(_held(info, payload if is_shown else None))
        return SessionInfo(job_id, "paused" if holds else "running", tuple(holds), _lines(control.notes(job)))

    def _held(self, job: JobState, hold_id: str) -> str:
        """The id of what is held as that, or of the oldest."""
        holds = [info.hold_id for info in job.control.debugger.holds(job, renews=False)]
        if not holds:
            raise Refused("NOTHING_HELD", f"nothing of job {job.job_id!r} is held", {"job_id": job.job_id})
        if hold_id and hold_id not in holds:
            message = f"nothing of job {job.job_id!r} is held as {hold_id!r}: it has been let go"
            raise Refused("HOLD_NOT_FOUND", message, {"holds": holds[:MOST_HOLDS]})
        return hold_id or holds[0]

    def _look(self, request: LookAt) -> SeenInfo:
        job = self._job(request.job_id)
        hold_id = self._held(job, request.hold_id)
        if request.what not in ("stack", "variables"):
            raise Refused("VALIDATION_ERROR", f"{request.what!r} cannot be looked at: `stack`, `variables`")
        look = Look(0, request.what, request.frame, request.path)
        seen = job.control.debugger.look(job, hold_id, look, LOOK_SECONDS, renews=request.renews)
        return SeenInfo(
            hold_id,
            tuple(map(_variable, seen.variables)),
            tuple(FrameInfo(f.function, f.file, f.line, f.text) for f in seen.frames),
        )

    def _let_attach(self, request: LetAttach) -> AttachInfo:
        job = self._job(request.job_id)
        hold_id = self._held(job, request.hold_id)
        (hold,) = (each for each in Session(job.control.debugger, job).holds if each.hold_id == hold_id)
        found = hold.attach(timeout=ATTACH_SECONDS)
        return AttachInfo(hold_id, found.host, found.port, found.launch)

    def _set_variable(self, request: SetVariable) -> SeenInfo:
        job = self._job(request.job_id)
        hold_id = self._held(job, request.hold_id)
        what = Assign(0, request.name, b"", request.scope, request.frame)
        variable = job.control.debugger.assign(job, hold_id, what, request.value, LOOK_SECONDS)
        return SeenInfo(hold_id, (_variable(variable),))

    def _act(self, request: ActOnHold) -> SessionInfo:
        job = self._job(request.job_id)
        hold_id = self._held(job, request.hold_id)
        release = ACTIONS.get(request.action)
        if release is None:
            message = f"there is no action {request.action!r}: choose one of {', '.join(ACTIONS)}"
            raise Refused("VALIDATION_ERROR", message)
        payload = request.payload if request.has_payload or request.action == "edit" else KEEP
        job.control.debugger.release(job, hold_id, release, payload)
        return self._session(request.job_id, renews=True)

    def _inject(self, request: Inject) -> Done:
        job = self._job(request.job_id)
        flow = job.control.flow
        if request.routine_id not in flow.nodes:
            raise Refused("ROUTINE_NOT_FOUND", f"flow {flow.name!r} has no routine {request.routine_id!r}")
        if request.slot_name not in flow.nodes[request.routine_id].routine.slot_names:
            message = f"routine {request.routine_id!r} has no slot {request.slot_name!r}"
            raise Refused("SLOT_NOT_FOUND", message)
        payload = (
            captured(flow, request)
            if request.encoded
            else typed(flow, request.routine_id, request.slot_name, request.data)
        )
        slot_seed(flow, request.routine_id, request.slot_name, payload)
        job.control.debugger.inject(job, request.routine_id, request.slot_name, payload)
        return Done()

    def _audit(self, request: AskAudit) -> Audit:
        job = self._held_job(request.job_id)
        if job is None:
            return Audit(())
        control = job.control.debugger
        if request.renews:
            control.renew(job)
        return Audit(tuple(AuditEntry(each.at, each.action, each.detail) for each in control.audit(job)))


def _lines(notes: list[Note]) -> tuple[LogPointLine, ...]:
    """The newest."""
    return tuple(LogPointLine(n.at, n.breakpoint_id, n.routine_id, n.text) for n in notes[-MOST_LINES:])


def check_condition(fields: dict[str, Any]) -> None:
    """Raise Refused with the column, counted from 0, if a breakpoint's condition is none."""
    text = fields.get("condition")
    problem = check(text) if isinstance(text, str) else None
    if problem is not None:
        details = {"field": "condition", "column": problem.column, "length": problem.length}
        raise Refused("VALIDATION_ERROR", f"condition: {problem}", details)


def _of_flow(control: DebugControl) -> list[Breakpoint]:
    """Those for all jobs."""
    return [each for each in control.breakpoints(None) if each.job_id is None]


def _check_is_of_flow(control: DebugControl, job: JobState | None, breakpoint_id: str) -> None:
    if job is None and all(each.breakpoint_id != breakpoint_id for each in _of_flow(control)):
        raise BreakpointNotFound(f"there is no breakpoint {breakpoint_id!r} for all jobs of that flow")


def _listed(*found: Breakpoint) -> BreakpointList:
    return BreakpointList(tuple(msgspec.structs.asdict(each) for each in found))


def _variable(seen: Variable) -> VariableInfo:
    return VariableInfo(seen.name, seen.type, seen.text, seen.scope, seen.count, seen.path, seen.picture)


def _held(info: HoldInfo, payload: bytes | None) -> HeldMessage:
    report = info.report
    return HeldMessage(
        hold_id=info.hold_id,
        breakpoint_id=report.breakpoint_id,
        type=report.type,
        routine_id=info.routine_id,
        process=report.process,
        replica=info.replica,
        since=info.since,
        attempt=info.attempt,
        message_id=report.message_id,
        parents=report.parents,
        connection_id=info.connection_id,
        event_name=info.event_name,
        slot_name=info.slot_name,
        encoded=payload,
        preview=report.shown,
        error=report.error,
    )
