"""Here is the Invoker, which calls a routine's logic and emits what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import islice
from types import GeneratorType
from typing import Any, TypeAlias

from routilux.context import JobView
from routilux.signature import JOB, MESSAGE, Signature

Emit: TypeAlias = Callable[[object], None]
_NOTHING = object()


class Steps:
    """A generator that logic has handed back: each step runs it up to its next yield, and emits the value."""

    __slots__ = ("_emit", "values")

    def __init__(self, values: Generator[Any, None, object], emit: Emit) -> None:
        self.values = values
        self._emit = emit

    def take(self, most: int) -> bool:
        """Take up to so many steps; whether there was any left to take."""
        values, emit, value = self.values, self._emit, _NOTHING
        for value in islice(values, most):
            emit(value)
        return value is not _NOTHING

    def close(self) -> None:
        """Take no further step: the generator is told to end."""
        self.values.close()


@dataclass(frozen=True)
class Logic:
    """What a routine runs: a bound callable. What it returns is emitted, or else it must return nothing."""

    run: Callable[..., object]
    signature: Signature
    emits_returned: bool


class Invoker:
    """Calls logic and finish as an engine wants them called.

    `call(args, message, job)` takes one argument per slot and returns None, or Steps for the engine to take.
    In the plainest case, immediate logic of one slot that asks for nothing else, `run(value)` is that logic,
    and `settle` is for what it returns; else `run` is None.
    """

    __slots__ = ("_finish", "_logic", "_name", "call", "emit", "emits_returned", "run")

    call: Callable[[Sequence[object], object, JobView], Steps | None]
    run: Callable[[Any], object] | None

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
        self.emit = emit
        self.emits_returned = logic.emits_returned
        """Whether logic emits by what it returns, and in no other way."""
        signature = logic.signature
        takes_slots = not signature.ignores_trigger(slots)
        self.call = self._caller(takes_slots=takes_slots)
        plain = takes_slots and not (signature.takes_message or signature.takes_job or signature.is_generator)
        self.run = logic.run if plain and immediate and len(slots) == 1 else None

    def finish(self) -> Steps | None:
        """Run what the routine does at the end of a job, under the same rules."""
        if self._finish is None:
            return None
        return self._settle(self._finish.run(), emits=self._finish.emits_returned, what="finish")

    def settle(self, returned: object) -> Steps | None:
        """Emit what logic returned, or make the Steps of the generator it returned."""
        return self._settle(returned, emits=self.emits_returned, what="logic")

    def _settle(self, returned: object, *, emits: bool, what: str) -> Steps | None:
        if returned is None:
            return None
        if isinstance(returned, GeneratorType):
            return Steps(returned, self.emit)
        if emits:
            self.emit(returned)
            return None
        raise TypeError(
            f"{what} of routine {self._name!r} returned a {type(returned).__name__}, which goes nowhere: "
            "emit it (self.<event>.emit(value)) and return nothing"
        )

    def _caller(self, *, takes_slots: bool) -> Callable[[Sequence[object], object, JobView], Steps | None]:
        run, signature, settle = self._logic.run, self._logic.signature, self.settle

        def call(args: Sequence[object], message: object, job: JobView) -> Steps | None:
            keywords: dict[str, object] = {}
            if signature.takes_message:
                keywords[MESSAGE] = message
            if signature.takes_job:
                keywords[JOB] = job
            returned = run(*args, **keywords) if takes_slots else run(**keywords)
            return None if returned is None else settle(returned)

        return call
