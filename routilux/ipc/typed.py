"""Here is the codec of slots with a declared type: what does not fit is refused where it is emitted, and a
Struct or dataclass travels without a pickle.

What arrives equals what was sent, for every value that fits. So msgspec, which reads a value as the type that
is declared, gets only classes of which it would make the same again, and of their values only those in which
every type is just the declared one. All others go as untyped ones do, under the extension UNTYPED.
"""

import copyreg
import dataclasses
import struct
from abc import ABC
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, Flag
from functools import cache, reduce
from itertools import chain
from operator import attrgetter
from types import FunctionType, MemberDescriptorType, NoneType, UnionType
from typing import Any, Final, Generic, Literal, Protocol, Union, get_args, get_origin

import msgspec

from routilux.ipc.codec import (
    Append,
    Decoder,
    Emitter,
    Encoder,
    Large,
    Otherwise,
    Packed,
)
from routilux.ipc.extensions import UNTYPED, EncodeError
from routilux.ipc.large import region_parts
from routilux.slottypes import Demand, field_names, hints_of, refuser

Exact = Callable[[Any], bool]
"""Whether everything within a value, whose own type is known, is of just the declared types."""
Shape = dict[type, Exact | None]
"""The exact types that a value may have, and what else to look at in one of that type."""

_SCALARS: Final = frozenset((NoneType, bool, int, float, str, bytes))
_CONTAINERS: Final = (Union, UnionType, list, set, frozenset, tuple, dict)
_KEYS: Final = frozenset((int, str))
_HOOKS: Final = (
    *("__new__", "__post_init__", "__getattribute__", "__getnewargs__", "__getnewargs_ex__"),
    *("__getstate__", "__setstate__", "__reduce__", "__reduce_ex__"),
)
_NEUTRAL: Final = frozenset((*msgspec.Struct.__mro__, ABC, Generic, Protocol))
_HEADER: Final = struct.Struct(">BIb")
_EXT32: Final = 0xC9


_TYPES: Final = ("a_type", "b_type", "c_type", "d_type")
MOST_AT_ONCE: Final = len(_TYPES)
a_type = b_type = c_type = d_type = object
_TEMPLATES: Final[tuple[Callable[[Any], bool], ...]] = (
    lambda value: type(value.a) is a_type,
    lambda value: type(value.a) is a_type and type(value.b) is b_type,
    lambda value: type(value.a) is a_type and type(value.b) is b_type and type(value.c) is c_type,
    lambda value: (
        type(value.a) is a_type
        and type(value.b) is b_type
        and type(value.c) is c_type
        and type(value.d) is d_type
    ),
)
"""Whether attributes have certain types; see `_of_types`."""


class Inexact(TypeError):
    """msgspec would not make the same of every value of this type."""


class TypedEncoder:
    """Encodes what goes to slots of which some declare a type, one message at a time, for one thread.

    `is_fast` says that a TypedDecoder of that type must read it: every slot declares the same.
    """

    encode: Callable[[object], bytes | Large]
    """Raises EncodeError for a value that one of the slots does not take, or that cannot be sent."""

    emitter: Callable[[Append, Otherwise, Sequence[object]], Emitter]
    """As that of an Encoder."""

    def __init__(self, encoder: Encoder, slots: Sequence[Demand | None], *, large: int) -> None:
        self._large = large
        self._encode = checked(encoder.encode, [demand for demand in slots if demand is not None])
        wanted, *others = (None if demand is None else demand.type for demand in slots)
        exact = exactness(wanted) if all(other == wanted for other in others) else None
        self.is_fast = exact is not None
        self.encode, self.emitter = self._hot_path(wanted, exact)

    def _hot_path(
        self, wanted: Any, exact: Exact | None
    ) -> tuple[Callable[[object], bytes | Large], Callable[[Append, Otherwise, Sequence[object]], Emitter]]:
        large, pack = self._large, msgspec.msgpack.Encoder().encode
        if exact is None:
            return self._encode, lambda _, otherwise, __: lambda value: otherwise(value, None)

        def emitter(append: Append, otherwise: Otherwise, detour: Sequence[object]) -> Emitter:
            def emit(value: object) -> None:
                try:
                    body = pack(value) if type(value) is wanted and exact(value) else None
                except (AttributeError, OverflowError, RecursionError, TypeError, ValueError):
                    body = None  # a field is unset, an int or a text is beyond MessagePack
                if body is None or detour or len(body) > large:
                    otherwise(value, body)
                else:
                    append(body)

            return emit

        def encode(value: object) -> bytes | Large:
            made: list[bytes | Large] = []
            emitter(made.append, lambda value, packed: made.append(self.complete(value, packed)), ())(value)
            return made[0]

        return encode, emitter

    def complete(self, value: object, packed: Packed) -> bytes | Large:
        """As that of an Encoder."""
        if isinstance(packed, bytes):
            return packed if len(packed) <= self._large else Large(packed)
        part = self._encode(value)
        return _untyped(part) if self.is_fast else part


