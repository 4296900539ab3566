"""Here is W4 over any link: one message to another process, and one back."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from statistics import quantiles
from time import perf_counter, sleep
from typing import Any

from bench.contestants import work
from bench.contestants.links import Get, Link, Put, codec, made
from bench.contestants.members import Part, crew
from bench.contestants.work import Found, Measure

PAUSE = 0.002
"""Seconds between two messages where everybody is to be asleep before the next."""


@contextmanager
def over_link(*, link: str, encoding: str, pause: float, **options: Any) -> Iterator[Measure]:
    there, back = made(link, options), made(link, options)
    with crew(partial(_asks, there, back, encoding, pause), partial(_answers, there, back, encoding)) as team:
        yield lambda count: latency(team.work(count)[1][0])


def _asks(there: Link, back: Link, encoding: str, pause: float) -> Part:
    put, get, (encode, decode) = there.sender(), back.receiver(), codec(encoding)
    return lambda count: trips(count, pause, lambda number: put(encode(number)), lambda: decode(get()))


def _answers(there: Link, back: Link, encoding: str) -> Part:
    get, put, (encode, decode) = there.receiver(), back.sender(), codec(encoding)

    def part(count: int) -> None:
        for _ in range(count):
            put(encode(decode(get())))

    return part


def trips(count: int, pause: float, put: Put, get: Get) -> list[float]:
    """Seconds that each number took there and back."""
    times = []
    for number in range(count):
        if pause:
            sleep(pause)
        began = perf_counter()
        put(number)
        answer = get()
        times.append(perf_counter() - began)
        work.check(answer, number)
    return times


def latency(times: list[float]) -> Found:
    """µs: p50, and p99 beside it."""
    cuts = quantiles(times, n=100)
    return {"value": cuts[49] * 1e6, "p99": cuts[98] * 1e6}
