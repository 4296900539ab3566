"""Here are payloads of many kinds, and routines that make, look at and keep them."""

import socket
from collections import Counter, OrderedDict, deque, namedtuple
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from routilux import Event, Routine, Slot, policies


class Colour(Enum):
    RED = 1


class Level(IntEnum):
    HIGH = 3


class Word(StrEnum):
    A = "a"


class Bits(Flag):
    X = 1
    Y = 2


@dataclass
class Point:
    x: int
    y: float = 0.5
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Frozen:
    key: tuple[int, ...]


class Row(NamedTuple):
    a: int
    b: str


Old = namedtuple("Old", "p q")  # noqa: PYI024 - the untyped kind is the point


class Text(str):
    __slots__ = ()


class Numbers(list[int]):
    pass


class Mapping(dict[str, int]):
    pass


class OwnError(Exception):
    def __init__(self, message: str, code: int) -> None:
        super().__init__(message, code)
        self.code = code

    def __eq__(self, other: object) -> bool:
        return type(other) is OwnError and (self.args, self.code) == (other.args, other.code)

    __hash__ = None  # type: ignore[assignment]  # an error that is equal by value


class Outer:
    @dataclass
    class Inner:
        value: int


PLAIN: dict[str, Any] = {
    "none": None,
    "true": True,
    "zero": 0,
    "negative": -1,
    "huge": 10**100,
    "minus zero": -0.0,
    "infinity": float("inf"),
    "complex": 1 - 2j,
    "empty text": "",
    "text": "grüße \U0001f600 \0",
    "surrogate": "\udcff",
    "empty bytes": b"",
    "bytes": bytes(range(256)),
    "empty list": [],
    "list": [1, [2, [3, []]], None],
    "empty tuple": (),
    "tuple": (1, (2, [3, (4,)])),
    "empty dict": {},
    "dict": {1: "int", "1": "str", (1, 2): "tuple", None: 0, b"b": [1]},
    "empty set": set(),
    "set": {1, "a", (2, 3)},
    "frozenset": frozenset({1, frozenset({2})}),
    "date": date(2024, 2, 29),
    "time": time(1, 2, 3, 4, fold=1),
    "naive": datetime(2024, 2, 29, 1, 2, 3, 4),  # noqa: DTZ001 - a naive one is the point
    "utc": datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=UTC),
    "zone": datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
    "offset": datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    "timedelta": timedelta(days=-1, microseconds=1),
    "decimal": Decimal("1.10"),
    "fraction": Fraction(1, 3),
    "uuid": UUID(int=5),
    "path": PurePosixPath("/a/b"),
    "range": range(0, 10, 3),
    "slice": slice(1, None, 2),
    "ellipsis": ...,
    "type": int,
    "function": sorted,
    "enum": Colour.RED,
    "int enum": Level.HIGH,
    "str enum": Word.A,
    "flag": Bits.X | Bits.Y,
    "dataclass": Point(1, tags=["a"]),
    "slotted": Frozen((1, 2)),
    "named tuple": Row(1, "b"),
    "old named tuple": Old(1, [2]),
    "nested class": Outer.Inner(3),
    "str subclass": Text("own"),
    "list subclass": Numbers([1, 2]),
    "dict subclass": Mapping(a=1),
    "ordered dict": OrderedDict(b=1, a=2),
    "counter": Counter("hello"),
    "deque": deque([1, 2], maxlen=3),
    "own error": OwnError("no", 3),
    "mixed": [{"a": (1, {2}), "b": Point(2, tags=[])}, Row(1, "x")],
    "deep": {"a": {"b": {"c": {"d": [({"e": (1,)},)]}}}},
    "large text": "é" * 50_000,
    "large list": list(range(50_000)),
    "large bytes": b"\xff" * 1_000_000,
    "bytes at the edge": [b"x" * n for n in (8191, 8192, 8193, 16319, 16320, 16321, 16384)],
}

_RAMP = np.arange(60_000, dtype="i4").reshape(200, 300)
_FIELDS = np.dtype([("id", "u4"), ("at", "<M8[ns]"), ("xyz", "f8", (3,)), ("name", "U5")])

