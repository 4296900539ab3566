"""Here are payloads of declared types, and routines with typed slots."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from routilux import Event, Routine, Slot, policies, routine


class Point(msgspec.Struct):
    x: int
    y: float = 0.5
    tags: list[str] = []


class Marked(Point):
    mark: str = "m"


@dataclass
class Reading:
    sensor: int
    values: list[float] = field(default_factory=list)
    points: dict[str, Point] = field(default_factory=dict)


VALUES: dict[str, Any] = {
    "point": Point(1, tags=["a"]),
    "int for float": Point(1, 2),
    "huge": Point(2**70),
    "surrogate": Point(1, tags=["\udcff"]),
    "subclass": Marked(1, mark="z"),
    "large": Point(1, tags=["t" * 100] * 1000),
    "large and huge": Point(2**70, tags=["t" * 100] * 1000),
    "reading": Reading(3, [1.0, float("inf")], {"a": Point(2)}),
    "text": "no point",
    "bad field": Point("x"),  # type: ignore[arg-type]
    "array": np.arange(5000),
    "none": None,
}


@routine
def named(names: list[str]) -> Iterator[Any]:
    for name in names:
        yield VALUES[name]


class Takes(Routine):
    """Tells what it got, in what type."""

    told = Event[Any]()

    def logic(self, value: Any) -> None:
        self.told.emit((type(value).__name__, value))


class TakesPoints(Takes):
    value = Slot(type=Point)


class TakesReadings(Takes):
    value = Slot(type=Reading)


class TakesArrays(Takes):
    value = Slot(type=np.ndarray, copy=True)


class TakesAnything(Takes):
    value = Slot[Any]()


class Dies(Routine):
    value = Slot(type=Point)

    def logic(self, value: Point) -> None:
        os._exit(1)


class GathersPoints(Routine):
    policy = policies.batch_size(4)
    value = Slot(type=Point)
    told = Event[Any]()

    def logic(self, value: list[Point]) -> None:
        self.told.emit(value)


@routine
def numbered(count: int) -> Iterator[Point]:
    for number in range(count):
        yield Marked(number) if number % 50 == 49 else Point(number, float(number), [str(number)])


class DiesOnce(Routine):
    """Hands every point on; its process dies once, at one of them."""

    value = Slot(type=Point)
    point = Event[Point]()
    at: int
    marker: str

    def logic(self, value: Point) -> None:
        if value.x == self.at and not Path(self.marker).exists():
            Path(self.marker).touch()
            os._exit(7)
        self.point.emit(value)
