"""Here are the guards: how a condition looks at a value and into it.

None of them runs code of the payload's classes, with one exception that is bounded: to look a key up in a
mapping or set, Python asks a key of the same hash whether it is equal. None of them takes long: what is too
long to be compared or searched is a Fault.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from itertools import islice
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, Final

import msgspec

LONGEST: Final = 1 << 16
"""Characters or bytes that are compared or searched."""
MOST: Final = 1000
"""Items that are compared or searched."""
DEEPEST: Final = 16
LARGEST: Final = 1 << 256
"""Whole numbers to reckon with are smaller."""
KNOWN_CLASSES: Final = 256


def _identities(*classes: type) -> frozenset[int]:
    return frozenset(map(id, classes))


NUMBERS: Final = _identities(bool, int, float)
"""Classes by their identity: to look for a class itself might run its metaclass."""
TEXTS: Final = _identities(str, bytes)
SCALARS: Final = NUMBERS | TEXTS | _identities(type(None))
SEQUENCES: Final = _identities(list, tuple)
SETS: Final = _identities(set, frozenset)
SIZED: Final = TEXTS | SEQUENCES | SETS | _identities(dict)
ARRAY_FACTS: Final = frozenset(("dtype", "shape", "ndim", "size"))
NOTHING: Final = object()
_DTYPES: Final = {"i": "int", "u": "uint", "f": "float", "c": "complex"}
"""What NumPy calls the kinds of numbers; the whole name takes it microseconds to tell."""

mro: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_vars: Callable[[type], Mapping[str, Any]] = type.__dict__["__dict__"].__get__
_class_name: Callable[[type], str] = type.__dict__["__name__"].__get__


def is_a(classes: tuple[type, ...], wanted: type) -> bool:
    """Whether it is one of them."""
    for each in classes:  # noqa: SIM110 - a generator takes three times as long
        if each is wanted:
            return True
    return False


class Fault(Exception):
    """A condition cannot be answered for this payload: then it does not hold, and that is counted."""


# ---- what a value is --------------------------------------------------------------------------------------


def typename(value: object) -> str:
    """The name of its class, which the class cannot forge."""
    return str.__str__(_class_name(type(value)))


def isnull(value: object) -> bool:
    """None, or not a number."""
    return value is None or (type(value) is float and value != value)  # noqa: PLR0124 - what NaN is


def truth(value: object) -> bool:
    """As Python sees it, but a class has no say in it."""
    kind = type(value)
    if kind is bool:
        return bool(value)
    if value is None:
        return False
    if id(kind) in NUMBERS:
        return value != 0
    if id(kind) in SIZED:
        return bool(value)
    if is_array(value):
        raise Fault("an array is neither true nor false: ask for its size")
    return True


def length(value: object) -> int:
    """Its items, characters or bytes."""
    if id(type(value)) in SIZED:
        return len(value)  # type: ignore[arg-type] # one of those
    for kind in mro(type(value)):
        if id(kind) in SIZED:
            found: int = kind.__len__(value)  # type: ignore[attr-defined]
            return found
    if is_array(value) and (shape := _array_fact(value, "shape")):
        return int(shape[0])
    raise Fault(f"a {typename(value)} has no length")


def is_array(value: object) -> bool:
    """Whether it is an array of NumPy, of no class of the user's."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is getattr(numpy, "ndarray", None)


def _array_fact(value: Any, name: str) -> Any:
    if name != "dtype":
        return getattr(value, name)
    dtype = value.dtype
    word = _DTYPES.get(dtype.kind)
    return str(dtype)[:LONGEST] if word is None else f"{word}{8 * dtype.itemsize}"


def plain(value: Any) -> Any:
    """A NumPy scalar as a number of Python; anything else as it is."""
    if id(type(value)) in SCALARS or id(type(value)) in SIZED:
        return value
    numpy = sys.modules.get("numpy")
    generic = getattr(numpy, "generic", None)
    if generic is None or not is_a(mro(type(value)), generic) or _vars(type(value)).get("__module__"):
        return value  # a class of the user's has a module in its own namespace, NumPy's own have none
    return value.item()


# ---- what is in a value -----------------------------------------------------------------------------------


def field(value: object, name: str) -> Any:
    """What a mapping has under that name, or the field of a record, or a fact about an array."""
    found = value.get(name, NOTHING) if type(value) is dict else _field(value, name)
    if found is NOTHING:
        raise Fault(f"this {typename(value)} has no field {name!r}")
    return found


