"""Here is the way of a payload through the codec of a declared type, and what it is made of."""

import struct
from dataclasses import dataclass
from typing import Any

import msgspec

from routilux.ipc.codec import Decoder, Encoder, Large, batch, split
from routilux.ipc.typed import TypedDecoder, TypedEncoder
from routilux.slottypes import Demand, field_names

LARGE = 16_000


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    at: tuple[float, float] = (0.0, 0.0)


def trip(wanted: type, value: object) -> Any:
    """As a message among others of its frame, and alone in a blob; both must give the same."""
    encoder = TypedEncoder(Encoder(LARGE), [Demand("r", "s", wanted)], large=LARGE)
    encoded = encoder.encode(value)
    decoder: Any = TypedDecoder(wanted, Decoder()) if encoder.is_fast else Decoder()
    if isinstance(encoded, Large):
        region = memoryview(bytearray(encoded.nbytes))
        encoded.write(region)
        return decoder.decode_large(region)
    frame = batch([encoded] * 3)
    try:
        return decoder.decode_batch(frame)[1]
    except msgspec.ValidationError:
        return decoder.decode(list(split(frame))[1])


def untyped_trip(value: object) -> Any:
    encoded = Encoder(LARGE).encode(value)
    if isinstance(encoded, bytes):
        return Decoder().decode(encoded)
    region = memoryview(bytearray(encoded.nbytes))
    encoded.write(region)
    return Decoder().decode_large(region)


def anatomy(value: Any) -> object:
    """The value with every type in it, so that 1 is not True."""
    return type(value), inside(value)


def inside(value: Any) -> object:
    match value:
        case float():  # NaN is itself, 0.0 is not -0.0
            return struct.pack("<d", value)
        case set():
            return sorted(map(repr, map(anatomy, value)))
        case list() | tuple():
            return [anatomy(item) for item in value]
        case dict():
            return [(anatomy(key), anatomy(item)) for key, item in value.items()]
    names = field_names(type(value))
    if names is None:
        return repr(value)
    return [anatomy(getattr(value, name)) for name in names], sorted(getattr(value, "__dict__", {}))


class Base(msgspec.Struct):
    number: int


class Derived(Base):
    extra: float = 0.0
