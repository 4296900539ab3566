"""Here is the reading of hook events: envelopes opened in order, gaps counted, old snapshots skipped."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from routilux.hookevents import STATS, HookEvent


class Sealed(msgspec.Struct, frozen=True, array_like=True):
    """An `Envelope` whose events are not decoded yet."""

    process: int
    epoch: int
    number: int
    wall: int
    events: msgspec.Raw


_open = msgspec.msgpack.Decoder(Sealed).decode
_events = msgspec.msgpack.Decoder(tuple[HookEvent, ...]).decode


@dataclass
class Opened:
    """An envelope with its events."""

    process: int
    epoch: int
    wall: int
    events: tuple[HookEvent, ...]


@dataclass
class Reading:
    """What one instance has sent, message by message."""

    malformed: int = 0
    missed: int = 0
    """Messages that had been published and have not come."""
    _last: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Per process the newest epoch and the number that came last."""

    def read(self, messages: Iterable[Sequence[bytes]]) -> Iterator[Opened]:
        """The envelopes of messages that came together. A snapshot that another of the same process follows
        is not decoded.
        """
        sealed: list[tuple[bytes, Sealed]] = []
        snapshots: dict[int, int] = {}
        for parts in messages:
            one = self._open(parts)
            if one is None:
                continue
            if one[0] == STATS:
                snapshots[one[1].process] = len(sealed)
            sealed.append(one)
        for index, (topic, envelope) in enumerate(sealed):
            if topic == STATS and snapshots[envelope.process] != index:
                continue
            try:
                events = _events(envelope.events)
            except (msgspec.MsgspecError, RecursionError):
                self.malformed += 1
                continue
            yield Opened(envelope.process, envelope.epoch, envelope.wall, events)

    def _open(self, parts: Sequence[bytes]) -> tuple[bytes, Sealed] | None:
        try:
            topic, data = parts
            envelope = _open(data)
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            self.malformed += 1
            return None
        self._number(envelope)
        return topic, envelope

    def _number(self, envelope: Sealed) -> None:
        """Count what is missing before this one: each incarnation begins with 1, also if others have heard
        its beginning and we have not.
        """
        epoch, before = self._last.get(envelope.process, (envelope.epoch, 0))
        if envelope.epoch < epoch:  # of an incarnation that has ended
            return
        if envelope.epoch > epoch:
            before = 0
        self.missed += max(0, envelope.number - before - 1)
        self._last[envelope.process] = (envelope.epoch, max(before, envelope.number))
