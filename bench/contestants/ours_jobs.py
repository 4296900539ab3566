"""Here is Routilux at W6: jobs of one message over three routines."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench.contestants import work
from bench.contestants.pools import jobs
from bench.contestants.work import Measure
from routilux import Flow, JobState, Runtime, routine


@contextmanager
def posted() -> Iterator[Measure]:
    """Jobs a second, from `post` to completed; the runtime admits 1,000 at a time by itself."""
    flow = Flow("w6")
    for name in ("one", "two", "three"):
        flow.add_routine(routine(work.step), name)
    flow.connect("one", "output", "two", "number")
    flow.connect("two", "output", "three", "number")
    with Runtime() as runtime:
        yield lambda count: jobs(
            count, lambda number: runtime.post(flow, "one", "number", number), JobState.result
        )
