"""Here is what the payload codec promises: what was sent arrives, equal and of equal type."""

import mmap
import socket
import subprocess
import sys
import tempfile
from collections import Counter, OrderedDict, defaultdict, namedtuple
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from routilux.ipc.codec import (
    OUT_OF_BAND,
    Decoder,
    EncodeError,
    Encoder,
    Large,
    Packed,
    batch,
    in_one_piece,
    lift,
    split,
)

Point = namedtuple("Point", "x y")  # noqa: PYI024 - the untyped kind must arrive too


class Colour(Enum):
    RED = 1


class Level(IntEnum):
    HIGH = 3


class Name(str):
    __slots__ = ()


@dataclass
class Box:
    corner: tuple[int, int]
    pixels: object = None
    tags: list[str] = field(default_factory=list)


class Explodes:
    """Its pickle cannot be loaded."""

    def __reduce__(self) -> tuple[type[object], tuple[int]]:
        return object, (1,)


class Hollow:
    def __reduce__(self) -> str:
        raise KeyError("nothing to see")


def region_of(large: Large) -> memoryview:
    region = bytearray(large.nbytes)
    large.write(memoryview(region))
    return memoryview(region)


def trip(value: object, encoder: Encoder | None = None) -> object:
    encoded = (encoder or Encoder()).encode(value)
    decoder = Decoder()
    if isinstance(encoded, Large):
        return decoder.decode_large(region_of(encoded))
    return decoder.decode(encoded)


