"""Here is the preview of an encoded payload: a line of text about it, made without decoding any pickle.

Nothing of the payload's own code is run, so a message that kills whoever decodes it can be looked at.
"""

import pickletools
import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from msgpack import unpackb

from routilux.ipc import extensions as ext
from routilux.ipc.codec import region_parts

LONGEST: Final = 500
"""Characters of a preview."""
DEEPEST: Final = 32
"""Levels of nesting that are followed."""
SHORT: Final = 32
"""Bytes up to this number are shown; of more, only the number."""
OPCODES, HEAD = 64, 4096
"""Steps and bytes of a pickle that are looked at for the name of its class."""

_SEQUENCES: Final = {ext.TUPLE: ("(", ")"), ext.SET: ("{", "}"), ext.FROZENSET: ("frozenset({", "})")}
_DTYPES: Final = {"b": "bool", "i": "int", "u": "uint", "f": "float", "c": "complex"}
_KINDS: Final = {
    **dict.fromkeys("bhilq", "int"),
    **dict.fromkeys("BHILQ", "uint"),
    **dict.fromkeys("efd", "float"),
}
_CONSTANTS: Final = {0xC0: "None", 0xC2: "False", 0xC3: "True"}
_SIZE: Final = struct.Struct("<I")
_NUMBERS: Final = dict(
    zip(
        range(0xCA, 0xD4),
        map(struct.Struct, (">f", ">d", ">B", ">H", ">I", ">Q", ">b", ">h", ">i", ">q")),
        strict=True,
    )
)
_plain = ext.restorer(bytes, ())  # called for extensions alone that hold numbers, never a pickle


class _Cut(Exception):
    """No error: enough has been said."""


def preview(encoded: bytes | memoryview, *, is_large: bool, limit: int = LONGEST) -> str:
    """What the payload is, in at most `limit` characters: its structure as Python writes it, arrays by dtype
    and shape, anything pickled by the name of its class and its size. Never raises.
    """
    text = _Text(limit)
    try:
        body, buffers = region_parts(memoryview(encoded)) if is_large else (memoryview(encoded), [])
        _Reader(body, buffers, text).value(0)
    except _Cut:
        return text.cut()
    except Exception as error:  # bytes that are no message may mislead every reader  # noqa: BLE001
        text.parts.append(f"… (not readable: {type(error).__name__})")
    return text.whole()


def short(encoded: bytes, limit: int) -> str:
    """As `preview` of a small payload, and much quicker where it is made of plain values alone."""
    if len(encoded) <= limit:
        try:
            text = repr(unpackb(encoded, strict_map_key=False, ext_hook=_refuse))
        except Exception:  # it is not so plain  # noqa: BLE001
            return preview(encoded, is_large=False, limit=limit)
        return text if len(text) <= limit else text[: limit - 1] + "…"
    return preview(encoded, is_large=False, limit=limit)


def _refuse(code: int, data: bytes) -> object:
    raise ValueError(code, data)


class _Text:
    """The line as it grows."""

    def __init__(self, limit: int) -> None:
        self.parts: list[str] = []
        self.limit = limit
        self._length = 0

    def add(self, part: str) -> None:
        if not part.isprintable():  # a class may have any name, and this line goes to terminals
            part = "".join(c if c.isprintable() else repr(c)[1:-1] for c in part)
        self.parts.append(part)
        self._length += len(part)
        if self._length > self.limit:
            raise _Cut

    def cut(self) -> str:
        return "".join(self.parts)[: max(0, self.limit - 1)] + "…"

    def whole(self) -> str:
        return "".join(self.parts) if sum(map(len, self.parts)) <= self.limit else self.cut()


