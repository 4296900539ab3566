"""Here are changes: what a debugger has made of single emissions on single connections."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from routilux.ipc.blobs import Blob
from routilux.ipc.channels import Part, Segment, Turn, segments
from routilux.ipc.lanes import GUARDED, STEP


@dataclass(frozen=True, slots=True)
class Change:
    """Of one message on one connection: another payload for it, or none; whether its receiver holds it."""

    part: Part | None
    place: int = 0
    """The worker that the payload is for, by its key."""
    flags: int = 0
    is_own: bool = False
    """Whether the payload is not that of the other connections."""


@dataclass(slots=True)
class Decision:
    """What a debugger has decided about an emission."""

    value: Any
    is_dropped: bool = False
    is_edited: bool = False
    edits: dict[int, Any] | None = None
    """By the position of the connection among those of the event, another payload for it."""
    drops: frozenset[int] = frozenset()
    steps: frozenset[int] = frozenset()
    """The connections whose receivers hold it,"""
    guards: frozenset[int] = frozenset()
    """and those whose receivers set it aside until it is let go."""


Changes = dict[int, dict[int, Change]]
"""By the place of a message among those emitted, then by connection."""
Apart = tuple[list[Part], list[tuple[int, ...]], Changes]
"""What an event has emitted, while it is set apart: messages, where their keys lead, changes."""


def blobs_of(changes: Changes, start: int = 0) -> Iterator[Blob]:
    """The large payloads that were put in the place of others."""
    for at, changed in changes.items():
        if at >= start:
            yield from (each.part for each in changed.values() if isinstance(each.part, Blob) and each.is_own)


def shifted(changes: Changes, by: int) -> Changes:
    """Of the messages from `by` on, counted from there."""
    return {at - by: changed for at, changed in changes.items() if at >= by}


Sent = tuple[Part, int, int]
"""A message on one connection: its payload, the worker it is for, flags."""


def cut(
    job: int, port: int, sent: Sequence[Sent], *, origin: int, flags: int, turn: Turn
) -> Iterator[Segment]:
    """As `segments`, but what its receiver is to hold or set aside is a segment of its own."""
    if not sent:
        yield from segments(job, port, [], origin=origin, flags=flags, turn=turn)
    at = 0
    for extra, run in groupby(sent, key=lambda each: each[2]):
        parts = [part for part, _, _ in run]
        whole, stop = turn.part(at, at + len(parts), len(sent)), at + len(parts)
        for place, each in enumerate(parts) if extra & (STEP | GUARDED) else [(0, None)]:
            some = parts if each is None else [each]
            part = whole if each is None else turn.part(at + place, at + place + 1, len(sent))
            yield from segments(job, port, some, origin=origin, flags=flags | extra, turn=part)
        at = stop
