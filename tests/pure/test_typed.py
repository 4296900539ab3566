"""The codec of a declared type: whatever a slot takes arrives as an untyped slot would get it."""

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pure.typedtrips import LARGE, Base, Derived, Place, anatomy, trip, untyped_trip
from routilux.deadletters import Body, Cause, DeadLetters
from routilux.ipc.codec import Decoder, EncodeError, Encoder, batch, split
from routilux.ipc.typed import TypedDecoder, TypedEncoder, exactness
from routilux.slottypes import Demand, checker


class Unit(Enum):
    METRE = "m"
    FOOT = "ft"


class Level(IntEnum):
    LOW = 1


class Word(StrEnum):
    A = "a"


class Text(str):
    __slots__ = ()


class Numbers(list[float]):
    pass


@dataclass(frozen=True, slots=True)
class Town(Place):
    pass


@dataclass
class Reading:
    sensor: int
    value: float = 0.0
    name: str | None = None
    raw: bytes = b""
    is_ok: bool = True
    unit: Unit = Unit.METRE
    kind: Literal["a", "b", 1] = "a"
    values: list[float] = field(default_factory=list)
    rows: tuple[int, ...] = ()
    tags: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    where: Place | None = None


class Sample(msgspec.Struct):
    at: int
    level: float | int
    readings: dict[int, Reading] = {}
    pairs: list[tuple[int, str]] = []


class Tagged(msgspec.Struct, tag=True, rename="camel", frozen=True):
    long_name: int


class Row(msgspec.Struct, array_like=True):
    left: int
    right: str


@dataclass
class Empty:
    pass


class Alone(msgspec.Struct):
    value: list[int]


FAST = [Place, Town, Reading, Sample, Tagged, Row, Empty, Alone]


INTS = st.integers() | st.booleans() | st.just(Level.LOW)
FLOATS = st.floats() | st.integers(-9, 9)
TEXTS = st.text(st.characters(exclude_categories=[]), max_size=5) | st.just(Text("own")) | st.just(Word.A)
PLACES = st.builds(Place, TEXTS, st.tuples(FLOATS, FLOATS)) | st.builds(Town, TEXTS)
COUNTS = st.dictionaries(TEXTS, INTS, max_size=3)
READINGS = st.builds(
    Reading,
    sensor=INTS,
    value=FLOATS,
    name=TEXTS | st.none(),
    raw=st.binary(max_size=9) | st.just(b"x" * 20_000),
    is_ok=st.booleans(),
    unit=st.sampled_from(Unit),
    kind=st.sampled_from(["a", "b", 1, "c"]),
    values=st.lists(FLOATS, max_size=3) | st.just(Numbers([1.0])),
    rows=st.lists(INTS, max_size=3).map(tuple),
    tags=st.sets(TEXTS, max_size=3),
    counts=COUNTS | COUNTS.map(OrderedDict),
    places=st.lists(PLACES, max_size=2),
    where=PLACES | st.none(),
)
SAMPLES = st.builds(Sample, INTS, FLOATS, st.dictionaries(INTS, READINGS, max_size=2))
VALUES = st.one_of(
    PLACES,
    READINGS,
    SAMPLES,
    st.builds(Tagged, INTS),
    st.builds(Row, INTS, TEXTS),
    st.builds(Empty),
    st.builds(Alone, st.lists(INTS, max_size=4000)),
)


@pytest.mark.parametrize("wanted", FAST)
def test_these_classes_travel_without_a_pickle(wanted: Any) -> None:
    assert exactness(wanted) is not None


@given(VALUES)
def test_what_fits_arrives_as_by_the_untyped_codec_and_nothing_else_is_refused(value: Any) -> None:
    wanted: Any = Place if isinstance(value, Town) else type(value)
    misfit = checker(wanted)(value)
    try:
        arrived = trip(wanted, value)
    except EncodeError:
        assert misfit is not None
        return
    assert misfit is None
    assert anatomy(arrived) == anatomy(untyped_trip(value)) == anatomy(value)


def test_a_subclass_is_not_cut_down() -> None:
    @dataclass
    class More(Reading):
        extra: int = 7

    encoder = TypedEncoder(Encoder(LARGE), [Demand("r", "s", Reading)], large=LARGE)
    with pytest.raises(EncodeError, match="local"):  # a pickle would need the class's name
        encoder.encode(More(1))


def test_what_is_kept_beside_the_fields_arrives_too() -> None:
    reading = Reading(1)
    reading.note = "more"  # type: ignore[attr-defined]
    assert trip(Reading, reading).note == "more"


def test_a_value_beside_the_fast_ones_keeps_its_place() -> None:
    encoder = TypedEncoder(Encoder(LARGE), [Demand("r", "s", Base)], large=LARGE)
    sent = [Base(1), Derived(2, 1.5), Base(2**70), Base(4)]
    decoder = TypedDecoder(Base, Decoder())
    parts = [part for value in sent if isinstance(part := encoder.encode(value), bytes)]
    assert [decoder.decode(part) for part in split(batch(parts))] == sent


def test_slots_of_different_types_are_all_asked_and_go_untyped() -> None:
    slots = [Demand("a", "x", Base), None, Demand("b", "y", Derived)]
    encoder = TypedEncoder(Encoder(LARGE), slots, large=LARGE)
    assert not encoder.is_fast
    with pytest.raises(EncodeError, match="slot 'y' of routine 'b' takes Derived"):
        encoder.encode(Base(1))
    part = encoder.encode(Derived(1))
    assert isinstance(part, bytes)
    assert Decoder().decode(part) == Derived(1)


def test_slots_of_one_type_share_the_fast_codec() -> None:
    encoder = TypedEncoder(Encoder(), [Demand("a", "x", Base), Demand("b", "y", Base)], large=LARGE)
    assert encoder.is_fast


@pytest.mark.parametrize(("value", "shown"), [(Base(1), {"number": 1}), (Derived(1), Derived(1))])
def test_a_dead_letter_shows_the_fields(value: object, shown: object) -> None:
    encoded = TypedEncoder(Encoder(), [Demand("r", "s", Base)], large=LARGE).encode(value)
    assert isinstance(encoded, bytes)
    store = DeadLetters(None)
    store.add("f", "j", Body("r", "s", "", "0:0:0", False, encoded, True), Cause("killed", 3))  # noqa: FBT003
    (letter,) = store.all()
    assert letter.payload == shown
    assert letter.revived(Base) == value


@pytest.mark.parametrize("count", range(1, 10))
def test_each_field_is_looked_at(count: int) -> None:
    names = [f"field_{number}" for number in range(count)]
    wanted = msgspec.defstruct("Wanted", [(name, int) for name in names])
    exact = exactness(wanted)
    assert exact is not None
    assert exact(wanted(*range(count)))
    for name in names:
        assert not exact(msgspec.structs.replace(wanted(*range(count)), **{name: True}))