class TypedDecoder:
    """A Decoder for what a fast TypedEncoder of the same type made. Nothing of it is shared with anybody."""

    decode_batch: Callable[[bytes | memoryview], list[Any]]
    """As that of a Decoder: a message under UNTYPED spoils the batch."""

    def __init__(self, wanted: Any, plain: Decoder) -> None:
        self._plain = plain
        self._decode = msgspec.msgpack.Decoder(wanted).decode
        self.decode_batch = msgspec.msgpack.Decoder(list[wanted]).decode

    def decode(self, data: bytes | memoryview) -> object:
        """One small message."""
        return self._plain.decode(data) if data[0] == _EXT32 else self._decode(data)

    def decode_large(self, region: memoryview) -> object:
        """What Large.write laid out in `region`."""
        body, _ = region_parts(region)
        return self._plain.decode_large(region) if body[0] == _EXT32 else self._decode(body)


def checked(
    encode: Callable[[object], bytes | Large], demands: Iterable[Demand]
) -> Callable[[object], bytes | Large]:
    """Like `encode`, but raises EncodeError for a value that does not meet all the demands."""
    refusers = [refuser(demand) for demand in dict.fromkeys(demands)]

    def encode_checked(value: object) -> bytes | Large:
        for refuse in refusers:
            reason = refuse(value)
            if reason is not None:
                raise EncodeError(type(value).__qualname__, reason)
        return encode(value)

    return encode_checked if refusers else encode


def _untyped(part: bytes | Large) -> bytes | Large:
    if isinstance(part, Large):
        return Large(_HEADER.pack(_EXT32, len(part.body), UNTYPED) + part.body, part.buffers)
    return _HEADER.pack(_EXT32, len(part), UNTYPED) + part


# --- what is exact ---


@cache
def exactness(wanted: Any) -> Exact | None:
    """How to tell whether msgspec would make the same again of a value of just this class; None if it might
    not, whatever the value.
    """
    if not _is_record(wanted):
        return None
    try:
        exact = _instance(wanted, ())
        msgspec.msgpack.Decoder(list[wanted])
    except Exception:  # noqa: BLE001 - msgspec evaluates annotations, which are any expressions
        return None
    return exact


def _shape(wanted: Any, above: tuple[type, ...]) -> Shape:
    """The shape of one declared type; raises Inexact."""
    if wanted is None or wanted in _SCALARS:
        return {NoneType if wanted is None else wanted: None}
    if get_origin(wanted) is not None:
        return _parametrised(get_origin(wanted), get_args(wanted), above)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return _enum(wanted)
    if _is_record(wanted):
        return {wanted: _instance(wanted, above)}
    raise Inexact(wanted)


def _is_record(wanted: Any) -> bool:
    """Whether it is a Struct or a dataclass."""
    return isinstance(wanted, type) and field_names(wanted) is not None and not issubclass(wanted, tuple)


def _parametrised(origin: Any, args: tuple[Any, ...], above: tuple[type, ...]) -> Shape:
    if origin is Literal:
        return _literal(args)
    if origin is tuple and args[-1:] == (...,):
        return {tuple: _items(_shape(args[0], above))}
    if origin not in _CONTAINERS:
        raise Inexact(origin)
    shapes = [_shape(arg, above) for arg in args]
    if origin in (Union, UnionType):
        return _union(shapes)
    if origin is tuple:
        return {tuple: _places(shapes)}
    return {origin: _entries(*shapes) if origin is dict else _items(*shapes)}


def _union(shapes: Sequence[Shape]) -> Shape:
    joined = dict(chain.from_iterable(shape.items() for shape in shapes))
    if len(joined) < sum(map(len, shapes)):
        raise Inexact
    return joined


def _literal(choices: Sequence[Any]) -> Shape:
    shape: Shape = {}
    for kind in set(map(type, choices)):
        if kind not in (int, str, NoneType):
            raise Inexact(kind)
        shape[kind] = frozenset(choice for choice in choices if type(choice) is kind).__contains__
    return shape


