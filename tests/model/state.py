"""Here is one state of the modelled data plane: a section of shared memory for each process, and what is
lost when a process dies.

Every value is frozen and hashable. A word that only grows in the arena is kept as what anybody can learn from
it, so that a run that has come back to the same contents is recognised: of `begin`, `commit` and `applied`
only matters which is ahead.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, TypeVar

T = TypeVar("T")

MANY = 99
"""Stands for "no bound" where the real system's is far away."""

Message = tuple[int, int]
"""A value, and how many kills were left when it was emitted: a second attempt emits something else."""

MARK, TOKEN = -1, -2
"""Values of their own kind: an order tag of which nothing came, and the end of the job."""

UNTAGGED = -1

Place = tuple[int, int]
"""A unit of input: the number of its lane, and the position of its frame."""

Key = tuple[int, int, int]
"""One message: lane, position of the frame, place within it. The same for every incarnation."""

Consumed = tuple[int, int]
"""The word `consumed`: the first frame that is not used up, and how many of its messages are used."""


class Violation(Exception):
    """The data plane has broken a promise; the text says which and how."""


class Frame(NamedTuple):
    """One batch of one job, for one slot."""

    job: int
    slot: int
    tag: int
    messages: tuple[Message, ...]

    @property
    def is_token(self) -> bool:
        return self.messages[0][0] == TOKEN


class Record(NamedTuple):
    """A row of the pending store whose `live` is not 0.

    As an input, `place` is where the frame lay; as an output, the number of its channel and its turn there.
    """

    is_output: bool
    place: Place
    frame: Frame
    used: int
    is_parked: bool

    @property
    def left(self) -> int:
        return len(self.frame.messages) - self.used


class Word(IntEnum):
    """The words that a log names."""

    CREATED = 0
    PUBLISHED = 1
    LIVE = 2
    NEXT_TAG = 3
    FINAL = 4
    POISON = 5
    LEVEL = 6
    CONSUMED = 7
    RETIRED = 8


class Store(NamedTuple):
    """One entry of a log: an absolute value for one word of the writer's own section."""

    word: Word
    at: int = 0
    number: int = 0
    used: int = 0
    frames: tuple[Frame, ...] = ()
    record: Record | None = None


class Section(NamedTuple):
    """What one process alone writes (and the supervisor, once that process has been reaped)."""

    begun: bool
    """`begin` is ahead of `commit`: a death is charged."""
    unapplied: bool
    """`commit` is ahead of `applied`: the log is still to be carried out."""
    log: tuple[Store, ...]
    at: Key
    alone: bool
    care: bool
    poison: Key
    created: tuple[int, ...]
    retired: tuple[int, ...]
    outlets: tuple[tuple[Frame, ...], ...]
    """Per out-lane all frames ever published: `published` is their number."""
    inlets: tuple[Consumed, ...]
    records: tuple[Record, ...]
    next_tag: tuple[int, ...]
    final: tuple[bool, ...]
    level: tuple[int, ...]
    """Only the supervisor's: how many levels of a job have been told."""
    pins: tuple[tuple[Place, int], ...]
    """Blobs of others that are kept, each with the record it is kept for."""


NOBODY: Key = (-1, -1, -1)


class Activation(NamedTuple):
    """One call of user code: logic on the values of each slot, or `finish`."""

    job: int
    tag: int
    slots: tuple[tuple[int, ...], ...]
    key: Key
    is_finish: bool


class Plan(NamedTuple):
    """What a worker has decided to do in its next transaction; private to the process."""

    inlets: tuple[Consumed, ...]
    activations: tuple[Activation, ...] = ()
    used: tuple[tuple[Place, int], ...] = ()
    """How many messages of each unit the activations use."""
    parked: tuple[int, ...] = ()
    """Jobs of which all that is left here is to be parked."""
    flushed: tuple[int, ...] = ()
    """Jobs of which all that is left here will never be used."""


class Pc(IntEnum):
    """Where a process is."""

    DEAD = 0
    RESTORE = 1
    ASLEEP = 2
    LOOK = 3
    PIN = 4
    RUN = 5
    APPLY = 6
    UNPIN = 7
    RING = 8


class Process(NamedTuple):
    """What is gone when the process is."""

    pc: Pc = Pc.LOOK
    k: int = 0
    plan: Plan | None = None
    bell: bool = False
    rings: tuple[int, ...] = ()


DEAD = Process(Pc.DEAD)


class Doing(IntEnum):
    """What the supervisor's one thread is at."""

    NOTHING = 0
    REDO = 1
    CHARGE = 2
    RESYNC = 3
    SPAWN = 4
    APPLY = 5
    SUM = 6


class Desk(NamedTuple):
    """The supervisor's thread: `whom` is a worker, or the job whose counters it sums."""

    doing: Doing = Doing.NOTHING
    whom: int = 0
    k: int = 0
    difference: int = 0


IDLE = Desk()


class Zombie(NamedTuple):
    """A process taken for dead that is only stopped, and goes on writing."""

    worker: int
    process: Process
    log: tuple[Store, ...]


class State(NamedTuple):
    """Everything at one instant. Process 0 is the supervisor."""

    processes: tuple[Process, ...]
    sections: tuple[Section, ...]
    paused: tuple[bool, ...]
    desk: Desk
    attempts: tuple[tuple[int, Key, int], ...]
    done: tuple[bool, ...]
    freed: frozenset[int]
    freeing: tuple[int, int] | None
    """A producer's look at one of its blobs: the blob, and how many words it has read."""
    kills: int
    restarts: int
    pauses: int
    zombie: Zombie | None


def put(items: tuple[T, ...], index: int, item: T) -> tuple[T, ...]:
    """`items` with another item at `index`."""
    return (*items[:index], item, *items[index + 1 :])


def with_section(state: State, index: int, section: Section) -> State:
    return state._replace(sections=put(state.sections, index, section))


def with_process(state: State, index: int, process: Process) -> State:
    return state._replace(processes=put(state.processes, index, process))


def carry_out(section: Section, store: Store) -> Section:  # noqa: PLR0911 - one for each word
    """One aligned 8-byte store into the section."""
    at, number = store.at, store.number
    match store.word:
        case Word.CREATED:
            return section._replace(created=put(section.created, at, number))
        case Word.PUBLISHED:
            return section._replace(outlets=put(section.outlets, at, _published(section.outlets[at], store)))
        case Word.LIVE:
            return section._replace(records=_live(section.records, store))
        case Word.NEXT_TAG:
            return section._replace(next_tag=put(section.next_tag, at, number))
        case Word.FINAL:
            return section._replace(final=put(section.final, at, bool(number)))
        case Word.POISON:
            return section._replace(poison=NOBODY)
        case Word.LEVEL:
            return section._replace(level=put(section.level, at, number))
        case Word.CONSUMED:
            return section._replace(inlets=put(section.inlets, at, (number, store.used)))
        case Word.RETIRED:
            return section._replace(retired=put(section.retired, at, number))


def _published(frames: tuple[Frame, ...], store: Store) -> tuple[Frame, ...]:
    """The frames from position `number` on lie there; whoever has read them must not see them change."""
    there = frames[store.number :]
    if store.number > len(frames) or there != store.frames[: len(there)]:
        raise Violation("S2 a published frame was written over")
    return frames[: store.number] + store.frames


def _live(records: tuple[Record, ...], store: Store) -> tuple[Record, ...]:
    assert store.record is not None
    identity = store.record[:2]
    others = [record for record in records if record[:2] != identity]
    if store.number:
        others.append(store.record)
    return tuple(sorted(others))
