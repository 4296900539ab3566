"""Here is W2 over any link: arrays from one process to another, which sums each of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

from bench.contestants import arrays, work
from bench.contestants.links import Link, codec, made
from bench.contestants.members import Part, crew
from bench.contestants.work import Found, Measure

Mode = Literal["at hand", "made", "lent"]
"""The array is there already; it is made anew in memory of the producer's; it is made in the link's."""


@contextmanager
def over_link(*, link: str, encoding: str, size: int, mode: Mode, **options: Any) -> Iterator[Measure]:
    """GB/s."""
    way = made(link, options | {"size": size})
    with crew(partial(_arrays, way, size, mode), partial(_sums, way, encoding)) as team:

        def measure(count: int) -> Found:
            seconds, found = team.work(count)
            work.check(found[-1], arrays.expected_sum(size, count, is_made=mode != "at hand"))
            return {"value": count * size / 1e9 / seconds}

        yield measure


def _arrays(link: Any, size: int, mode: Mode) -> Part:
    match mode:
        case "at hand":
            return _send(link.sender(), size)
        case "made":
            return _make_and_send(link.sender(), size)
        case "lent":
            return _fill_and_send(link.lender(), size)


def _send(put: Any, size: int) -> Part:
    array = arrays.at_hand(size)

    def part(count: int) -> float:
        for _ in range(count):
            put(array)
        return 0.0

    return part


def _make_and_send(put: Any, size: int) -> Part:
    array = arrays.at_hand(size)

    def part(count: int) -> float:
        for number in range(count):
            put(arrays.fill(array, number))
        return 0.0

    return part


def _fill_and_send(lend: Any, size: int) -> Part:
    def part(count: int) -> float:
        for number in range(count):
            lend(size, partial(arrays.fill, number=number))
        return 0.0

    return part


def _sums(link: Link, encoding: str) -> Part:
    get, (_, decode) = link.receiver(), codec(encoding)

    def part(count: int) -> float:
        total = 0.0
        for _ in range(count):
            total += decode(get()).sum()
        return total

    return part
