"""What the payload codec makes of arrays and other large things."""

import mmap
import subprocess
import sys
import tempfile
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from pure.trips import Box, Colour, region_of, same, trip
from routilux.ipc.codec import OUT_OF_BAND, Decoder, EncodeError, Encoder, Large, Packed, in_one_piece, lift


def test_big_buffers_are_large_and_aligned() -> None:
    sent = {"a": np.arange(OUT_OF_BAND, dtype="u1"), "b": np.ones(5001), "c": Box((1, 2), np.zeros((90, 90)))}
    large = Encoder().encode(sent)
    assert isinstance(large, Large)
    assert [buffer.nbytes for buffer in large.buffers] == [OUT_OF_BAND, 40008, 64800]
    got = Decoder().decode_large(region_of(large))
    assert isinstance(got, dict)
    bases = [array.__array_interface__["data"][0] for array in (got["a"], got["b"], got["c"].pixels)]
    assert all((after - before) % 64 == 0 for before, after in pairwise(bases))
    assert same(got["b"], sent["b"])
    assert same(got["c"].pixels, np.zeros((90, 90)))


def test_arrays_are_views_of_a_read_only_mapping() -> None:
    sent = [np.asfortranarray(np.arange(12000.0).reshape(100, 120)), b"x" * 20000, np.zeros(9999, "M8[s]")]
    large = Encoder().encode(sent)
    assert isinstance(large, Large)
    with tempfile.TemporaryFile() as file:
        file.write(region_of(large))
        file.flush()
        mapping = mmap.mmap(file.fileno(), large.nbytes, prot=mmap.PROT_READ)
    got = Decoder().decode_large(memoryview(mapping))
    assert same(got, sent)
    assert isinstance(got, list)
    assert got[0].flags.f_contiguous
    assert np.shares_memory(got[0], np.frombuffer(mapping, "u1"))
    with pytest.raises(BufferError):
        mapping.close()
    del got
    mapping.close()


def test_writing_fills_exactly_what_was_announced() -> None:
    large = Encoder().encode([np.ones(OUT_OF_BAND, "u1"), np.ones(OUT_OF_BAND + 1, "u1")])
    assert isinstance(large, Large)
    with pytest.raises(ValueError, match="different structures"):
        large.write(memoryview(bytearray(large.nbytes - 1)))
    region = bytearray(b"\xaa" * (large.nbytes + 1))
    large.write(memoryview(region))
    assert region[-2:] == b"\x01\xaa"


def test_a_buffer_outside_is_not_copied_before_it_is_written() -> None:
    array = np.zeros(OUT_OF_BAND)
    large = Encoder().encode(array)
    array[:] = 1
    assert isinstance(large, Large)
    assert same(Decoder().decode_large(region_of(large)), array)


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_big_bytes_stay_outside_wherever_they_lie(kind: type[bytes]) -> None:
    big = kind(100_000)
    encoder = Encoder()
    for value in (
        big,
        {"a": [big, 1]},
        [(big, big)],
        {"small": 1},
        {"a": [big, 1]},
        {"b": ["x" * 50_000]},
        1,
    ):
        encoded = encoder.encode(value)
        if isinstance(encoded, Large):
            assert len(encoded.body) < 1000 or not encoded.buffers
            assert trip(value, encoder) == value
        else:
            assert value in ({"small": 1}, 1)


def test_many_small_items_are_not_searched_for_big_bytes() -> None:
    wide = [bytes(OUT_OF_BAND), *range(10_000)]
    assert lift(wide, 100) == (wide, False)


def test_a_long_text_is_large_without_buffers() -> None:
    large = Encoder(large=100).encode(["x" * 101])
    assert isinstance(large, Large)
    assert large.buffers == ()
    assert Decoder().decode_large(region_of(large)) == ["x" * 101]


def test_a_change_after_encoding_a_small_message_is_not_seen() -> None:
    array = np.zeros(4)
    encoded = Encoder().encode([array])
    array[0] = 1
    assert isinstance(encoded, bytes)
    assert same(Decoder().decode(encoded), [np.zeros(4)])


