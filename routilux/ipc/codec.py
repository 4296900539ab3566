"""Here is the payload codec: any picklable value to MessagePack and back, big buffers apart and uncopied."""

import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from typing import Any, Final, NamedTuple

import msgspec
from msgpack import StackError, Unpacker, unpackb

from routilux.ipc.extensions import (
    OUT_OF_BAND,
    RETAINED,
    EncodeError,
    Outside,
    Wrapper,
    bytes_of,
    restorer,
    whole_array,
)
from routilux.ipc.large import Large, in_one_piece, lone_array, region_parts

__all__ = [
    "OUT_OF_BAND",
    "Append",
    "Decoder",
    "Emitter",
    "EncodeError",
    "Encoder",
    "Large",
    "Otherwise",
    "Packed",
    "batch",
    "in_one_piece",
    "split",
]

_ARRAY32 = struct.Struct(">BI")
_BYTES: Final = frozenset((bytes, bytearray, memoryview))
_CONTAINERS: Final = frozenset((dict, list, tuple))
_TIMESTAMPS: Final = (b"\xd6", b"\xd7", b"\xc7\x0c")


Packed = bytes | Exception | None
"""What packing a value has led to; None if it was not tried."""
Append = Callable[[bytes], None]
Otherwise = Callable[[object, Packed], None]
Emitter = Callable[[object], None]


class Encoder:
    """Encodes one message at a time, for one thread.

    A message is Large if its encoded size exceeds `large`, or if it has a buffer of OUT_OF_BAND bytes (an
    array, a buffer of pickle 5). After a message with big bytes, it looks for them before it packs the next.
    """

    encode: Callable[[object], bytes | Large]
    """Raises EncodeError for a value that cannot be sent."""

    emitter: Callable[[Append, Otherwise, Sequence[object]], Emitter]
    """`encode` and `append` in one call. What is not simply bytes, and all while the sequence, a detour, is
    not empty, goes to `otherwise`, which is to `complete` it.
    """

    def __init__(self, large: int = 16 * 1024) -> None:
        self._large = large
        self._wrapper = Wrapper()
        self._packer = self._wrapper.packer()
        self._budget = 0  # items to look at for big bytes before packing
        self._lifted = False  # whether this message had some
        self._like: Like | None = None  # the last message with a buffer, if it was an array
        self.encode, self.emitter, self._swap = self._hot_path()

    def _hot_path(
        self,
    ) -> tuple[
        Callable[[object], bytes | Large],
        Callable[[Append, Otherwise, Sequence[object]], Emitter],
        Callable[[Callable[[object], bytes]], None],
    ]:
        """What is called for each message, and what swaps the packer: it is found quicker in a closure."""
        buffers, pickled, large = self._wrapper.buffers, self._wrapper.pickled, self._large
        pack: Callable[[object], bytes] = self._packer.pack

        def encode(value: object) -> bytes | Large:
            try:
                body = pack(value)
            except Exception as error:  # noqa: BLE001 - it may come from the value's own pickling code
                body = self._recover(value, error)
            return self._finish(value, body) if buffers or pickled or len(body) > large else body

        def emitter(append: Append, otherwise: Otherwise, detour: Sequence[object]) -> Emitter:
            def emit(value: object) -> None:
                try:
                    body = pack(value)
                except Exception as error:  # noqa: BLE001 - as in encode
                    otherwise(value, error)
                    return
                if detour or buffers or pickled or len(body) > large:
                    otherwise(value, body)
                else:
                    append(body)

            return emit

        def swap(other: Callable[[object], bytes]) -> None:
            nonlocal pack
            pack = other

        return encode, emitter, swap

    def complete(self, value: object, packed: Packed) -> bytes | Large:
        """What `encode` makes of it. Raises EncodeError."""
        if packed is None:
            return self.encode(value)
        body = packed if isinstance(packed, bytes) else self._recover(value, packed)
        if self._wrapper.buffers or self._wrapper.pickled or len(body) > self._large:
            return self._finish(value, body)
        return body

    def _recover(self, value: object, error: Exception) -> bytes:
        """Pickle the whole of what the packer refused, unless pickle has refused it already."""
        self._clear()
        if isinstance(error, EncodeError | MemoryError):
            raise error
        try:
            body: bytes = self._packer.pack(self._wrapper.pickle(value))
        except BaseException:
            self._clear()
            raise
        return body

    def _pack_lifted(self, value: object) -> bytes:
        lifted, self._lifted = lift(value, self._budget)
        body: bytes = self._packer.pack(lifted)
        return body

    def _pack_like(self, value: Any) -> bytes:
        """As the packer; of an array of the same shape as the last one, only the memory is another."""
        like = self._like
        if like is not None and like.fits(value):
            self._wrapper.buffers.append(bytes_of(value))
            return like.body
        body: bytes = self._packer.pack(value)
        return body

    def _finish(self, value: object, body: bytes) -> bytes | Large:
        if len(body) > RETAINED:
            self._packer = self._wrapper.packer()
        if len(body) > self._large and not self._lifted:
            body = self._without_big_bytes(value, body)
        self._lifted = False
        outside = tuple(self._wrapper.buffers)
        if len(outside) == 1 and (self._like is None or self._like.body is not body):
            self._like = Like.of(value, body)
        lone = self._packer.pack if self._like is None else self._pack_like
        self._swap(self._pack_lifted if self._budget else lone)
        self._clear()
        return Large(body, outside) if outside or len(body) > self._large else body

    def _without_big_bytes(self, value: object, body: bytes) -> bytes:
        """The body once more, if it was big bytes that made it large."""
        self._budget = 16 + len(body) // 1024  # looking at an item takes about as long as copying 1 KiB
        lifted, found = lift(value, self._budget)
        if not found:
            self._budget = 0
            return body
        self._clear()
        try:
            body = self._packer.pack(lifted)
        except Exception as error:  # noqa: BLE001 - as in encode
            body = self._recover(value, error)
        return body

    def _clear(self) -> None:
        self._wrapper.buffers.clear()
        self._wrapper.pickled.clear()


