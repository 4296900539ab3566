"""Here is masking: what a holder of the view token sees of an answer. Fields that are declared as payloads
are covered wherever they stand, so that a new route is safe by itself.
"""

import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from routilux_monitor.contract.fields import MASK, Payload, PayloadText

Cover = Callable[[Any], Any]
"""A value as it may be seen."""

_PAYLOADS = (Payload, PayloadText)


def masked(answer: Any) -> Any:
    """An answer, or a mapping or list of them, with its payloads covered."""
    if isinstance(answer, msgspec.Struct):
        return _of_struct(type(answer))(answer)
    if isinstance(answer, Mapping):
        return {key: masked(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [masked(item) for item in answer]
    return answer


@cache
def _of_struct(kind: type[msgspec.Struct]) -> Cover:
    covers = {
        name: cover
        for name, hint in get_type_hints(kind, include_extras=True).items()
        if (cover := _cover(hint)) is not None
    }

    def cover_struct(answer: Any) -> Any:
        changed = {
            name: cover(value)
            for name, cover in covers.items()
            if (value := getattr(answer, name)) is not None
        }
        return msgspec.structs.replace(answer, **changed)

    return cover_struct


def _cover(hint: Any) -> Cover | None:
    """How to cover what is a payload in a value so declared; None if nothing is."""
    if hint in _PAYLOADS:
        return lambda _value: MASK
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _cover(arguments[0])
    if origin in (Union, types.UnionType):
        return _of_union(arguments)
    if origin in (list, dict):
        return _of_container(origin, _cover(arguments[-1]))
    return masked if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else None


def _of_container(origin: type, cover: Cover | None) -> Cover | None:
    if cover is None:
        return None
    if origin is list:
        return lambda values: [cover(value) for value in values]
    return lambda values: {key: cover(value) for key, value in values.items()}


def _of_union(arguments: tuple[Any, ...]) -> Cover | None:
    covers = [cover for argument in arguments if (cover := _cover(argument)) is not None]
    if len(covers) > 1:
        raise TypeError(f"which of {arguments} a value is cannot be told: cover one kind of payload a field")
    return covers[0] if covers else None