def _enum(wanted: type[Enum]) -> Shape:
    encode, decode = msgspec.msgpack.encode, msgspec.msgpack.Decoder(wanted).decode
    if issubclass(wanted, Flag) or wanted._missing_.__func__ is not Enum._missing_.__func__:  # type: ignore[attr-defined]
        raise Inexact(wanted)  # it makes members as it needs them
    try:
        if any(decode(encode(member)) is not member for member in wanted):
            raise Inexact(wanted)
    except (msgspec.MsgspecError, ArithmeticError, ValueError) as error:
        raise Inexact(wanted) from error
    return {wanted: None}


def _items(item: Shape) -> Exact:
    if not any(item.values()):
        return _all_of(frozenset(item))
    fits = _fits(item)
    return lambda values: all(fits(value) for value in values)


def _all_of(kinds: frozenset[type]) -> Exact:
    return lambda values: kinds.issuperset([type(value) for value in values])  # map(type) is slow


def _entries(key: Shape, item: Shape) -> Exact:
    if not key.keys() <= _KEYS or any(key.values()):
        raise Inexact
    keys, items = _all_of(frozenset(key)), _items(item)
    return lambda value: keys(value) and items(value.values())


def _fits(shape: Shape) -> Exact:
    def fits(value: object) -> bool:
        kind = type(value)
        if kind not in shape:
            return False
        inside = shape[kind]
        return inside is None or inside(value)

    return fits


def _places(shapes: Sequence[Shape]) -> Exact:
    """For a tuple of so many values."""
    each = [_fits(shape) for shape in shapes]
    return lambda values: (
        len(values) == len(each) and all(fits(value) for fits, value in zip(each, values, strict=True))
    )


def _instance(cls: type, above: tuple[type, ...]) -> Exact:
    """For an instance of just this class."""
    names, hints = field_names(cls) or (), hints_of(cls)
    if cls in above or not _is_plain(cls, names) or not hints.keys() >= set(names):
        raise Inexact(cls)
    shapes = {name: _shape(hints[name], (*above, cls)) for name in names}
    if not cls.__dictoffset__:
        return _attributes(shapes)
    size = sum(not isinstance(getattr(cls, name, None), MemberDescriptorType) for name in names)
    return _attributes(shapes, size)


def _attributes(shapes: Mapping[str, Shape], size: int | None = None) -> Exact:
    """For a value with these attributes, and no more than `size` in its `__dict__`."""
    plain = {name: next(iter(shape)) for name, shape in shapes.items() if [*shape.values()] == [None]}
    rows = [*plain.items()]
    checks = [_of_types(dict(rows[at : at + MOST_AT_ONCE])) for at in range(0, len(rows), MOST_AT_ONCE)]
    checks += [_in_place(name, _fits(shape)) for name, shape in shapes.items() if name not in plain]
    if size is not None:
        checks.insert(0, lambda value: len(value.__dict__) == size)
    return reduce(_both, checks) if checks else lambda _: True


def _both(first: Exact, second: Exact) -> Exact:
    return lambda value: first(value) and second(value)


def _in_place(name: str, fits: Exact) -> Exact:
    get = attrgetter(name)
    return lambda value: fits(get(value))


def _of_types(kinds: Mapping[str, type]) -> Exact:
    """For a value whose attributes have just these types.

    It is asked of each message, and a loop over the attributes would take five times as long. So it is a copy
    of one of the functions above, with the names of the attributes in place of a, b, c and d.
    """
    template = _TEMPLATES[len(kinds) - 1].__code__
    names = dict(zip("abcd", kinds, strict=False))
    code = template.replace(co_names=tuple(names.get(name, name) for name in template.co_names))
    return FunctionType(code, dict(zip(_TYPES, kinds.values(), strict=False)))


def _is_plain(cls: type, names: Sequence[str]) -> bool:
    """Whether an instance is its fields and nothing else, and making one runs no code of its author's."""
    config = getattr(cls, "__struct_config__", None)
    odd = config.omit_defaults if config else any(not field.init for field in dataclasses.fields(cls))
    if odd or cls in copyreg.dispatch_table:
        return False
    for parent in set(cls.__mro__) - _NEUTRAL:
        if "__dataclass_fields__" not in vars(parent) and not hasattr(parent, "__struct_fields__"):
            return False
        for name, value in vars(parent).items():
            if name in _HOOKS and getattr(value, "__module__", None) != "dataclasses":
                return False
            if isinstance(value, MemberDescriptorType):
                if name not in names:
                    return False
            elif name in names and hasattr(type(value), "__set__"):
                return False
    return True
