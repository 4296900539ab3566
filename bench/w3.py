"""W3: items of about 1 ms of Python each, in one worker, in two, and in two bare processes of half each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from time import perf_counter

from bench.peers import SPAWN, ran, timed
from routilux import Flow, Runtime, routine

TITLE, UNIT = "W3 items of 1 ms", "items/s"


@routine
def items(count: int, *, loops: int) -> Iterator[int]:
    for _ in range(count):
        yield loops


@routine
def spin(loops: int) -> None:
    for _ in range(loops):
        pass


def contestants(stack: ExitStack, *, smoke: bool) -> dict[str, Callable[[], float]]:
    count, loops = 20 if smoke else 600, _loops(0.001)
    pool = stack.enter_context(SPAWN.Pool(2))

    def imap() -> float:
        began = perf_counter()
        for _ in pool.imap(_one, [loops] * count):
            pass
        return count / (perf_counter() - began)

    found: dict[str, Callable[[], float]] = {}
    for workers in (2, 1):
        runtime = stack.enter_context(Runtime(workers={"spin": workers}))
        flow = Flow("w3").pipe(items.configure(loops=loops)).pipe(spin)
        found[f"Routilux, workers={workers}"] = partial(_rate, runtime, flow, count)
    half = partial(_half, count // 2, loops)
    return found | {"two bare processes": lambda: count / timed(half, half), "Pool(2).imap": imap}


def _rate(runtime: Runtime, flow: Flow, count: int) -> float:
    return count / ran(runtime, flow, count)


def _one(loops: int) -> None:
    spin(loops)


def _half(count: int, loops: int) -> Callable[[], object]:
    return lambda: [spin(loops) for _ in range(count)]


def _loops(seconds: float) -> int:
    """How many turns of the loop take about so long here."""
    loops, times = 10_000, []
    for _ in range(20):
        began = perf_counter()
        spin(loops)
        times.append(perf_counter() - began)
    return int(loops * seconds / min(times))
