"""Here is the reader of encoded payloads that never unpickles: it walks MessagePack from the front and tells
what lies there.

None of the payload's own code is run, so a message that kills whoever decodes it can be looked at.
"""

import pickletools
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from msgpack import unpackb

from routilux.ipc import extensions as ext
from routilux.ipc.large import region_parts

DEEPEST: Final = 32
"""Levels of nesting that are followed."""
OPCODES, HEAD = 64, 4096
"""Steps and bytes of a pickle that are looked at for the name of its class."""

_CONSTANTS: Final = {0xC0: None, 0xC2: False, 0xC3: True}
_SIZE: Final = struct.Struct("<I")
_NUMBERS: Final = dict(
    zip(
        range(0xCA, 0xD4),
        map(struct.Struct, (">f", ">d", ">B", ">H", ">I", ">Q", ">b", ">h", ">i", ">q")),
        strict=True,
    )
)
_plain = ext.restorer(bytes, ())  # called for extensions alone that hold numbers, never a pickle


class Cut(Exception):
    """No error: enough has been said."""


class Teller(ABC):
    """Is told each value. `items` and `pairs` read what lies in them by calling `read`, once for each item
    and twice for each pair, unless they raise Cut.
    """

    @abstractmethod
    def constant(self, value: float | bool | None) -> None: ...  # noqa: FBT001 - it is one of the values

    @abstractmethod
    def text(self, data: memoryview) -> None: ...

    @abstractmethod
    def binary(self, data: memoryview) -> None: ...

    @abstractmethod
    def items(self, kind: int, count: int, read: Callable[[], None]) -> None:
        """`kind` is 0 for a list, else TUPLE, SET or FROZENSET."""

    @abstractmethod
    def pairs(self, count: int, read: Callable[[], None]) -> None: ...

    @abstractmethod
    def moment(self, value: object) -> None:
        """A complex number, date, time, datetime or timedelta."""

    @abstractmethod
    def array(self, dtype: str | None, shape: Sequence[int], data: memoryview, order: str) -> None:
        """As numpy's `dtype.str` has it; the dtype is None if it has fields. `order` is `C` or `F`."""

    @abstractmethod
    def scalar(self, dtype: str, data: bytes) -> None:
        """A scalar of numpy's: dtype as its `char`, `U` or `S` has it."""

    @abstractmethod
    def pickled(self, class_name: str, nbytes: int) -> None: ...

    @abstractmethod
    def unknown(self, code: int, nbytes: int) -> None:
        """An extension of the user's own, or a timestamp (-1)."""


def read(encoded: bytes | memoryview, teller: Teller, *, is_large: bool) -> None:
    """Tell what lies in a message. Raises Cut when told to, or what bytes that are no message lead to."""
    view = memoryview(encoded)
    body, buffers = region_parts(view) if is_large else (view, [])
    _Reader(body, buffers, teller).value(0)