def same(a: object, b: object) -> bool:
    """Equal, and of equal type, all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, Box):
        a, b = vars(a), vars(b)
    if isinstance(a, dict) and isinstance(b, dict):
        pairs = zip(a.items(), b.items(), strict=True)
        return len(a) == len(b) and all(
            same(x, y) for one, other in pairs for x, y in zip(one, other, strict=True)
        )
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, set | frozenset) and isinstance(b, set | frozenset):
        return a == b and sorted(map(repr, map(type, a))) == sorted(map(repr, map(type, b)))
    return a == b or (a != a and b != b)  # noqa: PLR0124 - NaN


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(allow_nan=False),
    st.text(st.characters()),  # surrogates too
    st.binary(),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(timezones=st.just(timezone(timedelta(hours=2)))),
    st.timedeltas(),
    st.decimals(allow_nan=False),
    st.uuids(),
    st.sampled_from([Colour.RED, Level.HIGH, Name("n"), Point(1, (2,)), PurePosixPath("/a")]),
    st.builds(msgpack.ExtType, st.integers(0, 127), st.binary()),
    st.builds(msgpack.Timestamp, st.integers(-(2**40), 2**40), st.integers(0, 10**9 - 1)),
)
hashables: st.SearchStrategy[Hashable] = st.recursive(
    scalars.filter(lambda value: value == value and not isinstance(value, msgpack.Timestamp)),  # noqa: PLR0124 - NaN
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=6,
)
values = st.recursive(
    scalars | st.builds(Box, st.tuples(st.integers(), st.integers())),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(hashables, inner, max_size=4),
        st.dictionaries(st.text(), inner, max_size=4).map(OrderedDict),
        st.sets(hashables, max_size=4),
        st.builds(Box, st.tuples(st.integers(), st.integers()), inner),
    ),
    max_leaves=20,
)
dtypes = st.one_of(
    npst.scalar_dtypes(),
    npst.array_dtypes(max_size=3),
    npst.unicode_string_dtypes(),
    npst.byte_string_dtypes(),
)
arrays = dtypes.flatmap(
    lambda dtype: npst.arrays(dtype, npst.array_shapes(min_dims=0, max_dims=3, min_side=0))
)


@given(values)
def test_what_was_sent_arrives(value: object) -> None:
    assert same(trip(value), value)


@given(st.lists(values, max_size=5))
def test_a_batch_holds_its_messages_in_order(sent: list[object]) -> None:
    encoder = Encoder(large=2**30)
    parts = [part for part in map(encoder.encode, sent) if isinstance(part, bytes)]
    assert same(Decoder().decode_batch(batch(parts)), sent)
    assert list(split(batch(parts))) == parts


@given(arrays, st.sampled_from(["C", "F", "strided", "reversed"]))
def test_any_array_arrives_read_only(array: np.ndarray, order: str) -> None:
    if order == "F":
        array = np.asfortranarray(array)
    elif array.ndim and order != "C":
        array = array[::2] if order == "strided" else array[::-1]
    got = trip(array)
    assert same(got, array)
    assert isinstance(got, np.ndarray)
    assert not got.flags.writeable


@given(npst.scalar_dtypes().flatmap(npst.from_dtype))
def test_a_numpy_scalar_keeps_its_type(scalar: np.generic) -> None:
    got = trip(scalar)
    assert type(got) is type(scalar)
    assert isinstance(got, np.generic)
    assert got.dtype == scalar.dtype
    assert got.tobytes() == scalar.tobytes()


@pytest.mark.parametrize(
    "value",
    [
        Counter("abca"),
        OrderedDict(b=1, a=2),
        defaultdict(list, a=[1]),
        Point(1, 2),
        Level.HIGH,
        Colour.RED,
        Name("x"),
        True,
        1,
        1.0,
        -0.0,
        2**64 - 1,
        2**64,
        -(2**63) - 1,
        "\ud800",
        {"\ud800": (1,)},
        Decimal("1.10"),
        UUID(int=5),
        range(3),
        ...,
        int,
        np.float64(1.5),
        np.longlong(7),
        np.str_("a\0"),
        np.bytes_(b"a\0"),
        np.bool_(1),
        np.datetime64("NaT", "s"),
        time(1, 2, tzinfo=UTC),
        datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=UTC),
        date.max,
        timedelta.min,
        {
            None: 1,
            True: 2,
            2: 3,
            1.5: 4,
            b"k": 5,
            (1, (2,)): 6,
            frozenset({(1,)}): 7,
            date.min: 8,
            Level.HIGH: 9,
        },
        {(): [(), [], {}, set(), frozenset()]},
        [{"a": -1}, -200, -70000, 255, b"\xd6\xff\xd7\xff\xc7\x0c\xff"],
        msgpack.Timestamp(1, 2),
        [msgpack.ExtType(2, b"x"), (msgpack.Timestamp(2**33, 2),)],
    ],
    ids=repr,
)
def test_it_arrives_with_its_type(value: object) -> None:
    assert same(trip(value), value)


def test_an_exception_arrives_with_its_arguments() -> None:
    got = trip(ValueError("a", 1))
    assert isinstance(got, ValueError)
    assert got.args == ("a", 1)


@pytest.mark.parametrize("size", [3, 100_000])
def test_bytearray_and_memoryview_arrive_as_bytes(size: int) -> None:
    sent = [bytearray(size), memoryview(bytes(size)), memoryview(bytes(2 * size))[::2]]
    assert same(trip(sent[:2]), [bytes(size)] * 2)
    assert trip(sent) == [bytes(size)] * 3


def test_a_memoryview_beside_what_only_pickle_takes_arrives_as_bytes() -> None:
    assert trip({"a": memoryview(b"x"), "b": "\ud800"}) == {"a": b"x", "b": "\ud800"}


def test_a_cycle_arrives_as_a_cycle() -> None:
    ring: list[object] = [1]
    ring.append(ring)
    got = trip(ring)
    assert isinstance(got, list)
    assert got[1] is got


def nest(depth: int, wrap: Callable[[object], object]) -> object:
    value: object = 1
    for _ in range(depth):
        value = wrap(value)
    return value


WRAPS = {
    "list": lambda value: [value],
    "dict": lambda value: {"k": value},
    "tuple": lambda value: (value,),
    "list of tuple": lambda value: [(value,)],
}


def depth_of(value: Any) -> int:
    depth = 0
    while type(value) is not int:
        [value] = value.values() if isinstance(value, dict) else value
        depth += 1
    return depth


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
@pytest.mark.parametrize("depth", [7, 8, 9, 100, 200, 500, 600, 1022, 1023, 1024, 1025, 1026, 3000, 10**6])
def test_what_is_deep_arrives_or_is_refused(depth: int, wrap: Callable[[object], object]) -> None:
    value = nest(depth, wrap)
    try:
        encoded = Encoder().encode(value)
    except EncodeError:
        assert depth > 100
        return
    assert depth_of(trip(value)) == depth_of(value)
    if isinstance(encoded, Large):
        return
    twice = batch([encoded, encoded])
    assert [depth_of(each) for each in Decoder().decode_batch(twice)] == [depth_of(value)] * 2
    assert list(split(twice)) == [encoded] * 2


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_too_deep_a_value_is_refused_as_such(wrap: Callable[[object], object]) -> None:
    with pytest.raises(EncodeError, match="nested too deeply"):
        Encoder().encode(nest(10**6, wrap))


def a_function() -> object:
    return lambda: 1


def a_generator() -> object:
    return (letter for letter in "abc")


def a_file() -> object:
    return Path(__file__).open()


@pytest.mark.parametrize("make", [a_function, a_generator, a_file, socket.socket])
@pytest.mark.parametrize("around", [lambda x: x, lambda x: [1, {"a": (x,)}], lambda x: Box((1, 2), x)])
def test_what_cannot_be_sent_is_refused_and_nothing_of_it_stays(
    make: Callable[[], object], around: Callable[[object], object]
) -> None:
    encoder, thing = Encoder(), make()
    with pytest.raises(EncodeError) as refused:
        encoder.encode([np.zeros(OUT_OF_BAND), around(thing)])
    assert refused.value.type_name in {type(thing).__name__, "Box"}
    assert refused.value.reason
    assert encoder.encode(1) == b"\x01"
    if hasattr(thing, "close"):
        thing.close()


def test_a_failing_reduce_is_named() -> None:
    with pytest.raises(EncodeError, match="'Hollow' cannot be sent: 'nothing to see'"):
        Encoder().encode([Hollow()])


def test_a_message_that_cannot_be_decoded_spoils_its_batch_but_not_its_neighbours() -> None:
    encoder, decoder = Encoder(), Decoder()
    parts = [part for part in map(encoder.encode, [1, Explodes(), (2,)]) if isinstance(part, bytes)]
    with pytest.raises(TypeError, match="takes no arguments"):
        decoder.decode_batch(batch(parts))
    first, _, last = split(batch(parts))
    assert (decoder.decode(first), decoder.decode(last)) == (1, (2,))


def test_many_picklable_objects_become_one_pickle() -> None:
    boxes = [Box((i, i)) for i in range(100)]
    encoded = Encoder().encode(boxes)
    assert isinstance(encoded, bytes)
    assert encoded.count(b"Box") == 1
    assert Decoder().decode(encoded) == boxes


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


@pytest.mark.parametrize("detour", [[], ["a breakpoint"]])
def test_what_is_emitted_is_what_would_be_encoded(detour: list[str]) -> None:
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

    emit = encoder.emitter(straight.append if detour else made.append, otherwise, detour)
    for value in values:
        emit(value)
    with pytest.raises(EncodeError, match="Refused"):
        emit(Refused())
    emit(7)
    alone = Encoder()
    assert [*map(in_one_piece, made)] == [in_one_piece(alone.encode(value)) for value in [*values, 7]]
    assert straight == []
