"""Here is the Key: what `key=` and `join(on=...)` find in a payload, and the worker it leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias
from zlib import crc32

from routilux.errors import KeyRefusedError

Key: TypeAlias = str | bytes | int | tuple["Key", ...]
KeySource: TypeAlias = str | Callable[..., object]


def key_of(source: KeySource, value: object) -> object:
    """What `source` finds in `value`: the result of a callable, else the item or attribute of that name.

    Raises KeyRefusedError when there is no such field; what a callable raises passes through.
    """
    if not isinstance(source, str):
        return source(value)
    if isinstance(value, Mapping):
        if source in value:
            return value[source]
    elif hasattr(value, source):
        return getattr(value, source)
    raise KeyRefusedError(
        f"key {source!r}: a payload of type {type(value).__name__} has no such field; "
        "name a field that every payload has, or give a callable"
    )


def by_key(key: object, n: int) -> int:
    """The index, of `n` workers, that every process computes for `key`.

    It is crc32 of the key's canonical bytes modulo `n`. Canonical bytes are a letter, the length of the body,
    a colon and the body: `s` UTF-8 (lone surrogates kept), `b` the bytes, `i` the decimal digits, `t` the
    canonical bytes of the items. Keys that are equal lead to the same worker (True is 1); 1 and "1" are
    different keys.
    """
    return crc32(_canonical(key)) % n


def _canonical(key: object) -> bytes:
    match key:
        case str():
            letter, body = b"s", key.encode("utf-8", "surrogatepass")
        case bytes():
            letter, body = b"b", key
        case int():
            letter, body = b"i", b"%d" % key
        case tuple():
            letter, body = b"t", b"".join(map(_canonical, key))
        case _:
            raise KeyRefusedError(
                f"a key is a str, bytes, int or a tuple of them, not {type(key).__name__}; "
                "convert it in the callable given as key="
            )
    return b"%b%d:%b" % (letter, len(body), body)
