"""Here is the litmus: what two processors may see of each other's plain stores, on machines that keep their
order and on machines that do not.

A store goes into a buffer first, and from there to memory some time later. A strong machine has no buffer; an
x86-64 empties it in order; a weak one (as ARM, which may moreover load early) in any order, but for stores to
one word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from .state import put


class Machine(StrEnum):
    """How a store buffer is emptied."""

    STRONG = "strong"
    X86 = "x86-64"
    WEAK = "weak"


class Op(NamedTuple):
    """One instruction: store 1 into a word, load a word, or wait until the buffer is empty (no word)."""

    is_store: bool
    word: str


def st(word: str) -> Op:
    return Op(is_store=True, word=word)


def ld(word: str) -> Op:
    return Op(is_store=False, word=word)


FENCE = Op(is_store=False, word="")
Program = tuple[Op, ...]
Seen = Mapping[str, bool]


class Moment(NamedTuple):
    """Two processors at one instant."""

    at: tuple[int, ...]
    buffers: tuple[tuple[str, ...], ...]
    memory: frozenset[str]
    """The words that are 1."""
    loaded: frozenset[tuple[str, bool]]


class Case(NamedTuple):
    """Two programs, what must not come of them, and on which machines it does."""

    name: str
    programs: tuple[Program, Program]
    is_bad: Callable[[Seen], bool]
    fails_on: frozenset[Machine]


def outcomes(programs: tuple[Program, ...], machine: Machine) -> Iterator[Seen]:
    """What the loads may have seen, once both programs have come to their end."""
    first = Moment((0,) * len(programs), ((),) * len(programs), frozenset(), frozenset())
    found, todo = {first}, [first]
    while todo:
        moment = todo.pop()
        nexts = [after for i in range(len(programs)) for after in _after(moment, i, programs[i], machine)]
        if not nexts:
            yield dict(moment.loaded)
        todo += [after for after in dict.fromkeys(nexts) if after not in found]
        found.update(nexts)


def _after(moment: Moment, i: int, program: Program, machine: Machine) -> Iterator[Moment]:
    buffer = moment.buffers[i]
    for n, word in enumerate(buffer if machine is Machine.WEAK else buffer[:1]):
        if word not in buffer[:n]:
            rest = put(moment.buffers, i, buffer[:n] + buffer[n + 1 :])
            yield moment._replace(buffers=rest, memory=moment.memory | {word})
    if moment.at[i] == len(program):
        return
    op = program[moment.at[i]]
    on = moment._replace(at=put(moment.at, i, moment.at[i] + 1))
    if op.is_store and machine is Machine.STRONG:
        yield on._replace(memory=moment.memory | {op.word})
    elif op.is_store:
        yield on._replace(buffers=put(moment.buffers, i, (*buffer, op.word)))
    elif op.word:
        value = op.word in buffer or op.word in moment.memory
        yield on._replace(loaded=moment.loaded | {(op.word, value)})
    elif not buffer:
        yield on


def may_fail(case: Case, machine: Machine) -> bool:
    return any(case.is_bad(seen) for seen in outcomes(case.programs, machine))


EVERYWHERE_BUFFERED = frozenset({Machine.X86, Machine.WEAK})
WEAK_ONLY = frozenset({Machine.WEAK})
NOWHERE: frozenset[Machine] = frozenset()

CASES = [
    Case(
        "a frame, then published; the consumer looks at published, then at the frame",
        ((st("frame"), st("published")), (ld("published"), ld("frame"))),
        lambda seen: seen["published"] and not seen["frame"],
        WEAK_ONLY,
    ),
    Case(
        "the same, the position handed over through a socket",
        ((st("frame"), FENCE, st("published")), (ld("published"), ld("frame"))),
        lambda seen: seen["published"] and not seen["frame"],
        NOWHERE,
    ),
    Case(
        "created, then retired; the supervisor looks at retired, then at created",
        ((st("created"), st("retired")), (ld("retired"), ld("created"))),
        lambda seen: seen["retired"] and not seen["created"],
        WEAK_ONLY,
    ),
    Case(
        "a pin, then consumed; the producer looks at consumed, then at the pin",
        ((st("pin"), st("consumed")), (ld("consumed"), ld("pin"))),
        lambda seen: seen["consumed"] and not seen["pin"],
        WEAK_ONLY,
    ),
    Case(
        "a flag that says asleep instead of a doorbell",
        ((st("published"), ld("asleep")), (st("asleep"), ld("published"))),
        lambda seen: not (seen["asleep"] or seen["published"]),
        EVERYWHERE_BUFFERED,
    ),
    Case(
        "the same flag, a fence on both sides",
        ((st("published"), FENCE, ld("asleep")), (st("asleep"), FENCE, ld("published"))),
        lambda seen: not (seen["asleep"] or seen["published"]),
        NOWHERE,
    ),
]