class _Reader:
    """What is not told is never looked at."""

    def __init__(self, data: memoryview, buffers: Sequence[memoryview], teller: Teller) -> None:
        self._data = data
        self._buffers = buffers
        self._teller = teller
        self._at = 0

    def _take(self, size: int) -> memoryview:
        part = self._data[self._at : self._at + size]
        if len(part) < size:
            raise EOFError
        self._at += size
        return part

    def _length(self, size: int) -> int:
        return int.from_bytes(self._take(size))

    def value(self, depth: int) -> None:
        """Tell the next value."""
        if depth > DEEPEST:
            raise Cut
        kind = self._length(1)
        if kind < 0x80 or kind >= 0xE0:
            self._teller.constant(kind if kind < 0x80 else kind - 0x100)
        elif kind < 0x90:
            self._pairs(kind & 0x0F, depth)
        elif kind < 0xA0:
            self._items(0, kind & 0x0F, depth)
        elif kind < 0xC0:
            self._teller.text(self._take(kind & 0x1F))
        elif kind in _CONSTANTS:
            self._teller.constant(_CONSTANTS[kind])
        elif kind in _NUMBERS:
            number = _NUMBERS[kind]
            self._teller.constant(number.unpack(self._take(number.size))[0])
        else:
            self._sized(kind, depth)

    def _sized(self, kind: int, depth: int) -> None:
        """Tell a value whose size follows its kind."""
        match kind:
            case 0xC4 | 0xC5 | 0xC6:
                self._teller.binary(self._take(self._length(1 << (kind - 0xC4))))
            case 0xC7 | 0xC8 | 0xC9:
                self._extension(self._length(1 << (kind - 0xC7)), depth)
            case 0xD4 | 0xD5 | 0xD6 | 0xD7 | 0xD8:
                self._extension(1 << (kind - 0xD4), depth)
            case 0xD9 | 0xDA | 0xDB:
                self._teller.text(self._take(self._length(1 << (kind - 0xD9))))
            case 0xDC | 0xDD:
                self._items(0, self._length(2 << (kind - 0xDC)), depth)
            case 0xDE | 0xDF:
                self._pairs(self._length(2 << (kind - 0xDE)), depth)
            case _:
                raise ValueError(kind)

    def _items(self, kind: int, count: int, depth: int) -> None:
        self._teller.items(kind, count, lambda: self.value(depth + 1))

    def _pairs(self, count: int, depth: int) -> None:
        self._teller.pairs(count, lambda: self.value(depth + 1))

    def sequence(self, kind: int, depth: int) -> None:
        """Tell the next value, an array, as one of another kind."""
        head = self._length(1)
        self._items(kind, head & 0x0F if head < 0xA0 else self._length(2 << (head - 0xDC)), depth)

    def _extension(self, size: int, depth: int) -> None:
        (code,) = struct.unpack("b", self._take(1))
        data = self._take(size)
        match code:
            case ext.TUPLE | ext.SET | ext.FROZENSET:
                _Reader(data, self._buffers, self._teller).sequence(code, depth)
            case ext.UNTYPED:
                _Reader(data, self._buffers, self._teller).value(depth)
            case ext.BYTES_OUTSIDE:
                self._teller.binary(self._buffers[_SIZE.unpack(data)[0]])
            case _:
                self._leaf(code, data)

    def _leaf(self, code: int, data: memoryview) -> None:
        """Tell an extension in which no other value lies."""
        match code:
            case ext.COMPLEX | ext.DATE | ext.TIME | ext.DATETIME | ext.TIMEDELTA:
                self._teller.moment(_plain(code, bytes(data)))
            case ext.ARRAY:
                (size,) = _SIZE.unpack(data[-_SIZE.size :])
                start = len(data) - _SIZE.size - size
                self._array(data[start : -_SIZE.size], data[:start])
            case ext.ARRAY_OUTSIDE:
                self._array(data[: -_SIZE.size], self._buffers[_SIZE.unpack(data[-_SIZE.size :])[0]])
            case ext.SCALAR:
                start = 1 + data[0]
                self._teller.scalar(str(data[1:start], "ascii"), bytes(data[start:]))
            case ext.PICKLE:
                self._teller.pickled(class_of(data), len(data))
            case ext.PICKLE_PARTS:
                parts = [self._buffers[part] if isinstance(part, int) else part for part in unpackb(data)]
                self._teller.pickled(class_of(parts[0]), sum(map(len, parts)))
            case _:
                self._teller.unknown(code, len(data))

    def _array(self, header: memoryview, data: memoryview) -> None:
        """A dtype with fields is pickled, and stays so."""
        dtype, order, *shape = unpackb(header)
        sides = [int(side) for side in shape]
        self._teller.array(dtype if isinstance(dtype, str) else None, sides, data, order)


def class_of(stream: bytes | memoryview) -> str:
    """The first class or function that a pickle names; read from its text, not looked up."""
    try:
        return next(_globals(bytes(stream[:HEAD])), "object")
    except Exception:  # no pickle, or one of a newer kind  # noqa: BLE001
        return "object"


def _globals(stream: bytes) -> Iterator[str]:
    texts: list[str] = []
    for opcode, argument, _ in islice(pickletools.genops(stream), OPCODES):
        if opcode.name == "GLOBAL":
            yield str(argument).replace(" ", ".")
        elif opcode.name == "STACK_GLOBAL" and len(texts) > 1:
            yield ".".join(texts[-2:])
        elif isinstance(argument, str):
            texts.append(argument)
