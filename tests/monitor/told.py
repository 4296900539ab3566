"""Here is a store that tests tell what to know, without sockets: a running instance `w` of a chain."""

from collections.abc import Iterable
from time import monotonic

import msgspec

from monitor.fakeruntime import chain
from routilux.commands import Description, FlowInfo, Introduction, JobInfo
from routilux.hookevents import ConnectionFigures, FlowStats, HookEvent, JobFigures, ProcessFigures
from routilux_monitor.keeper import Keeper
from routilux_monitor.model import JobRecord
from routilux_monitor.store import Limits, Store

INTRODUCTION = Introduction("fake", 1, 1.0, "0.1.0")
FLOW = chain("f", "a", "b", "c")
A, B, C = 1, 2, 3


class Told:
    """`epochs` are those of the processes by number."""

    def __init__(self, limits: Limits | None = None, keeper: Keeper | None = None) -> None:
        self.store = Store(keeper, limits)
        self.store.runtime_found(INTRODUCTION)
        self.info: FlowInfo = msgspec.structs.replace(
            FLOW, worker_id="w", started_at=2.0, directory="/nowhere", processes=4, state="running"
        )
        self.describe(at=0.0)
        self.epochs = {0: 1, A: 1, B: 1, C: 1}
        self.now = monotonic()

    def tell(self, process: int, *events: HookEvent) -> None:
        place = self.store.place("w", process, self.epochs[process], 10**18)
        assert place is not None
        self.store.happened("w", place, events, self.now)

    def describe(self, *jobs: JobInfo, at: float, flows: Iterable[FlowInfo] | None = None) -> None:
        """An answer to a question of that instant."""
        described = (self.info,) if flows is None else tuple(flows)
        self.store.described(Description(INTRODUCTION, described, jobs), at, at)

    @property
    def job(self) -> JobRecord:
        return self.store.jobs["j"]


def stats(activations: int = 0, *jobs: JobFigures, carried: int = 0, state: str = "running") -> FlowStats:
    processes = [ProcessFigures(0, "", 0, 1, "idle", 0, 1.0, 0, 0)]
    processes += [
        ProcessFigures(n, name, 0, 1, state, 0, 1.0, activations, 0)
        for n, name in ((A, "a"), (B, "b"), (C, "c"))
    ]
    return FlowStats(tuple(processes), (ConnectionFigures(0, carried, carried, 0, 1),), jobs, {}, 0, 0)
