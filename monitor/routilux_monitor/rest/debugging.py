"""Here are the routes of what is held: to look at it, and to let it go on."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import UNSET, structs

from routilux.commands import Done
from routilux.debugcommands import (
    ActOnHold,
    AskAudit,
    AskSession,
    AttachInfo,
    Audit,
    Inject,
    LetAttach,
    LookAt,
    SeenInfo,
    SessionInfo,
    SetVariable,
)
from routilux_monitor.contract import debugging as contract
from routilux_monitor.contract.errors import ApiError, invalid
from routilux_monitor.model import JobRecord
from routilux_monitor.monitor import Monitor
from routilux_monitor.rest import find
from routilux_monitor.rest.asking import ask, ask_of_job
from routilux_monitor.rest.jobs import ASKED
from routilux_monitor.roles import Role
from routilux_monitor.routes import Call, NoBody, NoQuery, Route, route
from routilux_monitor.views import debugging as views

_UNSEEN = frozenset({"NOTHING_HELD", "HOLD_NOT_FOUND", "TIMEOUT_EXCEEDED", "JOB_ALREADY_COMPLETED"})
"""Why the depth of a stack may not be known: it has gone on meanwhile, or its process is dying."""


async def _ask_session(monitor: Monitor, call: Call[Any, Any]) -> tuple[JobRecord, SessionInfo]:
    """Of a job that has ended, what its log points have written: as long as its runtime is there to tell."""
    record = await find.job(monitor, call.path["job_id"])
    request = AskSession(record.job_id, renews=call.role is Role.DEBUG)
    return record, await ask_of_job(monitor, record, request, SessionInfo(record.job_id, "no_session"))


async def _shown(monitor: Monitor, record: JobRecord, info: SessionInfo, role: Role) -> contract.Session:
    depth = 0
    if info.holds:
        look = LookAt(info.job_id, "stack", info.holds[0].hold_id, renews=role is Role.DEBUG)
        try:
            depth = len((await ask(monitor, record.runtime_id, look, SeenInfo)).frames)
        except ApiError as error:
            if error.code not in _UNSEEN:
                raise
    return views.session(info, depth)


async def get_session(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Session:
    """What of a job is held, where, since when, and the messages."""
    record, info = await _ask_session(monitor, call)
    return await _shown(monitor, record, info, call.role)


async def list_holds(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.HoldList:
    """What of a job is held, the oldest first."""
    _, info = await _ask_session(monitor, call)
    return contract.HoldList([views.hold(held) for held in info.holds], len(info.holds))


async def get_variables(monitor: Monitor, call: Call[NoBody, contract.VariablesQuery]) -> contract.Variables:
    """The locals of the user's frame, the routine's configuration, state and attributes, or what is in one.

    They are told by the held process, without running any code of their classes.
    """
    query, hold_id = call.query, call.query.hold_id
    record = await find.job(monitor, call.path["job_id"])
    if query.routine_id and not hold_id:
        hold_id = await _hold_of(monitor, call, query.routine_id)
    path = tuple(map(int, query.path.split("."))) if query.path else ()
    look = LookAt(record.job_id, "variables", hold_id, query.frame, path)
    return views.variables(record.job_id, await _look(monitor, record, call, look))


async def _hold_of(monitor: Monitor, call: Call[Any, Any], routine_id: str) -> str:
    _, info = await _ask_session(monitor, call)
    for held in info.holds:
        if held.routine_id == routine_id:
            return held.hold_id
    raise ApiError("NOTHING_HELD", f"nothing is held at routine {routine_id!r}", routine_id=routine_id)


async def _look(
    monitor: Monitor,
    record: JobRecord,
    call: Call[Any, Any],
    wanted: LookAt,
) -> SeenInfo:
    _check_runs(record)
    look = structs.replace(wanted, renews=call.role is Role.DEBUG)
    return await ask(monitor, record.runtime_id, look, SeenInfo)


def _check_runs(record: JobRecord) -> None:
    if record.ended:
        why = f"job {record.job_id!r} is {record.status}: there is nothing to debug"
        raise ApiError("JOB_ALREADY_COMPLETED", why, job_id=record.job_id, status=record.status)


async def get_call_stack(monitor: Monitor, call: Call[NoBody, contract.StackQuery]) -> contract.CallStack:
    """The user's functions that are under way where a message is held, and the messages that led there."""
    record, info = await _ask_session(monitor, call)
    seen = await _look(monitor, record, call, LookAt(record.job_id, "stack", call.query.hold_id))
    held = next((each for each in info.holds if each.hold_id == seen.hold_id), None)
    return views.call_stack(record.job_id, seen, held)


