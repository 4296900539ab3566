"""Here is mpire's WorkerPool."""

from collections.abc import Iterator
from contextlib import contextmanager

from mpire import WorkerPool

from bench.contestants.pools import Map


@contextmanager
def mpire(*, workers: int, chunk: int) -> Iterator[Map]:
    with WorkerPool(workers, start_method="spawn", keep_alive=True) as pool:
        yield lambda function, items, count: pool.imap(
            function, ((item,) for item in items), iterable_len=count, chunk_size=chunk
        )
