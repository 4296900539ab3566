"""Flows whose messages are recorded and sent again: of many kinds, and some that fail or kill."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from process.flows.held import inverse
from routilux import Event, Flow, Routine, Slot, routine

KINDS: list[Any] = [
    None,
    {"a": [1, 2.5, (3, "x")], 5: {b"y"}},
    datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    np.arange(6, dtype=np.int16).reshape(2, 3),
    np.linspace(0, 1, 5000).reshape(50, 100),
    b"z" * 30_000,
    np.float32(1.5),
]


class Order(msgspec.Struct):
    name: str
    size: int


@dataclass
class Box:
    side: int


@routine
def kinds(number: int) -> Iterator[Any]:
    yield from KINDS


@routine
def passed(value: Any) -> Any:
    return [value]


@routine
def arrays(sizes: list[int]) -> Iterator[Any]:
    for size in sizes:
        yield np.ones(size)


@routine
def total(array: Any) -> float:
    return float(array.sum())


@routine
def orders(count: int) -> Iterator[Order]:
    for number in range(count):
        yield Order("a", number)


class Prices(Routine):
    order: Slot[Order] = Slot(type=Order)
    price = Event()
    each: int = 10

    def logic(self, order: Order) -> None:
        self.price.emit(order.size * self.each)


@routine
def numbers(count: int) -> Iterator[int]:
    yield from range(count)


@routine
def made(count: int) -> Iterator[Box]:
    for number in range(count):
        yield Box(number)


@routine
def fragile(value: int) -> int:
    if value == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return value


@routine
def stopping(value: int) -> int:
    breakpoint()  # noqa: T100 - that is what it is for
    return value


@routine
def same(value: Any) -> Any:
    return value


def flow() -> Flow:
    return Flow("tapes").pipe(numbers).pipe(fragile)


def sums() -> Flow:
    return Flow("sums").pipe(numbers).pipe(inverse, "inverse", on_error="skip")


def stops() -> Flow:
    return Flow("stops").pipe(stopping, "inverse")


def boxes() -> Flow:
    return Flow("boxes").pipe(made).pipe(same, "passed")
