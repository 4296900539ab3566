"""Here is what worker and supervisor say to each other about a message that is held."""

from __future__ import annotations

from typing import Any

import msgspec

from routilux.debugcommands import Picture

MOST_SHOWN = 1 << 20
"""Bytes of a payload that travel to whoever debugs; of a larger one, only a line about it."""


class Report(msgspec.Struct, frozen=True, array_like=True):
    """A worker holds a message of a job, within an activation."""

    breakpoint_id: str
    """Empty for a step."""
    type: str
    process: int
    key: int
    """A number for the input at hand and the place of the hit: the same on every attempt."""
    message_id: str
    """Of the input at hand: what is held was caused by it."""
    parents: tuple[str, ...]
    connection: int = -1
    """Its number in the flow."""
    event: int = -1
    """The position of the event; a message that is not emitted has none."""
    payload: bytes | None = None
    """Encoded in one piece; None if it is too large, or cannot be sent."""
    shown: str = ""
    error: str = ""
    """Of a failed activation, its traceback."""
    origin: int = 0
    """The submission that has caused it, counted from 1; 0 where that is not tracked."""


class Sample(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A copy of a message that a recording has come upon."""

    process: int
    event: int
    connection: int
    """As in a Report."""
    message_id: str
    parents: tuple[str, ...]
    origin: int
    at: float
    """Unix seconds."""
    missed: int
    """Messages before this one that found no room on the way."""
    size: int
    is_typed: bool
    """Whether the payload is that of a slot with a declared type."""
    payload: bytes
    """Encoded in one piece; empty if the process has sent as much as it may."""


class Release(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Go on."""

    action: str = "resume"
    """`resume`, `drop` or `edit`; of a failed activation `retry`, `skip` or `fail`."""
    payload: bytes | None = None
    step: str = ""
    """Where to hold again: `step` at the next thing that happens here, `over` at the next activation here,
    `into` where this message arrives.
    """


class Look(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Say what you see, and go on holding."""

    number: int
    what: str
    """`stack`, or `variables` of the frame `frame`."""
    frame: int = 0
    path: tuple[int, ...] = ()
    """Which of the variables, which of what is in it, and so on: then, what is in that."""


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """The answer to a Look."""

    number: int
    variables: tuple[Variable, ...] = ()
    frames: tuple[StackFrame, ...] = ()


class Variable(msgspec.Struct, frozen=True, array_like=True):
    """A value at the held place, described without running code of its class."""

    name: str
    type: str
    text: str
    """Short; of an array dtype, shape, and a few of its numbers."""
    scope: str = ""
    """`message`, `local`, `configuration`, `state` or `attribute` for the first level."""
    count: int = 0
    """How much is in it."""
    path: tuple[int, ...] = ()
    picture: Picture | None = None
    """Of an array."""


class StackFrame(msgspec.Struct, frozen=True, array_like=True):
    """A function of the user's that is under way, the innermost first."""

    function: str
    file: str
    line: int
    text: str = ""


Order = Release | Look


class _Orders:
    """Both ends of an order."""

    _encoder = msgspec.msgpack.Encoder()
    _decoder = msgspec.msgpack.Decoder(Order)

    def encode(self, order: Order) -> bytes:
        return self._encoder.encode(order)

    def decode(self, data: bytes) -> Any:
        return self._decoder.decode(data)


orders = _Orders()
