"""Here is the soak: job after job through one runtime, while a worker is killed every two seconds.

    PYTHONPATH=tests python -m faults.soak --minutes 10 --seed 1

Every result is compared with that of the inline engine. Private memory and descriptors, of this process and
of its workers, are noted every few seconds; what counts is the last third against the second: the median of
bytes, and the most descriptors, as a worker that has just started has few. The exit code is 1 when a result
was wrong or something has grown.
"""

from __future__ import annotations

import argparse
import logging
import sys
import threading
from collections.abc import Callable
from random import Random
from statistics import median

import psutil

from faults.campaign import expected
from faults.crashes import Reaper, restarts, supervisor_of
from faults.scenarios import SCENARIOS, found
from routilux import Runtime
from routilux.clock import Deadline
from routilux.worker.wear import private_bytes

KILL_SECONDS = 2.0
TIMEOUT = 300.0
GROWTH = 2 << 20
"""Bytes that a median may differ by: the allocator keeps what it likes."""


class Meter(threading.Thread):
    """Kills a worker every two seconds, and notes what this process and its workers have in use."""

    def __init__(self, reaper: Reaper) -> None:
        super().__init__(daemon=True)
        self.memory: list[int] = []
        self.descriptors: list[int] = []
        self.of_workers: list[int] = []
        self._reaper = reaper
        self._over = threading.Event()

    def run(self) -> None:
        me = psutil.Process()
        while not self._over.wait(KILL_SECONDS):
            self._reaper.kill_one()
            self.memory.append(private_bytes())
            self.descriptors.append(me.num_fds())
            self.of_workers.append(max(map(descriptors, me.children()), default=0))

    def end(self) -> None:
        self._over.set()
        self.join()


def descriptors(process: psutil.Process) -> int:
    """How many it has open; none if it has just been killed."""
    try:
        return process.num_fds()
    except psutil.Error:
        return 0


def growth(values: list[int], of: Callable[[list[int]], float]) -> float:
    """What the last third has come to, less what the second had."""
    third = len(values) // 3
    return of(values[-third:]) - of(values[third : 2 * third])


def soak(minutes: float, seed: int) -> int:
    """The exit code."""
    scenario = SCENARIOS["keyed"]
    n = scenario.n * 10
    answer = expected(scenario, n)
    end, jobs, wrong = Deadline.after(minutes * 60), 0, 0
    with Runtime() as runtime:
        runtime.exec(scenario.flow, n=1).wait(TIMEOUT)
        supervisor = supervisor_of(runtime, scenario.flow)
        meter = Meter(Reaper(supervisor, Random(seed).getrandbits(32), spared=[scenario.source]))
        meter.start()
        while not end.passed:
            wrong += found(scenario, runtime.exec(scenario.flow, n=n), TIMEOUT) != answer
            jobs += 1
        meter.end()
        deaths = restarts(supervisor)
    grown = {
        "private bytes": (growth(meter.memory, median), meter.memory[-1], GROWTH),
        "descriptors": (growth(meter.descriptors, max), meter.descriptors[-1], 0),
        "descriptors of a worker": (growth(meter.of_workers, max), meter.of_workers[-1], 0),
    }
    sys.stdout.write(
        f"{minutes:g} minutes, {jobs} jobs of {n} messages, {deaths} deaths, {wrong} wrong results\n"
    )
    for what, (by, now, _) in grown.items():
        sys.stdout.write(f"  {what}: {now:,} at the end, grown by {by:,.0f} in the last third\n")
    return int(wrong > 0 or any(by > allowed for by, _, allowed in grown.values()))


def main() -> int:
    parser = argparse.ArgumentParser(prog="faults.soak")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.getLogger("routilux.supervisor").setLevel(logging.ERROR)  # a restart is a warning
    return soak(options.minutes, options.seed)


if __name__ == "__main__":
    sys.exit(main())
