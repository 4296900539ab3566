"""Here are W1, W3 and W6 for pools: what maps a function over items in other processes, in order."""

import importlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter
from typing import Any

from bench.contestants import work
from bench.contestants.members import SPAWN
from bench.contestants.work import AT_ONCE, Found, Measure

Map = Callable[[Callable[[Any], Any], Iterable[Any], int], Iterable[Any]]
"""Function, items and how many of them; the results in their order."""
Pool = AbstractContextManager[Map]
UNDER_WAY = 1000


@contextmanager
def mp_pool(*, workers: int, chunk: int) -> Iterator[Map]:
    with SPAWN.Pool(workers) as pool:
        yield lambda function, items, count: pool.imap(function, items, chunk)


@contextmanager
def executor(*, workers: int, chunk: int) -> Iterator[Map]:
    with ProcessPoolExecutor(workers, mp_context=SPAWN) as pool:
        yield lambda function, items, count: pool.map(function, items, chunksize=chunk)


def _pool(path: str, workers: int, chunk: int) -> Pool:
    module, _, name = path.rpartition(":")
    pool: Callable[..., Pool] = (
        getattr(importlib.import_module(f"bench.contestants.{module}"), name) if module else HERE[name]
    )
    return pool(workers=workers, chunk=chunk)


HERE: dict[str, Callable[..., Pool]] = {"mp_pool": mp_pool, "executor": executor}


@contextmanager
def records_through(*, pool: str) -> Iterator[Measure]:
    """W1: records a second, changed in one process of the pool, made and read by the caller."""
    with _pool(pool, 1, AT_ONCE) as ordered:

        def measure(count: int) -> Found:
            began = perf_counter()
            total = sum(map(work.amount, ordered(work.change, work.records(count), count)))
            seconds = perf_counter() - began
            work.check(total, work.expected_amount(count))
            return {"value": count / seconds}

        yield measure


@contextmanager
def items_through(*, pool: str, chunk: int, loops: int) -> Iterator[Measure]:
    """W3: items a second, by two processes, the results in order."""
    with _pool(pool, 2, chunk) as ordered:

        def measure(count: int) -> Found:
            began = perf_counter()
            items = ((number, loops) for number in range(count))
            counted = work.in_order(ordered(work.spin_numbered, items, count))
            seconds = perf_counter() - began
            work.check(counted, count)
            return {"value": count / seconds}

        yield measure


@contextmanager
def submitted() -> Iterator[Measure]:
    """W6: calls a second, each of all three routines, at most 1,000 under way."""
    with ProcessPoolExecutor(1, mp_context=SPAWN) as pool:
        yield lambda count: jobs(count, lambda number: pool.submit(work.three_steps, number), Future.result)


def jobs(
    count: int, start: Callable[[int], Any], result: Callable[[Any], int], ahead: int = UNDER_WAY
) -> Found:
    """Jobs a second: so many are started ahead of the one that is waited for."""
    began = perf_counter()
    under_way: deque[Any] = deque()
    total = 0
    for number in range(count):
        if len(under_way) == ahead:
            total += result(under_way.popleft())
        under_way.append(start(number))
    total += sum(map(result, under_way))
    seconds = perf_counter() - began
    work.check(total, work.expected_jobs(count))
    return {"value": count / seconds}
