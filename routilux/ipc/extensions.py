"""Here are the MessagePack extensions of payloads: what the packer refuses becomes one of them, and back."""

import pickle
import struct
import sys
from collections import ChainMap
from collections.abc import Callable, Sequence
from copyreg import dispatch_table
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from io import BytesIO
from math import prod
from typing import Any, Final

from msgpack import ExtType, Packer, packb, unpackb

OUT_OF_BAND: Final = 4 * 1024
"""A buffer of this many bytes stays outside the body: what lies in a body is copied several times and
searched, and fills a lane after a few messages."""

DEPTH: Final = 8
"""Extensions within extensions: each takes 40 KiB of C stack in msgpack's reader. Deeper ones are pickled."""

PICKLES: Final = 16
"""Values of one message pickled one by one. With more of them, one pickle for all is shorter and faster."""

RETAINED: Final = 1024 * 1024
"""A packer keeps the memory of its biggest message. After one of more bytes than this, it is replaced."""

# Negative: the packer also takes a user's own msgpack.ExtType (0 to 127) and msgpack.Timestamp (-1).
TUPLE, SET, FROZENSET, COMPLEX, DATE, TIME, DATETIME, TIMEDELTA = -2, -3, -4, -5, -6, -7, -8, -9
BYTES_OUTSIDE, ARRAY, ARRAY_OUTSIDE, SCALAR, PICKLE, PICKLE_PARTS = -10, -11, -12, -13, -14, -15
UNTYPED: Final = -16
"""A whole message, among those of a declared type that are encoded otherwise."""

_COMPLEX = struct.Struct("<dd")
_DATE = struct.Struct("<HBB")
_TIME = struct.Struct("<BBBIB")
_DATETIME = struct.Struct("<HBBBBBIB")
_TIMEDELTA = struct.Struct("<iii")
_SIZE = struct.Struct("<I")
_FOLD, _UTC = 1, 2
_EXT8, _FIXEXT16 = 0xC7, 0xD8
"""First bytes of what MessagePack calls an extension, of less than 256 bytes and of 16: its code is the third
byte, or the second.
"""


class EncodeError(Exception):
    """A value that cannot be sent: `type_name` is the type that was refused, `reason` says why."""

    def __init__(self, type_name: str, reason: str) -> None:
        super().__init__(type_name, reason)
        self.type_name = type_name
        self.reason = reason

    def __str__(self) -> str:
        return f"a value of type {self.type_name!r} cannot be sent: {self.reason}"


class Whole(Exception):
    """No error: the message is better pickled as a whole."""


class Outside:
    """A stand-in for bytes that are to stay outside the body."""

    __slots__ = ("view",)

    def __init__(self, view: memoryview) -> None:
        self.view = view


