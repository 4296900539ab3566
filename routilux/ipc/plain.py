"""Here is an encoded payload as plain JSON data, made without decoding any pickle.

What JSON has not becomes an object whose first key says what it was: `$bytes`, `$array`, `$pickle`, `$set`,
`$map` (a mapping with keys that are no text, as pairs), `$float` (infinite, or not a number), `$complex`,
`$date`, `$time`, `$datetime`, `$timedelta` (seconds), `$text` (of which only the start is shown), `$ext`. A
tuple is a list.
"""

import math
import struct
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from routilux.ipc import extensions as ext
from routilux.ipc.reader import Cut, Teller, read

LARGEST: Final = 256 << 10
"""Bytes, more or less, of what is shown."""
LONGEST_TEXT: Final = 16 << 10
"""Characters of one text."""
SHOWN_BYTES: Final = 64
SHOWN_ITEMS: Final = 32
"""Of an array."""
MOST_COMPARED: Final = 1 << 16
"""Items of an array up to which the least and the greatest are looked for."""

_NOTHING: Final = object()
_CAST: Final = {
    "b1": "?",
    **{f"i{size}": code for size, code in ((1, "b"), (2, "h"), (4, "i"), (8, "q"))},
    **{f"u{size}": code for size, code in ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))},
    **{f"f{size}": code for size, code in ((2, "e"), (4, "f"), (8, "d"))},
}


def shown(encoded: bytes | memoryview, *, is_large: bool = False, largest: int = LARGEST) -> tuple[Any, bool]:
    """The payload as plain JSON data, and whether that is all of it: what is too deep, too large or not
    readable is left out, with all that follows it. Never raises.
    """
    data = _Data(largest)
    try:
        read(encoded, data, is_large=is_large)
    except Exception:  # Cut, or what bytes that are no message lead to  # noqa: BLE001
        data.is_whole = False
    return data.value, data.is_whole


class _Data(Teller):
    """The value told last, and what may still be shown."""

    def __init__(self, largest: int) -> None:
        self.value: Any = None
        self.is_whole = True
        self._left = largest

    def _put(self, value: Any, nbytes: int = 8) -> None:
        self._left -= nbytes
        if self._left < 0:
            raise Cut
        self.value = value

    def _collect(self, count: int, read: Callable[[], None], into: list[Any]) -> None:
        """All of them; what comes before a cut stays."""
        for _ in range(count):
            self.value = _NOTHING
            try:
                read()
            finally:
                if self.value is not _NOTHING:
                    into.append(self.value)

    # ---- what it is told ----------------------------------------------------------------------------------

    def constant(self, value: float | bool | None) -> None:  # noqa: FBT001 - as in Teller
        self._put(_number(value))

    def text(self, data: memoryview) -> None:
        start = bytes(data[: 4 * LONGEST_TEXT]).decode("utf-8", "replace")
        if len(data) > 4 * LONGEST_TEXT or len(start) > LONGEST_TEXT:
            self.is_whole = False
            self._put({"$text": start[:LONGEST_TEXT], "nbytes": len(data)}, LONGEST_TEXT)
        else:
            self._put(start, 8 + len(start))

    def binary(self, data: memoryview) -> None:
        self.is_whole = self.is_whole and len(data) <= SHOWN_BYTES
        self._put({"$bytes": len(data), "hex": bytes(data[:SHOWN_BYTES]).hex()}, 32 + 2 * SHOWN_BYTES)

    def items(self, kind: int, count: int, read: Callable[[], None]) -> None:
        found: list[Any] = []
        value = {"$set": found} if kind in {ext.SET, ext.FROZENSET} else found
        self._put(value)
        try:
            self._collect(count, read, found)
        finally:
            self.value = value

    def pairs(self, count: int, read: Callable[[], None]) -> None:
        found: list[Any] = []
        self._put(found)
        try:
            self._collect(2 * count, read, found)
        finally:
            self.value = _mapping(found)

    def moment(self, value: object) -> None:
        self._put(_moment(value), 40)

    def array(self, dtype: str | None, shape: Sequence[int], data: memoryview, order: str) -> None:  # noqa: ARG002 - as in Teller
        about: dict[str, Any] = {"dtype": dtype or "with fields", "shape": list(shape)}
        about |= _figures(dtype, shape, data)
        self.is_whole = self.is_whole and len(about.get("preview", ())) == math.prod(shape)
        self._put({"$array": about}, 200 + 8 * SHOWN_ITEMS)

    def scalar(self, dtype: str, data: bytes) -> None:
        if dtype == "U":
            self.text(memoryview(data))
        elif dtype == "S":
            self.binary(memoryview(data))
        elif dtype in _CAST.values():
            self._put(_number(struct.unpack(dtype, data)[0]))
        else:
            self.is_whole = False
            self._put({"$ext": f"numpy scalar {dtype!r}", "nbytes": len(data)}, 60)

    def pickled(self, class_name: str, nbytes: int) -> None:
        self.is_whole = False
        name = class_name.encode("utf-8", "replace").decode()
        self._put({"$pickle": name, "nbytes": nbytes}, 40 + len(name))

    def unknown(self, code: int, nbytes: int) -> None:
        self.is_whole = False
        self._put({"$ext": code, "nbytes": nbytes}, 40)


def _number(value: float | bool | None) -> Any:  # noqa: FBT001 - as in Teller
    return {"$float": repr(value)} if isinstance(value, float) and not math.isfinite(value) else value


def _mapping(found: list[Any]) -> Any:
    keys, values = found[::2], found[1::2]
    pairs = list(zip(keys, values, strict=False))  # the last value may have been cut off
    if all(type(key) is str for key in keys):
        return dict(pairs)
    return {"$map": [list(pair) for pair in pairs]}


def _moment(value: object) -> dict[str, Any]:
    match value:
        case complex():
            return {"$complex": [_number(value.real), _number(value.imag)]}
        case datetime():
            return {"$datetime": value.isoformat()}
        case date():
            return {"$date": value.isoformat()}
        case time():
            return {"$time": value.isoformat()}
        case timedelta():
            return {"$timedelta": value.total_seconds()}
        case _:
            return {"$ext": type(value).__name__}


def _figures(dtype: str | None, shape: Sequence[int], data: memoryview) -> dict[str, Any]:
    """Least, greatest and the first items, of dtypes that Python can read."""
    order, code = (dtype or " ")[0], _CAST.get((dtype or "")[1:])
    if code is None:
        return {}
    layout = struct.Struct((">" if order == ">" else "<") + code)
    count = min(math.prod(shape), len(data) // layout.size)
    start = data[: min(count, MOST_COMPARED) * layout.size]
    values = [value for (value,) in layout.iter_unpack(start)]
    figures: dict[str, Any] = {"preview": [_number(value) for value in values[:SHOWN_ITEMS]]}
    numbers = [value for value in values if math.isfinite(value)]
    if numbers and count == math.prod(shape) <= MOST_COMPARED:
        figures |= {"min": min(numbers), "max": max(numbers)}
    return figures
