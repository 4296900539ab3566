"""Here are the copies of a job's messages: those that can be replayed from its trace. The monitor does not
decode them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

import msgspec

from routilux.hookevents import Copy

ROW = 200
"""Bytes that a copy takes beside its message, more or less."""


class Kept(msgspec.Struct, frozen=True):
    """The copy of one message, as the event `number` of the trace has brought it."""

    message_id: str
    number: int
    copy: Copy

    @property
    def nbytes(self) -> int:
        return ROW + len(self.copy.data)


@dataclass
class Copies:
    """The newest of one job, each as long as its event is in the trace; `nbytes` is the size of them all."""

    nbytes: int = 0
    _kept: dict[str, Kept] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Iterable[Kept]) -> Self:
        made = cls()
        for each in kept:
            made.keep(each)
        return made

    def __iter__(self) -> Iterator[Kept]:
        """The oldest first."""
        return iter(self._kept.values())

    def __contains__(self, message_id: object) -> bool:
        return message_id in self._kept

    def get(self, message_id: str) -> Copy | None:
        kept = self._kept.get(message_id)
        return None if kept is None else kept.copy

    def keep(self, new: Kept) -> None:
        """A message that is tried again has the same id: its last copy counts."""
        self._drop(new.message_id)
        self._kept[new.message_id] = new
        self.nbytes += new.nbytes

    def forget(self, message_id: str, number: int) -> None:
        """That event is not in the trace any more."""
        kept = self._kept.get(message_id)
        if kept is not None and kept.number == number:
            self._drop(message_id)

    def cut(self, nbytes: int) -> None:
        """Let go of the oldest while there are more bytes than that."""
        while self._kept and self.nbytes > nbytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, message_id: str) -> None:
        kept = self._kept.pop(message_id, None)
        self.nbytes -= 0 if kept is None else kept.nbytes
