"""Here is the work itself, the same for every contestant: what is made, what is done with it, what must
come out.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

Found = dict[str, Any]
Measure = Callable[[int], Found]
Dict = dict[str, Any]
ROOT = str(Path(__file__).resolve().parents[2])
"""The checkout, where processes of peers that start afresh find these modules."""

AT_ONCE = 1000
"""Records that are handed over at once."""


class WrongResult(Exception):
    """What came out is not what the work amounts to: the figure would be worth nothing."""


def check(found: float, expected: float) -> None:
    if found != expected:
        raise WrongResult(f"the sum of what arrived is {found}, not {expected}")


# ---- W1: records, one by one and many at once --------------------------------------------------------------


def records(count: int) -> Iterator[Dict]:
    for number in range(count):
        yield {"number": number, "name": "anything", "value": 0.5}


def change(record: Dict) -> Dict:
    record["value"] += 1.0
    return record


def amount(record: Dict) -> float:
    value: float = record["value"]
    return value


def lists(count: int) -> Iterator[list[Dict]]:
    for first in range(0, count, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, count))
        yield [{"number": number, "name": "anything", "value": 0.5} for number in numbers]


def change_list(batch: list[Dict]) -> list[Dict]:
    for record in batch:
        record["value"] += 1.0
    return batch


def amount_list(batch: list[Dict]) -> float:
    return sum([amount(record) for record in batch])


def expected_amount(count: int) -> float:
    return 1.5 * count


# ---- W3: items that burn CPU -------------------------------------------------------------------------------


def spin(loops: int) -> int:
    for _ in range(loops):
        pass
    return loops


def spin_numbered(item: tuple[int, int]) -> int:
    number, loops = item
    spin(loops)
    return number


def in_order(numbers: Iterable[int]) -> int:
    """How many there are; they must come as they were numbered."""
    expected = 0
    for number in numbers:
        if number != expected:
            raise WrongResult(f"result {number} came where {expected} was due")
        expected += 1
    return expected


def loops_of(seconds: float) -> int:
    """How many turns of the loop take about so long here."""
    loops, times = 10_000, array("d")
    for _ in range(40):
        began = perf_counter()
        spin(loops)
        times.append(perf_counter() - began)
    return int(loops * seconds / min(times))


# ---- W6: jobs over three routines --------------------------------------------------------------------------


def step(number: int) -> int:
    return number + 1


def three_steps(number: int) -> int:
    return step(step(step(number)))


def expected_jobs(count: int) -> int:
    return sum(range(count)) + 3 * count


# ---- W7: what only passes through --------------------------------------------------------------------------


def pass_on(record: Dict) -> Dict:
    return record
