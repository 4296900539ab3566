"""Here is what counts as a number where a user gives one."""

from __future__ import annotations

from math import inf


def is_count(value: object, least: int = 1) -> bool:
    """A whole number of at least `least`; True and 1.0 are none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_amount(value: object) -> bool:
    """A finite number above 0; True is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < inf