class Like(NamedTuple):
    """An encoded array that lies outside the body, without the array."""

    kind: Any
    dtype: Any
    shape: tuple[int, ...]
    body: bytes

    @classmethod
    def of(cls, value: Any, body: bytes) -> "Like | None":
        """None for anything else."""
        if whole_array(body) is None or not value.flags.c_contiguous:
            return None
        return cls(type(value), value.dtype, value.shape, body)

    def fits(self, value: Any) -> bool:
        """Whether the value has the same body. Equal dtypes are not enough: they may differ in metadata."""
        return (
            type(value) is self.kind
            and value.dtype is self.dtype
            and value.shape == self.shape
            and value.flags.c_contiguous
        )


def lift(value: Any, budget: int) -> tuple[Any, bool]:
    """The value with stand-ins for the big bytes among its first `budget` items; whether there are any."""
    found = False

    def look(value: Any, depth: int) -> Any:
        nonlocal budget, found
        kind = type(value)
        if kind in _BYTES:
            view = memoryview(value)
            if view.nbytes < OUT_OF_BAND or not view.c_contiguous:
                return value
            found = True
            return Outside(view.cast("B"))
        if kind not in _CONTAINERS or depth == 0 or len(value) > budget:
            return value
        budget -= len(value)
        if kind is dict:
            return {key: look(item, depth - 1) for key, item in value.items()}
        return kind([look(item, depth - 1) for item in value])

    return look(value, 8), found


class Decoder:
    """Decodes what an Encoder made, one message or batch at a time, for one thread.

    Only for messages of this runtime, as they may hold pickles. What unpickling raises goes through as it is.
    """

    decode: Callable[[bytes | memoryview], object]
    """One small message."""

    decode_batch: Callable[[bytes | memoryview], list[object]]
    """All messages of a `batch`. One that cannot be decoded spoils them all: `split` them then."""

    def __init__(self) -> None:
        self._buffers: list[memoryview] = []
        self.decode = self.decode_batch = _reader(self._buffers)

    def decode_large(self, region: memoryview) -> object:
        """What Large.write laid out in `region`. Arrays are read-only views of it, and keep it alive."""
        region = region.toreadonly()
        if (array := lone_array(region)) is not None:
            return array
        body, self._buffers[:] = region_parts(region)
        try:
            return self.decode(body)
        finally:
            self._buffers.clear()


