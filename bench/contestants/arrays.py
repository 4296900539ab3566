"""Here is the work of the array workloads: what is at hand, what is made, what the consumer sums."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.contestants.work import AT_ONCE

Array = Any
"""A one-dimensional numpy array of float64."""


def at_hand(size: int) -> Array:
    """An array of `size` bytes that is there before anything is measured."""
    return np.ones(size // 8)


def fill(array: Array, number: int) -> Array:
    """Make the item of that number in memory that is there already."""
    array.fill(number % 7)
    return array


def expected_sum(size: int, count: int, *, is_made: bool) -> float:
    each = sum(number % 7 for number in range(count)) if is_made else count
    return float(each * (size // 8))


def batches(count: int) -> Iterator[dict[str, Array]]:
    """So many records, as columns of AT_ONCE each; the last may be shorter."""
    for first in range(0, count, AT_ONCE):
        yield columns(first, min(AT_ONCE, count - first))


def columns(first: int, count: int) -> dict[str, Array]:
    return {"number": np.arange(first, first + count), "value": np.full(count, 0.5)}


def change_columns(batch: dict[str, Array]) -> dict[str, Array]:
    return {"number": batch["number"], "value": batch["value"] + 1.0}


def amount_columns(batch: dict[str, Array]) -> float:
    return float(batch["value"].sum())


def array_of(data: Any) -> Array:
    """What lies in a buffer, without a copy."""
    return np.frombuffer(data, np.float64)


def packed_columns(batch: dict[str, Array]) -> bytes:
    """Both columns one behind the other: eight bytes an item each."""
    return b"".join((batch["number"].data, batch["value"].data))


def unpacked_columns(data: Any) -> dict[str, Array]:
    half = len(data) // 2
    view = memoryview(data)
    return {"number": np.frombuffer(view[:half], np.int64), "value": np.frombuffer(view[half:], np.float64)}