class Wrapper:
    """Makes extensions of the values of one message after the other; `wrap` is the packers' `default`.

    `buffers` and `pickled` (one entry for each value pickled) belong to the message being encoded; whoever
    encodes clears them. Neither reentrant nor safe for threads: a packer is not.
    """

    def __init__(self) -> None:
        self.buffers: list[memoryview] = []
        self.pickled: list[None] = []
        self._depth = 0
        self._packers = [self.packer() for _ in range(DEPTH)]
        self._makers: dict[type, Callable[[Any], ExtType]] = {
            tuple: self._tuple,
            set: self._set,
            frozenset: self._frozenset,
            complex: lambda value: _ext(COMPLEX, _COMPLEX.pack(value.real, value.imag)),
            date: lambda day: _ext(DATE, _DATE.pack(day.year, day.month, day.day)),
            time: self._time,
            datetime: self._datetime,
            timedelta: lambda t: _ext(TIMEDELTA, _TIMEDELTA.pack(t.days, t.seconds, t.microseconds)),
            Outside: lambda value: _ext(BYTES_OUTSIDE, _SIZE.pack(self._keep(value.view))),
        }

    def packer(self) -> Packer:
        return Packer(strict_types=True, default=self.wrap, buf_size=4096)

    def wrap(self, value: object) -> ExtType:
        maker = self._makers.get(type(value))
        return maker(value) if maker is not None else self._unknown(value)

    def pickle(self, value: object) -> ExtType:
        """The value by pickle 5; its big buffers stay outside. Raises EncodeError."""
        found: list[pickle.PickleBuffer] = []
        try:
            stream = _dumps(value, found)
            buffers = [buffer.raw() for buffer in found]
        except MemoryError:
            raise
        except RecursionError as error:
            raise EncodeError(type(value).__qualname__, "it is nested too deeply") from error
        except Exception as error:  # it comes from the value's own pickling code
            raise EncodeError(type(value).__qualname__, str(error) or type(error).__name__) from error
        if not buffers and len(stream) < OUT_OF_BAND:
            return _ext(PICKLE, stream)
        return _ext(PICKLE_PARTS, packb([self._place(part) for part in (memoryview(stream), *buffers)]))

    def _unknown(self, value: object) -> ExtType:
        maker = self._numpy_maker(type(value))
        if maker is None:
            return self._pickle_one(value)
        self._makers[type(value)] = maker
        return maker(value)

    def _numpy_maker(self, kind: type) -> Callable[[Any], ExtType] | None:
        numpy = sys.modules.get("numpy")
        if numpy is None or not hasattr(numpy, "generic"):  # it may be half imported
            return None
        return self._array if kind is numpy.ndarray else _scalar_maker(kind)

    def _pickle_one(self, value: object) -> ExtType:
        if len(self.pickled) == PICKLES:
            raise Whole
        self.pickled.append(None)
        return self.pickle(value)

    def _keep(self, view: memoryview) -> int:
        self.buffers.append(view)
        return len(self.buffers) - 1

    def _place(self, view: memoryview) -> memoryview | int:
        return self._keep(view) if view.nbytes >= OUT_OF_BAND else view

    def _tuple(self, value: tuple[object, ...]) -> ExtType:
        return _ext(TUPLE, self._nested(list(value)))

    def _set(self, value: set[object]) -> ExtType:
        return _ext(SET, self._nested(list(value)))

    def _frozenset(self, value: frozenset[object]) -> ExtType:
        return _ext(FROZENSET, self._nested(list(value)))

    def _nested(self, items: list[object]) -> bytes:
        depth = self._depth
        if depth == DEPTH:
            raise Whole
        self._depth = depth + 1
        try:
            packed: bytes = self._packers[depth].pack(items)
        finally:
            self._depth = depth
        if len(packed) > RETAINED:
            self._packers[depth] = self.packer()
        return packed

    def _time(self, value: time) -> ExtType:
        if value.tzinfo is not None:
            return self._pickle_one(value)
        clock = (value.hour, value.minute, value.second, value.microsecond)
        return _ext(TIME, _TIME.pack(*clock, value.fold))

    def _datetime(self, value: datetime) -> ExtType:
        flags = value.fold
        if value.tzinfo is not None:
            if value.tzinfo is not UTC:
                return self._pickle_one(value)
            flags |= _UTC
        day = (value.year, value.month, value.day)
        clock = (value.hour, value.minute, value.second, value.microsecond)
        return _ext(DATETIME, _DATETIME.pack(*day, *clock, flags))

    def _array(self, array: Any) -> ExtType:
        header = _header(array)
        if header is None:
            return self._pickle_one(array)
        if array.nbytes < OUT_OF_BAND:
            # The data comes first: at the head of a bytes object it is aligned.
            return _ext(ARRAY, array.tobytes("A") + header + _SIZE.pack(len(header)))
        return _ext(ARRAY_OUTSIDE, header + _SIZE.pack(self._keep(bytes_of(array))))


def _ext(code: int, data: bytes) -> ExtType:
    made: ExtType = tuple.__new__(ExtType, (code, data))  # its own __new__ refuses negative codes
    return made


def _reduce_memoryview(view: memoryview) -> tuple[type, tuple[bytes]]:
    return bytes, (view.tobytes(),)


_VIEWS: Final = ChainMap[type, Any]({memoryview: _reduce_memoryview}, dispatch_table)


