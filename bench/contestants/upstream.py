"""Here is the upstream routilux 1.1.0: routines in threads, the `routilux` of an environment of its own."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from queue import SimpleQueue
from time import perf_counter
from typing import Any

from routilux.core import Flow, FlowRegistry, Routine, Runtime

from bench.contestants import pools, work
from bench.contestants.trips import latency, trips
from bench.contestants.work import Found, Measure

ROOM = 1_000_000
"""Messages a slot holds: it drops what comes beyond that."""


def whatever_is_there(slots: dict[str, Any], _: Any) -> tuple[bool, dict[str, list[Any]], None]:
    data = {name: slot.consume_all_new() for name, slot in slots.items()}
    return any(data.values()), data, None


class Step(Routine):  # type: ignore[misc]  # another package of that name is typed here
    """Emits each of what a function makes of a value; without connection it only calls it."""

    def __init__(self, function: Callable[[Any], Iterable[Any]]) -> None:
        super().__init__()
        self.function = function
        self.add_slot("value", max_queue_length=ROOM)
        self.add_event("output", ["value"])
        self.set_activation_policy(whatever_is_there)

    def logic(self, values: list[dict[str, Any]], *, worker_state: Any, **_: Any) -> None:
        for each in values:
            for value in self.function(each["value"]):
                self.emit("output", worker_state=worker_state, value=value)


@contextmanager
def chained(*functions: Callable[[Any], Iterable[Any]]) -> Iterator[Callable[[Any], None]]:
    """Routines in a row; gives what posts a value to the first of them."""
    flow = Flow("bench")
    names = [flow.add_routine(Step(function), f"step-{at}") for at, function in enumerate(functions)]
    for before, behind in pairwise(names):
        flow.connect(before, "output", behind, "value")
    FlowRegistry.get_instance().register_by_name("bench", flow)
    with Runtime() as runtime:
        worker = runtime.exec("bench").worker_id
        yield lambda value: runtime.post("bench", names[0], "value", {"value": value}, worker_id=worker)


class Collected:
    """What arrives at the last routine, until it is all there."""

    def __init__(self) -> None:
        self.arrived: SimpleQueue[Any] = SimpleQueue()

    def __call__(self, value: Any) -> tuple[()]:
        self.arrived.put(value)
        return ()

    def take(self, count: int) -> list[Any]:
        return [self.arrived.get() for _ in range(count)]


@contextmanager
def chain() -> Iterator[Measure]:
    """W1."""
    sink = Collected()
    with chained(
        work.records, lambda record: [work.change(record)], lambda record: sink(work.amount(record))
    ) as post:

        def measure(count: int) -> Found:
            began = perf_counter()
            post(count)
            total = sum(sink.take(count))
            seconds = perf_counter() - began
            work.check(total, work.expected_amount(count))
            return {"value": count / seconds}

        yield measure


@contextmanager
def items(*, loops: int) -> Iterator[Measure]:
    """W3."""
    sink = Collected()

    def source(count: int) -> Iterator[tuple[int, int]]:
        return ((number, loops) for number in range(count))

    with chained(source, lambda item: [work.spin_numbered(item)], sink) as post:

        def measure(count: int) -> Found:
            began = perf_counter()
            post(count)
            counted = work.in_order(sink.take(count))
            seconds = perf_counter() - began
            work.check(counted, count)
            return {"value": count / seconds}

        yield measure


@contextmanager
def trips_of(*, pause: float) -> Iterator[Measure]:
    """W4."""
    sink = Collected()
    with chained(sink) as post:
        yield lambda count: latency(trips(count, pause, post, sink.arrived.get))


@contextmanager
def jobs() -> Iterator[Measure]:
    """W6."""
    sink = Collected()
    step: Any = lambda number: [work.step(number)]  # noqa: E731
    with chained(step, step, lambda number: sink(work.step(number))) as post:
        yield lambda count: pools.jobs(count, post, lambda _: sink.arrived.get())
