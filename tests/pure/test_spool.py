"""What is put into a spool comes out, in order, once; however much of it lies in the file."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from routilux import spool as module
from routilux.spool import OVERHEAD, Spool


def opened(meta: str, data: bytes) -> list[tuple[str, int]]:
    """A batch holds as many outputs as it has bytes."""
    return [(meta, byte) for byte in data]


@pytest.fixture
def spool(monkeypatch: pytest.MonkeyPatch) -> Spool[str, tuple[str, int]]:
    """One that keeps two entries of a few bytes in memory."""
    monkeypatch.setattr(module, "MEMORY", 2 * (OVERHEAD + 10))
    return Spool(opened)


def test_what_goes_in_comes_out_in_order(spool: Spool[str, tuple[str, int]]) -> None:
    for number in range(10):
        spool.put(f"m{number}", bytes([number, number]))
    assert list(spool.read(consume=True)) == [(f"m{n}", n) for n in range(10) for _ in range(2)]


def test_reading_without_consuming_leaves_everything(spool: Spool[str, tuple[str, int]]) -> None:
    for number in range(5):
        spool.put("m", bytes([number]))
    first, second = list(spool.read(consume=False)), list(spool.read(consume=False))
    assert first == second == [("m", n) for n in range(5)]
    assert (bool(spool), spool.nbytes) == (True, 5 * (1 + OVERHEAD))


def test_an_empty_spool_is_false_and_weighs_nothing(spool: Spool[str, tuple[str, int]]) -> None:
    assert (bool(spool), spool.nbytes, list(spool.read(consume=True))) == (False, 0, [])


def test_an_empty_batch_is_an_entry_of_no_output(spool: Spool[str, tuple[str, int]]) -> None:
    spool.put("m", b"")
    assert bool(spool)
    assert list(spool.read(consume=True)) == []
    assert not spool


def test_more_than_the_memory_goes_to_a_file_without_a_name(
    spool: Spool[str, tuple[str, int]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for number in range(5):
        spool.put("m", bytes([number]) * 10)
    assert spool._file is not None
    assert list(tmp_path.iterdir()) == []
    assert [byte for _, byte in spool.read(consume=True)] == [n for n in range(5) for _ in range(10)]


def test_the_file_is_let_go_when_nothing_of_it_is_waited_for(spool: Spool[str, tuple[str, int]]) -> None:
    for number in range(5):
        spool.put("m", bytes([number]) * 10)
    file = spool._file
    list(spool.read(consume=True))
    assert file is not None
    assert file.closed
    spool.put("m", b"x" * 1000)
    assert len(list(spool.read(consume=True))) == 1000


def test_a_batch_larger_than_the_memory_goes_through_the_file(spool: Spool[str, tuple[str, int]]) -> None:
    spool.put("m", b"x" * 100_000)
    spool.put("m", b"y")
    assert "".join(chr(byte) for _, byte in spool.read(consume=True)) == "x" * 100_000 + "y"


def test_a_batch_counts_as_read_when_it_is_handed_out(spool: Spool[str, tuple[str, int]]) -> None:
    spool.put("m", b"ab")
    spool.put("m", b"c")
    reading = spool.read(consume=True)
    next(reading)
    assert spool.nbytes == 1 + OVERHEAD
    assert list(spool.read(consume=True)) == [("m", ord("c"))]
    assert list(reading) == [("m", ord("b"))]


def test_what_is_put_while_somebody_reads_is_read_too(spool: Spool[str, tuple[str, int]]) -> None:
    spool.put("m", b"a")
    reading = spool.read(consume=True)
    next(reading)
    spool.put("m", b"b" * 500)
    assert len(list(reading)) == 500


def test_two_readers_share_and_nothing_is_read_twice(spool: Spool[str, tuple[str, int]]) -> None:
    found: list[list[int]] = [[], []]
    done = threading.Event()

    def read(into: list[int]) -> None:
        while not (done.is_set() and not spool):
            into.extend(byte for _, byte in spool.read(consume=True))

    threads = [threading.Thread(target=read, args=(into,)) for into in found]
    for thread in threads:
        thread.start()
    for number in range(2000):
        spool.put("m", bytes([number % 256]) * (1 + number % 7))
    done.set()
    for thread in threads:
        thread.join(timeout=30)
    expected = [number % 256 for number in range(2000) for _ in range(1 + number % 7)]
    assert sorted(found[0] + found[1]) == sorted(expected)
    assert spool.nbytes == 0


@given(st.lists(st.binary(max_size=300)))
def test_any_batches_come_out_as_they_went_in(batches: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MEMORY", 700)
        spool: Spool[int, tuple[int, bytes]] = Spool(lambda meta, data: [(meta, data)])
        for number, data in enumerate(batches):
            spool.put(number, data)
        assert list(spool.read(consume=False)) == list(enumerate(batches))
        assert list(spool.read(consume=True)) == list(enumerate(batches))
        assert spool.nbytes == 0


class SpoolMachine(RuleBasedStateMachine):
    """A spool against a list."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(module, "MEMORY", 1000)
        self.spool: Spool[int, tuple[int, bytes]] = Spool(lambda meta, data: [(meta, data)])
        self.model: list[tuple[int, bytes]] = []
        self.number = 0

    @rule(data=st.binary(max_size=400))
    def put(self, data: bytes) -> None:
        self.number += 1
        self.spool.put(self.number, data)
        self.model.append((self.number, data))

    @rule(most=st.integers(0, 5))
    def take(self, most: int) -> None:
        reading = self.spool.read(consume=True)
        for _ in range(min(most, len(self.model))):
            assert next(reading) == self.model.pop(0)

    @rule()
    def look(self) -> None:
        assert list(self.spool.read(consume=False)) == self.model

    @invariant()
    def weighs_what_it_holds(self) -> None:
        assert self.spool.nbytes == sum(len(data) + OVERHEAD for _, data in self.model)
        assert bool(self.spool) == bool(self.model)

    def teardown(self) -> None:
        list(self.spool.read(consume=True))
        self.patch.undo()


TestSpoolMachine = SpoolMachine.TestCase
