"""Here is the picture of an array: a few of its numbers, evenly spread, whatever its size."""

from __future__ import annotations

import math
from typing import Any, Final

from routilux.debug import guards
from routilux.debugcommands import Picture

LINE: Final = 64
"""Numbers of a line."""
SIDE: Final = 32
"""Rows and columns of a plane."""
_REAL: Final = "biuf"
_COLOURS: Final = frozenset((3, 4))
"""Items of a last axis that is taken for the colours of an image, the fourth for what is seen through."""


def picture(value: Any) -> Picture | None:
    """None of what is no array of real numbers with one or two axes, or of an image's colours."""
    if not guards.is_array(value) or value.dtype.kind not in _REAL or not value.size:
        return None
    if value.ndim == 1:
        found = value[:: _every(value.shape[0], LINE)]
    elif value.ndim == 2:
        found = value[:: _every(value.shape[0], SIDE), :: _every(value.shape[1], SIDE)]
    elif value.ndim == 3 and value.shape[2] in _COLOURS:
        found = value[:: _every(value.shape[0], SIDE), :: _every(value.shape[1], SIDE), :3].mean(axis=2)
    else:
        return None
    return Picture(tuple(found.shape), tuple(map(_finite, found.ravel().tolist())))


def _every(length: int, most: int) -> int:
    return -(-length // most)


def _finite(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
