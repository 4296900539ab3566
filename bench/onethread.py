"""Here is W1 with its three workers in one thread: what a message costs each of them, in ns of CPU.

    python -m bench.onethread dict

What else the machine does hardly matters to it, so it tells small changes of the hot path apart. It leaves
out what only several processes have: switches between them, and their caches.
"""

import os
import pickle
import sys
import tempfile
from pathlib import Path
from time import thread_time_ns

from bench.contestants.chain import KINDS
from bench.contestants.ours import STAGES
from routilux import Flow
from routilux.hooks import NO_HOOKS
from routilux.ipc.arena import OwnSection
from routilux.ipc.channels import Channel, Segment
from routilux.ipc.codec import Encoder
from routilux.ipc.commit import Transaction
from routilux.ipc.lanes import LaneWriter
from routilux.ipc.layout import Layout, Order
from routilux.plan import SUPERVISOR, plan
from routilux.supervisor.kept import new_ground
from routilux.worker.entry import Worker
from routilux.worker.loop import Loop

COUNT, ROUNDS = 20_000, 20
NAMES = ("source", "stage", "sink")


class OneThread:
    """The workers of a flow, of which each is run while those before it wait for room."""

    def __init__(self, kind: str, directory: Path) -> None:
        flow = Flow("w1")
        for routine, name in zip(STAGES[kind], NAMES, strict=True):
            flow.pipe(routine, name)
        wanted = plan(flow)
        ground = new_ground(flow, wanted, Layout(wanted, 8, 1 << 28), directory, None, hooks=NO_HOOKS)
        self.own = OwnSection(ground.arena, SUPERVISOR)
        self.tx = Transaction(self.own)
        lane = next(lane for lane in wanted.outbound[SUPERVISOR] if lane.consumer == 1)
        self.channel = Channel([LaneWriter(ground.arena, self.own, lane)], lambda _: 0)
        self.loops = [self._loop(boot, os.dup(ground.arena.fd)) for boot in ground.boots]
        self._waits = [loop.wait for loop in self.loops]
        self.spent = [0] * len(self.loops)
        self.messages = KINDS[kind].payloads(COUNT)
        self.loops[0].wait = self._rest  # type: ignore[method-assign]

    @staticmethod
    def _loop(boot: bytes, fd: int) -> Loop:
        worker = Worker(pickle.loads(boot), fd, 0)
        node, routine = worker.load()
        loop = worker.loop(node, routine)
        routine.setup()
        return loop

    def submit(self, job: int, value: int) -> None:
        words = self.own.section.words
        self.own.words[self.own.index(words["current"])] = job
        self.own.words[self.own.index(words["order"])] = Order.RUN
        part = Encoder().encode(value)
        assert isinstance(part, bytes)
        self.channel.push(Segment(job, 0, [part]))
        self.tx.create(0, 1)
        self.tx.published.update((lane.published, lane.position) for lane in self.channel.pump())
        self.tx.commit({})

    def _run(self, at: int) -> None:
        """Let a worker work until it would sleep."""
        began = thread_time_ns()
        before = sum(self.spent)
        while self.loops[at].step():
            pass
        if at:
            self._waits[at](0.0)
        self.spent[at] += thread_time_ns() - began - (sum(self.spent) - before)

    def _rest(self, seconds: float = 0.0) -> None:
        """The source waits for room: the others make it."""
        for at in range(1, len(self.loops)):
            self._run(at)

    def work(self, job: int) -> list[float]:
        """What a message cost each worker, in ns."""
        self.spent = [0] * len(self.loops)
        self.submit(job, COUNT)
        sink = self.loops[-1].p.tx
        wanted = sink.activations + self.messages
        while sink.activations < wanted:
            for at in range(len(self.loops)):
                self._run(at)
        return [spent / self.messages for spent in self.spent]


def main(kind: str = "dict") -> None:
    with tempfile.TemporaryDirectory() as directory:
        (folder := Path(directory, "w1")).mkdir(mode=0o700)
        workers = OneThread(kind, folder)
        rounds = [workers.work((number + 1) << 16) for number in range(ROUNDS)]
    least = [min(each) for each in zip(*rounds, strict=True)]
    for name, ns in zip(NAMES, least, strict=True):
        print(f"{name:8} {ns:6.0f} ns a message")
    print(f"{'together':8} {sum(least):6.0f} ns a message", flush=True)
    os._exit(0)  # the sockets' threads are not waited for


if __name__ == "__main__":
    main(*sys.argv[1:2])
