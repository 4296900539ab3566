"""Here is the shell of `routilux debug`: its commands, one at a time, over the session of one job."""

import cmd
import sys
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec

from routilux.cli.places import parsed, places, written
from routilux.cli.wire import RefusedError, Wire
from routilux.commands import Done, FlowInfo
from routilux.debug import recordings
from routilux.debug.follower import Follower
from routilux.debug.recordings import End, messages_of
from routilux.debugcommands import (
    ActOnHold,
    AskSession,
    BreakpointList,
    HeldMessage,
    ListBreakpoints,
    LookAt,
    RemoveBreakpoint,
    SaveHeld,
    SeenInfo,
    SessionInfo,
    SetBreakpoint,
    TapeInfo,
    VariableInfo,
)
from routilux.errors import BreakpointError, RecordingError
from routilux.ipc import plain

LOOK = 0.1
"""Seconds between two questions whether anything is held."""

MOST_TOLD = 50
"""Messages that `where` tells as the cause of what is held."""

Doing = Callable[["DebugShell", str], bool | None]


def _told(doing: Doing) -> Doing:
    """What the runtime refuses is told at the prompt."""

    @wraps(doing)
    def do(shell: "DebugShell", line: str) -> bool | None:
        try:
            return doing(shell, line)
        except (RefusedError, BreakpointError, RecordingError) as error:
            shell.say(f"error: {error}")
            return None

    return do


