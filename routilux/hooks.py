"""Here are the user's hooks: methods that a runtime calls where something happens, each a no-op until it is
overridden.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from routilux.errors import FlowError

log = logging.getLogger("routilux.hooks")

Method: TypeAlias = Callable[..., Any]


class ExecutionHooks:
    """Subclass it, override what you want to hear of, and pass an instance: `Runtime(hooks=[MyHooks()])`.

    The hooks of flows, jobs, processes and dead letters are called in the process that holds the Runtime, all
    others in the process that runs the routine: each has a copy of its own of the instance. An exception in a
    hook is logged, once per method, and harms nothing. A hook must not wait: what it hooks into waits for it.

    Three hooks can hold a job by what they return; `job.resume()` lets it go on. Nothing is lost: see
    docs/hooks.md.
    """

    # ---- in the process of the Runtime

    def on_flow_start(self, flow_name: str) -> None:
        """The flow is about to start its processes."""

    def on_flow_end(self, flow_name: str) -> None:
        """The flow has been stopped, and takes no more jobs."""

    def on_job_start(self, job_id: str) -> None:
        """The job has been admitted, perhaps paused."""

    def on_job_end(self, job_id: str, status: str, error: Exception | None) -> None:
        """The job is `completed`, `failed` or `cancelled`; `error` says why it is one of the latter two."""

    def on_process_change(self, flow_name: str, routine_id: str, pid: int, change: str, how: str) -> None:
        """A worker process was `started`, or has `died`: `how` then says of what."""

    def on_dead_letter(self, job_id: str, routine_id: str, slot_name: str, message_id: str) -> None:
        """A message has killed its process again and again, and is with the dead letters now."""

    # ---- in the process of the routine

    def on_slot_data_received(self, job_id: str, routine_id: str, slot_name: str, value: Any) -> bool | None:
        """A message has come to a slot. False holds its job before anything is done with it."""

    def on_policy_evaluated(self, job_id: str, routine_id: str, activate: bool, reason: str) -> None:  # noqa: FBT001 - what the policy has answered
        """The activation policy was asked; `reason` is its message, as text."""

    def should_pause_routine(self, job_id: str, routine_id: str, values: Mapping[str, Any]) -> bool | None:
        """An activation is about to begin on these values, by slot. True holds its job before it does."""

    def on_routine_start(self, job_id: str, routine_id: str, values: Mapping[str, Any]) -> None:
        """An activation begins; so does each further attempt of one that has failed."""

    def on_event_emit(self, job_id: str, routine_id: str, event_name: str, value: Any) -> bool | None:
        """A value is emitted. False holds its job: what has been emitted is not used before it goes on."""

    def on_routine_end(
        self, job_id: str, routine_id: str, status: str, duration: float, error: BaseException | None
    ) -> None:
        """An activation has ended after `duration` seconds: `completed`, `failed`, `skipped`, `continued`,
        `retried` (it will be tried again), or `cut` since its job is over.
        """


class Hooks:
    """All hooks of a runtime; what none of them overrides costs nothing."""

    def __init__(self, hooks: Sequence[ExecutionHooks]) -> None:
        self._hooks = tuple(hooks)
        self._complained: set[Method] = set()

    def __reduce__(self) -> tuple[Any, ...]:
        return Hooks, (self._hooks,)

    def methods(self, name: str) -> tuple[Method, ...]:
        """What overrides the hook of that name."""
        base = getattr(ExecutionHooks, name)
        return tuple(getattr(hooks, name) for hooks in self._hooks if getattr(type(hooks), name) is not base)

    def caller(self, name: str, holds: bool | None = None) -> Callable[..., bool] | None:  # noqa: FBT001 - an answer, not a switch
        """Calls the hook of that name, and says whether one has answered `holds`; None if nothing overrides
        it.
        """
        methods = self.methods(name)
        if not methods:
            return None

        def call(*args: Any) -> bool:
            answers = [self._ask(method, args) for method in methods]
            return holds is not None and any(answer is holds for answer in answers)

        return call

    def tell(self, name: str, *args: Any) -> None:
        """Call the hook of that name, of all who override it."""
        for method in self.methods(name):
            self._ask(method, args)

    def _ask(self, method: Method, args: Sequence[Any]) -> object:
        try:
            return method(*args)
        except (Exception, SystemExit) as error:  # a user's hook; a Ctrl-C that comes in it goes on
            if method not in self._complained:
                self._complained.add(method)
                name = getattr(method, "__qualname__", repr(method))
                log.warning(
                    "hook %s has raised %s: %s (told once)", name, type(error).__name__, error, exc_info=True
                )
            return None


NO_HOOKS = Hooks(())


def as_hooks(hooks: Sequence[object]) -> Hooks:
    """The hooks as a runtime is given them. Raises FlowError for what is none."""
    if isinstance(hooks, ExecutionHooks):
        raise FlowError(f"hooks={hooks!r:.80} is to be a list: give hooks=[...], with this in it")
    known: list[ExecutionHooks] = []
    for each in hooks:
        if not isinstance(each, ExecutionHooks):
            hint = "an instance, not the class" if isinstance(each, type) else "an instance of ExecutionHooks"
            raise FlowError(f"hooks: {each!r:.80} is no hooks: give {hint}")
        known.append(each)
    return Hooks(known) if known else NO_HOOKS
