"""Here is the map of the arena: at which offset every word, ring and heap of every process lies.

Every word has exactly one writer, the process in whose section it lies; so a process maps its own section
read-write and everything else read-only.
"""

import os
from enum import IntEnum
from functools import cached_property
from mmap import ALLOCATIONGRANULARITY

import msgspec

from routilux.plan import Plan

WORD = 8
RING = int(os.environ.get("ROUTILUX_RING", "131072"))
"""Bytes of a lane's ring, a multiple of 64; tests make it so small that a single message fills it."""

PINS = 1 << 17
"""Blobs of others that one process can keep at a time, for its records and for views that outlive their
activation.
"""

RECORDS = 1 << 17
"""Rows of a process's pending store."""

HEADER_WORDS = (
    "begin",
    "commit",
    "applied",
    "log_length",
    "service_ns",
    "pins_used",
    "status",
    "heap_top",
    "rows_used",
    "at",
    "at_once",
    "care",
    "poison",
    "running_since",
    "idle",
    "naps",
    "starved",
    "logged",
)
"""`idle` says that the process waits for a doorbell (1, or when it will wake by itself, in nanoseconds),
`naps` counts how often it has begun to. `starved` says that it leaves messages in its lanes although it has
nothing to do, since it holds back so many already. `logged` counts the batches of log lines that it has sent
to the supervisor. `at` names the input at hand, `at_once` says whether it is the only one of its transaction.
After a crash the supervisor writes `care`, how many transactions are to be of one message, and `poison`, the
input not to be run again.
"""
COUNTERS = (
    *("created", "retired", "activations", "errors", "skipped", "unused", "dead", "cut"),
    *("received", "emitted"),
)
"""Per job slot and process: cumulative, never reset; the first two decide when a job is quiet, `cut` counts
activations of sources that were stopped before their end, the last two messages that activations have used,
and made: one for all connections of an event.
"""

JOB_ROWS = ("state", "final")
"""Per job slot and process: where the job's `self.state` lies, and which job has been told its end here."""

COLUMNS = (
    *("kind", "lane", "job", "port", "origin", "order", "position", "place", "size", "messages"),
    *("tag", "span", "due"),
)
"""What a record of the pending store says beside `live`; written while it is free."""

REPLAYED_EVENTS = 8
"""Events whose early emissions a re-run can recognise."""

REPLAYS = 4
"""Activations of a process that may have sent something early at a time: one runs, the jobs of others are
held.
"""

REPLAY_HEAD = ("key", "job", "cursor", "total")
REPLAY_WORDS = len(REPLAY_HEAD) + 2 * REPLAYED_EVENTS
"""Per such activation: its input, its job, where its cursor lies, how many it has sent in all; then for each
event how many it has sent since the cursor, and a crc of them.
"""

JOB_STATES = ("current", "order", "stage", "traced")
"""Per job slot, written by the supervisor alone: the job that has the slot, whether it runs, how far it has
come (0 not yet admitted, 1 it may be fed, 2 and more the levels that have been told its end), and whether
somebody wants to see each of its activations.
"""

WAITING_SLOTS = 16
"""Slots for which a process says how many messages wait before its policy; further ones count in the last."""


BREAKPOINT_ROWS = 256
"""Breakpoints whose counters a process can keep apart; a row is used again when all others have been."""
BREAKPOINT_COUNTERS = ("evaluations", "hits", "faults", "cost_ns")
"""Per breakpoint and process: cumulative, never reset."""
TABLE = 1 << 17
"""Bytes of one version of the table of breakpoints."""


class Order(IntEnum):
    """What the workers are to do with a job's messages."""

    NONE = 0
    RUN = 1
    HOLD = 2
    DROP = 3


class Status(IntEnum):
    """What a worker says of itself."""

    STARTING = 0
    READY = 1
    STOPPED = 2
    WORN = 3
    """It has ended so that a fresh process takes its place."""
    HELD = 4
    """It stands at a breakpoint, in the middle of an activation."""


