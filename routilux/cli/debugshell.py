"""Here is the shell of `routilux debug`: its commands, one at a time, over the session of one job."""

import threading
from typing import Any

import msgspec

from routilux.cli.debuglooks import LookingShell, told
from routilux.cli.places import parsed, places, written
from routilux.cli.progress import counted
from routilux.cli.wire import RefusedError, Wire
from routilux.commands import Done, FlowInfo
from routilux.debug.follower import Follower
from routilux.debugcommands import (
    ActOnHold,
    BreakpointList,
    ListBreakpoints,
    RemoveBreakpoint,
    SessionInfo,
    SetBreakpoint,
)
from routilux.frontdesk.visit import RuntimeGone

LOOK = 0.1
"""Seconds between two questions whether anything is held."""

SHORT = {
    "b": "break",
    "c": "continue",
    "i": "into",
    "l": "list",
    "n": "over",
    "next": "over",
    "p": "print",
    "q": "quit",
    "s": "step",
    "w": "where",
}


class DebugShell(LookingShell):
    """Raises PeerLost when the runtime has gone."""

    def __init__(self, wire: Wire, flow: FlowInfo, follower: Follower) -> None:
        super().__init__(wire, flow, follower)
        self._nap = threading.Event()

    def serve(self) -> None:
        """Carry out commands until the user leaves or the job has ended; Ctrl-C gives up a line or a wait."""
        self.say(f"job {self._wire.job_id!r} of flow {self._flow.flow_id!r}; `help` lists the commands")
        self._show(self._session())
        while True:
            try:
                return self.cmdloop()
            except RuntimeGone:
                self.say(f"job {self._wire.job_id!r} is over, and its runtime has ended")
                return None
            except KeyboardInterrupt:
                if not self.prompt:
                    raise SystemExit(130) from None
                self.say("")

    def emptyline(self) -> bool:
        """An empty line repeats nothing: a step too many cannot be taken back."""
        return False

    def default(self, line: str) -> None:
        self.say(f"error: there is no command {line.partition(' ')[0]!r}; `help` lists them")

    def precmd(self, line: str) -> str:
        """The short names of pdb and gdb are known too."""
        word, space, rest = line.strip().partition(" ")
        return SHORT.get(word, word) + space + rest

    # ---- breakpoints --------------------------------------------------------------------------------------

    @told
    def do_break(self, line: str) -> None:
        """`break PLACE [if CONDITION]`: hold at a routine, routine.event, routine.slot, a.event->b.slot, or
        error [routine].
        """
        fields = parsed(self._flow, line)
        request = SetBreakpoint(fields, job_id=self._wire.job_id)
        (made,) = self._wire.ask(request, BreakpointList).breakpoints
        self.say(f"{made['breakpoint_id']} at {written(made)}")

    @told
    def do_delete(self, line: str) -> None:
        """`delete ID`: take a breakpoint away; what is held at it goes on."""
        self._wire.ask(RemoveBreakpoint(line.strip(), job_id=self._wire.job_id), Done)

    @told
    def do_list(self, _line: str) -> None:
        """`list`: the breakpoints, and what is held."""
        for each in self._breakpoints():
            condition = f" if {each['condition']}" if each["condition"] else ""
            hits = f"{counted(each['hit_count'], 'hit')} of {each['evaluations']:,}"
            off = "" if each["enabled"] else ", disabled"
            self.say(f"{each['breakpoint_id']} at {written(each)}{condition}: {hits}{off}")
        self._show(self._session())

    def _breakpoints(self) -> tuple[dict[str, Any], ...]:
        return self._wire.ask(ListBreakpoints(self._wire.job_id), BreakpointList).breakpoints

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
        request = ActOnHold(self._wire.job_id, action, self._hold, **more)
        self._hold, self._frame = "", 0
        return self._acted(request)

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
        """Ctrl-D: as `quit`."""
        if self.prompt:
            self.say("")
        return self.do_quit("")

    def do_quit(self, _line: str) -> bool:
        """`quit`: leave; what is held goes on when no other debugger is there."""
        if self._session().holds:
            self.say("what is held goes on in 30 seconds, unless another debugger is there")
        return True

    def do_help(self, arg: str) -> None:
        """`help [COMMAND]`: what there is."""
        if arg:
            super().do_help(SHORT.get(arg, arg))
            return
        for name in sorted(self.get_names()):
            if name.startswith("do_") and name != "do_EOF":
                self.say(" ".join((getattr(self, name).__doc__ or "").split()))
        self.say("Short: " + ", ".join(f"{short} for {long}" for short, long in SHORT.items()) + ".")

    # ---- completion ---------------------------------------------------------------------------------------

    def complete_break(self, text: str, line: str, begin: int, _end: int) -> list[str]:
        typed = line[line.find(" ") + 1 : begin]
        names = (name for _, name in places(self._flow))
        return [name[len(typed) :] for name in (*names, "error") if name.startswith(typed + text)]

    def complete_delete(self, text: str, _line: str, _begin: int, _end: int) -> list[str]:
        names = (each["breakpoint_id"] for each in self._breakpoints())
        return [name for name in names if name.startswith(text)]
