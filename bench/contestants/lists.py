"""Here is routilux-monitor asked for its lists, while it follows a busy flow of 300 routines."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter

from bench.contestants.madeflow import ask, followed
from bench.contestants.work import Found, Measure, WrongResult

LISTS = (
    "/flows",
    "/flows/wide",
    "/flows/wide/routines",
    "/flows/wide/connections",
    "/flows/wide/metrics",
    "/jobs?limit=100",
    "/jobs?limit=100&offset=5000",
    "/jobs?status=failed&limit=100",
    "/jobs?flow_id=wide&limit=100",
    "/jobs/busy/monitoring",
    "/jobs/busy/metrics",
    "/jobs/busy/execution-trace?limit=1000",
    "/jobs/busy/logs",
    "/jobs/busy/routines/status",
    "/jobs/busy/queues/status",
    "/workers",
    "/runtimes",
)


@contextmanager
def answers() -> Iterator[Measure]:
    """The slowest list's median, in ms."""
    with followed(has_history=True) as port:
        yield lambda count: _medians(port, count)


def _medians(port: int, count: int) -> Found:
    found: dict[str, float] = {}
    for path in LISTS:
        times = []
        for _ in range(count):
            began = perf_counter()
            body = ask(port, path)
            times.append(perf_counter() - began)
            if "error" in body:
                raise WrongResult(f"{path}: {body['error']}")
        found[path] = round(median(times) * 1000, 2)
    return {"value": max(found.values()), "lists": found}
