"""Here is the table of breakpoints in shared memory: written by the supervisor, read by every worker.

The word `breakpoints` is its generation, 0 as long as nothing has ever been set. Versions alternate between
two places, and the word is stored last; so a reader that finds the same word before and after has read a
whole version. What lies there is for others to make and understand.
"""

import struct
from collections.abc import Sequence
from zlib import crc32

from routilux.errors import BreakpointError
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.layout import BREAKPOINT_COUNTERS, TABLE, WORD
from routilux.plan import SUPERVISOR

_HEAD = struct.Struct("<QII")
"""generation u64 | bytes u32 | crc of them u32"""


class TableWriter:
    """The supervisor's end."""

    def __init__(self, own: OwnSection) -> None:
        self._own = own
        self._word = own.index(own.section.words["breakpoints"])
        self._start = own.section.words["table"] - own.section.start

    def write(self, data: bytes) -> int:
        """Publish a version; its generation. Raises BreakpointError if it is too large."""
        if _HEAD.size + len(data) > TABLE:
            raise BreakpointError(
                f"the breakpoints of this flow take {len(data):,} bytes, more than {TABLE - _HEAD.size:,}: "
                "remove some, or shorten their conditions"
            )
        generation = self._own.words[self._word] + 1
        start = self._start + generation % 2 * TABLE
        self._own.data[start + _HEAD.size : start + _HEAD.size + len(data)] = data
        _HEAD.pack_into(self._own.data, start, generation, len(data), crc32(data))
        self._own.words[self._word] = generation
        return generation


class TableReader:
    """Any process's end."""

    def __init__(self, arena: Arena) -> None:
        words = arena.layout.sections[SUPERVISOR].words
        self._data = arena.data
        self._start = words["table"]
        self.words = arena.words
        self.word = words["breakpoints"] // WORD
        """Where the generation is: one look at it tells whether anything has changed."""

    def read(self) -> tuple[int, bytes] | None:
        """The present version with its generation; None if it is being changed just now: look again."""
        generation = self.words[self.word]
        start = self._start + generation % 2 * TABLE
        found, length, crc = _HEAD.unpack_from(self._data, start)
        if found != generation or length > TABLE - _HEAD.size:
            return None
        data = bytes(self._data[start + _HEAD.size : start + _HEAD.size + length])
        return (generation, data) if crc32(data) == crc and self.words[self.word] == generation else None


class HitCounts:
    """What the breakpoints have come to at one process: its own words."""

    def __init__(self, own: OwnSection) -> None:
        self._words = own.words
        self._start = own.index(own.section.words["hits"])

    def read(self, row: int) -> list[int]:
        """The counters of one breakpoint, in the order of BREAKPOINT_COUNTERS."""
        at = self._start + row * len(BREAKPOINT_COUNTERS)
        return list(self._words[at : at + len(BREAKPOINT_COUNTERS)])

    def write(self, row: int, counts: Sequence[int]) -> None:
        at = self._start + row * len(BREAKPOINT_COUNTERS)
        for number, count in enumerate(counts):
            self._words[at + number] = count


def counted(arena: Arena, process: int, row: int) -> list[int]:
    """As HitCounts.read, of any process."""
    at = arena.layout.sections[process].words["hits"] // WORD + row * len(BREAKPOINT_COUNTERS)
    return list(arena.words[at : at + len(BREAKPOINT_COUNTERS)])
