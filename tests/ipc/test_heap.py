"""The heap hands out no byte twice, and everything it gets back can be used again."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ipc.rig import SOURCE, Rig, check, is_all_free
from routilux.errors import ArenaFull, InternalError
from routilux.ipc import heap as module
from routilux.ipc.heap import GRAIN, Extent, Heap

STEP, KEEP, SIZE = 4096, 8192, 16 * 4096 + 2048
SIZES = st.one_of(st.integers(1, 300), st.integers(0, 20_000), st.integers(0, SIZE + 100))


class HeapMachine(RuleBasedStateMachine):
    """A heap against the list of extents that were handed out."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(module, "STEP", STEP)
        self.patch.setattr(module, "KEEP", KEEP)
        self.granted = 0
        self.is_tight = False
        self.taken: list[Extent] = []
        self.heap = self.made()

    def made(self) -> Heap:
        return Heap(SIZE, self.grow, self.shrink)

    def grow(self, offset: int, size: int) -> None:
        assert offset == self.granted
        assert 0 < size <= SIZE - offset
        if self.is_tight:
            raise ArenaFull("the system has no more")
        self.granted += size

    def shrink(self, offset: int, size: int) -> None:
        assert offset + size == self.granted
        assert all(sum(extent) <= offset for extent in self.taken)
        self.granted = offset

    @rule(size=SIZES)
    def allocate(self, size: int) -> None:
        grains = max(1, -(-size // GRAIN)) * GRAIN
        fits, before = self.heap.fits(size), (self.heap.top, self.heap._free.copy())
        assert fits == (self.longest_gap() >= grains)
        try:
            extent = self.heap.allocate(size)
        except ArenaFull:
            assert self.is_tight or not fits
            assert (self.heap.top, self.heap._free) == before
        else:
            assert fits
            assert extent.size == grains
            self.taken.append(extent)

    def longest_gap(self) -> int:
        ends = [0, *(sum(extent) for extent in sorted(self.taken))]
        starts = [*(extent.offset for extent in sorted(self.taken)), SIZE]
        return max(start - end for start, end in zip(starts, ends, strict=True))

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def free(self, data: st.DataObject) -> None:
        extent = self.taken.pop(data.draw(st.integers(0, len(self.taken) - 1)))
        self.heap.free(extent)
        tail = self.heap.top - max((sum(extent) for extent in self.taken), default=0)
        if sum(extent) + tail > self.heap.top:  # it belonged to the free end
            assert tail <= KEEP + STEP

    @rule(is_tight=st.booleans())
    def the_system_has_memory_or_not(self, *, is_tight: bool) -> None:
        self.is_tight = is_tight

    @rule(data=st.data(), kept=st.integers(0, 20))
    def restart(self, data: st.DataObject, kept: int) -> None:
        """What is still referred to is claimed, in any order; what is not is free."""
        self.taken = list(data.draw(st.permutations(self.taken)))[:kept]
        self.heap = self.made()
        self.heap.restore(self.granted)
        for extent in self.taken:
            assert self.heap.claim(*extent) == extent

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def claim_twice(self, data: st.DataObject) -> None:
        extent, before = data.draw(st.sampled_from(self.taken)), self.heap._free.copy()
        with pytest.raises(InternalError, match="referred to twice"):
            self.heap.claim(*extent)
        assert self.heap._free == before

    @invariant()
    def extents_tile_the_heap(self) -> None:
        check(self.heap, self.taken)
        assert self.heap.top == self.granted

    def teardown(self) -> None:
        try:
            while self.taken:
                self.heap.free(self.taken.pop())
            assert is_all_free(self.heap)
        finally:
            self.patch.undo()


TestHeapMachine = HeapMachine.TestCase


def test_bytes_never_granted_cannot_be_claimed() -> None:
    heap = Heap(SIZE, lambda *_: None, lambda *_: None)
    heap.restore(4096)
    with pytest.raises(InternalError, match="never granted"):
        heap.claim(4096 - GRAIN, 2 * GRAIN)


def test_what_goes_back_to_the_system_reads_as_zero_and_can_be_had_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "KEEP", 1 << 16)
    with Rig(heap=4 << 20) as rig:
        blobs = rig.blobs(SOURCE)
        before = os.fstat(rig.arena.fd).st_blocks
        blob, room = blobs.room(3 << 20)
        room[:] = b"x" * len(room)
        assert rig.word(SOURCE, "heap_top") == 3 << 20
        blobs.drop(blob)
        assert rig.word(SOURCE, "heap_top") == 1 << 20
        assert (os.fstat(rig.arena.fd).st_blocks - before) * 512 == 1 << 20
        assert bytes(room[1 << 20 :]) == bytes(2 << 20)
        again, _ = blobs.room(3 << 20)
        assert again.extent == blob.extent
        room.release()


def test_memory_that_the_system_refuses_is_an_arena_full(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    with Rig() as rig:
        blobs = rig.blobs(SOURCE)
        monkeypatch.setattr(os, "posix_fallocate", refuse)
        with pytest.raises(ArenaFull, match=r"no memory left for [\d,]+ bytes"):
            blobs.room(100)
        assert (blobs.heap.top, rig.word(SOURCE, "heap_top")) == (0, 0)
        monkeypatch.undo()
        assert blobs.room(100)[0].extent == Extent(0, 128)


@given(st.integers((1 << 20) + 1, 1 << 40))
def test_a_payload_larger_than_the_heap_names_the_option(size: int) -> None:
    heap = Heap(1 << 20, lambda *_: None, lambda *_: None)
    with pytest.raises(ArenaFull, match=r"raise Runtime\(heap=\.\.\.\)"):
        heap.allocate(size)
