"""W2: arrays from one process to the next, which sums them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

from bench.peers import Link, ZmqLink, drain, feed, ran, timed
from routilux import Flow, Runtime, routine

TITLE, UNIT = "W2 arrays", "GB/s"


@routine
def arrays(count: int, *, size: int) -> Iterator[Any]:
    array = np.ones(size, np.uint8)
    for _ in range(count):
        yield array


@routine
def total(array: Any) -> None:
    array.sum()


def contestants(stack: ExitStack, *, smoke: bool) -> dict[str, Callable[[], float]]:
    runtime = stack.enter_context(Runtime())
    found: dict[str, Callable[[], float]] = {}
    for label, size, full in (("8 MiB", 8 << 20, 64), ("64 KiB", 64 << 10, 8000)):
        count = 4 if smoke else full
        made = arrays.configure(size=size)
        flow = Flow(f"w2-{size}").pipe(made).pipe(total)
        measured = {
            "Routilux": partial(ran, runtime, flow, count),
            "pyzmq, uncopied": partial(_peer, partial(ZmqLink, arrays=True), count, size),
            "multiprocessing.Queue": partial(_peer, Link, count, size),
        }
        for name, seconds in measured.items():
            found[f"{label}: {name}"] = partial(_rate, count * size, seconds)
    return found


def _rate(nbytes: int, seconds: Callable[[], float]) -> float:
    return nbytes / 1e9 / seconds()


def _peer(make: Callable[[], Link], count: int, size: int) -> float:
    link = make()
    return timed(partial(feed, link, partial(_arrays, count, size)), partial(drain, link, np.sum))


def _arrays(count: int, size: int) -> Iterable[Any]:
    return [np.ones(size, np.uint8)] * count