def _dumps(value: object, found: list[pickle.PickleBuffer]) -> bytes:
    try:
        return pickle.dumps(value, 5, buffer_callback=found.append)
    except TypeError:
        # It may have been a memoryview, which the packer takes and pickle does not.
        found.clear()
        out = BytesIO()
        pickler = pickle.Pickler(out, 5, buffer_callback=found.append)
        pickler.dispatch_table = _VIEWS
        pickler.dump(value)
        return out.getvalue()


def _header(array: Any) -> bytes | None:
    """dtype, order and shape of an array, or None where only pickle keeps its dtype."""
    dtype, flags = array.dtype, array.flags
    if dtype.metadata is not None or dtype.hasobject:
        return None
    order = "F" if flags.f_contiguous and not flags.c_contiguous else "C"
    if dtype.names is None:
        return _plain_header(dtype, order, array.shape)
    # Only a pickle keeps titles, offsets and alignment of its fields.
    packed: bytes = packb([pickle.dumps(dtype, 5), order, *array.shape])
    return packed


def bytes_of(array: Any) -> memoryview:
    """The memory of an array, or of a contiguous copy."""
    flags = array.flags
    if not flags.c_contiguous:
        array = array.T if flags.f_contiguous else array.copy("C")
    try:
        return memoryview(array).cast("B")  # a third of the time
    except (TypeError, ValueError):  # Python knows no such format: dates, half floats, fields, another order
        return memoryview(array.reshape(-1).view("u1"))


@lru_cache(maxsize=256)
def _plain_header(dtype: Any, order: str, shape: tuple[int, ...]) -> bytes | None:
    if _numpy().dtype(dtype.str) != dtype:  # a dtype of some other package
        return None
    packed: bytes = packb([dtype.str, order, *shape])
    return packed


def _scalar_maker(kind: type) -> Callable[[Any], ExtType] | None:
    """How to wrap NumPy scalars of this very type; None if it is none, or its dtype leads to another."""
    np = _numpy()
    if issubclass(kind, np.datetime64 | np.timedelta64):  # their dtype depends on the value
        return lambda value: _scalar(value.dtype.str, value.tobytes())
    if kind is np.str_:  # pickle drops NULs at its end, as it does with bytes_
        return lambda text: _scalar("U", text.encode("utf-8", "surrogatepass"))
    if kind is np.bytes_:
        return lambda value: _scalar("S", bytes(value))
    if issubclass(kind, np.number | np.bool_) and np.dtype(kind).type is kind:
        dtype = np.dtype(kind).char
        return lambda value: _scalar(dtype, value.tobytes())
    return None


def _scalar(dtype: str, data: bytes) -> ExtType:
    return _ext(SCALAR, bytes((len(dtype),)) + dtype.encode() + data)


def restorer(
    unpack: Callable[[bytes | memoryview], Any], buffers: Sequence[memoryview]
) -> Callable[[int, bytes | memoryview], object]:
    """The hook that makes values of extensions; `unpack` must read what lies in them with this same hook."""

    def part(place: bytes | int) -> memoryview | bytes:
        return buffers[place] if isinstance(place, int) else place

    def parts(data: bytes | memoryview) -> object:
        stream, *found = [part(place) for place in unpackb(data)]
        return pickle.loads(stream, buffers=found)  # noqa: S301 - of this runtime's own making

    def outside_array(data: bytes | memoryview) -> object:
        dtype, shape, order, index = _read_outside(bytes(data))
        # frombuffer holds on to the buffer: its memory cannot be unmapped below the array.
        array = _numpy().frombuffer(buffers[index], _dtype(dtype))
        return array if len(shape) == 1 else array.reshape(shape, order=order)

    restore: dict[int, Callable[[Any], object]] = {
        TUPLE: lambda data: tuple(unpack(data)),
        SET: lambda data: set(unpack(data)),
        FROZENSET: lambda data: frozenset(unpack(data)),
        UNTYPED: unpack,
        BYTES_OUTSIDE: lambda data: bytes(buffers[_SIZE.unpack(data)[0]]),
        ARRAY_OUTSIDE: outside_array,
        PICKLE: pickle.loads,
        PICKLE_PARTS: parts,
        **_RESTORE,
    }

    def hook(code: int, data: bytes | memoryview) -> object:
        return restore[code](data) if code < 0 else ExtType(code, bytes(data))

    return hook


