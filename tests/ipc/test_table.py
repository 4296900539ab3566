"""Facts about the table of breakpoints in shared memory."""

from __future__ import annotations

import struct

import pytest

from ipc.rig import FIRST, Rig
from routilux.errors import BreakpointError
from routilux.ipc.layout import TABLE
from routilux.ipc.table import HitCounts, TableReader, TableWriter, counted
from routilux.plan import SUPERVISOR


def test_a_reader_sees_the_last_version() -> None:
    with Rig() as rig:
        writer, reader = TableWriter(rig.own(SUPERVISOR)), TableReader(rig.arena)
        assert rig.arena.words[reader.word] == 0
        for number, data in enumerate((b"one", b"two", b"", b"three"), 1):
            assert writer.write(data) == number
            assert reader.read() == (number, data)


def test_a_version_that_is_being_written_is_not_read() -> None:
    with Rig() as rig:
        own = rig.own(SUPERVISOR)
        writer, reader = TableWriter(own), TableReader(rig.arena)
        writer.write(b"whole")
        start = own.section.words["table"] - own.section.start + TABLE
        struct.pack_into("<Q", own.data, start, 3)  # the next but one in the same place, half written
        assert reader.read() is None


def test_a_table_that_is_too_large_is_refused_and_changes_nothing() -> None:
    with Rig() as rig:
        writer, reader = TableWriter(rig.own(SUPERVISOR)), TableReader(rig.arena)
        writer.write(b"one")
        with pytest.raises(BreakpointError, match="remove some"):
            writer.write(bytes(TABLE))
        assert reader.read() == (1, b"one")


def test_counts_are_read_by_others() -> None:
    with Rig() as rig:
        HitCounts(rig.own(FIRST)).write(7, (1, 2, 3, 4))
        assert counted(rig.arena, FIRST, 7) == [1, 2, 3, 4]
        assert counted(rig.arena, FIRST, 6) == [0, 0, 0, 0]
