"""Types that msgspec might change are left to the untyped codec."""

import copyreg
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, Flag
from typing import Annotated, Any, Generic, TypedDict, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from pure.typedtrips import Base, Derived, Place, anatomy, trip
from routilux.ipc.typed import exactness

T = TypeVar("T")


@dataclass
class Checked:
    number: int

    def __post_init__(self) -> None:
        self.number += 1


@dataclass
class Half:
    number: int
    rest: int = field(init=False, default=3)


class Lazy(msgspec.Struct, omit_defaults=True):
    number: float = 0


class Free(msgspec.Struct, dict=True):
    number: int


@dataclass
class Moment:
    at: datetime


@dataclass
class Loose:
    items: list[Any]


@dataclass
class Bare:
    items: list  # type: ignore[type-arg]


@dataclass
class Frame:
    pixels: np.ndarray[Any, Any]


class Bounded(msgspec.Struct):
    number: Annotated[int, msgspec.Meta(gt=0)]


class Node(msgspec.Struct):
    below: "Node | None" = None


class Bits(Flag):
    X = 1
    Y = 2


@dataclass
class Marked:
    bits: Bits


class Box(msgspec.Struct, Generic[T]):
    item: T


class Dict(TypedDict):
    number: int


@dataclass
class Pickled:
    number: int

    def __getstate__(self) -> dict[str, int]:
        return {"number": self.number + 1}


class Plain:
    kept = 0


@dataclass
class Mixed(Plain):
    number: int


@dataclass
class Failure(Exception):
    number: int


@dataclass
class Lookup(dict[str, int]):
    number: int = 0


@dataclass
class Registered:
    number: int


copyreg.pickle(Registered, lambda it: (Registered, (it.number + 1,)))


class Huge(Enum):
    NUMBER = 2**70


@dataclass
class HasHuge:
    number: Huge


@dataclass
class Unknown:
    number: "Nowhere"  # type: ignore[name-defined]  # noqa: F821


def _shift(it: Any, value: int) -> None:
    it.shifted = value + 1


@dataclass
class Shadowed:
    number: int


Shadowed.number = property(lambda it: it.shifted, _shift)  # type: ignore[assignment]


class Slotted:
    __slots__ = ("hidden",)


@dataclass
class Hides(Slotted):
    number: int


class Watched(msgspec.Struct):
    number: int

    def __post_init__(self) -> None:
        self.number += 1


SLOW = [
    *(int, dict, list[int], datetime, np.ndarray, Any, object, None, Base | Place, Dict),
    *(Checked, Half, Lazy, Moment, Loose, Bare, Frame, Bounded, Node, Marked, Box, Box[int]),
    *(Pickled, Mixed, Hides, Watched, Failure, Lookup, Registered, HasHuge, Unknown, Shadowed),
]


@pytest.mark.parametrize("wanted", SLOW, ids=str)
def test_types_that_msgspec_might_change_go_untyped(wanted: Any) -> None:
    assert exactness(wanted) is None


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        (Base, Derived(1, 2.0)),
        (Checked, Checked(1)),
        (Lazy, Lazy(0.0)),
        (Free, Free(3)),
        (Moment, Moment(datetime(2024, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")))),
        (Moment, Moment(datetime(2024, 1, 1, tzinfo=UTC))),
        (Loose, Loose([(1,), {2}])),
        (Node, Node(Node())),
        (Marked, Marked(Bits.X | Bits.Y)),
        (Box[int], Box(3)),
        (HasHuge, HasHuge(Huge.NUMBER)),
        (Unknown, Unknown(3)),
        (Shadowed, Shadowed(3)),
        (dict[str, int], {"a": 1}),
        (list[float], [1, 2.0, float("inf")]),
        (tuple[int, ...], (1, 2)),
        (float, 1),
        (object, 2**70),
    ],
    ids=str,
)
def test_what_goes_untyped_arrives_as_it_was(wanted: Any, value: object) -> None:
    assert anatomy(trip(wanted, value)) == anatomy(value)
