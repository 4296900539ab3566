"""Here is the configuration of a routine class: its annotated attributes, and the values given for them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from inspect import Parameter
from typing import Any, ClassVar, Final, get_origin

from routilux.errors import FlowError

_NOT_CONFIGURATION = re.compile(r"(\w+\.)*(ClassVar|Final)\b")
_PORT = re.compile(r"(\w+\.)*(Slot|Event)\b")
MISSING = Parameter.empty
"""Stands for a default that is not there; being a class, it is still itself after a journey to a worker."""


def nearest(name: str, names: Iterable[str]) -> str:
    """A hint to append to a message about the unknown `name`: the nearest of `names`, or all of them."""
    known = list(names)
    if close := difflib.get_close_matches(name, known, n=1):
        return f"did you mean {close[0]!r}?"
    return f"there are {', '.join(map(repr, known))}" if known else "there are none"


def fields(cls: type, base: type) -> Mapping[str, object]:
    """The configuration that `cls` and its bases below `base` declare, with each default, or MISSING.

    Annotations are read as they stand and never evaluated.
    """
    names = dict.fromkeys(name for parent in reversed(cls.__mro__) for name in _annotated(parent, base))
    return {name: getattr(cls, name, MISSING) for name in names}


def _annotated(cls: type, base: type) -> Iterator[str]:
    if cls in base.__mro__:
        return
    for name, annotation in vars(cls).get("__annotations__", {}).items():
        written = annotation if isinstance(annotation, str) else ""
        constant = annotation in (ClassVar, Final) or get_origin(annotation) in (ClassVar, Final)
        if name.startswith("_") or constant or _NOT_CONFIGURATION.match(written):
            continue
        if _PORT.match(written or getattr(get_origin(annotation) or annotation, "__name__", "")):
            if not hasattr(cls, name):
                raise FlowError(
                    f"{cls.__qualname__}.{name} is annotated as a port but is none: "
                    f"write `{name} = Slot()` or `{name} = Event()`"
                )
            continue
        yield name


def settle(owner: str, declared: Mapping[str, object], given: Mapping[str, Any]) -> dict[str, Any]:
    """A value for each declared field: the one given, else a private copy of the default.

    Raises FlowError with every unknown and every missing name.
    """
    faults = [
        f"{owner} has no configuration {name!r}: {nearest(name, declared)}"
        for name in given
        if name not in declared
    ]
    faults += [
        f"{owner} needs the configuration {name!r}: give it as {owner}({name}=...)"
        for name, default in declared.items()
        if default is MISSING and name not in given
    ]
    if faults:
        raise FlowError(*faults)
    return {
        name: given[name] if name in given else _copy(owner, name, default)
        for name, default in declared.items()
    }


def _copy(owner: str, name: str, default: object) -> object:
    try:
        return deepcopy(default)
    except Exception as error:  # deepcopy runs code of the value's class
        raise FlowError(
            f"the default of {owner}.{name} cannot be copied for each instance ({error}): make it in setup()"
        ) from error