def _restore_time(data: bytes) -> time:
    hour, minute, second, microsecond, fold = _TIME.unpack(data)
    return time(hour, minute, second, microsecond, fold=fold)


def _restore_datetime(data: bytes) -> datetime:
    *moment, flags = _DATETIME.unpack(data)
    naive = datetime(*moment)  # noqa: DTZ001 - it left naive, or becomes UTC in the next line
    return naive.replace(tzinfo=UTC if flags & _UTC else None, fold=flags & _FOLD) if flags else naive


def _inline_array(data: bytes | memoryview) -> object:
    end = len(data) - _SIZE.size
    (size,) = _SIZE.unpack_from(data, end)
    dtype, shape, order = _read_header(bytes(data[end - size : end]))
    return _numpy().ndarray(shape, _dtype(dtype), bytes(data[: end - size]), order=order)


@lru_cache(maxsize=256)
def _read_header(header: bytes) -> tuple[Any, tuple[int, ...], str]:
    dtype, order, *shape = unpackb(header)
    return dtype if isinstance(dtype, bytes) else _numpy().dtype(dtype), tuple(shape), order


@lru_cache(maxsize=256)
def _read_outside(data: bytes) -> tuple[Any, tuple[int, ...], str, int]:
    """As _read_header; and which of the buffers it is."""
    (index,) = _SIZE.unpack_from(data, len(data) - _SIZE.size)
    return *_read_header(data[: -_SIZE.size]), index


def whole_array(body: bytes) -> Callable[[memoryview, int], object] | None:
    """How to make the array, from the memory that holds its data and where in that they begin; None if the
    message is anything else, or its dtype has fields.
    """
    code = body[2] if body[0] == _EXT8 else body[1] if body[0] == _FIXEXT16 else 0
    return _array_maker(body) if code == ARRAY_OUTSIDE & 0xFF else None


@lru_cache(maxsize=256)
def _array_maker(body: bytes) -> Callable[[memoryview, int], object] | None:
    dtype, shape, order, _ = _read_outside(unpackb(body, ext_hook=lambda _, data: data))
    if isinstance(dtype, bytes):
        return None
    frombuffer, count = _numpy().frombuffer, prod(shape)
    if len(shape) == 1:
        return lambda memory, start: frombuffer(memory, dtype, count, start)
    return lambda memory, start: frombuffer(memory, dtype, count, start).reshape(shape, order=order)


def _dtype(dtype: Any) -> Any:
    """A dtype with fields is kept pickled, as fields can be renamed: every array gets its own."""
    return pickle.loads(dtype) if isinstance(dtype, bytes) else dtype  # noqa: S301 - of this runtime's own making


def _restore_scalar(data: bytes | memoryview) -> object:
    start = 1 + data[0]
    dtype, value = str(data[1:start], "ascii"), data[start:]
    if dtype == "U":
        return _numpy().str_(str(value, "utf-8", "surrogatepass"))
    if dtype == "S":
        return _numpy().bytes_(value)
    return _numpy().frombuffer(value, dtype)[0]


@cache
def _numpy() -> Any:
    import numpy as np  # noqa: PLC0415 - only a payload may bring numpy into a process

    return np


_RESTORE: Final[dict[int, Callable[[Any], object]]] = {
    COMPLEX: lambda data: complex(*_COMPLEX.unpack(data)),
    DATE: lambda data: date(*_DATE.unpack(data)),
    TIME: _restore_time,
    DATETIME: _restore_datetime,
    TIMEDELTA: lambda data: timedelta(*_TIMEDELTA.unpack(data)),
    ARRAY: _inline_array,
    SCALAR: _restore_scalar,
}
