"""Here is Routilux at W7: CPU time per message and hop, and memory, as flows and jobs grow."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import clock_gettime, perf_counter

import psutil

from bench.contestants import work
from bench.contestants.ours import TotalDicts, dicts
from bench.contestants.work import Found, Measure
from routilux import Flow, Runtime, routine


@contextmanager
def chain(*, routines: int) -> Iterator[Measure]:
    """A source, and so many routines behind it in a row."""
    flow = Flow("w7-chain").pipe(dicts, "source")
    for number in range(1, routines):
        flow.pipe(routine(work.pass_on), f"stage-{number}")
    flow.pipe(TotalDicts, "sink")
    with Runtime() as runtime:
        yield partial(_costs, runtime, flow, routines)


@contextmanager
def spread(*, workers: int) -> Iterator[Measure]:
    """A source, one routine with so many workers, a sink."""
    flow = Flow("w7-spread").pipe(dicts, "source").pipe(routine(work.pass_on), "stage", workers=workers)
    flow.pipe(TotalDicts, "sink")
    with Runtime() as runtime:
        yield partial(_costs, runtime, flow, 2)


def _costs(runtime: Runtime, flow: Flow, hops: int, count: int) -> Found:
    before = _spent()
    began = perf_counter()
    total = runtime.run(flow, count=count)
    seconds = perf_counter() - began
    work.check(total, 0.5 * count)
    after = _spent()
    spent = sum(seconds - before.get(process, 0.0) for process, seconds in after.items())
    return {
        "value": spent / count / hops * 1e6,
        "rate": count / seconds,
        "memory_mb": sum(map(_anonymous, [os.getpid(), *after])),
    }


def _spent() -> dict[int, float]:
    """Seconds of CPU time that each worker process has used so far, user and system, all threads."""
    return {
        each.pid: clock_gettime(_cpu_clock(each.pid)) for each in psutil.Process().children(recursive=True)
    }


def _cpu_clock(process: int) -> int:
    """The number of a process's CPU clock, as clock_getcpuclockid(3) makes it on Linux."""
    return (~process << 3) | 2


def _anonymous(process: int) -> float:
    """MB of a process that no file backs."""
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("RssAnon:"))
    return int(line.split()[1]) * 1.024 / 1e3
