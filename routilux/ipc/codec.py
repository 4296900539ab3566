"""Here is the payload codec: any picklable value to MessagePack and back, big buffers apart and uncopied."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
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

__all__ = ["OUT_OF_BAND", "Decoder", "EncodeError", "Encoder", "Large", "batch", "in_one_piece", "split"]

_ARRAY32 = struct.Struct(">BI")
_TABLE = struct.Struct("<QQ")  # number of buffers, size of the body; then the size of each buffer
_ALIGNMENT: Final = 64
_BYTES: Final = frozenset((bytes, bytearray, memoryview))
_CONTAINERS: Final = frozenset((dict, list, tuple))
_TIMESTAMPS: Final = (b"\xd6", b"\xd7", b"\xc7\x0c")


@dataclass(slots=True)
class Large:
    """An encoded message whose big buffers stay outside the body, uncopied until `write`.

    Until then they are the sender's own memory: a change to it changes the message.
    """

    body: bytes
    buffers: tuple[memoryview, ...] = ()
    offsets: list[int] = field(init=False)
    """Where `write` puts each buffer."""
    nbytes: int = field(init=False)
    """The size of what `write` lays out."""

    def __post_init__(self) -> None:
        self.offsets = []
        end = _TABLE.size + 8 * len(self.buffers) + len(self.body)
        for buffer in self.buffers:
            start = -(-end // _ALIGNMENT) * _ALIGNMENT
            self.offsets.append(start)
            end = start + buffer.nbytes
        self.nbytes = end

    def write(self, into: memoryview) -> None:
        """Lay the message out at the head of `into`: table, body, then each buffer at a multiple of 64."""
        self.write_head(into)
        for offset, buffer in zip(self.offsets, self.buffers, strict=True):
            into[offset : offset + buffer.nbytes] = buffer

    def write_head(self, into: memoryview) -> None:
        """As `write`, but without the buffers: they are in place."""
        sizes = [buffer.nbytes for buffer in self.buffers]
        head = _TABLE.pack(len(sizes), len(self.body)) + _sizes(len(sizes)).pack(*sizes) + self.body
        into[: len(head)] = head


def in_one_piece(part: bytes | Large) -> bytes:
    """The message as `Decoder.decode_large` reads it, private to whoever asks."""
    large = part if isinstance(part, Large) else Large(part)
    region = bytearray(large.nbytes)
    large.write(memoryview(region))
    return bytes(region)


@lru_cache(maxsize=64)
def _sizes(count: int) -> struct.Struct:
    """The sizes of so many buffers."""
    return struct.Struct(f"<{count}Q")


class Encoder:
    """Encodes one message at a time, for one thread.

    A message is Large if its encoded size exceeds `large`, or if it has a buffer of OUT_OF_BAND bytes (an
    array, a buffer of pickle 5). After a message with big bytes, it looks for them before it packs the next.
    """

    encode: Callable[[object], bytes | Large]
    """Raises EncodeError for a value that cannot be sent."""

    def __init__(self, large: int = 16 * 1024) -> None:
        self._large = large
        self._wrapper = Wrapper()
        self._packer = self._wrapper.packer()
        self._budget = 0  # items to look at for big bytes before packing
        self._lifted = False  # whether this message had some
        self._like: Like | None = None  # the last message, if it was an array
        self.encode = self._hot_path()

    def _hot_path(self) -> Callable[[object], bytes | Large]:
        buffers, pickled, large = self._wrapper.buffers, self._wrapper.pickled, self._large
        pack = self._packer.pack

        def encode(value: object) -> bytes | Large:
            try:
                body: bytes = pack(value)
            except Exception as error:  # noqa: BLE001 - it may come from the value's own pickling code
                body = self._recover(value, error)
            return finish(value, body) if buffers or pickled or len(body) > large else body

        def finish(value: object, body: bytes) -> bytes | Large:
            nonlocal pack
            finished = self._finish(value, body)
            if self._budget:
                pack = self._pack_lifted
            else:
                pack = self._pack_like if self._like is not None else self._packer.pack
            return finished

        return encode

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

    kind: type
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


def lone_array(region: memoryview) -> object:
    """What lies in the region, if it is just an array, in a third of the time; else None."""
    count, size = _TABLE.unpack_from(region)
    start = _TABLE.size + 8
    if count != 1 or (found := whole_array(bytes(region[start : start + size]))) is None:
        return None
    return found(region, -(-(start + size) // _ALIGNMENT) * _ALIGNMENT)


def region_parts(region: memoryview) -> tuple[memoryview, list[memoryview]]:
    """Body and buffers of what Large.write laid out."""
    count, body = _TABLE.unpack_from(region)
    start = _TABLE.size + 8 * count
    buffers, end = list[memoryview](), start + body
    for size in _sizes(count).unpack_from(region, _TABLE.size):
        offset = -(-end // _ALIGNMENT) * _ALIGNMENT
        end = offset + size
        buffers.append(region[offset:end])
    return region[start : start + body], buffers


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
