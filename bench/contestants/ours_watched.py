"""Here is Routilux with a monitor and without: which part of the processors is left to the work itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, thread_time_ns

from bench.contestants import ours, work
from bench.contestants.work import Found, Measure
from routilux import Event, Flow, Routine, Runtime, Slot, routine

WORKERS = 2


@routine
def timed(item: tuple[int, int]) -> tuple[int, int]:
    """Also how many nanoseconds of a processor the item itself has taken."""
    began = thread_time_ns()
    number = work.spin_numbered(item)
    return number, thread_time_ns() - began


class TimedInOrder(Routine):
    """Counts the results, which must come as they were numbered, and adds up their times."""

    result = Slot[tuple[int, int]]()
    counted = Event[tuple[int, int]]()

    def setup(self) -> None:
        self.results: list[tuple[int, int]] = []

    def logic(self, result: tuple[int, int]) -> None:
        self.results.append(result)

    def finish(self) -> None:
        count = work.in_order(number for number, _ in self.results)
        self.counted.emit((count, sum(taken for _, taken in self.results)))
        self.results = []


@contextmanager
def items(*, loops: int, is_watched: bool) -> Iterator[Measure]:
    """Items a second, and which part of the time of as many cores as there are workers they got."""
    flow = Flow("watched").pipe(ours.items.configure(loops=loops))
    flow.pipe(timed, "spin", workers=WORKERS, ordered=True).pipe(TimedInOrder)
    with Runtime(monitor=is_watched) as runtime:

        def measure(count: int) -> Found:
            began = perf_counter()
            counted, taken = runtime.run(flow, count=count)
            seconds = perf_counter() - began
            work.check(counted, count)
            share = taken / 1e9 / (seconds * WORKERS)
            return {"value": count / seconds, "share": share, "item_us": taken / 1e3 / count}

        yield measure