# ---- go on ------------------------------------------------------------------------------------------------


async def _act(
    monitor: Monitor, call: Call[Any, Any], action: str, hold_id: str | None, payload: Any = UNSET
) -> contract.Session:
    record = await find.job(monitor, call.path["job_id"])
    _check_runs(record)
    given = {} if payload is UNSET else {"payload": payload, "has_payload": True}
    request = ActOnHold(record.job_id, action, hold_id or "", **given)
    return await _shown(
        monitor, record, await ask(monitor, record.runtime_id, request, SessionInfo), call.role
    )


async def resume(monitor: Monitor, call: Call[contract.ResumePost, NoQuery]) -> contract.Session:
    """Let what is held go on, perhaps with another payload, or drop it."""
    body = call.body
    if body.drop and body.payload is not UNSET:
        raise invalid("give `payload`, or `drop`: not both", place="body", pointer="/drop")
    action = "drop" if body.drop else "resume" if body.payload is UNSET else "edit"
    return await _act(monitor, call, action, body.hold_id, body.payload)


async def step(monitor: Monitor, call: Call[contract.HoldPost, NoQuery]) -> contract.Session:
    """Go on, and hold at the next thing that happens in this process."""
    return await _act(monitor, call, "step", call.body.hold_id)


async def step_over(monitor: Monitor, call: Call[contract.HoldPost, NoQuery]) -> contract.Session:
    """Go on, and hold at the next activation of this process."""
    return await _act(monitor, call, "step_over", call.body.hold_id)


async def step_into(monitor: Monitor, call: Call[contract.HoldPost, NoQuery]) -> contract.Session:
    """Go on, and hold where this very message arrives."""
    return await _act(monitor, call, "step_into", call.body.hold_id)


async def edit_hold(monitor: Monitor, call: Call[contract.EditPost, NoQuery]) -> contract.Session:
    """Go on with another payload. It is held on if its slot does not take that."""
    return await _act(monitor, call, "edit", call.path["hold_id"], call.body.payload)


async def retry_hold(monitor: Monitor, call: Call[contract.RetryPost, NoQuery]) -> contract.Session:
    """Run a failed activation again, perhaps on another payload."""
    return await _act(monitor, call, "retry", call.path["hold_id"], call.body.payload)


Acting = Callable[[Monitor, Call[NoBody, NoQuery]], Awaitable[contract.Session]]