@pytest.mark.parametrize(
    "array",
    [
        np.ma.masked_array([1, 2], [True, False]),
        np.array([1, None, "a"], dtype=object),
        np.zeros(2, [("a", object)]),
        np.rec.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
        np.array(["ab", "c"], dtype=np.dtypes.StringDType()),
        np.zeros(3, np.dtype("f8", metadata={"unit": "m"})),
        np.zeros(3, np.dtype([(("title", "a"), "i4"), ("b", "f8")], align=True)),
    ],
    ids=lambda array: f"{type(array).__name__} {array.dtype}",
)
def test_an_unusual_array_arrives_as_what_it_was(array: np.ndarray) -> None:
    got = trip(array)
    assert type(got) is type(array)
    assert isinstance(got, np.ndarray)
    assert got.dtype == array.dtype
    assert got.dtype.fields == array.dtype.fields
    assert repr(got) == repr(array)


def test_small_arrays_in_objects_are_read_only_too() -> None:
    got = trip(Box((1, 2), np.zeros(3)))
    assert isinstance(got, Box)
    assert isinstance(got.pixels, np.ndarray)
    assert not got.pixels.flags.writeable


def test_numpy_is_not_imported_before_a_payload_brings_it() -> None:
    array = Encoder().encode(np.arange(3))
    assert isinstance(array, bytes)
    program = f"""
import sys
from routilux.ipc.codec import Decoder, Encoder
encoder, decoder = Encoder(), Decoder()
assert decoder.decode(encoder.encode([(1,), 1j, 2**70])) == [(1,), 1j, 2**70]
assert "numpy" not in sys.modules
assert decoder.decode({array!r}).sum() == 3
assert "numpy" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


# --- an array, and nothing else ---


def test_arrays_alike_are_sent_one_after_the_other() -> None:
    encoder, decoder = Encoder(), Decoder()
    arrays: list[np.ndarray[Any, Any]] = [
        np.full((4, 1000), number, dtype) for dtype in ("f8", "i4", "f2") for number in range(3)
    ]
    arrays += [np.asfortranarray(arrays[0]), arrays[0][:, ::2], arrays[0].reshape(-1)]
    parts = [encoder.encode(array) for array in (*arrays, *arrays[::-1])]
    for sent, part in zip((*arrays, *arrays[::-1]), parts, strict=True):
        assert isinstance(part, Large)
        assert same(decoder.decode_large(region_of(part)), sent)


def test_an_array_like_the_last_one_keeps_its_own_metadata() -> None:
    encoder = Encoder()
    plain = np.zeros(1000)
    marked = plain.view(np.dtype("f8", metadata={"unit": "m"}))
    encoder.encode(plain)
    part = encoder.encode(marked)
    assert isinstance(part, Large)
    got: Any = Decoder().decode_large(region_of(part))
    assert got.dtype.metadata == {"unit": "m"}


def test_small_messages_after_an_array_are_what_they_were() -> None:
    encoder = Encoder()
    encoder.encode(np.zeros(1000))
    assert [Decoder().decode(encoder.encode(value)) for value in (1, "x", {"a": [2]})] == [1, "x", {"a": [2]}]  # type: ignore[arg-type]


class Refused:
    def __reduce__(self) -> str:
        raise ValueError("no")


@pytest.mark.parametrize("is_watched", [False, True])
def test_what_is_emitted_is_what_would_be_encoded(*, is_watched: bool) -> None:
    values: list[object] = [
        {"a": 1},
        bytes(20_000),
        5,
        np.zeros(10_000),
        Colour.RED,
        bytes(30_000),
        (1, 2),
        b"x" * 17_000,
    ]
    encoder, made, straight = Encoder(), list[bytes | Large](), list[bytes]()

    def otherwise(value: object, packed: Packed) -> None:
        made.append(encoder.complete(value, packed))

    def watch(_value: object, packed: bytes) -> None:
        made.append(packed)

    append = straight.append if is_watched else made.append
    emit = encoder.emitter(append, otherwise, [watch] if is_watched else [])
    for value in values:
        emit(value)
    with pytest.raises(EncodeError, match="Refused"):
        emit(Refused())
    emit(7)
    alone = Encoder()
    assert [*map(in_one_piece, made)] == [in_one_piece(alone.encode(value)) for value in [*values, 7]]
    assert straight == []
