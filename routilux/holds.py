"""Here are the user's hooks where a routine runs, and the seam at which what is to happen can be held."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from routilux.context import JobView
from routilux.hooks import Hooks
from routilux.policies import Inbox, Taken


class HoldKind(StrEnum):
    """Where something is held."""

    SLOT = "slot"
    ROUTINE = "routine"
    EVENT = "event"


class Hold(NamedTuple):
    """What is to be held: a message before it is used, an activation before it begins, or an emission."""

    kind: HoldKind
    routine: str
    port: str
    """The slot or event; empty for a routine."""
    value: Any


class Holds(Protocol):
    """Whoever answers a wish to hold something."""

    def hold(self, job: JobView, hold: Hold) -> bool:
        """Returns when the routine may go on. True if the job is held, and what was to be held is to stay
        where it is; False if it is to happen now.
        """


class HookedRoutine:
    """The hooks of one routine in one process."""

    def __init__(self, routine: str, hooks: Hooks, holds: Holds, at: Callable[[], JobView | None]) -> None:
        """`at` knows the job at hand."""
        self.holds = holds
        self._routine = routine
        self._at = at
        self._receives = hooks.caller("on_slot_data_received", holds=False)
        self._pauses = hooks.caller("should_pause_routine", holds=True)
        self._emits = hooks.caller("on_event_emit", holds=False)
        self._tell = hooks.tell
        self._let_go: object = None
        """The message that was held last: it passes when it comes again."""

    def stops(self, job: JobView, slot: str, value: Any, key: object) -> bool:
        """Whether the message, which is about to be run by itself, is to stay where it is."""
        if self._let_go == key:
            self._let_go = None
            return False
        held = self.receives(job, slot, value)
        if not held:
            self.evaluated(job.job_id, activate=True, reason=slot)
            held = self.pauses(job, {slot: value})
        if held:
            self._let_go = key
        return held

    def receives(self, job: JobView, slot: str, value: Any) -> bool:
        """A message has come to a slot; whether it is to stay before it."""
        if self._receives is None or not self._receives(job.job_id, self._routine, slot, value):
            return False
        return self.holds.hold(job, Hold(HoldKind.SLOT, self._routine, slot, value))

    def pauses(self, job: JobView, values: Mapping[str, Any]) -> bool:
        """An activation is about to begin; whether it must not."""
        if self._pauses is None or not self._pauses(job.job_id, self._routine, values):
            return False
        return self.holds.hold(job, Hold(HoldKind.ROUTINE, self._routine, "", values))

    def answered(self, job_id: str, inbox: Inbox, taken: Taken | None) -> None:
        """The policy of a routine that gathers was asked."""
        reason = inbox.declined if taken is None else taken.why
        self.evaluated(job_id, activate=taken is not None, reason=reason)

    def evaluated(self, job_id: str, *, activate: bool, reason: object) -> None:
        text = "" if reason is None else str(reason)
        self._tell("on_policy_evaluated", job_id, self._routine, activate, text)

    def start(self, job_id: str, values: Mapping[str, Any]) -> None:
        self._tell("on_routine_start", job_id, self._routine, values)

    def end(self, job_id: str, status: str, seconds: float, error: BaseException | None) -> None:
        self._tell("on_routine_end", job_id, self._routine, status, seconds, error)

    def emitter(self, event: str, emit: Callable[[object], None]) -> Callable[[object], None]:
        """`emit`, with its hook before it."""
        asks, at = self._emits, self._at
        if asks is None:
            return emit

        def emit_hooked(value: object) -> None:
            job = at()
            if job is not None and asks(job.job_id, self._routine, event, value):
                self.holds.hold(job, Hold(HoldKind.EVENT, self._routine, event, value))
            emit(value)

        return emit_hooked
