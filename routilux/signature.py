"""Here is the Signature of a logic function: which parameters take slots, and how it runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from inspect import Parameter

from routilux.errors import FlowError

MESSAGE = "policy_message"
JOB = "job"
TRIGGER = "trigger"
"""The slot of a routine that declares none."""


@dataclass(frozen=True)
class Signature:
    """What calling a logic function needs.

    `positional` are the parameters that take slots, `required` how many of them have no default, `keywords`
    the keyword-only ones with their default (Parameter.empty without one).
    """

    positional: tuple[str, ...]
    required: int
    keywords: Mapping[str, object]
    takes_message: bool
    takes_job: bool
    specials_last: bool
    var_positional: bool
    var_keyword: bool
    is_generator: bool
    is_async: bool

    def misfits(self, slots: tuple[str, ...]) -> Iterator[str]:
        """Why this cannot be called with one positional argument per slot; nothing when it can."""
        if self.is_async:
            yield "is async, but a routine has a process of its own: write a plain `def`"
        if not self.specials_last:
            yield f"must name {MESSAGE!r} and {JOB!r} after the parameters of its slots"
        if not self.fits(slots):
            yield (
                f"takes {len(self.positional)} positional arguments ({', '.join(self.positional)}), "
                f"but there are {len(slots)} slots ({', '.join(slots)}): give it one parameter per slot"
            )

    def fits(self, slots: tuple[str, ...]) -> bool:
        """Whether it can be called with one argument per slot; the implicit trigger may be left out."""
        if self.ignores_trigger(slots):
            return True
        return self.required <= len(slots) and (self.var_positional or len(slots) <= len(self.positional))

    def ignores_trigger(self, slots: tuple[str, ...]) -> bool:
        """Whether the only slot is the implicit one and no parameter takes it."""
        return slots == (TRIGGER,) and not self.positional and not self.var_positional


def read(function: Callable[..., object]) -> Signature:
    """The signature of `function` (bound, where it is a method); FlowError where Python cannot tell."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise FlowError(
            f"{function!r} does not tell its parameters; wrap it in a function of your own"
        ) from None
    named = [p for p in parameters if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
    keyword_only = [p for p in parameters if p.kind is Parameter.KEYWORD_ONLY]
    special = {
        p.name
        for p in parameters
        if p.name in (MESSAGE, JOB) and p.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    }
    slots = [p for p in named if p.name not in special]
    return Signature(
        positional=tuple(p.name for p in slots),
        required=sum(p.default is Parameter.empty for p in slots),
        keywords={p.name: p.default for p in keyword_only if p.name not in special},
        takes_message=MESSAGE in special,
        takes_job=JOB in special,
        specials_last=named[: len(slots)] == slots,
        var_positional=any(p.kind is Parameter.VAR_POSITIONAL for p in parameters),
        var_keyword=any(p.kind is Parameter.VAR_KEYWORD for p in parameters),
        is_generator=inspect.isgeneratorfunction(function),
        is_async=inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function),
    )
