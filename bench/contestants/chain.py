"""Here is W1 over any link: records from a source over a stage to a sink, each a process."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

from bench.contestants import arrays, work
from bench.contestants.links import Link, codec, made
from bench.contestants.members import Part, crew
from bench.contestants.typed import amount_typed, change_typed, typed_records
from bench.contestants.work import AT_ONCE, Found, Measure


class Kind(NamedTuple):
    """A shape of payload: who makes it, changes it and reads it, and how many records it has."""

    source: Callable[[int], Iterable[Any]]
    stage: Callable[[Any], Any]
    sink: Callable[[Any], float]
    size: int

    def payloads(self, count: int) -> int:
        return -(-count // self.size)


KINDS = {
    "dict": Kind(work.records, work.change, work.amount, 1),
    "typed": Kind(typed_records, change_typed, amount_typed, 1),
    "list": Kind(work.lists, work.change_list, work.amount_list, AT_ONCE),
    "columns": Kind(arrays.batches, arrays.change_columns, arrays.amount_columns, AT_ONCE),
}


@contextmanager
def over_link(*, link: str, kind: str, encoding: str, **options: Any) -> Iterator[Measure]:
    """Records a second."""
    one, two = made(link, options), made(link, options)
    members = (
        partial(_source, one, kind, encoding),
        partial(_stage, one, two, kind, encoding),
        partial(_sink, two, kind, encoding),
    )
    with crew(*members) as team:
        yield partial(_rate, team.work)


def _rate(run: Callable[[int], tuple[float, list[float]]], count: int) -> Found:
    seconds, found = run(count)
    work.check(found[-1], work.expected_amount(count))
    return {"value": count / seconds}


def _source(link: Link, kind: str, encoding: str) -> Part:
    put, (encode, _), made_by = link.sender(), codec(encoding), KINDS[kind]

    def part(count: int) -> float:
        for payload in made_by.source(count):
            put(encode(payload))
        return 0.0

    return part


def _stage(before: Link, behind: Link, kind: str, encoding: str) -> Part:
    get, put, (encode, decode) = before.receiver(), behind.sender(), codec(encoding)
    payloads, stage = KINDS[kind].payloads, KINDS[kind].stage

    def part(count: int) -> float:
        for _ in range(payloads(count)):
            put(encode(stage(decode(get()))))
        return 0.0

    return part


def _sink(link: Link, kind: str, encoding: str) -> Part:
    get, (_, decode) = link.receiver(), codec(encoding)
    payloads, sink = KINDS[kind].payloads, KINDS[kind].sink

    def part(count: int) -> float:
        total = 0.0
        for _ in range(payloads(count)):
            total += sink(decode(get()))
        return total

    return part


@contextmanager
def in_one_process(*, kind: str) -> Iterator[Measure]:
    """The same work without any process between: what the work itself takes."""
    source, stage, sink, _ = KINDS[kind]

    def run(count: int) -> tuple[float, list[float]]:
        began = perf_counter()
        total = 0.0
        for payload in source(count):
            total += sink(stage(payload))
        return perf_counter() - began, [total]

    yield partial(_rate, run)
