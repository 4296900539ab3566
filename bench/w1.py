"""W1: source → stage → sink, small dicts, each made and read in Python."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import islice
from typing import Any

from bench.peers import Link, ZmqLink, drain, feed, ran, relay, timed
from routilux import Flow, Runtime, routine

TITLE, UNIT = "W1 small dicts through three processes", "messages/s"


@routine
def source(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {"number": number, "name": "anything", "value": 0.5}


@routine
def stage(record: dict[str, Any]) -> dict[str, Any]:
    record["value"] += 1.0
    return record


@routine
def sink(record: dict[str, Any]) -> None:
    record["value"] += 1.0


def contestants(stack: ExitStack, *, smoke: bool) -> dict[str, Callable[[], float]]:
    count = 2_000 if smoke else 100_000
    flow, runtime = Flow("w1").pipe(source).pipe(stage).pipe(sink), stack.enter_context(Runtime())

    def peer(link: Callable[[], Link], size: int) -> float:
        one, two = link(), link()
        first = partial(feed, one, partial(_batches, count, size))
        return count / timed(first, partial(relay, one, two, _stages), partial(drain, two, _sinks))

    return {
        "Routilux": lambda: count / ran(runtime, flow, count),
        "pyzmq, one per send": lambda: peer(ZmqLink, 1),
        "pyzmq, 100 per send": lambda: peer(ZmqLink, 100),
        "multiprocessing.Queue": lambda: peer(Link, 1),
    }


def _batches(count: int, size: int) -> Iterator[list[dict[str, Any]]]:
    records = source(count)
    return iter(lambda: list(islice(records, size)), [])


def _stages(batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [stage(record) for record in batch]


def _sinks(batch: list[dict[str, Any]]) -> None:
    for record in batch:
        sink(record)
