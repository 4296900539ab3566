"""Here is W6 over links: a message over three processes and back. No job: nobody keeps count of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any

from bench.contestants import work
from bench.contestants.links import Link, codec, made
from bench.contestants.members import Part, crew
from bench.contestants.pools import jobs
from bench.contestants.work import Found, Measure


@contextmanager
def over_link(*, link: str, encoding: str, **options: Any) -> Iterator[Measure]:
    ways = [made(link, options) for _ in range(4)]
    steps = [partial(_step, one, two, encoding) for one, two in pairwise(ways)]
    with crew(*steps, partial(_asks, ways[0], ways[-1], encoding)) as team:

        def measure(count: int) -> Found:
            found: Any = team.work(count)[1][-1]
            return dict(found)

        yield measure


def _step(before: Link, behind: Link, encoding: str) -> Part:
    get, put, (encode, decode) = before.receiver(), behind.sender(), codec(encoding)

    def part(count: int) -> None:
        for _ in range(count):
            put(encode(work.step(decode(get()))))

    return part


def _asks(there: Link, back: Link, encoding: str) -> Part:
    put, get, (encode, decode) = there.sender(), back.receiver(), codec(encoding)
    return lambda count: jobs(count, lambda number: put(encode(number)), lambda _: decode(get()))
