"""Here is how a large message lies in memory: a table, the body, then each of its big buffers."""

import struct
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from routilux.ipc.extensions import whole_array

_TABLE = struct.Struct("<QQ")  # number of buffers, size of the body; then the size of each buffer
_ALIGNMENT: Final = 64


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
    if isinstance(part, bytes):
        return _TABLE.pack(0, len(part)) + part
    region = bytearray(part.nbytes)
    part.write(memoryview(region))
    return bytes(region)


@lru_cache(maxsize=64)
def _sizes(count: int) -> struct.Struct:
    """The sizes of so many buffers."""
    return struct.Struct(f"<{count}Q")


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
