"""Here is the gate of a worker: whether anything is watched here at all, which costs one comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from routilux.ipc.arena import Arena
from routilux.ipc.table import TableReader

if TYPE_CHECKING:
    from routilux.worker.intake import Batch, Inlet
    from routilux.worker.watch import Watch


LOOKS = 100


class Gate:
    """Holds back what debugging needs until a breakpoint is set: most workers never need it."""

    __slots__ = ("_made", "_make", "seen", "table", "watch", "word", "words")

    def __init__(
        self,
        arena: Arena,
        inlets: Iterable[Inlet],
        make: Callable[[], Watch],
    ) -> None:
        self.table = TableReader(arena)
        self.words, self.word = self.table.words, self.table.word
        self.seen = 0
        """The generation of the table that is obeyed: others are compared with it."""
        self.watch: Watch | None = None
        """What watches here, as long as there is anything to look for."""
        self._made: Watch | None = None
        self._make = make
        for inlet in inlets:
            inlet.guard = self.guards

    def look(self) -> None:
        """The table has changed: obey what it says now. If it changes all the time, the next look will."""
        for _ in range(LOOKS):
            if (version := self.table.read()) is None:
                continue
            self.seen, entries = version
            watch = self.open()
            watch.obey(entries)
            if not watch.is_needed:
                self.watch = None
            return

    @property
    def has_to_say(self) -> bool:
        """Whether anything is watched here, or the table has changed."""
        return self.watch is not None or self.words[self.word] != self.seen

    def watches(self, job: int) -> bool:
        """The job is at hand from now on; whether its activations are watched, each a commit of its own."""
        self.catch_up()
        return self.watch is not None and self.watch.turn_to(job)

    def catch_up(self) -> None:
        """Obey the table if it has changed."""
        if self.words[self.word] != self.seen:
            self.look()

    def guards(self, batch: Batch) -> bool:
        """Whether a guarded message has to wait still."""
        return self.open().guarded.holds(batch)

    @property
    def generation(self) -> int:
        return self.words[self.word]

    def open(self) -> Watch:
        """What watches here, from now on."""
        if self._made is None:
            self._made = self._make()
        self.watch = self._made
        return self._made