JOB_NAME = 128
"""Bytes for a job's id: its length, then its UTF-8."""


class Section(msgspec.Struct, frozen=True):
    """Where one process writes. Offsets are bytes from the start of the arena."""

    start: int
    size: int
    solid: int
    """Bytes at its start that are made real at once; what follows is sparse, and real where it is used."""
    words: dict[str, int]
    published: dict[int, int]
    consumed: dict[int, int]
    sent: dict[int, int]
    """Messages put into an out-lane, ever."""
    used: dict[int, int]
    """Messages taken out of an in-lane, ever."""
    rings: dict[int, int]
    heap: int
    heap_size: int

    @property
    def fixed_size(self) -> int:
        return self.heap - self.start


class Layout(msgspec.Struct, frozen=True, dict=True):
    """The sections of a plan with room for `jobs` jobs at a time and `heap` bytes of large payloads per
    process.
    """

    plan: Plan
    jobs: int
    heap: int

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        sections: list[Section] = []
        start = 0
        for process in self.plan.processes:
            section = self._section(process.index, start)
            sections.append(section)
            start += section.size
        return tuple(sections)

    @property
    def size(self) -> int:
        """Bytes of the whole arena; it is sparse."""
        return self.sections[-1].start + self.sections[-1].size

    @cached_property
    def log_capacity(self) -> int:
        """Stores one commit may make: one per word that a commit can touch."""
        rows = (len(COUNTERS) + len(JOB_ROWS) + max(self.plan.tag_rows)) * self.jobs
        rows += REPLAYS * REPLAY_WORDS + RECORDS
        return rows + 2 * len(self.plan.lanes) + len(HEADER_WORDS)

    def _section(self, index: int, start: int) -> Section:
        out, into = self.plan.outbound[index], self.plan.inbound[index]
        at = start
        words: dict[str, int] = {}

        def take(name: str, count: int) -> None:
            nonlocal at
            words[name] = at
            at += count * WORD

        for name in HEADER_WORDS:
            take(name, 1)
        take("replay", REPLAYS * REPLAY_WORDS)
        for name in COUNTERS + JOB_ROWS:
            take(name, self.jobs)
        take("waiting", WAITING_SLOTS)
        take("tags", self.plan.tag_rows[index] * self.jobs)
        if index == 0:
            take("drain", 1)
            take("exit", 1)
            take("heard_by", 1)
            take("breakpoints", 1)
            take("quota", len(self.plan.processes))
            for name in JOB_STATES:
                take(name, self.jobs)
            take("names", self.jobs * JOB_NAME // WORD)
        published = {lane.index: at + n * WORD for n, lane in enumerate(out)}
        at += len(out) * WORD
        consumed = {lane.index: at + n * WORD for n, lane in enumerate(into)}
        at += len(into) * WORD
        sent = {lane.index: at + n * WORD for n, lane in enumerate(out)}
        at += len(out) * WORD
        used = {lane.index: at + n * WORD for n, lane in enumerate(into)}
        at += len(into) * WORD
        at = _up(at, 64)
        rings: dict[int, int] = {}
        for lane in out:
            rings[lane.index] = at
            at += RING
        solid = at - start
        if index == 0:
            take("table", 2 * TABLE // WORD)
        take("hits", BREAKPOINT_ROWS * len(BREAKPOINT_COUNTERS))
        take("log", 2 * self.log_capacity)
        take("pin_live", PINS)
        take("pin_blob", PINS)
        take("pin_size", PINS)
        take("live", RECORDS)
        for name in COLUMNS:
            take(f"record_{name}", RECORDS)
        heap = _up(at, ALLOCATIONGRANULARITY)
        heap_size = _up(self.heap, ALLOCATIONGRANULARITY)
        size = heap + heap_size - start
        return Section(start, size, solid, words, published, consumed, sent, used, rings, heap, heap_size)


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
