"""Here is the check that a routine can be sent to a worker, and the culprit when it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import getclosurevars, isfunction, unwrap
from typing import Any

from routilux import pickling
from routilux.function import FunctionRoutine
from routilux.graph import Node
from routilux.routine import Routine


def culprit(node: Node) -> str | None:
    """What keeps the routine of `node` from being sent, and why; None if nothing does."""
    reason = _refusal((node.spec, node.key))
    if reason is None:
        return None
    for what, value in _parts(node):
        if deeper := _refusal(value):
            return f"{what} is of type {type(value).__name__} ({deeper}); make it in setup() instead"
    return reason


def _refusal(value: object) -> str | None:
    try:
        pickling.dumps(value)
    except Exception as error:  # noqa: BLE001 - pickling runs code of the value's class
        return str(error) or type(error).__name__
    return None


def _parts(node: Node) -> Iterator[tuple[str, object]]:
    """What travels with a routine, the smallest parts first."""
    routine = node.routine
    for name, value in routine.config.items():
        yield f"its configuration {name!r}", value
    for function in _functions(node):
        yield from _variables(function)
    if not isinstance(routine, FunctionRoutine):
        for name, value in vars(type(routine)).items():
            if not name.startswith("__") and not isfunction(value):
                yield f"the class attribute {name!r}", value


def _functions(node: Node) -> Iterator[Callable[..., Any]]:
    additions = node.spec.additions
    routine = node.routine
    written: list[object] = [node.key, additions.logic, additions.finish]
    if isinstance(routine, FunctionRoutine):
        written.append(unwrap(routine))
    else:
        written += [value for value in vars(type(routine)).values() if value is not Routine.__init__]
    yield from (function for function in written if isfunction(function))


def _variables(function: Callable[..., Any]) -> Iterator[tuple[str, object]]:
    variables = getclosurevars(function)
    for name, value in {**variables.globals, **variables.nonlocals}.items():
        yield f"the variable {name!r} used by {function.__qualname__}", value
