"""Here is the gate of a worker: whether anything is watched here at all, which costs one comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from routilux.ipc.table import TableReader

if TYPE_CHECKING:
    from routilux.worker.activation import Activations
    from routilux.worker.watch import Watch


LOOKS = 100


class Gate:
    """Holds back what debugging needs until a breakpoint is set: most workers never need it."""

    __slots__ = ("_activations", "_make", "seen", "table", "watch", "word", "words")

    def __init__(self, table: TableReader, activations: Activations, make: Callable[[], Watch]) -> None:
        self.table = table
        self.words, self.word = table.words, table.word
        self.seen = 0
        """The generation of the table that is obeyed: others are compared with it."""
        self.watch: Watch | None = None
        self._make = make
        self._activations = activations

    def look(self) -> None:
        """The table has changed: obey what it says now. If it changes all the time, the next look will."""
        for _ in range(LOOKS):
            if (version := self.table.read()) is None:
                continue
            self.seen, entries = version
            watch = self.open()
            watch.obey(entries)
            self._activations.post_mortem = watch.post_mortem if watch.rules.error else None
            return

    def open(self) -> Watch:
        """What watches here."""
        if self.watch is None:
            self.watch = self._make()
        return self.watch
