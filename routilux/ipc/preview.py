"""Here is the preview of an encoded payload: a line of text about it, made without decoding any pickle."""

import struct
from collections.abc import Callable, Sequence
from typing import Final

from msgpack import unpackb

from routilux.ipc import extensions as ext
from routilux.ipc.reader import Cut, Teller, read

LONGEST: Final = 500
"""Characters of a preview."""
SHORT: Final = 32
"""Bytes up to this number are shown; of more, only the number."""

_BRACKETS: Final = {
    0: ("[", "]"),
    ext.TUPLE: ("(", ")"),
    ext.SET: ("{", "}"),
    ext.FROZENSET: ("frozenset({", "})"),
}
_DTYPES: Final = {"b": "bool", "i": "int", "u": "uint", "f": "float", "c": "complex"}
_KINDS: Final = {
    **dict.fromkeys("bhilq", "int"),
    **dict.fromkeys("BHILQ", "uint"),
    **dict.fromkeys("efd", "float"),
}


def preview(encoded: bytes | memoryview, *, is_large: bool, limit: int = LONGEST) -> str:
    """What the payload is, in at most `limit` characters: its structure as Python writes it, arrays by dtype
    and shape, anything pickled by the name of its class and its size. Never raises.
    """
    text = _Text(limit)
    try:
        read(encoded, text, is_large=is_large)
    except Cut:
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


class _Text(Teller):
    """The line as it grows."""

    def __init__(self, limit: int) -> None:
        self.parts: list[str] = []
        self._limit = limit
        self._length = 0

    def _add(self, part: str) -> None:
        if not part.isprintable():  # a class may have any name, and this line goes to terminals
            part = "".join(c if c.isprintable() else repr(c)[1:-1] for c in part)
        self.parts.append(part)
        self._length += len(part)
        if self._length > self._limit:
            raise Cut

    def cut(self) -> str:
        return "".join(self.parts)[: max(0, self._limit - 1)] + "…"

    def whole(self) -> str:
        return "".join(self.parts) if sum(map(len, self.parts)) <= self._limit else self.cut()

    # ---- what it is told ----------------------------------------------------------------------------------

    def constant(self, value: float | bool | None) -> None:  # noqa: FBT001 - as in Teller
        self._add(str(value))

    def text(self, data: memoryview) -> None:
        start = bytes(data[: 4 * self._limit])
        self._add(repr(start.decode("utf-8", "replace" if len(start) < len(data) else "surrogatepass")))

    def binary(self, data: memoryview) -> None:
        self._add(repr(bytes(data)) if len(data) <= SHORT else f"bytes of {len(data):,} B")

    def items(self, kind: int, count: int, read: Callable[[], None]) -> None:
        opening, closing = _BRACKETS[kind]
        closing = ",)" if (opening, count) == ("(", 1) else closing
        if (opening, count) == ("{", 0):
            opening, closing = "set(", ")"
        self._add(opening)
        for number in range(count):
            self._add(", " if number else "")
            read()
        self._add(closing)

    def pairs(self, count: int, read: Callable[[], None]) -> None:
        self._add("{")
        for number in range(count):
            self._add(", " if number else "")
            read()
            self._add(": ")
            read()
        self._add("}")

    def moment(self, value: object) -> None:
        self._add(str(value) if isinstance(value, complex) else f"{type(value).__name__} {value}")

    def array(self, dtype: str | None, shape: Sequence[int], data: memoryview, order: str) -> None:  # noqa: ARG002 - as in Teller
        """`array 1080×1920 uint8`."""
        sides = "×".join(map(str, shape)) or "of no dimension"
        self._add(f"array {sides} {'with fields' if dtype is None else _dtype(dtype)}")

    def scalar(self, dtype: str, data: bytes) -> None:
        if dtype == "U":
            self._add(f"str_ {data.decode('utf-8', 'surrogatepass')!r}")
        elif dtype == "?":
            self._add(f"bool_ {any(data)}")
        elif dtype in _KINDS:
            self._add(f"{_KINDS[dtype]}{8 * len(data)} {struct.unpack(dtype, data)[0]}")
        else:
            self._add(f"numpy scalar {dtype!r} of {len(data):,} B")

    def pickled(self, class_name: str, nbytes: int) -> None:
        self._add(f"{class_name} by pickle, {nbytes:,} B")

    def unknown(self, code: int, nbytes: int) -> None:
        self._add(f"Timestamp of {nbytes:,} B" if code == -1 else f"ExtType({code}, {nbytes:,} B)")


def _dtype(text: str) -> str:
    kind, size = text[1:2], text[2:]
    if kind not in _DTYPES or not size.isdigit():
        return text
    return "bool" if kind == "b" else f"{_DTYPES[kind]}{8 * int(size)}"
