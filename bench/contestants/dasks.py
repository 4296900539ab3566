"""Here is Dask distributed on one machine: processes of one thread each, no dashboard."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any

from distributed import Client, LocalCluster

from bench.contestants import pools, work
from bench.contestants.chain import KINDS
from bench.contestants.pools import Map
from bench.contestants.trips import latency, trips
from bench.contestants.work import Found, Measure

AHEAD = 1000


@contextmanager
def client(workers: int) -> Iterator[Any]:
    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as found,
    ):
        yield found


@contextmanager
def chain(*, kind: str) -> Iterator[Measure]:
    """W1: the caller is the source; a stage and a sink per payload, up to 1,000 payloads under way."""
    source, stage, sink, _ = KINDS[kind]
    with client(2) as dask:

        def measure(count: int) -> Found:
            began = perf_counter()
            under_way: deque[Any] = deque()
            total = 0.0
            for payload in source(count):
                if len(under_way) == AHEAD:
                    total += under_way.popleft().result()
                under_way.append(dask.submit(sink, dask.submit(stage, payload, pure=False), pure=False))
            total += sum(dask.gather(list(under_way)))
            seconds = perf_counter() - began
            work.check(total, work.expected_amount(count))
            return {"value": count / seconds}

        yield measure


@contextmanager
def pool(*, workers: int, chunk: int) -> Iterator[Map]:
    """W3: futures of whole chunks, gathered in order."""
    with client(workers) as dask:

        def ordered(function: Callable[[Any], Any], items: Iterable[Any], count: int) -> Iterator[Any]:
            everything = list(items)
            chunks = [everything[at : at + chunk] for at in range(0, count, chunk)]
            for results in dask.gather(dask.map(partial(_each, function), chunks, pure=False)):
                yield from results

        yield ordered


def _each(function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    return [function(item) for item in items]


@contextmanager
def trips_of(*, pause: float) -> Iterator[Measure]:
    """W4."""
    with client(1) as dask:
        futures: list[Any] = []
        yield lambda count: latency(
            trips(
                count,
                pause,
                lambda number: futures.append(dask.submit(_same, number, pure=False)),
                lambda: futures.pop().result(),
            )
        )


def _same(number: int) -> int:
    return number


@contextmanager
def jobs(*, ahead: int = AHEAD) -> Iterator[Measure]:
    """W6."""
    with client(2) as dask:

        def start(number: int) -> Any:
            one = dask.submit(work.step, number, pure=False)
            return dask.submit(work.step, dask.submit(work.step, one, pure=False), pure=False)

        yield lambda count: pools.jobs(count, start, lambda future: future.result(), ahead)
