"""Here is the @routine decorator, which makes a Routine of a plain function."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial, update_wrapper
from inspect import Parameter
from types import MappingProxyType
from typing import Any, Generic, ParamSpec, TypeVar, overload

from routilux import configuration
from routilux.errors import FlowError
from routilux.invoke import Logic
from routilux.policies import Policy, PolicyFunction, all_slots_ready, as_policy, immediate
from routilux.ports import Slot
from routilux.routine import Additions, Routine, RoutineSpec
from routilux.signature import Signature, read

P = ParamSpec("P")
R = TypeVar("R")


class FunctionRoutine(Routine, Generic[P, R], own_init=True):
    """A function as a routine: one slot per positional parameter, one event `output`; it can still be called.

    Keyword-only parameters are configuration. What the function returns is emitted unless it is None; a
    generator emits each value it yields.
    """

    __name__: str

    def __init__(self, function: Callable[P, R], given: Mapping[str, Any] = MappingProxyType({})) -> None:
        self.__wrapped__ = function
        self.__qualname__ = self._label
        self._given = dict(given)
        super().__init__()
        update_wrapper(self, function)
        self._signature = self._read()
        self._events = ("output",)
        self._slots = MappingProxyType({name: _slot(name) for name in self._signature.positional})

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function, with the values given to `configure`."""
        return self.__wrapped__(*args, **{**self._given, **kwargs})

    def configure(self, **config: Any) -> FunctionRoutine[P, R]:
        """The same routine with other values for its keyword-only parameters."""
        configuration.settle(self._label, dict.fromkeys(self._signature.keywords), config)
        return _variant(self, {**self._given, **config}, self.additions)

    @property
    def _label(self) -> str:
        return getattr(self.__wrapped__, "__name__", repr(self.__wrapped__))

    @property
    def activation_policy(self) -> Policy:
        return self.additions.policy or (all_slots_ready() if len(self.slots) > 1 else immediate())

    @property
    def config(self) -> dict[str, Any]:
        return {
            name: self._given.get(name, default)
            for name, default in self._signature.keywords.items()
            if name in self._given or default is not Parameter.empty
        }

    @property
    def has_logic(self) -> bool:
        return True

    def spec(self) -> RoutineSpec:
        return RoutineSpec(self.configure, {}, self.additions.copy())

    def logic_in_force(self) -> Logic:
        if self.additions.logic is not None:
            return super().logic_in_force()
        run = partial(self.__wrapped__, **self._given) if self._given else self.__wrapped__
        return Logic(run, self._signature, emits_returned=True)

    def _read(self) -> Signature:
        signature = read(self.__wrapped__)
        if signature.var_positional or signature.var_keyword:
            raise FlowError(
                f"routine {self._label!r} takes *args or **kwargs, which tell no slots: name each parameter"
            )
        if signature.is_async:
            raise FlowError(
                f"routine {self._label!r} is async, but it has a process of its own: write a plain `def`"
            )
        return signature

    def __reduce__(self) -> str | tuple[Callable[..., object], tuple[object, ...]]:
        home = _named(self.__module__, self.__qualname__)
        if home is self:
            return self.__qualname__
        if isinstance(home, FunctionRoutine) and home.__wrapped__ is self.__wrapped__:
            return _variant, (home, self._given, self.additions)
        return _variant, (self.__wrapped__, self._given, self.additions)


def _variant(source: Callable[P, R], given: Mapping[str, Any], additions: Additions) -> FunctionRoutine[P, R]:
    """A routine of `source`, a function or another routine of it."""
    function: Callable[P, R] = source.__wrapped__ if isinstance(source, FunctionRoutine) else source
    variant = FunctionRoutine(function, given)
    variant.additions = additions.copy()
    return variant


def _named(module: str, qualname: str) -> object | None:
    """What can be imported under that name; nothing in `__main__`, which is another module in a worker."""
    found: object | None = sys.modules.get(module) if module != "__main__" else None
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


def _slot(name: str) -> Slot[Any]:
    slot: Slot[Any] = Slot()
    slot.name = name
    return slot


@overload
def routine(function: Callable[P, R], /) -> FunctionRoutine[P, R]: ...
@overload
def routine(*, policy: Policy | PolicyFunction) -> Callable[[Callable[P, R]], FunctionRoutine[P, R]]: ...
def routine(
    function: Callable[P, R] | None = None, /, *, policy: Policy | PolicyFunction | None = None
) -> FunctionRoutine[P, R] | Callable[[Callable[P, R]], FunctionRoutine[P, R]]:
    """Make a routine of a function: `@routine`, or `@routine(policy=policies.batch_size(100))`."""

    def decorate(function: Callable[P, R]) -> FunctionRoutine[P, R]:
        if isinstance(function, type) or not callable(function):
            raise FlowError(
                f"@routine takes a function, not {function!r}; subclass Routine to make a class of it"
            )
        made = FunctionRoutine(function)
        if policy is not None:
            made.additions.policy = as_policy(policy)
        return made

    return decorate if function is None else decorate(function)
