"""A commit happens as a whole or not at all, wherever its process dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.rig import FIRST, JOBS, Rig
from routilux.ipc.arena import OwnSection
from routilux.ipc.commit import Transaction, redo
from routilux.ipc.layout import (
    COUNTERS,
    HEADER_WORDS,
    JOB_ROWS,
    RECORDS,
    REPLAY_WORDS,
    REPLAYS,
    WORD,
)

Step = tuple[str, int, int]
KINDS = ("create", "retire", "count", "store", "live", "published", "consumed")
STEPS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, JOBS - 1), st.integers(0, 1 << 40)), max_size=30
)


class Killed(BaseException):
    """The process has died at a store."""


class Mortal:
    """The words of a process that dies after so many stores."""

    def __init__(self, words: memoryview, stores: int) -> None:
        self._words = words
        self._left = stores

    def __getitem__(self, index: int) -> int:
        return self._words[index]

    def __setitem__(self, index: int | slice, value: int | memoryview) -> None:
        if self._left == 0:
            raise Killed
        self._left -= 1
        if isinstance(index, slice):
            self._words[index] = cast("memoryview[int]", value)
        else:
            self._words[index] = cast("int", value)


def fill(own: OwnSection, tx: Transaction, steps: list[Step]) -> dict[int, int]:
    """Do what the steps say; the positions consumed."""
    words, consumed = own.section.words, dict[int, int]()
    published = [own.index(offset) for offset in own.section.published.values()]
    positions = [own.index(offset) for offset in own.section.consumed.values()]
    for kind, number, value in steps:
        match kind:
            case "create":
                tx.create(number, value)
            case "retire":
                tx.retire(number, value)
            case "count":
                tx.count("activations", number, value)
            case "store":
                tx.store(own.index(words["state"]) + number, value)
            case "live":
                tx.live[own.index(words["live"]) + number] = value
            case "published":
                tx.published[published[number % len(published)]] = value
            case _:
                consumed[positions[number % len(positions)]] = value
    return consumed


def seen(own: OwnSection) -> bytes:
    """All words but those of the log."""
    words = own.section.words
    log = words["log"] - own.section.start
    end = words["live"] - own.section.start
    length = words["log_length"] - own.section.start
    return bytes(own.data[:length]) + bytes(own.data[length + WORD : log]) + bytes(own.data[end : end + 8192])


@contextmanager
def cut_off(
    before: list[Step], steps: list[Step], stores: int, *, committed: bool
) -> Iterator[tuple[OwnSection, bytes, bytes]]:
    """A section whose process has died at any store of its second commit; how all looked before, and would
    look after it.
    """
    with Rig() as rig, Rig() as whole:
        for each, done in ((rig, [before]), (whole, [before, steps])):
            for these in done:
                tx = each.tx(FIRST)
                tx.commit(fill(each.own(FIRST), tx, these))
        earlier, later = seen(rig.own(FIRST)), seen(whole.own(FIRST))
        own, tx = rig.own(FIRST), rig.tx(FIRST)
        consumed = fill(own, tx, steps)
        stored = sum(map(len, (tx.created, tx.published, tx.live, tx.late, consumed, tx.retired)))
        # Three stores make it happen: the log, its length, the commit word.
        stores = 3 + stores % (stored + 1) if committed else stores % 3
        tx._words = cast("memoryview[int]", Mortal(own.words, stores))
        with pytest.raises(Killed):
            tx.commit(consumed)
        yield own, earlier, later


@given(STEPS, STEPS, st.integers(0, 2))
def test_without_the_commit_word_nothing_has_changed(
    before: list[Step], steps: list[Step], stores: int
) -> None:
    with cut_off(before, steps, stores, committed=False) as (own, earlier, _):
        assert seen(own) == earlier
        assert not redo(own)
        assert seen(own) == earlier


@given(STEPS, STEPS, st.integers(0, 40))
def test_a_commit_cut_off_is_completed(before: list[Step], steps: list[Step], stores: int) -> None:
    with cut_off(before, steps, stores, committed=True) as (own, _, later):
        assert redo(own)
        assert seen(own) == later


@given(STEPS, STEPS, st.integers(0, 40), st.integers(0, 40))
def test_to_redo_twice_or_after_a_cut_changes_nothing(
    before: list[Step], steps: list[Step], stores: int, again: int
) -> None:
    with cut_off(before, steps, stores, committed=True) as (own, _, later):
        twin = OwnSection.__new__(OwnSection)
        twin.section, twin.words = own.section, cast("memoryview[int]", Mortal(own.words, again))
        try:
            assert redo(twin)
        except Killed:
            assert redo(own)
        assert seen(own) == later
        assert not redo(own)
        assert seen(own) == later


@given(st.lists(STEPS, max_size=4))
def test_counters_add_up_over_commits_and_incarnations(commits: list[list[Step]]) -> None:
    with Rig() as rig:
        own = rig.own(FIRST)
        for steps in commits:
            tx = rig.tx(FIRST)
            tx.commit(fill(own, tx, steps))
            assert tx.is_empty
        for name, kind in (("created", "create"), ("retired", "retire"), ("activations", "count")):
            row = own.index(own.section.words[name])
            for job in range(JOBS):
                made = sum(by for steps in commits for *what, by in steps if what == [kind, job])
                assert own.words[row + job] == made
        assert rig.word(FIRST, "commit") == rig.word(FIRST, "applied") == len(commits)


def test_a_commit_of_nothing_is_a_commit() -> None:
    with Rig() as rig:
        rig.tx(FIRST).commit({})
        assert rig.word(FIRST, "applied") == 1


def test_begun_is_ahead_of_committed_until_the_commit() -> None:
    with Rig() as rig:
        tx = rig.tx(FIRST)
        tx.begin()
        assert (rig.word(FIRST, "begin"), rig.word(FIRST, "commit")) == (1, 0)
        tx.commit({})
        assert (rig.word(FIRST, "begin"), rig.word(FIRST, "commit")) == (1, 1)


@given(STEPS)
def test_stores_are_carried_out_in_the_order_that_keeps_every_reader_right(steps: list[Step]) -> None:
    with Rig() as rig:
        own, tx = rig.own(FIRST), rig.tx(FIRST)
        consumed = fill(own, tx, steps)
        groups = [*map(set, (tx.created, tx.published, tx.live, tx.late, consumed, tx.retired))]
        tx.commit(consumed)
        log = own.index(own.section.words["log"])
        order = [own.words[log + 2 * n] for n in range(rig.word(FIRST, "log_length"))]
        for group in groups:
            assert {*order[: len(group)]} == group
            del order[: len(group)]


@given(STEPS)
def test_ended_are_the_jobs_that_use_messages_up_and_make_none(steps: list[Step]) -> None:
    with Rig() as rig:
        tx = rig.tx(FIRST)
        fill(rig.own(FIRST), tx, steps)
        retired, created = ({job for kind, job, _ in steps if kind == k} for k in ("retire", "create"))
        slots: set[int] = set()
        tx.note_ended(slots)
        assert slots == retired - created


def test_the_log_has_room_for_every_word_that_a_commit_can_touch() -> None:
    with Rig() as rig:
        for section in rig.arena.layout.sections:
            rows = (len(COUNTERS) + len(JOB_ROWS)) * JOBS + RECORDS + REPLAYS * REPLAY_WORDS
            lanes = 2 * (len(section.published) + len(section.consumed))
            words = rows + len(HEADER_WORDS) + lanes
            assert rig.arena.layout.log_capacity >= words
            assert section.words["live"] - section.words["log"] >= 2 * WORD * words
