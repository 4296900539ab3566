"""Here is joblib with its default backend, loky."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Literal

from joblib import Parallel, delayed

from bench.contestants import arrays, work
from bench.contestants.pools import Map
from bench.contestants.work import AT_ONCE, Found, Measure


@contextmanager
def joblib(*, workers: int, chunk: int) -> Iterator[Map]:
    """In chunks of AT_ONCE where asked for these, else as joblib itself sees fit. One worker would be the
    caller itself, so there are two at least.
    """
    batch: int | Literal["auto"] = chunk if chunk == AT_ONCE else "auto"
    with Parallel(n_jobs=max(2, workers), return_as="generator", batch_size=batch) as pool:
        yield lambda function, items, count: pool(delayed(function)(item) for item in items)


@contextmanager
def handover(*, size: int) -> Iterator[Measure]:
    """W2: GB/s; joblib writes an array to a file in memory once, and each call maps it."""
    array = arrays.at_hand(size)
    with Parallel(n_jobs=2, max_nbytes="32K", mmap_mode="r", pre_dispatch="4*n_jobs") as pool:

        def measure(count: int) -> Found:
            began = perf_counter()
            total = sum(pool(delayed(_sum)(array) for _ in range(count)))
            seconds = perf_counter() - began
            work.check(total, arrays.expected_sum(size, count, is_made=False))
            return {"value": count * size / 1e9 / seconds}

        yield measure


def _sum(array: Any) -> float:
    return float(array.sum())
