"""Here is what slots with a declared type promise: what does not fit is refused, what fits arrives equal."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple, TypedDict

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routilux.ipc.codec import EncodeError, Large, batch
from routilux.ipc.typed import TypedDecoder, TypedEncoder, is_fast


class Unit(Enum):
    METRE = "m"


class Reading(msgspec.Struct):
    sensor: int
    values: list[float]
    unit: Unit = Unit.METRE
    below: "list[Reading]" = []


@dataclass
class Base:
    number: int


@dataclass
class Derived(Base):
    extra: float = 0.0


@dataclass
class Checked:
    number: int

    def __post_init__(self) -> None:
        self.number += 1


class Incomparable(msgspec.Struct, eq=False):
    number: int


class Row(TypedDict):
    name: str
    size: int


class Pair(NamedTuple):
    left: int
    right: str


def trip(type_: Any, value: object) -> object:
    encoded = TypedEncoder(type_).encode(value)
    assert isinstance(encoded, bytes)
    decoder = TypedDecoder(type_)
    assert len(decoder.decode_batch(batch([encoded] * 3))) == 3
    return decoder.decode(encoded)


@given(
    st.builds(
        Reading, st.integers(-(2**63), 2**63), st.lists(st.floats(allow_nan=False)), st.just(Unit.METRE)
    )
)
def test_a_struct_arrives(reading: Reading) -> None:
    reading.below.append(Reading(1, []))
    assert trip(Reading, reading) == reading


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Base, Base(1)),
        (Checked, Checked(1)),
        (Row, {"name": "a", "size": 1}),
        (Pair, Pair(1, "a")),
        (int, 5),
        (int | None, None),
        (dict[str, list[int]], {"a": [1]}),
        (tuple[int, ...], (1, 2)),
        (frozenset[str], frozenset("ab")),
        (dict, {1: (2,)}),
        (list[Any], [(1,), {2}]),
        (datetime, datetime(2020, 1, 1)),  # noqa: DTZ001 - naive ones too
        (int | datetime, 3),
        (Any, {1: (2,)}),
        (object, 2**70),
        (Base | Checked, Base(1)),
    ],
    ids=str,
)
def test_what_fits_arrives_equal(type_: Any, value: object) -> None:
    got = trip(type_, value)
    assert type(got) is type(value)
    assert got == value


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (int, True),
        (int, "1"),
        (int, 2**70),
        (str, "\ud800"),
        (list[int], [1, "a"]),
        (list[int], (1,)),
        (list[Any], (1,)),
        (Base, Derived(1, 2.0)),
        (Base, {"number": 1}),
        (Row, {"name": "a", "size": 1, "more": 2}),
        (Reading, Base(1)),
        (np.ndarray, [1]),
        (list[np.ndarray], [1]),
        (dict[str, Any], {1: 2}),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(type_: Any, value: object) -> None:
    with pytest.raises(EncodeError) as refused:
        TypedEncoder(type_).encode(value)
    assert refused.value.type_name == type(value).__name__


def test_nan_is_no_misfit() -> None:
    got = trip(list[float], [float("nan")])
    assert isinstance(got, list)
    assert got[0] != got[0]


def test_an_int_arrives_as_the_declared_float() -> None:
    assert type(trip(float, 1)) is float


@pytest.mark.parametrize(
    "type_", [Checked, Incomparable, datetime, Any, np.ndarray, list[np.ndarray], dict, list[Any]]
)
def test_a_type_that_msgspec_would_change_goes_untyped(type_: Any) -> None:
    assert not is_fast(type_)


@pytest.mark.parametrize(("type_", "value"), [(str, "x" * 20_000), (list[np.ndarray], [np.zeros(5000)])])
def test_a_large_one_arrives_too(type_: Any, value: Any) -> None:
    large = TypedEncoder(type_).encode(value)
    assert isinstance(large, Large)
    region = memoryview(bytearray(large.nbytes))
    large.write(region)
    got: Any = TypedDecoder(type_).decode_large(region)
    assert np.array_equal(got, value)
