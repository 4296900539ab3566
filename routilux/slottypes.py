"""Here is what `Slot(type=T)` demands: the Demand of each slot, and the check of a value against a type.

The fields of a dataclass, msgspec.Struct, NamedTuple or TypedDict are checked with it, and at each level the
first ITEMS items of a list, tuple, set or mapping. What a class is not known to hold is not looked into.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from itertools import islice
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Required,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from routilux.graph import Graph

ITEMS = 64
"""So many items of one container are looked at."""

_WIDER: dict[object, tuple[type, ...]] = {float: (float, int), complex: (complex, float, int)}
_WRAPPERS = (Annotated, Required, NotRequired, Final)
_MISSING: Any = object()


class Misfit(NamedTuple):
    """Where in a value something is wrong, the type wanted there, and the type found."""

    path: str
    wanted: str
    got: str


Check = Callable[[Any], Misfit | None]
"""What is wrong with a value; None if nothing is."""


@dataclasses.dataclass(frozen=True)
class Demand:
    """The type that a slot declares."""

    routine: str
    slot: str
    type: Any


def demands(flow: Graph) -> dict[int, Demand]:
    """By the number of the connection, what its slot demands; nothing for slots without a type."""
    found = {}
    for number, connection in enumerate(flow.connections):
        demand = demand_of(flow, connection.target, connection.slot)
        if demand is not None:
            found[number] = demand
    return found


def demand_of(flow: Graph, routine: str, slot: str) -> Demand | None:
    """What a slot demands; None if it takes anything."""
    port = flow.nodes[routine].routine.slots.get(slot)  # a routine without slots has one that is not declared
    return None if port is None or port.type is None else Demand(routine, slot, port.type)


def refuser(demand: Demand) -> Callable[[object], str | None]:
    """What tells why the slot cannot take a value, and None if it can. Raises TypeError as `checker` does."""
    check = checker(demand.type)
    takes = f"slot {demand.slot!r} of routine {demand.routine!r} takes {name_of(demand.type)}"

    def refuse(value: object) -> str | None:
        try:
            misfit = check(value)
        except RecursionError:  # too deep to be looked at: the codec says what it thinks of it
            return None
        if misfit is None or not misfit.path:
            return None if misfit is None else takes
        return f"{takes}, but at {misfit.path} this one has {misfit.got} instead of {misfit.wanted}"

    return refuse


def name_of(wanted: Any) -> str:
    """The type as a user writes it."""
    return wanted.__qualname__ if isinstance(wanted, type) and not get_args(wanted) else str(wanted)


@cache
def checker(wanted: Any) -> Check:
    """How to check a value against a type. Raises TypeError for what is no type that can be checked."""
    return _checker(wanted, {})


def _checker(wanted: Any, known: dict[Any, Check]) -> Check:
    if wanted is Any or wanted is object or isinstance(wanted, TypeVar):
        return _anything
    if isinstance(wanted, NewType):
        return _checker(wanted.__supertype__, known)
    if get_origin(wanted) is not None:
        return _parametrised(wanted, known)
    return _plain(NoneType if wanted is None else wanted, known)


def _parametrised(wanted: Any, known: dict[Any, Check]) -> Check:
    origin, args = get_origin(wanted), get_args(wanted)
    if origin in _WRAPPERS:
        return _checker(args[0], known)
    if origin in (Union, UnionType):
        return _union(wanted, [_checker(arg, known) for arg in args])
    if origin is Literal:
        return _literal(wanted, args)
    if isinstance(origin, type):
        return _generic(origin, args, known)
    raise TypeError(f"{wanted!r} cannot be checked")


def _plain(wanted: Any, known: dict[Any, Check]) -> Check:
    if not isinstance(wanted, type):
        raise TypeError(f"{wanted!r} is not a type")
    if is_typeddict(wanted):
        return _recorded(wanted, known, _typed_dict)
    if field_names(wanted) is not None:
        return _recorded(wanted, known, _instance)
    return _class_check(wanted)


def field_names(cls: type) -> tuple[str, ...] | None:
    """The fields of a dataclass, Struct or NamedTuple; None for any other class."""
    if dataclasses.is_dataclass(cls):
        return tuple(field.name for field in dataclasses.fields(cls))
    names = getattr(cls, "__struct_fields__", None)
    if names is None and issubclass(cls, tuple):
        names = getattr(cls, "_fields", None)
    return names


def hints_of(cls: Any) -> dict[str, Any]:
    """The declared types of its fields; none where an annotation names what cannot be found."""
    try:
        return get_type_hints(cls, include_extras=True)
    except Exception:  # noqa: BLE001 - an annotation is any expression
        return {}


def _anything(_: object) -> None:
    return None


def _class_check(cls: Any) -> Check:
    wanted, name = _WIDER.get(cls, cls), name_of(cls)
    isinstance(None, wanted)  # raises TypeError for what cannot be asked, as a protocol

    def check(value: object) -> Misfit | None:
        return None if isinstance(value, wanted) else Misfit("", name, type(value).__qualname__)

    return check


def _union(wanted: Any, checks: list[Check]) -> Check:
    def check(value: object) -> Misfit | None:
        deepest: Misfit | None = None
        for one in checks:
            misfit = one(value)
            if misfit is None:
                return None
            deepest = misfit if misfit.path else deepest
        return deepest or Misfit("", name_of(wanted), type(value).__qualname__)

    return check


def _literal(wanted: Any, choices: tuple[Any, ...]) -> Check:
    def check(value: object) -> Misfit | None:
        if any(type(value) is type(choice) and value == choice for choice in choices):
            return None
        return Misfit("", name_of(wanted), type(value).__qualname__)

    return check


def _recorded(wanted: Any, known: dict[Any, Check], make: Callable[[Any, dict[Any, Check]], Check]) -> Check:
    """The check of a type with fields, which may hold itself."""
    if wanted not in known:

        def itself(value: object) -> Misfit | None:
            return made(value)

        known[wanted] = itself
        made = make(wanted, known)
    return known[wanted]


def _fields(cls: Any, known: dict[Any, Check]) -> dict[str, Check]:
    checks = {}
    for name, hint in hints_of(cls).items():
        try:
            checks[name] = _checker(hint, known)
        except TypeError:  # what cannot be checked may be anything
            continue
    return {name: check for name, check in checks.items() if check is not _anything}


def _instance(cls: type, known: dict[Any, Check]) -> Check:
    is_instance, declared = _class_check(cls), _fields(cls, known)
    checks = [(name, declared[name]) for name in field_names(cls) or () if name in declared]

    def check(value: object) -> Misfit | None:
        if misfit := is_instance(value):
            return misfit
        for name, one in checks:
            part = getattr(value, name, _MISSING)
            if part is not _MISSING and (misfit := one(part)):
                return misfit._replace(path=f".{name}{misfit.path}")
        return None

    return check


def _typed_dict(cls: Any, known: dict[Any, Check]) -> Check:
    is_dict, checks = _class_check(dict), _fields(cls, known)
    name, names = name_of(cls), cls.__required_keys__ | cls.__optional_keys__
    # What the class itself says of them is wrong where annotations are texts.
    marks = {key: get_origin(hint) for key, hint in hints_of(cls).items()}
    required = {key for key in names if marks.get(key) is Required} | {
        key for key in cls.__required_keys__ if marks.get(key) is not NotRequired
    }

    def check(value: Any) -> Misfit | None:
        if is_dict(value):
            return Misfit("", name, type(value).__qualname__)
        if wrong := [*(required - value.keys()), *(value.keys() - names)]:
            has = ("nothing", "a value") if wrong[0] in required else ("a value", "nothing")
            return Misfit(f"[{wrong[0]!r:.40}]", has[1], has[0])
        for key, part in value.items():
            if (one := checks.get(key)) and (misfit := one(part)):
                return misfit._replace(path=f"[{key!r}]{misfit.path}")
        return None

    return check


def _generic(origin: type, args: tuple[Any, ...], known: dict[Any, Check]) -> Check:
    is_instance = _class_check(origin)
    if issubclass(origin, tuple) and args[-1:] != (...,):
        places = [_checker(arg, known) for arg in args]
        return lambda value: is_instance(value) or _place(value, places)
    if issubclass(origin, Mapping) and len(args) == 2:
        key, item = (_checker(arg, known) for arg in args)
        return lambda value: is_instance(value) or _item(value, key, ".keys()") or _value(value, item)
    if issubclass(origin, Collection) and args:
        item = _checker(args[0], known)
        return lambda value: is_instance(value) or _item(value, item, "")
    return is_instance


def _place(value: tuple[Any, ...], places: list[Check]) -> Misfit | None:
    if len(value) != len(places):
        return Misfit("its length", f"tuple of {len(places)}", f"tuple of {len(value)}")
    return _first(enumerate(map(_call, places, value)))


def _item(values: Iterable[Any], check: Check, of: str) -> Misfit | None:
    misfit = _first(enumerate(map(check, islice(values, ITEMS))))
    return misfit and misfit._replace(path=of + misfit.path)


def _value(value: Mapping[Any, Any], check: Check) -> Misfit | None:
    return _first((key, check(item)) for key, item in islice(value.items(), ITEMS))


def _call(check: Check, value: object) -> Misfit | None:
    return check(value)


def _first(found: Iterable[tuple[object, Misfit | None]]) -> Misfit | None:
    return next((m._replace(path=f"[{at!r:.40}]{m.path}") for at, m in found if m is not None), None)