ARRAYS: dict[str, Any] = {
    "contiguous": _RAMP,
    "small": np.arange(5.0),
    "fortran": np.asfortranarray(_RAMP),
    "small fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "strided": _RAMP[::2, ::3],
    "reversed": _RAMP[::-1],
    "small strided": np.arange(10)[::3],
    "transposed": _RAMP.T,
    "broadcast": np.broadcast_to(np.arange(3), (4000, 3)),
    "zero size": np.empty((0, 3), dtype="f4"),
    "zero dimensions": np.array(2.5),
    "big endian": np.arange(9000, dtype=">f8"),
    "bool": np.arange(20_000) % 3 == 0,
    "complex": np.arange(3000) * 1j,
    "half": np.arange(10, dtype="f2"),
    "text": np.array(["a", "grüße", ""]),
    "bytes": np.array([b"a", b"bc"]),
    "datetime": np.array(["2024-02-29", "NaT"], dtype="M8[D]"),
    "timedelta": np.array([1, 2], dtype="m8[s]"),
    "structured": np.zeros(3, dtype=_FIELDS),
    "large structured": np.ones(3000, dtype=_FIELDS),
    "objects": np.array([{"a": 1}, None, (1, 2)], dtype=object),
    "scalar": np.float32(1.5),
    "int scalar": np.int64(-3),
    "masked": np.ma.masked_array([1, 2, 3], mask=[False, True, False]),
}


class Sources(Routine):
    """Emits the payload of that name, or all of them."""

    name = Slot()
    out = Event()

    def logic(self, name: str) -> None:
        self.out.emit({**PLAIN, **ARRAYS}[name])


class Bad(Routine):
    """Emits what cannot be sent; anything else as it is."""

    value = Slot()
    first = Event()
    refused = Event()

    def setup(self) -> None:
        self.pair = socket.socketpair()

    def logic(self, value: Any) -> None:
        match value:
            case "lambda":
                self.refused.emit(lambda: None)
            case "socket":
                self.refused.emit({"deep": [self.pair[0]]})
            case "generator":
                self.refused.emit(character for character in "abc")
            case _:
                self.first.emit(value)

    def teardown(self) -> None:
        for end in self.pair:
            end.close()


class Flags(Routine):
    """Emits whether the array it receives can be written to."""

    value = Slot()
    out = Event()

    def logic(self, value: Any) -> None:
        self.out.emit(value.flags.writeable)


class Copies(Routine):
    """Its arrays are private."""

    value = Slot(copy=True)
    out = Event()

    def logic(self, value: Any) -> None:
        value[0] = 99
        self.out.emit(value)


class Zeros(Routine):
    """An array of so many bytes for each message."""

    value = Slot()
    frame = Event()
    nbytes: int = 8

    def logic(self, value: int) -> None:
        self.frame.emit(np.zeros(self.nbytes, "u1"))


class Frames(Routine):
    """Yields arrays, each full of its number."""

    n = Slot()
    out = Event()
    items: int = 8192

    def logic(self, n: int) -> Iterator[Any]:
        for number in range(n):
            yield np.full(self.items, number)


class Counts(Routine):
    """Tells how many arrays a whole job has."""

    frames = Slot()
    out = Event()
    policy = policies.whole_job()

    def logic(self, frames: list[Any]) -> None:
        self.out.emit(len(frames))


class Keeps(Routine):
    """Keeps views of the first arrays in an attribute, and tells at the end which have changed."""

    frame = Slot()
    out = Event()
    kept: int = 1
    part: bool = False

    def setup(self) -> None:
        self.views: list[tuple[int, Any]] = []

    def logic(self, frame: Any) -> None:
        if len(self.views) < self.kept:
            self.views.append((int(frame[0]), frame[10:20] if self.part else frame))

    def finish(self) -> None:
        self.out.emit([number for number, view in self.views if not (view == number).all()])


class KeepsLast(Keeps):
    """Keeps only the last arrays."""

    def logic(self, frame: Any) -> None:
        self.views = [*self.views, (int(frame[0]), frame)][-self.kept :]


class KeepsCopies(KeepsLast):
    """Keeps all of its arrays, which are private."""

    frame = Slot(copy=True)
    kept: int = 1000


class Waits(Routine):
    """Takes all arrays at the end of the job."""

    policy = policies.whole_job()
    frame = Slot()
    out = Event()

    def logic(self, frame: list[Any]) -> None:
        self.out.emit(len(frame))