def _reader(buffers: list[memoryview]) -> Callable[[bytes | memoryview], Any]:
    """Reads by msgspec, in half the time of msgpack; by msgpack what msgspec would read differently."""

    def fast(data: bytes | memoryview) -> Any:
        return decode(data)

    def exact(data: bytes | memoryview) -> Any:
        try:
            return unpackb(data, ext_hook=exact_hook, strict_map_key=False)
        except StackError:
            return _peel(data, exact_hook)

    decode = msgspec.msgpack.Decoder(ext_hook=restorer(fast, buffers)).decode
    exact_hook = restorer(exact, buffers)

    def read(data: bytes | memoryview) -> Any:
        if type(data) is not bytes:
            data = bytes(data)
        if 0xFF in data and _may_hold_timestamp(data):
            return exact(data)
        try:
            return decode(data)
        except RecursionError:  # it counts levels against Python's limit
            return exact(data)

    return read


def _may_hold_timestamp(data: bytes) -> bool:
    """Whether msgspec might meet a msgpack.Timestamp, a datetime to it; True also where looking costs more.

    A timestamp starts with one of _TIMESTAMPS, then 0xff. Only single bytes are found fast: look before each.
    """
    limit = 16 + len(data) // 64
    *before, _ = data.split(b"\xff", limit)
    return len(before) == limit or any(part.endswith(_TIMESTAMPS) for part in before)


def _peel(data: bytes | memoryview, hook: Callable[[int, bytes], object]) -> Any:
    """Read what is nested a level or two deeper than msgpack's reader allows; its packer does allow that."""
    unpacker = Unpacker(ext_hook=hook, strict_map_key=False, max_buffer_size=0)
    unpacker.feed(data)

    def read(levels: int) -> Any:
        kind = data[unpacker.tell()]
        if levels and _is_array(kind):
            return [read(levels - 1) for _ in range(unpacker.read_array_header())]
        if levels and _is_map(kind):
            return {read(levels - 1): read(levels - 1) for _ in range(unpacker.read_map_header())}
        return unpacker.unpack()

    return read(8)


def _is_array(kind: int) -> bool:
    return 0x90 <= kind <= 0x9F or kind in (0xDC, 0xDD)


def _is_map(kind: int) -> bool:
    return 0x80 <= kind <= 0x8F or kind in (0xDE, 0xDF)


def batch(parts: list[bytes]) -> bytes:
    """Small messages as one, for `decode_batch`."""
    return _ARRAY32.pack(0xDD, len(parts)) + b"".join(parts)


def length(batch: bytes) -> int:
    """How many messages a batch has."""
    return int(_ARRAY32.unpack_from(batch)[1])


def split(data: bytes | memoryview) -> Iterator[bytes]:
    """The single messages of a batch."""
    data = bytes(data)
    try:
        ends = _ends(data, Unpacker.skip)
    except StackError:
        ends = _ends(data, lambda unpacker: _skip(unpacker, data))
    return (data[start:end] for start, end in pairwise(ends))


def each_of(data: bytes | memoryview) -> Iterator[bytes]:
    """As `split`, but no further than one looks."""
    data = bytes(data)
    unpacker = Unpacker(max_buffer_size=0)
    unpacker.feed(data)
    for number in range(unpacker.read_array_header()):
        start = unpacker.tell()
        try:
            unpacker.skip()
        except StackError:
            yield from islice(split(data), number, None)
            return
        yield data[start : unpacker.tell()]


def _ends(data: bytes, skip: Callable[[Unpacker], None]) -> list[int]:
    """Where the header and each message of a batch end."""
    unpacker = Unpacker(max_buffer_size=0)
    unpacker.feed(data)
    count = unpacker.read_array_header()
    ends = [unpacker.tell()]
    for _ in range(count):
        skip(unpacker)
        ends.append(unpacker.tell())
    return ends


def _skip(unpacker: Unpacker, data: bytes) -> None:
    """Step over one value, however deep: msgpack's own `skip` gives up at 1,024 levels."""
    pending = 1
    while pending:
        kind = data[unpacker.tell()]
        pending -= 1
        if _is_array(kind):
            pending += unpacker.read_array_header()
        elif _is_map(kind):
            pending += 2 * unpacker.read_map_header()
        else:
            unpacker.skip()
