"""Here is Routilux at W1 to W4: the flows as a user would write them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from time import perf_counter, sleep
from typing import Any

from bench.contestants import arrays, work
from bench.contestants.trips import latency, trips
from bench.contestants.typed import Record, amount_typed, change_typed, typed_records
from bench.contestants.work import Found, Measure
from routilux import Event, Flow, Routine, Runtime, Slot, routine

# ---- W1 ----------------------------------------------------------------------------------------------------


@routine
def dicts(count: int) -> Iterator[work.Dict]:
    yield from work.records(count)


@routine
def structs(count: int) -> Iterator[Record]:
    yield from typed_records(count)


@routine
def lists(count: int) -> Iterator[list[work.Dict]]:
    yield from work.lists(count)


@routine
def columns(count: int) -> Iterator[dict[str, Any]]:
    yield from arrays.batches(count)


class ChangeTyped(Routine):
    record = Slot(type=Record)
    output = Event[Record]()

    def logic(self, record: Record) -> None:
        self.output.emit(change_typed(record))


class Total(Routine):
    """Adds up what arrives, and puts out the sum at the end of the job."""

    payload = Slot[Any]()
    total = Event[float]()

    def setup(self) -> None:
        self.sum = 0.0

    def finish(self) -> None:
        self.total.emit(self.sum)
        self.sum = 0.0


class TotalDicts(Total):
    def logic(self, payload: work.Dict) -> None:
        self.sum += work.amount(payload)


class TotalTyped(Total):
    payload = Slot(type=Record)

    def logic(self, payload: Record) -> None:
        self.sum += amount_typed(payload)


class TotalLists(Total):
    def logic(self, payload: list[work.Dict]) -> None:
        self.sum += work.amount_list(payload)


class TotalColumns(Total):
    def logic(self, payload: dict[str, Any]) -> None:
        self.sum += arrays.amount_columns(payload)


STAGES: dict[str, tuple[Any, Any, Any]] = {
    "dict": (dicts, routine(work.change), TotalDicts),
    "typed": (structs, ChangeTyped, TotalTyped),
    "list": (lists, routine(work.change_list), TotalLists),
    "columns": (columns, routine(arrays.change_columns), TotalColumns),
}


@contextmanager
def chain(
    *, kind: str, is_watched: bool = False, never_held: Mapping[str, str] | None = None
) -> Iterator[Measure]:
    """Records a second; `never_held` is a breakpoint at which nothing is ever held."""
    source, stage, sink = STAGES[kind]
    flow = Flow("w1").pipe(source, "source").pipe(stage, "stage").pipe(sink, "sink")
    with Runtime(monitor=is_watched) as runtime:
        if never_held is not None:
            runtime.breakpoints(flow).add(never_held)

        def measure(count: int) -> Found:
            began = perf_counter()
            total = runtime.run(flow, count=count)
            seconds = perf_counter() - began
            work.check(total, work.expected_amount(count))
            return {"value": count / seconds}

        yield measure


# ---- W2 ----------------------------------------------------------------------------------------------------


class Arrays(Routine):
    """So many arrays of `size` bytes, come by in one of three ways."""

    count = Slot[int]()
    array = Event[Any]()
    size: int = 8
    mode: str = "at hand"

    def logic(self, count: int) -> Iterator[Any]:
        array = arrays.at_hand(self.size)
        for number in range(count):
            if self.mode == "lent":
                array = self.loan("array", array.shape, array.dtype)
            yield array if self.mode == "at hand" else arrays.fill(array, number)


class TotalArrays(Total):
    def logic(self, payload: Any) -> None:
        self.sum += payload.sum()


@contextmanager
def handover(*, size: int, mode: str) -> Iterator[Measure]:
    """GB/s."""
    flow = Flow("w2").pipe(Arrays(size=size, mode=mode)).pipe(TotalArrays)
    with Runtime() as runtime:

        def measure(count: int) -> Found:
            began = perf_counter()
            total = runtime.run(flow, count=count)
            seconds = perf_counter() - began
            work.check(total, arrays.expected_sum(size, count, is_made=mode != "at hand"))
            return {"value": count * size / 1e9 / seconds}

        yield measure


# ---- W3 ----------------------------------------------------------------------------------------------------


@routine
def items(count: int, *, loops: int) -> Iterator[tuple[int, int]]:
    for number in range(count):
        yield number, loops


class InOrder(Routine):
    """Counts the results, which must come as they were numbered."""

    number = Slot[int]()
    counted = Event[int]()

    def setup(self) -> None:
        self.numbers: list[int] = []

    def logic(self, number: int) -> None:
        self.numbers.append(number)

    def finish(self) -> None:
        self.counted.emit(work.in_order(self.numbers))
        self.numbers = []


@contextmanager
def items_in_order(*, loops: int, workers: int = 2) -> Iterator[Measure]:
    """Items a second."""
    flow = Flow("w3").pipe(items.configure(loops=loops))
    flow.pipe(routine(work.spin_numbered), "spin", workers=workers, ordered=workers > 1).pipe(InOrder)
    with Runtime() as runtime:

        def measure(count: int) -> Found:
            began = perf_counter()
            counted = runtime.run(flow, count=count)
            seconds = perf_counter() - began
            work.check(counted, count)
            return {"value": count / seconds}

        yield measure


# ---- W4 ----------------------------------------------------------------------------------------------------


@routine
def echo(number: int) -> int:
    return number


@contextmanager
def job_trips(*, pause: float) -> Iterator[Measure]:
    """µs of a whole job: submit, run, end, result."""
    flow = Flow("w4-job").pipe(echo)
    with Runtime() as runtime:
        jobs: list[Any] = []
        put = lambda number: jobs.append(runtime.exec(flow, number=number))  # noqa: E731
        get = lambda: jobs.pop().result()  # noqa: E731
        yield lambda count: latency(trips(count, pause, put, get))


@contextmanager
def stream_trips(*, pause: float) -> Iterator[Measure]:
    """µs of one item into a stream that is under way, and its output back."""
    flow = Flow("w4-stream").pipe(echo)
    with Runtime() as runtime:
        numbers: SimpleQueue[int | None] = SimpleQueue()
        outputs = runtime.stream(flow, iter(numbers.get, None))
        yield lambda count: latency(trips(count, pause, numbers.put, partial(next, outputs)))
        numbers.put(None)
        list(outputs)


class Ping(Routine):
    """Sends a number, waits for it to come back, and so on; puts out how long each took."""

    count = Slot[int]()
    answer = Slot[int]()
    number = Event[int]()
    times = Event[list[float]]()
    pause: float = 0.0

    def setup(self) -> None:
        self.found: list[float] = []
        self.left, self.sent = 0, 0.0

    def logic(self, count: int | None, answer: int | None) -> None:
        now = perf_counter()
        if count is None:
            self.found.append(now - self.sent)
            work.check(-1 if answer is None else answer, self.left)
        else:
            self.left, self.found = count, []
        self.left -= 1
        if self.left < 0:
            self.times.emit(self.found)
            return
        if self.pause:
            sleep(self.pause)
        self.sent = perf_counter()
        self.number.emit(self.left)


@contextmanager
def message_trips(*, pause: float) -> Iterator[Measure]:
    """µs of one message from a routine to another, and one back: a cycle of two, within a job."""
    flow = Flow("w4-message")
    flow.add_routine(Ping(pause=pause), "ping")
    flow.add_routine(echo, "pong")
    flow.connect("ping", "number", "pong", "number")
    flow.connect("pong", "output", "ping", "answer")
    with Runtime() as runtime:
        yield lambda count: latency(runtime.exec(flow, {"count": count}, entry="ping").result())
