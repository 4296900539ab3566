"""An array that was lent is sent from where it lies, and its memory is nobody else's while anybody looks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from ipc.rig import FIRST, SOURCE, Rig, is_all_free, pass_on, publish
from routilux.errors import ArenaFull, PayloadError, RoutiluxError
from routilux.ipc.blobs import Blob
from routilux.ipc.codec import Decoder, Encoder, Large
from routilux.ipc.lanes import BLOB, Frame, LaneWriter
from routilux.ipc.loans import HEAD, Loans

SHAPE = (100, 300)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as made:
        yield made


@pytest.fixture
def loans(rig: Rig) -> Loans:
    return Loans(rig.blobs(SOURCE))


def lent(loans: Loans) -> Any:
    array = loans.array(SHAPE, "u1")
    array[:] = np.arange(SHAPE[1]) % 251
    return array


def encoded(value: object) -> Large:
    part = Encoder().encode(value)
    assert isinstance(part, Large)
    return part


def taken(loans: Loans, value: object) -> Blob | None:
    return loans.take(encoded(value), value)


def sent(rig: Rig, loans: Loans, blob: Blob) -> LaneWriter:
    writer = rig.writer(SOURCE, FIRST)
    blob.uses.append((writer, writer.put(Frame(1, 0, 1, blob.reference, BLOB))))
    loans.blobs.sent(blob)
    publish(rig, writer)
    return writer


def used(rig: Rig) -> None:
    reader = rig.reader(SOURCE, FIRST)
    frame = reader.head()
    assert frame is not None
    reader.use(frame, 1)
    pass_on(rig, reader)


def read(rig: Rig, blob: Blob) -> Any:
    return Decoder().decode_large(rig.arena.data[blob.address : blob.address + blob.nbytes])


def is_free(loans: Loans) -> bool:
    loans.blobs.collect()
    return is_all_free(loans.blobs.heap)


def address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


@pytest.mark.parametrize(
    "within",
    [
        lambda a: a,
        lambda a: a.T,
        lambda a: a.reshape(-1),
        lambda a: a.view("u4"),
        lambda a: {"frame": a, "number": 7},
        lambda a: [("x" * 3000, a)],
    ],
)
def test_a_whole_loan_is_sent_from_where_it_lies(rig: Rig, loans: Loans, within: Any) -> None:
    array = lent(loans)
    value = within(array)
    blob = taken(loans, value)
    assert blob is not None
    array.flags.writeable = True
    array[0, 0] = 99  # no copy: it is seen
    found = read(rig, blob)
    np.testing.assert_equal(found, value)


@pytest.mark.parametrize("dtype", ["f8", "?", "M8[s]", "S8", [("a", "i4"), ("b", "f8")], ">u2"])
def test_a_loan_of_any_type_arrives(rig: Rig, loans: Loans, dtype: Any) -> None:
    array = loans.array((2, 5000), dtype)
    array[:] = np.zeros((2, 5000), dtype)
    blob = taken(loans, array)
    assert blob is not None
    found = read(rig, blob)
    assert found.dtype == array.dtype
    assert (found == array).all()


@pytest.mark.parametrize(
    "within",
    [
        lambda a: a[1:],
        lambda a: a[:, ::-1],
        lambda a: [a, a],
        lambda a: [a, np.zeros(9000)],
        lambda a: ["x" * HEAD, a],
        lambda a: a.copy(),
    ],
)
def test_anything_else_is_copied(loans: Loans, within: Any) -> None:
    array = lent(loans)
    assert taken(loans, within(array)) is None
    assert array.flags.writeable


def test_what_was_sent_cannot_be_written_to(loans: Loans) -> None:
    array = lent(loans)
    flat = array.reshape(-1)
    taken(loans, flat)
    for one in (array, flat):
        with pytest.raises(ValueError, match="read-only"):
            one[0] = 1


def test_a_second_emission_is_a_copy(loans: Loans) -> None:
    array = lent(loans)
    assert taken(loans, array) is not None
    assert not loans.are_open
    assert taken(loans, array) is None


def test_a_small_array_is_an_ordinary_one(loans: Loans) -> None:
    array = loans.array(10, "f8")
    assert array.flags.owndata
    assert not loans.are_open


def test_a_loan_that_is_never_sent_is_given_back(loans: Loans) -> None:
    array = lent(loans)
    row = array[3]
    del array
    assert not is_free(loans)  # a part of it is still looked at
    del row
    assert is_free(loans)


def test_a_dropped_loan_is_given_back_once_nobody_looks(loans: Loans) -> None:
    array = lent(loans)
    blob = taken(loans, array)
    assert blob is not None
    loans.blobs.drop(blob)
    assert not is_free(loans)
    del array
    assert is_free(loans)


def test_a_sent_loan_is_nobody_elses_while_its_sender_looks(rig: Rig, loans: Loans) -> None:
    array = lent(loans)
    blob = taken(loans, array)
    assert blob is not None
    sent(rig, loans, blob)
    used(rig)
    assert not is_free(loans)
    assert address(lent(loans)) != address(array)
    del array
    assert is_free(loans)


def test_a_loan_waits_for_its_commit_though_nobody_looks(rig: Rig, loans: Loans) -> None:
    blob = taken(loans, lent(loans))
    assert blob is not None
    loans.blobs.collect()
    other = lent(loans)
    assert (read(rig, blob) == other).all()
    other[:] = 0
    assert read(rig, blob).any()


def test_a_loan_in_flight_is_freed_only_when_it_has_been_used(rig: Rig, loans: Loans) -> None:
    blob = taken(loans, lent(loans))
    assert blob is not None
    sent(rig, loans, blob)
    assert not is_free(loans)
    used(rig)
    assert is_free(loans)


def test_a_crash_leaves_only_what_is_referred_to(rig: Rig, loans: Loans) -> None:
    kept, blob = lent(loans), taken(loans, lent(loans))
    assert blob is not None
    writer = sent(rig, loans, blob)
    after = rig.blobs(SOURCE)
    after.restore([rig.writer(SOURCE, FIRST)])
    after.restored()
    assert [known.reference for known in after._live] == [blob.reference]
    assert (read(rig, blob) == kept).all()
    used(rig)
    after.collect()
    assert is_all_free(after.heap)
    assert writer.consumer == FIRST


def test_more_than_the_heap_holds_cannot_be_lent(loans: Loans) -> None:
    with pytest.raises(ArenaFull, match=r"raise Runtime\(heap=...\)"):
        loans.array(loans.blobs.largest, "u1")
    held = [lent(loans) for _ in range(loans.blobs.largest // (HEAD + 30_000 + 64))]
    with pytest.raises(ArenaFull):
        lent(loans)
    held.clear()
    lent(loans)


def test_python_objects_cannot_be_lent(loans: Loans) -> None:
    with pytest.raises(PayloadError, match="numeric dtype"):
        loans.array(9000, object)


def test_without_numpy_there_is_a_clear_error(loans: Loans, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(RoutiluxError, match="there is no numpy here: install it"):
        loans.array(10, "u1")