class _Reader:
    """Reads MessagePack from the front; what does not fit into the line is never looked at."""

    def __init__(self, data: memoryview, buffers: Sequence[memoryview], text: _Text) -> None:
        self._data = data
        self._buffers = buffers
        self._text = text
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
        """Say what the next value is."""
        if depth > DEEPEST:
            raise _Cut
        kind = self._length(1)
        if kind < 0x80 or kind >= 0xE0:
            self._text.add(str(kind if kind < 0x80 else kind - 0x100))
        elif kind < 0x90:
            self._map(kind & 0x0F, depth)
        elif kind < 0xA0:
            self._items(kind & 0x0F, depth, "[", "]")
        elif kind < 0xC0:
            self._str(kind & 0x1F)
        elif kind in _CONSTANTS:
            self._text.add(_CONSTANTS[kind])
        elif kind in _NUMBERS:
            number = _NUMBERS[kind]
            self._text.add(str(number.unpack(self._take(number.size))[0]))
        else:
            self._sized(kind, depth)

    def _sized(self, kind: int, depth: int) -> None:
        """Say what a value is whose size follows its kind."""
        match kind:
            case 0xC4 | 0xC5 | 0xC6:
                self._text.add(_bytes(self._take(self._length(1 << (kind - 0xC4)))))
            case 0xC7 | 0xC8 | 0xC9:
                self._extension(self._length(1 << (kind - 0xC7)), depth)
            case 0xD4 | 0xD5 | 0xD6 | 0xD7 | 0xD8:
                self._extension(1 << (kind - 0xD4), depth)
            case 0xD9 | 0xDA | 0xDB:
                self._str(self._length(1 << (kind - 0xD9)))
            case 0xDC | 0xDD:
                self._items(self._length(2 << (kind - 0xDC)), depth, "[", "]")
            case 0xDE | 0xDF:
                self._map(self._length(2 << (kind - 0xDE)), depth)
            case _:
                raise ValueError(kind)

    def _str(self, size: int) -> None:
        data = self._take(size)
        start = bytes(data[: 4 * self._text.limit])
        self._text.add(repr(start.decode("utf-8", "replace" if len(start) < size else "surrogatepass")))

    def _items(self, count: int, depth: int, opening: str, closing: str) -> None:
        self._text.add(opening)
        for number in range(count):
            self._text.add(", " if number else "")
            self.value(depth + 1)
        self._text.add(closing)

    def _map(self, count: int, depth: int) -> None:
        self._text.add("{")
        for number in range(count):
            self._text.add(", " if number else "")
            self.value(depth + 1)
            self._text.add(": ")
            self.value(depth + 1)
        self._text.add("}")

    def _extension(self, size: int, depth: int) -> None:
        code = struct.unpack("b", self._take(1))[0]
        data = self._take(size)
        if code in _SEQUENCES:
            _Reader(data, self._buffers, self._text).sequence(depth, *_SEQUENCES[code])
        elif code in _NAMES:
            self._text.add(_NAMES[code](data, self._buffers))
        else:
            self._text.add(f"Timestamp of {size:,} B" if code == -1 else f"ExtType({code}, {size:,} B)")

    def sequence(self, depth: int, opening: str, closing: str) -> None:
        """Say the next value, an array, between brackets of its own."""
        kind = self._length(1)
        count = kind & 0x0F if kind < 0xA0 else self._length(2 << (kind - 0xDC))
        closing = ",)" if (opening, count) == ("(", 1) else closing
        if (opening, count) == ("{", 0):
            opening, closing = "set(", ")"
        self._items(count, depth, opening, closing)


def _bytes(data: memoryview) -> str:
    return repr(bytes(data)) if len(data) <= SHORT else f"bytes of {len(data):,} B"


def _number_or_moment(code: int) -> Callable[[memoryview, Sequence[memoryview]], str]:
    def say(data: memoryview, _: Sequence[memoryview]) -> str:
        value = _plain(code, bytes(data))
        return str(value) if code == ext.COMPLEX else f"{type(value).__name__} {value}"

    return say


def _outside_bytes(data: memoryview, buffers: Sequence[memoryview]) -> str:
    return _bytes(buffers[_SIZE.unpack(data)[0]])


def _array(data: memoryview, _: Sequence[memoryview]) -> str:
    (size,) = _SIZE.unpack(data[-_SIZE.size :])
    return _shape(data[-_SIZE.size - size : -_SIZE.size])


def _outside_array(data: memoryview, _: Sequence[memoryview]) -> str:
    return _shape(data[: -_SIZE.size])


def _shape(header: memoryview) -> str:
    """`array 1080×1920 uint8`; a dtype with fields is pickled, and stays so."""
    dtype, _, *shape = unpackb(header)
    sides = "×".join(f"{int(side)}" for side in shape) or "of no dimension"
    return f"array {sides} {_dtype(dtype) if isinstance(dtype, str) else 'with fields'}"


def _dtype(text: str) -> str:
    kind, size = text[1:2], text[2:]
    if kind not in _DTYPES or not size.isdigit():
        return text
    return "bool" if kind == "b" else f"{_DTYPES[kind]}{8 * int(size)}"


def _scalar(data: memoryview, _: Sequence[memoryview]) -> str:
    start = 1 + data[0]
    dtype, value = str(data[1:start], "ascii"), bytes(data[start:])
    if dtype == "U":
        return f"str_ {value.decode('utf-8', 'surrogatepass')!r}"
    if dtype == "?":
        return f"bool_ {any(value)}"
    if dtype in _KINDS:
        return f"{_KINDS[dtype]}{8 * len(value)} {struct.unpack(dtype, value)[0]}"
    return f"numpy scalar {dtype!r} of {len(value):,} B"


def _pickle(data: memoryview, _: Sequence[memoryview]) -> str:
    return f"{_class_of(data)} by pickle, {len(data):,} B"


def _pickle_parts(data: memoryview, buffers: Sequence[memoryview]) -> str:
    parts = [buffers[place] if isinstance(place, int) else place for place in unpackb(data)]
    return f"{_class_of(parts[0])} by pickle, {sum(map(len, parts)):,} B"


def _class_of(stream: bytes | memoryview) -> str:
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


_NAMES: Final[dict[int, Callable[[memoryview, Sequence[memoryview]], str]]] = {
    **{
        code: _number_or_moment(code)
        for code in (ext.COMPLEX, ext.DATE, ext.TIME, ext.DATETIME, ext.TIMEDELTA)
    },
    ext.BYTES_OUTSIDE: _outside_bytes,
    ext.ARRAY: _array,
    ext.ARRAY_OUTSIDE: _outside_array,
    ext.SCALAR: _scalar,
    ext.PICKLE: _pickle,
    ext.PICKLE_PARTS: _pickle_parts,
}
