"""Here are routines for chains of any kind: a message is (id, way), and each adds its name to the way."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from routilux import Event, Routine, Slot, policies

Message = tuple[tuple[int, ...], tuple[str, ...]]


def id_of(message: Message) -> str:
    """What a message is joined and dealt out by."""
    return repr(message[0])


class Source(Routine):
    n = Slot()
    out = Event()

    def logic(self, n: int) -> Iterator[Message]:
        for number in range(n):
            yield (number,), ("source",)


class Step(Routine):
    """Passes each message on, `copies` times with longer ids, unless its number is dropped by `drops`."""

    message = Slot()
    out = Event()
    name: str
    copies: int = 1
    drops: int = 0
    ballast: int = 0

    def logic(self, message: Any) -> None:
        ident, way = message[:2]
        if self.drops and sum(ident) % self.drops == 1:
            return
        for copy in range(self.copies):
            longer = (*ident, copy) if self.copies > 1 else ident
            self.out.emit((longer, (*way, self.name), bytes(self.ballast)))


class Flaky(Routine):
    """Each message fails as often as its id says: some more often than is tried."""

    message = Slot()
    out = Event()
    name: str

    def setup(self) -> None:
        self.tries = Counter[tuple[str, Any]]()

    def logic(self, message: Any) -> None:
        ident, way = message[:2]
        self.out.emit((ident, (*way, "half-way")))
        self.tries[self.job.job_id, ident] += 1
        if self.tries[self.job.job_id, ident] <= sum(ident) % 5:
            raise ValueError("not yet")
        self.out.emit((ident, (*way, self.name)))


class Pair(Routine):
    """One message of each branch, of the same id."""

    left = Slot()
    right = Slot()
    out = Event()
    name: str
    policy = policies.join(on=id_of)

    def logic(self, left: Any, right: Any) -> None:
        assert left[0] == right[0]
        self.out.emit((left[0], (*left[1], *right[1][-1:], self.name)))


class Batch(Routine):
    message = Slot()
    out = Event()
    name: str
    policy = policies.batch_size(3)

    def logic(self, message: list[Any]) -> None:
        for ident, way, *_ in message:
            self.out.emit((ident, (*way, self.name)))


class Rounds(Routine):
    """Sends each message back as often as its id says."""

    message = Slot()
    again = Event()
    out = Event()
    name: str

    def logic(self, message: Any) -> None:
        ident, way = message[:2]
        rounds = way.count(self.name)
        (self.again if rounds < sum(ident) % 4 else self.out).emit((ident, (*way, self.name)))


class Tally(Routine):
    """Counts per id what comes, in its state, and tells at the end."""

    message = Slot()
    out = Event()
    name: str

    def logic(self, message: Any) -> None:
        key = id_of(message)
        self.state[key] = self.state.get(key, 0) + 1
        self.out.emit((message[0], (*message[1], self.name)))

    def finish(self) -> None:
        for key, times in self.state.items():
            self.out.emit(((times,), (f"{self.name} saw {key}",)))
