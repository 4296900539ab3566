"""Here is the way of a payload through the codec, and payloads that try it."""

from collections import namedtuple
from dataclasses import dataclass, field
from enum import Enum, IntEnum

import numpy as np

from routilux.ipc.codec import Decoder, Encoder, Large

Point = namedtuple("Point", "x y")  # noqa: PYI024 - the untyped kind must arrive too


class Colour(Enum):
    RED = 1


class Level(IntEnum):
    HIGH = 3


class Name(str):
    __slots__ = ()


@dataclass
class Box:
    corner: tuple[int, int]
    pixels: object = None
    tags: list[str] = field(default_factory=list)


class Explodes:
    """Its pickle cannot be loaded."""

    def __reduce__(self) -> tuple[type[object], tuple[int]]:
        return object, (1,)


class Hollow:
    def __reduce__(self) -> str:
        raise KeyError("nothing to see")


def region_of(large: Large) -> memoryview:
    region = bytearray(large.nbytes)
    large.write(memoryview(region))
    return memoryview(region)


def trip(value: object, encoder: Encoder | None = None) -> object:
    encoded = (encoder or Encoder()).encode(value)
    decoder = Decoder()
    if isinstance(encoded, Large):
        return decoder.decode_large(region_of(encoded))
    return decoder.decode(encoded)


def same(a: object, b: object) -> bool:
    """Equal, and of equal type, all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, Box):
        a, b = vars(a), vars(b)
    if isinstance(a, dict) and isinstance(b, dict):
        pairs = zip(a.items(), b.items(), strict=True)
        return len(a) == len(b) and all(
            same(x, y) for one, other in pairs for x, y in zip(one, other, strict=True)
        )
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, set | frozenset) and isinstance(b, set | frozenset):
        return a == b and sorted(map(repr, map(type, a))) == sorted(map(repr, map(type, b)))
    return a == b or (a != a and b != b)  # noqa: PLR0124 - NaN
