"""Here is a made feed for benches and for looking at the page: `python tests/monitor/madefeed.py` plays a
flow of 300 busy routines over real sockets, for whatever monitor runs, until Ctrl-C.

With `--history FILE` it first fills a history with 10,000 jobs that have ended.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from time import monotonic_ns

sys.path.insert(0, str(Path(__file__).parent.parent))

from monitor.fakeruntime import FakeFlow, FakeRuntime, job_changed, routine
from monitor.madehistory import made
from routilux.commands import ConnectionInfo, FlowInfo, JobInfo
from routilux.debugcommands import BreakpointList, ListBreakpoints
from routilux.histogram import bucket
from routilux.hookevents import (
    JOB,
    LOG,
    ROUTINE,
    STATS,
    Activated,
    ConnectionFigures,
    Durations,
    Emitted,
    FlowStats,
    JobFigures,
    LogLine,
    MessageRef,
    ProcessFigures,
    WorkerStats,
)

ROUTINES = 300
UPDATES = 10
"""A second."""
TRACED = 20
"""Activations of the traced job per update."""
JOBS = 10_000


def wide(routines: int = ROUTINES, width: int = 10) -> FlowInfo:
    """Layers of `width` routines, each of them connected to two of the layer before."""
    names = [f"stage-{n // width:02}-{n % width}" for n in range(routines)]
    links = [
        (names[n - width - back], names[n])
        for n in range(width, routines)
        for back in ((0, 1) if n % width else (0,))
    ]
    return FlowInfo(
        "wide",
        tuple(map(routine, names)),
        tuple(ConnectionInfo(f"{a}.output->{b}.item", a, "output", b, "item") for a, b in links),
        created_at=time.time(),
        updated_at=time.time(),
    )


class Player:
    """Plays one flow; `update` says what has happened in a tenth of a second."""

    def __init__(self, runtime: FakeRuntime, info: FlowInfo | None = None) -> None:
        self._random = random.Random(7)
        self._runtime = runtime
        runtime.answers[ListBreakpoints] = BreakpointList(())
        self.flow: FakeFlow = runtime.start(info or wide())
        self._speeds = [self._random.randrange(1, 200) for _ in self.flow.info.routines]
        self._done = [0] * len(self._speeds)
        self._messages = count()
        self._began = time.time()
        self._runtime.jobs = [
            JobInfo("busy", self.flow.info.flow_id, self.flow.info.worker_id, "running", self._began)
        ]

    def update(self) -> None:
        """What somebody who has just subscribed must know is told with every update, too."""
        for publisher in self.flow.publishers:
            publisher.look()
        self._done = [
            d + s + self._random.randrange(s) for d, s in zip(self._done, self._speeds, strict=True)
        ]
        self.flow.publish(0, JOB, job_changed("busy", "running", created_at=self._began, is_traced=True))
        self.flow.publish(0, STATS, self._figures())
        for process, done in enumerate(self._done, 1):
            self.flow.publish(process, STATS, self._worked(done))
        for _ in range(TRACED):
            process = self._random.randrange(1, 1 + len(self._done))
            self.flow.publish(process, ROUTINE, self._activation())
        name = self.flow.info.routines[0].routine_id
        self.flow.publish(
            1, LOG, LogLine(monotonic_ns(), name, 0, "busy", "INFO", "another tenth of a second")
        )

    def _figures(self) -> FlowStats:
        names = [r.routine_id for r in self.flow.info.routines]
        states = self._random.choices(("running", "idle"), k=len(names))
        processes = [ProcessFigures(0, "", 0, os.getpid(), "running", 0, self._began, 0, 0)]
        processes += [
            ProcessFigures(n, name, 0, os.getpid(), state, 0, self._began, done, 0)
            for n, (name, state, done) in enumerate(zip(names, states, self._done, strict=True), 1)
        ]
        of = dict(zip(names, self._done, strict=True))
        connections = [
            ConnectionFigures(n, of[link.source], of[link.source] - self._random.randrange(50), 1000, 1 << 16)
            for n, link in enumerate(self.flow.info.connections)
        ]
        counters = {name: {"activations": done} for name, done in of.items()}
        waiting = {name: {"item": self._random.randrange(100)} for name in names[::7]}
        job = JobFigures("busy", "running", counters, 100)
        return FlowStats(tuple(processes), tuple(connections), (job,), waiting, 0, 0)

    def _worked(self, done: int) -> WorkerStats:
        spread = {bucket(1000 << n): done // 8 for n in range(8)}
        durations = Durations(8 * (done // 8), done * 50_000, 1000, 128_000, spread)
        return WorkerStats(done, durations, {"busy": durations}, 0)

    def _activation(self) -> Activated:
        number, now = next(self._messages), monotonic_ns()
        used = (MessageRef(f"1:{number}:0", 0, 1, "{'frame': 7}"),)
        made = (Emitted(0, 0, 1, (f"2:{number}:0",), "{'frame': 7, 'ok': True}"),)
        return Activated("busy", now - 50_000, now, "completed", used, {0: 1}, made)


def ticks(per_second: float, seconds: float) -> Iterator[None]:
    """At that rate, or as fast as may be, for so long."""
    began = time.monotonic()
    for number in count(1):
        yield
        now = time.monotonic() - began
        if now > seconds:
            return
        time.sleep(max(0.0, number / per_second - now))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=Path, help="a file to be filled with ended jobs first")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    options = parser.parse_args()
    if options.history is not None:
        made(options.history, JOBS)
    with FakeRuntime("made-up", pid=os.getpid()) as runtime:
        player = Player(runtime)
        for _ in ticks(UPDATES, options.seconds):
            player.update()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
