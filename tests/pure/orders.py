"""Here is what conditions are asked of, and how."""

import dataclasses
from typing import Any, NamedTuple

import msgspec

from routilux.debug.conditions import compile_condition


@dataclasses.dataclass
class Order:
    size: int
    user: str = "ann"

    @property
    def costly(self) -> int:
        raise AssertionError("a property was run")


class Frame(msgspec.Struct):
    number: int


class Point(NamedTuple):
    x: int
    y: int


def holds(condition: str, data: Any) -> Any:
    return compile_condition(condition)(data, "job-1", "resize")
