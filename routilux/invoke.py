"""Here is the Invoker, which calls a routine's logic and emits what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import GeneratorType
from typing import Any, TypeAlias

from routilux.context import JobView
from routilux.signature import JOB, MESSAGE, Signature

Emit: TypeAlias = Callable[[object], None]
Steps: TypeAlias = Iterator[None]
"""Each advance runs a generator up to its next yield and emits what it yields."""


@dataclass(frozen=True)
class Logic:
    """What a routine runs: a bound callable. What it returns is emitted, or else it must return nothing."""

    run: Callable[..., object]
    signature: Signature
    emits_returned: bool


class Invoker:
    """Calls logic and finish as an engine wants them called.

    `call(args, message, job)` takes one argument per slot and returns None, or Steps for the engine to drive.
    `fast(value)` does the same in the plainest case, immediate logic of one slot that asks for nothing else,
    and is None in all others.
    """

    __slots__ = ("_emit", "_finish", "_logic", "_name", "call", "fast")

    call: Callable[[Sequence[object], object, JobView], Steps | None]
    fast: Callable[[object], Steps | None] | None

    def __init__(
        self,
        name: str,
        logic: Logic,
        finish: Logic | None,
        *,
        slots: tuple[str, ...],
        immediate: bool,
        emit: Emit,
    ) -> None:
        self._name = name
        self._logic = logic
        self._finish = finish
        self._emit = emit
        signature = logic.signature
        takes_slots = not signature.ignores_trigger(slots)
        self.call = self._caller(takes_slots=takes_slots)
        plain = takes_slots and not (signature.takes_message or signature.takes_job or signature.is_generator)
        self.fast = self._one_value() if plain and immediate and len(slots) == 1 else None

    def finish(self) -> Steps | None:
        """Run what the routine does at the end of a job, under the same rules."""
        if self._finish is None:
            return None
        return self._settle(self._finish.run(), emits=self._finish.emits_returned, what="finish")

    def _settle(self, returned: object, *, emits: bool, what: str = "logic") -> Steps | None:
        """Emit what logic returned, or make the Steps of the generator it returned."""
        if returned is None:
            return None
        if isinstance(returned, GeneratorType):
            return self._steps(returned)
        if emits:
            self._emit(returned)
            return None
        raise TypeError(
            f"{what} of routine {self._name!r} returned a {type(returned).__name__}, which goes nowhere: "
            "emit it (self.<event>.emit(value)) and return nothing"
        )

    def _steps(self, values: Iterator[Any]) -> Steps:
        emit = self._emit
        for value in values:
            emit(value)
            yield

    def _caller(self, *, takes_slots: bool) -> Callable[[Sequence[object], object, JobView], Steps | None]:
        run, signature, emits = self._logic.run, self._logic.signature, self._logic.emits_returned

        def call(args: Sequence[object], message: object, job: JobView) -> Steps | None:
            keywords: dict[str, object] = {}
            if signature.takes_message:
                keywords[MESSAGE] = message
            if signature.takes_job:
                keywords[JOB] = job
            returned = run(*args, **keywords) if takes_slots else run(**keywords)
            return None if returned is None else self._settle(returned, emits=emits)

        return call

    def _one_value(self) -> Callable[[object], Steps | None]:
        run, emit, emits = self._logic.run, self._emit, self._logic.emits_returned

        def fast(value: object) -> Steps | None:
            returned = run(value)
            if returned is None:
                return None
            if emits and not isinstance(returned, GeneratorType):
                emit(returned)
                return None
            return self._settle(returned, emits=emits)

        return fast
