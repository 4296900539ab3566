"""Here is the codec of slots with a declared type: what does not fit is refused where it is emitted."""

from collections.abc import Callable
from typing import Any, Final, get_origin

import msgspec
from msgspec import inspect

from routilux.ipc.codec import Decoder, EncodeError, Encoder, Large, region_parts

_EXACT: Final = (
    inspect.NoneType
    | inspect.BoolType
    | inspect.IntType
    | inspect.FloatType
    | inspect.StrType
    | inspect.BytesType
    | inspect.DecimalType
    | inspect.UUIDType
    | inspect.DateType
    | inspect.TimeDeltaType
    | inspect.EnumType
    | inspect.LiteralType
    | inspect.CollectionType
    | inspect.TupleType
    | inspect.DictType
    | inspect.UnionType
    | inspect.TypedDictType
    | inspect.NamedTupleType
    | inspect.DataclassType
    | inspect.StructType
)
_PARTS: Final = ("types", "item_type", "item_types", "key_type", "value_type", "fields")
_BUILTIN: Final = frozenset((dict, frozenset, list, set, tuple))
_NAN: Final = b"\xcb\x7f\xf8"


class TypedEncoder:
    """An Encoder for values of one type, for a TypedDecoder of the same type.

    `encode` raises EncodeError for a value that does not fit the type or would not arrive equal. What arrives
    has the declared types: an int where a float is declared comes as a float.
    """

    encode: Callable[[object], bytes | Large]

    def __init__(self, type: Any, large: int = 16 * 1024) -> None:
        self.encode = _fast_encode(type, large) if is_fast(type) else _checked_encode(type, large)


class TypedDecoder:
    """A Decoder for what a TypedEncoder of the same type made."""

    decode: Callable[[bytes | memoryview], object]
    decode_batch: Callable[[bytes | memoryview], list[Any]]
    decode_large: Callable[[memoryview], object]

    def __init__(self, type: Any) -> None:
        if is_fast(type):
            decode = msgspec.msgpack.Decoder(type).decode
            self.decode = decode
            self.decode_batch = msgspec.msgpack.Decoder(list[type]).decode
            self.decode_large = lambda region: decode(region_parts(region)[0])
        else:
            plain = Decoder()
            self.decode, self.decode_batch, self.decode_large = (
                plain.decode,
                plain.decode_batch,
                plain.decode_large,
            )


def is_fast(type: Any) -> bool:
    """Whether values of the type arrive equal by msgspec alone. Others are checked, then go untyped."""
    seen: set[int] = set()

    def exact(info: Any) -> bool:
        if id(info) in seen:  # a type that holds itself
            return True
        seen.add(id(info))
        if isinstance(info, list | tuple):
            return all(exact(item) for item in info)
        if isinstance(info, inspect.Field):
            return exact(info.type)
        if not isinstance(info, _EXACT):
            return False
        if isinstance(info, inspect.DataclassType | inspect.StructType) and not _is_plain(info.cls):
            return False
        return all(exact(part) for name in _PARTS if (part := getattr(info, name, None)) is not None)

    try:
        return exact(inspect.type_info(type))
    except TypeError:  # nothing that msgspec knows
        return False


def _is_plain(cls: Any) -> bool:
    """Whether reading one runs no code of its author's, and it can be compared with what was read."""
    config = getattr(cls, "__struct_config__", None)
    comparable = cls.__eq__ is not object.__eq__ if config is None else config.eq
    return comparable and not hasattr(cls, "__post_init__")


def _fast_encode(type_: Any, large: int) -> Callable[[object], bytes | Large]:
    pack, read = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(type_).decode

    def encode(value: object) -> bytes | Large:
        try:
            body = pack(value)
            arrives = read(body)
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise EncodeError(type(value).__qualname__, str(error)) from error
        if arrives != value and not (_NAN in body and pack(arrives) == body):
            raise EncodeError(type(value).__qualname__, f"it would arrive as {arrives!r:.200}")
        return body if len(body) <= large else Large(body)

    return encode


def _checked_encode(type_: Any, large: int) -> Callable[[object], bytes | Large]:
    plain, check = Encoder(large).encode, _check(type_)

    def encode(value: object) -> bytes | Large:
        check(value)
        return plain(value)

    return encode


def _check(type_: Any) -> Callable[[object], None]:
    """What raises EncodeError for a value that does not fit. Raises TypeError for a type it cannot check."""
    try:
        isinstance(None, type_)
    except TypeError:
        inspect.type_info(type_)
    else:
        return lambda value: _check_class(value, type_)
    outer = get_origin(type_)

    def check(value: object) -> None:
        if outer in _BUILTIN:  # convert would take a tuple for a list
            _check_class(value, outer)
        try:
            msgspec.convert(value, type_)
        except msgspec.ValidationError as error:
            raise EncodeError(type(value).__qualname__, str(error)) from error

    return check


def _check_class(value: object, wanted: Any) -> None:
    if not isinstance(value, wanted):
        name = getattr(wanted, "__qualname__", wanted)
        raise EncodeError(type(value).__qualname__, f"Expected `{name}`")