def _acting(action: str, doc: str) -> Acting:
    async def act(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Session:
        return await _act(monitor, call, action, call.path["hold_id"])

    act.__doc__, act.__name__ = doc, f"{action}_hold"
    return act


async def attach_hold(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Attachment:
    """Have the held process wait for an editor's debugger on loopback, if its runtime allows that.

    One client is taken, of the same user, as long as the message is held. It can run anything in the process.
    """
    record = await find.job(monitor, call.path["job_id"])
    _check_runs(record)
    request = LetAttach(record.job_id, call.path["hold_id"])
    found = await ask(monitor, record.runtime_id, request, AttachInfo)
    return contract.Attachment(found.hold_id, found.host, found.port, found.launch)


async def set_variable(monitor: Monitor, call: Call[contract.VariablePut, NoQuery]) -> contract.Variable:
    """Let the held process go on with another value of a variable. It is held on.

    A local is that of the user's function that is under way. The configuration and attributes are changed in
    this process alone, until it ends.
    """
    record = await find.job(monitor, call.path["job_id"])
    _check_runs(record)
    body = call.body
    request = SetVariable(
        record.job_id, call.path["name"], body.value, body.hold_id or "", body.scope or "", body.frame
    )
    (variable,) = (await ask(monitor, record.runtime_id, request, SeenInfo)).variables
    return views.variable(variable)


async def inject(monitor: Monitor, call: Call[contract.InjectPost, NoQuery]) -> None:
    """Put a message more into any slot of a job under way."""
    record = await find.job(monitor, call.path["job_id"])
    _check_runs(record)
    body = call.body
    request = Inject(record.job_id, body.routine_id, body.slot_name, body.data)
    await ask(monitor, record.runtime_id, request, Done)


async def get_audit(monitor: Monitor, call: Call[NoBody, contract.AuditQuery]) -> contract.Audit:
    """What debuggers have done to a job; of one that has ended, as long as somebody holds it."""
    record = await find.job(monitor, call.path["job_id"])
    request = AskAudit(record.job_id, renews=call.role is Role.DEBUG)
    return views.audit(record.job_id, await ask(monitor, record.runtime_id, request, Audit), call.query.limit)


_JOB = ("JOB_NOT_FOUND", *ASKED)
_HELD = ("JOB_NOT_FOUND", "JOB_ALREADY_COMPLETED", "NOTHING_HELD", "HOLD_NOT_FOUND", *ASKED)
_DEBUG = "/jobs/{job_id}/debug"
_HOLD = _DEBUG + "/holds/{hold_id}"


def _hold_route(path: str, action: str, doc: str) -> Route:
    return route("POST", f"{_HOLD}/{path}", _acting(action, doc), *_HELD)


ROUTES = (
    route("GET", _DEBUG + "/session", get_session, *_JOB),
    route("GET", _DEBUG + "/variables", get_variables, *_HELD),
    route("PUT", _DEBUG + "/variables/{name}", set_variable, *_HELD),
    route("GET", _DEBUG + "/call-stack", get_call_stack, *_HELD),
    route("POST", _DEBUG + "/resume", resume, *_HELD),
    route("POST", _DEBUG + "/step", step, *_HELD),
    route("POST", _DEBUG + "/step-over", step_over, *_HELD),
    route("POST", _DEBUG + "/step-into", step_into, *_HELD),
    route("GET", _DEBUG + "/holds", list_holds, *_JOB),
    _hold_route("resume", "resume", "Let this go on; of a failed activation, as `on_error` says."),
    _hold_route("step", "step", "Go on, and hold at the next thing that happens in this process."),
    _hold_route("step-over", "step_over", "Go on, and hold at the next activation of this process."),
    _hold_route("step-into", "step_into", "Go on, and hold where this very message arrives."),
    _hold_route("drop", "drop", "Go on without this message."),
    route("POST", _HOLD + "/edit", edit_hold, *_HELD),
    route("POST", _HOLD + "/retry", retry_hold, *_HELD),
    _hold_route("skip", "skip", "Let go of the message of a failed activation, and of what it emitted."),
    _hold_route("fail", "fail", "Let the job fail by its failed activation."),
    route("POST", _HOLD + "/attach", attach_hold, "ATTACH_REFUSED", *_HELD),
    route(
        "POST",
        _DEBUG + "/inject",
        inject,
        "JOB_ALREADY_COMPLETED",
        "ROUTINE_NOT_FOUND",
        "SLOT_NOT_FOUND",
        *_JOB,
        status=204,
    ),
    route("GET", _DEBUG + "/audit", get_audit, *_JOB),
)
