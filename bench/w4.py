"""W4: one message to an idle process and back; for Routilux a whole job: submit, run, end, result."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from statistics import median
from time import perf_counter, sleep
from typing import Any

from bench.peers import SPAWN, Link, ZmqLink
from routilux import Flow, Runtime, routine

TITLE, UNIT = "W4 idle round trip, p50", "µs"


@routine
def echo(value: int) -> int:
    return value


def contestants(stack: ExitStack, *, smoke: bool) -> dict[str, Callable[[], float]]:
    times, runtime, flow = 5 if smoke else 300, stack.enter_context(Runtime()), Flow("w4").pipe(echo)
    found: dict[str, Callable[[], float]] = {}
    found["Routilux, a job"] = partial(_p50, times, lambda: runtime.run(flow, value=1))
    for name, link in (("pyzmq, a message", ZmqLink), ("multiprocessing.Queue, a message", Link)):
        there, back = link(), link()
        process = SPAWN.Process(target=_echo, args=(there, back), daemon=True)
        process.start()
        found[name] = partial(_p50, times, partial(_ask, there.sender(), back.receiver()))
        stack.callback(process.kill)
    return found


def _ask(put: Callable[[Any], object], get: Callable[[], Any]) -> None:
    put(1)
    get()


def _echo(there: Link, back: Link) -> None:
    get, put = there.receiver(), back.sender()
    while True:
        put(get())


def _p50(times: int, trip: Callable[[], object]) -> float:
    found = []
    for _ in range(times):
        sleep(0.002)  # so that whoever answers sleeps
        began = perf_counter()
        trip()
        found.append(perf_counter() - began)
    return median(found) * 1e6
