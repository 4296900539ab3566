"""Here are routines that never emit the same twice: each attempt marks what it emits with a salt of its own,
so that what an aborted attempt has let out shows beside what the committed one has.
"""

import os
from collections.abc import Iterator
from typing import Any

from routilux import Event, Routine, Slot, policies, routine

Salted = tuple[int, bytes]


def salt(nbytes: int = 8) -> bytes:
    return os.urandom(nbytes)


@routine
def numbers(n: int) -> Iterator[int]:
    yield from range(n)


@routine
def stamp(value: int, *, nbytes: int = 8) -> Salted:
    return value, salt(nbytes)


@routine
def left(pair: Salted) -> Salted:
    return pair


@routine
def right(pair: Salted) -> Salted:
    return pair


def number_of(pair: Salted) -> int:
    return pair[0]


def key_of(pair: Salted) -> int:
    return pair[0] % 7


class Meet(Routine):
    """What came of one attempt by two ways: both have its salt."""

    left = Slot()
    right = Slot()
    out = Event()
    policy = policies.join(number_of)

    def logic(self, left: Salted, right: Salted) -> None:
        self.out.emit((left[0], left[1] == right[1]))


class Fives(Routine):
    """Batches, each with a salt that goes out twice."""

    pair = Slot()
    out = Event()
    other = Event()
    policy = policies.batch_size(5)

    def logic(self, pair: list[Salted]) -> None:
        values, mark = [value for value, _ in pair], salt()
        self.out.emit((values, mark))
        self.other.emit((values, mark))


class Remember(Routine):
    """Emits each message with a salt and saves the salt; at the end it tells what it had saved."""

    pair = Slot()
    out = Event()
    saved = Event()

    def logic(self, pair: Salted) -> None:
        mark = salt()
        self.state[f"{pair[0]}"] = mark
        self.out.emit((pair[0], mark))

    def finish(self) -> None:
        self.saved.emit(sorted((int(value), mark) for value, mark in self.state.items()))


class Count(Routine):
    """Emits with each message how many of its key have come before it."""

    pair = Slot()
    out = Event()

    def logic(self, pair: Salted) -> None:
        key = f"{key_of(pair)}"
        before = self.state.get(key, 0)
        self.state[key] = before + 1
        self.out.emit((pair[0], before, salt()))


class Whole(Routine):
    """Emits everything at the end, in pieces, and then how much it was."""

    pair = Slot()
    out = Event()
    policy = policies.whole_job()

    def logic(self, pair: list[Salted]) -> None:
        self.state["count"] = len(pair)
        for value, mark in pair:
            self.out.emit((value, mark))

    def finish(self) -> None:
        self.out.emit((-self.state["count"], salt()))


class Round(Routine):
    """Sends a message round until it has come down to nothing."""

    value = Slot()
    again = Event()
    out = Event()
    rounds: int = 3

    def logic(self, value: Any) -> None:
        number, done = value if isinstance(value, tuple) else (value, 0)
        if done < self.rounds:
            self.again.emit((number, done + 1))
        else:
            self.out.emit((number, salt()))


class Early(Routine):
    """A generator that sends while it runs; it must repeat itself, so it has no salt."""

    value = Slot()
    out = Event()
    copies: int = 600

    def logic(self, value: int) -> Iterator[tuple[int, int]]:
        for copy in range(self.copies):
            yield value, copy
