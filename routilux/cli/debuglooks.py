"""Here are the commands of `routilux debug` that look at what is held, and set variables there."""

import cmd
import sys
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import msgspec

from routilux.cli.wire import RefusedError, Wire
from routilux.commands import FlowInfo
from routilux.debug import recordings
from routilux.debug.follower import Follower
from routilux.debug.recordings import End, messages_of
from routilux.debugcommands import (
    AskSession,
    AttachInfo,
    FrameInfo,
    HeldMessage,
    LetAttach,
    LookAt,
    SaveHeld,
    SeenInfo,
    SessionInfo,
    SetVariable,
    TapeInfo,
    VariableInfo,
)
from routilux.errors import BreakpointError, RecordingError
from routilux.ipc import plain

MOST_TOLD = 50
"""Messages that `where` tells as the cause of what is held."""

Shell = TypeVar("Shell", bound="LookingShell")


def told(doing: Callable[[Shell, str], bool | None]) -> Callable[[Shell, str], bool | None]:
    """What the runtime refuses is told at the prompt."""

    @wraps(doing)
    def do(shell: Shell, line: str) -> bool | None:
        try:
            return doing(shell, line)
        except (RefusedError, BreakpointError, RecordingError) as error:
            shell.say(f"error: {error}")
            return None

    return do


