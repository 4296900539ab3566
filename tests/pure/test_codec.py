"""Here is what the payload codec promises: what was sent arrives, equal and of equal type."""

import socket
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Hashable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from pure.trips import Box, Colour, Explodes, Hollow, Level, Name, Point, same, trip
from routilux.ipc.codec import OUT_OF_BAND, Decoder, EncodeError, Encoder, Large, batch, split

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
