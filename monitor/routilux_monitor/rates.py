"""Here are rates: how fast figures grow that only ever grow, smoothed over the last seconds."""

from collections.abc import Mapping
from math import exp
from typing import Generic, TypeVar

SECONDS = 2.0
"""What is longer ago than this hardly counts."""
SHORTEST = 0.02
"""Seconds between two readings that are told apart."""

Key = TypeVar("Key", int, str)


class Rates(Generic[Key]):
    """`per_second` is what each figure grows by in a second."""

    def __init__(self) -> None:
        self.per_second: dict[Key, float] = {}
        self._last: Mapping[Key, int] = {}
        self._at: float | None = None

    def read(self, figures: Mapping[Key, int], at: float) -> None:
        """The figures as they stand at an instant of a monotonic clock."""
        before, last = self._at, self._last
        if before is not None and at - before < SHORTEST:
            return
        self._at, self._last = at, figures
        if before is None:
            return
        seconds = at - before
        weight = 1.0 - exp(-seconds / SECONDS)
        rates = self.per_second
        for key, figure in figures.items():
            now = max(0, figure - last.get(key, figure)) / seconds  # less: it has begun anew
            old = rates.get(key)
            rates[key] = now if old is None else old + weight * (now - old)
        for key in rates.keys() - figures.keys():
            del rates[key]
