"""Here are the user's hooks where a routine runs, and the seam at which what is to happen can be held."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from routilux.hooks import Hooks
from routilux.ipc.control import Ask, Asker
from routilux.worker.context import WorkerContext
from routilux.worker.jobs import JobTable, WorkerJob


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

    def hold(self, job: WorkerJob, hold: Hold) -> bool:
        """Returns when the worker may go on. True if the job is held, and what was to be held is to stay
        where it is; False if it is to happen now. Raises JobOver when there is no point in going on.
        """


class HoldsJob:
    """Pauses the job, as its submitter can: nothing more of it begins until it is resumed."""

    def __init__(self, asker: Asker, jobs: JobTable) -> None:
        self._asker = asker
        self._jobs = jobs

    def hold(self, job: WorkerJob, hold: Hold) -> bool:  # noqa: ARG002 - whatever it is
        def is_in_vain() -> bool:
            return self._jobs.is_over(job.number) or self._jobs.must_exit

        self._asker.ask(Ask(0, job.number, "pause"), is_in_vain)
        return True


class HookedRoutine:
    """The hooks of one worker."""

    def __init__(self, routine: str, hooks: Hooks, holds: Holds, context: WorkerContext) -> None:
        self.holds = holds
        self._routine = routine
        self._context = context
        self._receives = hooks.caller("on_slot_data_received", holds=False)
        self._pauses = hooks.caller("should_pause_routine", holds=True)
        self._emits = hooks.caller("on_event_emit", holds=False)
        self._tell = hooks.tell
        self._let_go: int | None = None
        """The message that was held last: it passes when it comes again."""

    def stops(self, job: WorkerJob, slot: str, value: Any, key: int) -> bool:
        """Whether the message, which is about to be run by itself, is to stay where it is."""
        if self._let_go == key:
            self._let_go = None
            return False
        if self.receives(job, slot, value) or self.pauses(job, {slot: value}):
            self._let_go = key
            return True
        return False

    def receives(self, job: WorkerJob, slot: str, value: Any) -> bool:
        """A message has come to a slot; whether it is to stay before it."""
        if self._receives is None or not self._receives(job.job_id, self._routine, slot, value):
            return False
        return self.holds.hold(job, Hold(HoldKind.SLOT, self._routine, slot, value))

    def pauses(self, job: WorkerJob, values: Mapping[str, Any]) -> bool:
        """An activation is about to begin; whether it must not."""
        if self._pauses is None or not self._pauses(job.job_id, self._routine, values):
            return False
        return self.holds.hold(job, Hold(HoldKind.ROUTINE, self._routine, "", values))

    def evaluated(self, job_id: str, *, activate: bool, reason: str) -> None:
        self._tell("on_policy_evaluated", job_id, self._routine, activate, reason)

    def start(self, job_id: str, values: Mapping[str, Any]) -> None:
        self._tell("on_routine_start", job_id, self._routine, values)

    def end(self, job_id: str, status: str, seconds: float, error: BaseException | None) -> None:
        self._tell("on_routine_end", job_id, self._routine, status, seconds, error)

    def emitter(self, event: str, emit: Callable[[object], None]) -> Callable[[object], None]:
        """`emit`, with its hook before it."""
        asks, context = self._emits, self._context
        if asks is None:
            return emit

        def emit_hooked(value: object) -> None:
            job = context.at
            if job is not None and asks(job.job_id, self._routine, event, value):
                self.holds.hold(job, Hold(HoldKind.EVENT, self._routine, event, value))
            emit(value)

        return emit_hooked
