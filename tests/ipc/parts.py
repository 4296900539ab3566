"""Here are the parts of segments: numbers, packed and with ballast, and places of large ones."""

from __future__ import annotations

from routilux.ipc.blobs import Blob
from routilux.ipc.codec import Encoder, Large
from routilux.ipc.heap import Extent
from routilux.ipc.lanes import LARGE

NUMBER = 8


def encoded(number: int, size: int) -> bytes:
    part = Encoder(LARGE).encode(number.to_bytes(NUMBER, "big") + bytes(size))
    return part.body if isinstance(part, Large) else part


def number_of(part: bytes) -> int:
    """The number at the front of a packed message."""
    start = {0xC4: 2, 0xC5: 3}[part[0]]
    return int.from_bytes(part[start : start + NUMBER], "big")


def blob(nbytes: int = 20_000) -> Blob:
    return Blob(Extent(0, nbytes), 0, nbytes)
