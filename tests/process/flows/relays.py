"""Here are routines that any flow can be made of: they note the way of a message in its payload."""

from collections.abc import Iterator
from typing import Any

from routilux import Event, Routine, Slot

Step = tuple[str, str, int, int]
"""Name, slot or event, how many messages came before at this process for this job, which copy."""


class Relay(Routine):
    """Takes (way, ballast) on either slot; emits it on each event, `copies` times, with its step added.

    A way of `limit` steps goes no further, so that cycles end.
    """

    first = Slot()
    second = Slot()
    left = Event()
    right = Event()
    name: str
    copies: tuple[int, int] = (1, 1)
    size: int = 0
    limit: int = 5

    def logic(self, first: Any, second: Any) -> None:
        way, ballast = first if first is not None else second
        slot = "first" if first is not None else "second"
        assert ballast.count(len(way)) == len(ballast), "the ballast is of another message"
        number = self.state["seen"] = self.state.get("seen", -1) + 1
        if len(way) >= self.limit:
            return
        for event, copies in zip(("left", "right"), self.copies, strict=True):
            for copy in range(copies):
                step = (self.name, slot, number, copy)
                self.emit(event, ((*way, step), bytes([len(way) + 1]) * self.size))


class Spring(Routine):
    """A generator: for each (way, ballast) it yields `copies` messages, with its step added."""

    first = Slot()
    left = Event()
    name: str
    copies: int = 1
    size: int = 0

    def logic(self, first: Any) -> Iterator[Any]:
        way, _ = first
        number = self.state["seen"] = self.state.get("seen", -1) + 1
        for copy in range(self.copies):
            yield (*way, (self.name, "first", number, copy)), bytes([len(way) + 1]) * self.size
