"""Here is what a link is, a one-way street between two processes, and how payloads become bytes for those
links that carry nothing else.
"""

import importlib
from collections.abc import Callable
from typing import Any, Protocol

import msgpack
import msgspec

from bench.contestants import arrays
from bench.contestants.typed import Record

Put = Callable[[Any], object]
Get = Callable[[], Any]
Lend = Callable[[int, Callable[[Any], object]], object]
"""Sends so many bytes of the link's own memory, once the function has filled them as an array."""
Codec = tuple[Callable[[Any], Any], Callable[[Any], Any]]


class Link(Protocol):
    """Made in the contestant's process, pickled to the two processes that use it."""

    def sender(self) -> Put: ...

    def receiver(self) -> Get: ...


class LendingLink(Link, Protocol):
    def lender(self) -> Lend: ...


def made(path: str, options: dict[str, Any]) -> Any:
    module, name = path.split(":")
    return getattr(importlib.import_module(f"bench.contestants.{module}"), name)(**options)


def codec(name: str) -> Codec:
    """To bytes and from bytes; "objects" for links that carry objects, "array" for those of arrays."""
    match name:
        case "objects":
            return _same, _same
        case "msgpack":
            return msgpack.packb, msgpack.unpackb
        case "msgspec":
            return msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder().decode
        case "typed":
            return msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Record).decode
        case "columns":
            return arrays.packed_columns, arrays.unpacked_columns
        case "array":
            return _same, arrays.array_of
        case _:
            raise ValueError(f"there is no codec {name!r}")


def _same(value: Any) -> Any:
    return value