class LookingShell(cmd.Cmd):
    """The part of the shell that shows what is held; it stays held."""

    def __init__(self, wire: Wire, flow: FlowInfo, follower: Follower) -> None:
        super().__init__()
        self._wire = wire
        self._flow = flow
        self._follower = follower
        self._hold = ""
        """The one that is looked at and let go; if it is no more, or none was chosen, the oldest."""
        self._frame = 0
        """Whose locals are meant: 0 is the innermost function."""
        self.prompt = "(debug) " if sys.stdin.isatty() else ""

    def say(self, text: str) -> None:
        print(text, file=self.stdout, flush=True)

    @told
    def do_hold(self, line: str) -> None:
        """`hold ID`: look at that one, and let it go, of several that are held; `list` lists them."""
        holds = self._session().holds
        if line.strip() not in [held.hold_id for held in holds]:
            self.say(f"error: nothing is held as {line.strip()!r}; `list` lists what is held")
            return
        self._hold, self._frame = line.strip(), 0
        self.do_where("")

    @told
    def do_where(self, _line: str) -> None:
        """`where`: where the message is held, the functions that are under way there, and the messages that
        have caused it, back to the submission.
        """
        session = self._session()
        held = self._chosen(session)
        if held is None:
            self._show(session)
            return
        self.say(_line_about(held))
        self.say(f"  message {held.message_id} is at work, attempt {held.attempt}")
        for number, frame in enumerate(self._frames()):
            here = ">" if number == self._frame else " "
            self.say(f"{here} {number} {frame.function} at {frame.file}:{frame.line}\n      {frame.text}")
        for each in self._follower.ancestors(held)[:MOST_TOLD]:
            self.say(f"{'  ' * each.generation}caused by {each}")

    @told
    def do_frame(self, line: str) -> None:
        """`frame N`: mean the function with that number of `where` by `locals`, `print` and `set`."""
        frames = self._frames()
        if not frames:
            self.say("error: no function of yours is under way here")
        elif not line.strip().isdecimal() or int(line) >= len(frames):
            self.say("error: there is no such function; `where` numbers them")
        else:
            self._frame = int(line)
            frame = frames[self._frame]
            self.say(f"> {self._frame} {frame.function} at {frame.file}:{frame.line}\n      {frame.text}")

    def do_up(self, _line: str) -> None:
        """`up`: mean the function that has called this one."""
        self.do_frame(str(self._frame + 1))

    def do_down(self, _line: str) -> None:
        """`down`: mean the function that this one has called."""
        self.do_frame(str(self._frame - 1))

    def _frames(self) -> tuple[FrameInfo, ...]:
        return self._wire.ask(LookAt(self._wire.job_id, "stack", self._chosen_id()), SeenInfo).frames

    def _chosen(self, session: SessionInfo) -> HeldMessage | None:
        """The hold that is meant, if anything is held."""
        by_id = {held.hold_id: held for held in session.holds}
        if self._hold not in by_id:
            self._hold, self._frame = "", 0
        return by_id.get(self._hold) or next(iter(session.holds), None)

    def _chosen_id(self) -> str:
        """Its id. Raises RefusedError if nothing is held."""
        held = self._chosen(self._session())
        return "" if held is None else held.hold_id

    @told
    def do_locals(self, _line: str) -> None:
        """`locals`: the variables there, and the routine's configuration, state and attributes."""
        for variable in self._variables():
            self.say(f"  {variable.scope} {variable.name}: {variable.type} = {variable.text}")

    @told
    def do_print(self, line: str) -> None:
        """`print [NAME]`: the message that is held, or a variable and what is in it."""
        if not line.strip():
            held = self._chosen(self._session())
            self.say("nothing is held" if held is None else _message(held))
            return
        for variable in self._variables():
            if variable.name == line.strip():
                self.say(f"{variable.type} = {variable.text}")
                for part in self._variables(variable.path) if variable.count else ():
                    self.say(f"  {part.name}: {part.type} = {part.text}")
                return
        self.say(f"error: there is no variable {line.strip()!r} here; `locals` lists them")

    @told
    def do_attach(self, _line: str) -> None:
        """`attach`: let an editor's debugger attach to the process that holds the message."""
        found = self._wire.ask(LetAttach(self._wire.job_id, self._chosen_id()), AttachInfo)
        self.say(f"{found.hold_id} waits for an editor's debugger at {found.host}:{found.port}; for VS Code:")
        self.say(msgspec.json.format(msgspec.json.encode(found.launch), indent=2).decode())

    @told
    def do_set(self, line: str) -> None:
        """`set NAME = JSON`: the held process goes on with another value of a variable."""
        name, equals, text = (part.strip() for part in line.partition("="))
        if not (name and equals):
            self.say("error: write `set NAME = JSON`; `locals` lists the names")
            return
        try:
            value = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            self.say(f"error: {text!r} is no JSON: {error}")
            return
        request = SetVariable(self._wire.job_id, name, value, self._chosen_id(), frame=self._frame)
        for variable in self._wire.ask(request, SeenInfo).variables:
            self.say(f"  {variable.scope} {variable.name}: {variable.type} = {variable.text}")

    def _variables(self, path: tuple[int, ...] = ()) -> tuple[VariableInfo, ...]:
        look = LookAt(self._wire.job_id, "variables", self._chosen_id(), self._frame, path)
        return self._wire.ask(look, SeenInfo).variables

    @told
    def do_save(self, line: str) -> None:
        """`save FILE`: write the message to a file, for `routilux replay`; it is held on."""
        if not (path := line.strip()):
            raise BreakpointError("name the file: `save FILE`")
        found = messages_of(self._wire.ask(SaveHeld(self._wire.job_id), TapeInfo))
        recordings.write(path, found, End(len(found), reason="count"))
        self.say(f"saved in {path}")

    # ---- words --------------------------------------------------------------------------------------------

    def _session(self) -> SessionInfo:
        return self._wire.ask(AskSession(self._wire.job_id), SessionInfo)

    def _show(self, session: SessionInfo) -> None:
        if session.status == "no_session":
            self.say(f"job {self._wire.job_id!r} has ended")
        elif not session.holds:
            self.say("nothing is held")
        for held in session.holds:
            self.say(_line_about(held))
            if held.error:
                self.say(held.error.rstrip())

    def complete_print(self, text: str, _line: str, _begin: int, _end: int) -> list[str]:
        return [each.name for each in self._variables() if each.name.startswith(text)]

    def complete_hold(self, text: str, _line: str, _begin: int, _end: int) -> list[str]:
        return [held.hold_id for held in self._session().holds if held.hold_id.startswith(text)]

    complete_set = complete_print


def _line_about(held: HeldMessage) -> str:
    place = held.connection_id or held.event_name or held.slot_name or ""
    where = f"{held.routine_id}[{held.replica}]{place and ' at ' + place}"
    return f"{held.hold_id} ({held.type}) in {where}: {held.preview}"


def _message(held: HeldMessage) -> str:
    """All of it as JSON, if that is not too much."""
    if held.encoded is None:
        return held.preview
    data, is_whole = plain.shown(held.encoded, is_large=True)
    return msgspec.json.encode(data).decode() if is_whole else held.preview