def get(value: object, name: object, default: object = None) -> Any:
    """As `field`, with a value for what is not there."""
    if type(value) is dict and type(name) is str:
        return value.get(name, default)
    if is_a(mro(type(value)), dict):
        return dict.get(value, key(name), default)  # type: ignore[call-overload]
    found = _field(value, name) if type(name) is str else NOTHING
    return default if found is NOTHING else found


def item(value: Any, at: object) -> Any:
    """What a mapping has under a key, a sequence at a place."""
    kinds = mro(type(value))
    if is_a(kinds, dict):
        found = dict.get(value, key(at), NOTHING)
        if found is NOTHING:
            raise Fault(f"there is no key {at!r}")
        return found
    if type(at) is not int:
        raise Fault(f"a {typename(value)} is not indexed by a {typename(at)}")
    for kind in (list, tuple, str, bytes):
        if is_a(kinds, kind):
            try:
                return kind.__getitem__(value, at)
            except IndexError:
                raise Fault(f"there is no place {at}") from None
    raise Fault(f"a {typename(value)} cannot be indexed")


def key(value: object) -> Any:
    """A value to look up."""
    if id(type(value)) not in SCALARS:
        raise Fault(f"a {typename(value)} cannot be looked up")
    return value


def _field(value: object, name: str) -> Any:
    kind = type(value)
    if is_array(value):
        return _array_fact(value, name) if name in ARRAY_FACTS else NOTHING
    if is_a(mro(kind), dict):
        return dict.get(value, name, NOTHING)  # type: ignore[call-overload]
    known = _readers.get(id(kind))
    if known is None or known[0] is not kind:
        if len(_readers) >= KNOWN_CLASSES:
            _readers.clear()
        known = _readers[id(kind)] = (kind, _readers_of(kind))
    reader = known[1].get(name)
    return NOTHING if reader is None else reader(value)


Reader = Callable[[Any], Any]
_readers: dict[int, tuple[type, dict[str, Reader]]] = {}
"""By the identity of the class: to hash it might run its metaclass."""


def fields_of(value: object) -> dict[str, Reader]:
    """The fields of a dataclass, Struct or NamedTuple, and how to read each without code of its class."""
    return _readers_of(type(value))


def _readers_of(kind: type) -> dict[str, Reader]:
    found: dict[str, Reader] = {}
    for name in _declared(kind):
        if type(name) is str and not name.startswith("__"):
            found[name] = _reader(kind, name)
    return found


def _declared(kind: type) -> tuple[str, ...]:
    if type(kind) is msgspec.StructMeta:
        return kind.__struct_fields__
    for parent in mro(kind):
        own = _vars(parent)
        fields = own.get("__dataclass_fields__")
        if type(fields) is dict:
            return tuple(fields)
        fields = own.get("_fields")
        if type(fields) is tuple:
            return fields
    return ()


def _names(fields: tuple[object, ...]) -> bool:
    return all(type(name) is str for name in fields)


def _reader(kind: type, name: str) -> Reader:
    """Only what Python itself stores is read: a slot, a place in a tuple, the instance's own dictionary."""
    for parent in mro(kind):
        own = _vars(parent)
        place = own.get("_fields")
        if type(place) is tuple and is_a(mro(kind), tuple) and _names(place) and name in place:
            at = place.index(name)
            return lambda value: tuple.__getitem__(value, at)
        member = own.get(name)
        if type(member) is MemberDescriptorType:
            return _slot_reader(member)
    for parent in mro(kind):
        holder = _vars(parent).get("__dict__")
        if type(holder) is GetSetDescriptorType:
            read = holder.__get__
            return lambda value: read(value).get(name, NOTHING)
        if holder is not None:
            break
    return lambda _value: NOTHING


def attributes_of(value: Any) -> dict[str, Any]:
    """What lies in the instance's own dictionary, as it is now."""
    for parent in mro(type(value)):
        holder = _vars(parent).get("__dict__")
        if type(holder) is GetSetDescriptorType:
            found = islice(holder.__get__(value).items(), MOST)
            return {name: each for name, each in found if type(name) is str}
        if holder is not None:
            break
    return {}


def _slot_reader(member: MemberDescriptorType) -> Reader:
    def read(value: Any) -> Any:
        try:
            return member.__get__(value)
        except AttributeError:
            return NOTHING

    return read
