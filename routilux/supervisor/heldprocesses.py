"""Here are the held processes as a debugger speaks with them: what each is asked, and told when it may go on.

A held process hears nothing before it has asked: each answer to it is followed by its next question.
"""

import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec

from routilux.debug.holds import Assign, Attach, Look, Release, Seen, Variable, orders
from routilux.errors import AttachRefused, BreakpointError, DeadlineExceeded, HoldNotFound
from routilux.ipc.control import Answer, Ask
from routilux.jobs import JobState
from routilux.supervisor import attaching, holdnews
from routilux.supervisor.clients import REMEMBERED, Presence
from routilux.supervisor.docket import Docket
from routilux.supervisor.edits import encoded
from routilux.supervisor.waitingroom import Held

NO_VARIABLES = (
    "what is held at routine {!r} waits by itself, in no process's logic: there are no variables; edit the "
    "message instead"
)


class HeldProcesses(Presence):
    """The part of a DebugControl that looks into what is held, and sets variables there."""

    def __init__(
        self, docket: Docket, room: threading.Condition, rouse: Callable[[], None], *, allow_attach: bool
    ) -> None:
        super().__init__(room, rouse)
        self._docket = docket
        self._allow_attach = allow_attach
        self._holds: dict[str, Held] = {}
        self._looks = count(1)
        self._seen: dict[int, Seen] = {}
        self._parting: dict[bytes, Release] = {}
        """How workers go on that were let go while they were looking."""
        self._outbox: list[tuple[bytes, Answer]] = []

    # ---- what clients ask ---------------------------------------------------------------------------------

    def _find(self, job: JobState, hold_id: str, *, renews: bool = True) -> Held:
        if renews:
            self._clients.renew(job)
        held = self._holds.get(hold_id)
        if held is None or held.job is not job or job.ended:
            raise HoldNotFound(f"nothing is held as {hold_id!r}: it has been let go, or its job has ended")
        return held

    def let_attach(self, job: JobState, hold_id: str, timeout: float) -> int:
        """Have the held process wait for an editor's debugger, on the port that this returns. Raises
        AttachRefused.
        """
        with self._room:
            held = self._find(job, hold_id)
            attaching.check(held, is_allowed=self._allow_attach)
            seen = self._ask(held, Attach(0), timeout)
            if seen.refusal:
                raise AttachRefused(seen.refusal)
            self._clients.note(job, "attach", f"{hold_id} on port {seen.port}")
            return seen.port

    def look(self, job: JobState, hold_id: str, what: Look, timeout: float, *, renews: bool = True) -> Seen:
        """Ask the held process what it sees. Raises DeadlineExceeded if it does not say."""
        with self._room:
            held = self._find(job, hold_id, renews=renews)
            return Seen(0) if held.peer is None else self._ask(held, what, timeout, renews=renews)

    def assign(self, job: JobState, hold_id: str, what: Assign, value: Any, timeout: float) -> Variable:
        """Let the held process give a variable another value. Raises BreakpointError if there is none."""
        what = msgspec.structs.replace(what, value=encoded(value, f"variable {what.name!r}"))
        with self._room:
            held = self._find(job, hold_id)
            if held.peer is None:
                raise BreakpointError(NO_VARIABLES.format(held.routine))
            seen = self._ask(held, what, timeout)
            if seen.refusal or not seen.variables:
                raise BreakpointError(seen.refusal or f"{what.name!r} is gone; {hold_id!r} is still held")
            self._clients.note(job, "set variable", f"{hold_id} {what.name}")
            self._docket.publishing.debugging(holdnews.assigned(held, seen.variables[0]))
            return seen.variables[0]

    def _ask(self, held: Held, what: Look | Assign | Attach, timeout: float, *, renews: bool = True) -> Seen:
        """What the held process answers, while it is held."""
        number, name = next(self._looks), held.hold_id
        self._room.wait_for(lambda: held.number > 0 or name not in self._holds, timeout)
        self._find(held.job, name, renews=renews)
        if not held.number:
            raise DeadlineExceeded(f"hold {name!r} is looked at by somebody else; try again")
        self._answer(held, msgspec.structs.replace(what, number=number))
        self._rouse()
        if not self._room.wait_for(lambda: number in self._seen or name not in self._holds, timeout):
            raise DeadlineExceeded(f"the process held at {name!r} did not answer within {timeout:g} s")
        self._find(held.job, name, renews=renews)
        return self._seen.pop(number)

    # ---- what is said to processes ------------------------------------------------------------------------

    def _shown(self, peer: bytes, ask: Ask) -> Answer | None:
        seen = msgspec.msgpack.decode(ask.value, type=Seen)
        for held in self._holds.values():
            if held.peer == peer:
                held.number = ask.number
                self._seen[seen.number] = seen
                while len(self._seen) > REMEMBERED:  # of whoever has not waited
                    del self._seen[next(iter(self._seen))]
                self._room.notify_all()
                return None
        return Answer(ask.number, value=orders.encode(self._parting.pop(peer, Release())))

    def _answer(self, held: Held, order: Release | Look | Assign | Attach) -> None:
        if held.peer is not None:
            self._outbox.append((held.peer, Answer(held.number, value=orders.encode(order))))
            held.number = 0

    def _let_process_go(self, peer: bytes, held: Held, release: Release) -> None:
        """At once, or as soon as it has shown what it was asked."""
        if held.number:
            self._answer(held, release)
            return
        self._parting[peer] = release
        while len(self._parting) > REMEMBERED:  # of those that died over it
            del self._parting[next(iter(self._parting))]

    def tell(self, to: Callable[[bytes, Answer], None]) -> None:
        """Send what has been said since."""
        outbox, self._outbox = self._outbox, []
        for peer, answer in outbox:
            to(peer, answer)
