"""Here is what the routines of the modelled flows do with their messages: policies, and arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .flow import Logic, Outputs, Routine, Seed, Slots
from .state import MARK


def pairs(waiting: Sequence[int], is_final: bool) -> tuple[int, ...] | None:  # noqa: FBT001 - a Policy
    """Two of the only slot; one, when no more can come."""
    return (min(2, waiting[0]),) if waiting[0] >= 2 or (is_final and waiting[0]) else None


def one_of_each(waiting: Sequence[int], is_final: bool) -> tuple[int, ...] | None:  # noqa: FBT001 - as above
    return (1,) * len(waiting) if all(waiting) else None


def whole_job(waiting: Sequence[int], is_final: bool) -> tuple[int, ...] | None:  # noqa: FBT001 - as above
    return tuple(waiting) if is_final and any(waiting) else None


def each(*emitted: Logic) -> Logic:
    """One function for each connection."""
    return lambda slots: [list(emit(slots)[0]) for emit in emitted]


def plus(number: int) -> Logic:
    return lambda slots: [[value + number for slot in slots for value in slot]]


def times_ten(slots: Slots) -> Outputs:
    return [[10 * value for slot in slots for value in slot]]


def total(slots: Slots) -> Outputs:
    return [[sum(value for slot in slots for value in slot)]]


def one(*values: int) -> Mapping[int, Sequence[int]]:
    """What is expected of the only job."""
    return {0: values}


def seeds(*values: int) -> Sequence[Seed]:
    return [Seed((value,)) for value in values]


def join(logic: Logic | None = None) -> Routine:
    return Routine(logic, policy=one_of_each, slots=2)


def but_marks(slots: Slots) -> Outputs:
    return [[value for value in slots[0] if value != MARK]]


MERGE = Routine(but_marks, in_order=True)
"""Takes tagged messages in the order of their tags."""