class DebugShell(cmd.Cmd):
    """Raises PeerLost when the runtime has gone."""

    def __init__(self, wire: Wire, flow: FlowInfo, follower: Follower) -> None:
        super().__init__()
        self._wire = wire
        self._flow = flow
        self._follower = follower
        self._nap = threading.Event()
        self.prompt = "(debug) " if sys.stdin.isatty() else ""

    def say(self, text: str) -> None:
        print(text, file=self.stdout, flush=True)

    def preloop(self) -> None:
        self.say(f"job {self._wire.job_id!r} of flow {self._flow.flow_id!r}; `help` lists the commands")
        self._show(self._session())

    def emptyline(self) -> bool:
        """An empty line repeats nothing: a step too many cannot be taken back."""
        return False

    def default(self, line: str) -> None:
        self.say(f"error: there is no command {line.partition(' ')[0]!r}; `help` lists them")

    # ---- breakpoints --------------------------------------------------------------------------------------

    @_told
    def do_break(self, line: str) -> None:
        """`break PLACE [if CONDITION]`: hold at a routine, routine.event, routine.slot, a.event->b.slot, or
        error [routine].
        """
        fields = parsed(self._flow, line)
        request = SetBreakpoint(fields, job_id=self._wire.job_id)
        (made,) = self._wire.ask(request, BreakpointList).breakpoints
        self.say(f"{made['breakpoint_id']} at {written(made)}")

    @_told
    def do_delete(self, line: str) -> None:
        """`delete ID`: take a breakpoint away; what is held at it goes on."""
        self._wire.ask(RemoveBreakpoint(line.strip(), job_id=self._wire.job_id), Done)

    @_told
    def do_list(self, _line: str) -> None:
        """`list`: the breakpoints, and what is held."""
        for each in self._breakpoints():
            condition = f" if {each['condition']}" if each["condition"] else ""
            hits = f"{each['hit_count']} hits of {each['evaluations']}"
            off = "" if each["enabled"] else ", disabled"
            self.say(f"{each['breakpoint_id']} at {written(each)}{condition}: {hits}{off}")
        self._show(self._session())

    def _breakpoints(self) -> tuple[dict[str, Any], ...]:
        return self._wire.ask(ListBreakpoints(self._wire.job_id), BreakpointList).breakpoints

    # ---- look ---------------------------------------------------------------------------------------------

    @_told
    def do_where(self, _line: str) -> None:
        """`where`: the functions that are under way where the oldest message is held, and the messages that
        have caused it, back to the submission.
        """
        session = self._session()
        self._show(session)
        for frame in self._wire.ask(LookAt(self._wire.job_id, "stack"), SeenInfo).frames:
            self.say(f"  {frame.file}:{frame.line} in {frame.function}\n    {frame.text.strip()}")
        for each in self._follower.ancestors(session.holds[0])[:MOST_TOLD] if session.holds else ():
            self.say(f"{'  ' * each.generation}caused by {each}")

    @_told
    def do_locals(self, _line: str) -> None:
        """`locals`: the variables there, and the routine's configuration, state and attributes."""
        for variable in self._variables():
            self.say(f"  {variable.scope} {variable.name}: {variable.type} = {variable.text}")

    @_told
    def do_print(self, line: str) -> None:
        """`print [NAME]`: the message that is held, or a variable and what is in it."""
        if not line.strip():
            session = self._session()
            self.say(_message(session.holds[0]) if session.holds else "nothing is held")
            return
        for variable in self._variables():
            if variable.name == line.strip():
                self.say(f"{variable.type} = {variable.text}")
                for part in self._variables(variable.path) if variable.count else ():
                    self.say(f"  {part.name}: {part.type} = {part.text}")
                return
        self.say(f"error: there is no variable {line.strip()!r} here; `locals` lists them")

    def _variables(self, path: tuple[int, ...] = ()) -> tuple[VariableInfo, ...]:
        look = LookAt(self._wire.job_id, "variables", path=path)
        return self._wire.ask(look, SeenInfo).variables

    @_told
    def do_save(self, line: str) -> None:
        """`save FILE`: write the message to a file, for `routilux replay`; it is held on."""
        if not (path := line.strip()):
            raise BreakpointError("name the file: `save FILE`")
        found = messages_of(self._wire.ask(SaveHeld(self._wire.job_id), TapeInfo))
        recordings.write(path, found, End(len(found), reason="count"))
        self.say(f"saved in {path}")

    # ---- go on --------------------------------------------------------------------------------------------

    def do_continue(self, _line: str) -> bool | None:
        """`continue`: let what is held go on, and wait for the next hold."""
        return self._act("resume")

    def do_step(self, _line: str) -> bool | None:
        """`step`: go on to the next thing that happens in this process."""
        return self._act("step")

    def do_over(self, _line: str) -> bool | None:
        """`over`: go on to the next activation of this process."""
        return self._act("step_over")

    def do_into(self, _line: str) -> bool | None:
        """`into`: go on to where this very message arrives."""
        return self._act("step_into")

    def do_drop(self, _line: str) -> bool | None:
        """`drop`: go on without this message."""
        return self._act("drop")

    def do_skip(self, _line: str) -> bool | None:
        """`skip`: let go of the message of a failed activation."""
        return self._act("skip")

    def do_fail(self, _line: str) -> bool | None:
        """`fail`: let the job fail by its failed activation."""
        return self._act("fail")

    def do_edit(self, line: str) -> bool | None:
        """`edit JSON`: go on with another payload."""
        return self._act_with("edit", line)

    def do_retry(self, line: str) -> bool | None:
        """`retry [JSON]`: run a failed activation again, perhaps on another payload."""
        return self._act_with("retry", line) if line.strip() else self._act("retry")

    def _act_with(self, action: str, line: str) -> bool | None:
        try:
            payload = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            self.say(f"error: {line!r} is no JSON: {error}")
            return None
        return self._act(action, payload=payload, has_payload=True)

    def _act(self, action: str, **more: Any) -> bool | None:
        return self._acted(ActOnHold(self._wire.job_id, action, **more))

    def _acted(self, request: ActOnHold) -> bool | None:
        """Do it, then wait for the next hold; True when the job has ended."""
        try:
            session = self._wire.ask(request, SessionInfo)
        except RefusedError as error:
            if error.code != "NOTHING_HELD" or request.action != "resume":
                self.say(f"error: {error}")
                return None
            session = self._session()  # nothing is held yet: wait until something is
        while session.status == "running":
            self._nap.wait(LOOK)
            session = self._session()
        self._show(session)
        return session.status == "no_session"

    def do_EOF(self, _line: str) -> bool:  # noqa: N802 - cmd's word for the end of the input
        """As `quit`."""
        return True

    def do_quit(self, _line: str) -> bool:
        """`quit`: leave; what is held goes on when no other debugger is there."""
        return True

    # ---- words --------------------------------------------------------------------------------------------

    def _session(self) -> SessionInfo:
        return self._wire.ask(AskSession(self._wire.job_id), SessionInfo)

    def _show(self, session: SessionInfo) -> None:
        if session.status == "no_session":
            self.say(f"job {self._wire.job_id!r} has ended")
        elif not session.holds:
            self.say("nothing is held")
        for held in session.holds:
            place = held.connection_id or held.event_name or held.slot_name or ""
            where = f"{held.routine_id}[{held.replica}]{place and ' at ' + place}"
            self.say(f"{held.hold_id} ({held.type}) in {where}: {held.preview}")
            if held.error:
                self.say(held.error.rstrip())

    def complete_break(self, text: str, line: str, begin: int, _end: int) -> list[str]:
        typed = line[line.find(" ") + 1 : begin]
        names = (name for _, name in places(self._flow))
        return [name[len(typed) :] for name in (*names, "error") if name.startswith(typed + text)]

    def complete_delete(self, text: str, _line: str, _begin: int, _end: int) -> list[str]:
        names = (each["breakpoint_id"] for each in self._breakpoints())
        return [name for name in names if name.startswith(text)]


def _message(held: HeldMessage) -> str:
    """All of it as JSON, if that is not too much."""
    if held.encoded is None:
        return held.preview
    data, is_whole = plain.shown(held.encoded, is_large=True)
    return msgspec.json.encode(data).decode() if is_whole else held.preview
