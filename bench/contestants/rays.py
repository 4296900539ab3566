"""Here is Ray on one machine: actors, and compiled graphs of them."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import ray
from ray.dag import InputNode
from ray.util import ActorPool

from bench.contestants import arrays, pools, work
from bench.contestants.chain import KINDS
from bench.contestants.pools import Map
from bench.contestants.trips import latency, trips
from bench.contestants.work import Found, Measure

CALLS_AHEAD = 1000
EXECUTIONS_AHEAD = 100
LARGE_AHEAD = 4
ROOM = 65_536


class Step:
    """An actor: what it does is a function of one argument."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def run(self, value: Any) -> Any:
        return self.function(value)


class Summing:
    """An actor that adds up, and tells the sum when asked."""

    def __init__(self, function: Callable[[Any], float]) -> None:
        self.function, self.sum = function, 0.0

    def run(self, value: Any) -> None:
        self.sum += self.function(value)

    def total(self) -> float:
        found, self.sum = self.sum, 0.0
        return found


@contextmanager
def cluster() -> Iterator[None]:
    """Without dashboard and metrics; modules of the benchmarks are found by the workers as well."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": work.ROOT}
    ray.init(
        include_dashboard=False,
        logging_level="ERROR",
        log_to_driver=False,
        object_store_memory=1 << 30,
    )
    try:
        yield
    finally:
        ray.shutdown()


def actor(kind: type[Any], *arguments: Any) -> Any:
    return ray.remote(kind).options(num_cpus=0).remote(*arguments)


@contextmanager
def actors(*, kind: str) -> Iterator[Measure]:
    """W1: the caller is the source, and asks a stage and a sink without waiting for the result."""
    source, stage, sink, _ = KINDS[kind]
    with cluster():
        first, second = actor(Step, stage), actor(Summing, sink)

        def measure(count: int) -> Found:
            began = perf_counter()
            under_way: deque[Any] = deque()
            for payload in source(count):
                if len(under_way) == CALLS_AHEAD:
                    ray.get(under_way.popleft())
                under_way.append(second.run.remote(first.run.remote(payload)))
            ray.get(list(under_way))
            total = ray.get(second.total.remote())
            seconds = perf_counter() - began
            work.check(total, work.expected_amount(count))
            return {"value": count / seconds}

        yield measure


def compiled(steps: list[Any], ahead: int, room: int = ROOM) -> Any:
    """A graph of bound calls in a row, compiled. It ends with the cluster: its own teardown may hang."""
    with InputNode() as start:
        node: Any = start
        for step in steps:
            node = step.bind(node)
    return node.experimental_compile(
        _buffer_size_bytes=room, _max_inflight_executions=ahead + 1, _max_buffered_results=ahead + 1
    )


def through(graph: Any, payloads: Iterable[Any], ahead: int) -> float:
    """The sum of what comes out of a compiled graph."""
    under_way: deque[Any] = deque()
    total = 0.0
    for payload in payloads:
        if len(under_way) == ahead:
            total += ray.get(under_way.popleft())
        under_way.append(graph.execute(payload))
    for reference in under_way:
        total += ray.get(reference)
    return total


@contextmanager
def graph(*, kind: str) -> Iterator[Measure]:
    """W1: the caller is the source, a compiled graph stage and sink."""
    source, stage, sink, size = KINDS[kind]
    with cluster():
        steps = [actor(Step, stage).run, actor(Step, sink).run]
        dag = compiled(steps, EXECUTIONS_AHEAD, ROOM * (16 if size > 1 else 1))

        def measure(count: int) -> Found:
            began = perf_counter()
            total = through(dag, source(count), EXECUTIONS_AHEAD)
            seconds = perf_counter() - began
            work.check(total, work.expected_amount(count))
            return {"value": count / seconds}

        yield measure


class Producer:
    def __init__(self, size: int) -> None:
        self.array = arrays.at_hand(size)

    def make(self, _: int) -> Any:
        return self.array


@contextmanager
def handover(*, size: int) -> Iterator[Measure]:
    """W2: a compiled graph of a producer and a consumer."""
    with cluster():
        steps = [actor(Producer, size).make, actor(Step, _sum).run]
        dag = compiled(steps, LARGE_AHEAD, size + ROOM)
        yield lambda count: _arrays(count, size, lambda: through(dag, range(count), LARGE_AHEAD))


def _sum(array: Any) -> float:
    return float(array.sum())


def _arrays(count: int, size: int, run: Callable[[], float]) -> Found:
    began = perf_counter()
    total = run()
    seconds = perf_counter() - began
    work.check(total, arrays.expected_sum(size, count, is_made=False))
    return {"value": count * size / 1e9 / seconds}


@contextmanager
def put_and_get(*, size: int) -> Iterator[Measure]:
    """W2: the caller puts arrays into the object store, an actor sums them there."""
    with cluster():
        consumer, array = actor(Summing, _sum), arrays.at_hand(size)

        def run(count: int) -> float:
            under_way: deque[Any] = deque()
            for _ in range(count):
                if len(under_way) == LARGE_AHEAD:
                    ray.get(under_way.popleft())
                under_way.append(consumer.run.remote(ray.put(array)))
            ray.get(list(under_way))
            total: float = ray.get(consumer.total.remote())
            return total

        yield lambda count: _arrays(count, size, lambda: run(count))


@contextmanager
def pool(*, workers: int, chunk: int) -> Iterator[Map]:
    """W3: an ActorPool that maps whole chunks, in order."""
    with cluster():
        found = ActorPool([actor(Step, _each) for _ in range(workers)])

        def ordered(function: Callable[[Any], Any], items: Iterable[Any], count: int) -> Iterator[Any]:
            everything = list(items)
            chunks = [(function, everything[at : at + chunk]) for at in range(0, count, chunk)]
            for results in found.map(lambda member, part: member.run.remote(part), chunks):
                yield from results

        yield ordered


def _each(part: tuple[Callable[[Any], Any], list[Any]]) -> list[Any]:
    function, items = part
    return [function(item) for item in items]


def _same(value: Any) -> Any:
    return value


@contextmanager
def graph_trips(*, pause: float) -> Iterator[Measure]:
    """W4: one actor in a compiled graph."""
    with cluster():
        dag = compiled([actor(Step, _same).run], 1)
        references: list[Any] = []
        put = lambda number: references.append(dag.execute(number))  # noqa: E731
        yield lambda count: latency(trips(count, pause, put, lambda: ray.get(references.pop())))


@contextmanager
def actor_trips(*, pause: float) -> Iterator[Measure]:
    """W4: one actor."""
    with cluster():
        echo, references = actor(Step, _same), list[Any]()
        put = lambda number: references.append(echo.run.remote(number))  # noqa: E731
        yield lambda count: latency(trips(count, pause, put, lambda: ray.get(references.pop())))


@contextmanager
def graph_jobs() -> Iterator[Measure]:
    """W6: three actors in a compiled graph."""
    with cluster():
        dag = compiled([actor(Step, work.step).run for _ in range(3)], EXECUTIONS_AHEAD)
        yield lambda count: pools.jobs(count, dag.execute, ray.get, EXECUTIONS_AHEAD)
