"""Here is a made-up runtime: a real directory with a real lock, a real front desk, real publishers.

What it says is what a test wants it to say.
"""

import threading
import time
from collections.abc import Sequence
from itertools import count, pairwise
from pathlib import Path
from time import monotonic_ns
from types import TracebackType
from typing import Any, Self

import msgspec
import zmq

from routilux.commands import (
    DESK,
    INTRODUCTION,
    Answer,
    ConnectionInfo,
    Describe,
    Description,
    Done,
    FlowInfo,
    Introduction,
    JobInfo,
    Question,
    Reply,
    Request,
    RoutineInfo,
    SlotInfo,
)
from routilux.histogram import bucket
from routilux.hookevents import (
    JOB,
    Activated,
    Committed,
    ConnectionFigures,
    Copy,
    Durations,
    FlowStats,
    HookEvent,
    JobChanged,
    JobFigures,
    MessageRef,
    ProcessFigures,
    WorkerStats,
)
from routilux.ipc.endpoints import endpoint
from routilux.ipc.publish import Publisher
from routilux.ipc.rundirectory import RunDirectory

PATIENCE = 20.0


def routine(
    name: str, *, slots: Sequence[str] = ("item",), events: Sequence[str] = ("output",)
) -> RoutineInfo:
    return RoutineInfo(
        routine_id=name,
        class_name="Stage",
        policy="immediate()",
        slots=tuple(map(SlotInfo, slots)),
        events=tuple(events),
        config={},
        workers=1,
        ordered=False,
        key="",
        on_error="stop",
    )


def chain(flow_id: str, *names: str) -> FlowInfo:
    """A flow of one routine after the other, at rest."""
    links = pairwise(names)
    return FlowInfo(
        flow_id,
        tuple(map(routine, names)),
        tuple(ConnectionInfo(f"{a}.output->{b}.item", a, "output", b, "item") for a, b in links),
        created_at=1.0,
        updated_at=1.0,
    )


class FakeFlow:
    """A running flow: a publisher for each of its processes."""

    def __init__(self, context: "zmq.Context[Any]", directory: Path, info: FlowInfo, worker_id: str) -> None:
        directory.mkdir(mode=0o700)
        self.info = msgspec.structs.replace(
            info,
            worker_id=worker_id,
            started_at=time.time(),
            directory=str(directory),
            processes=1 + len(info.routines),
            state="running",
        )
        self.epochs = [1] * self.info.processes
        self._context = context
        self.publishers = [self._publisher(process) for process in range(self.info.processes)]

    def _publisher(self, process: int) -> Publisher:
        epoch = self.epochs[process]
        return Publisher(self._context, self.info.directory, process=process, epoch=epoch)

    def publish(self, process: int, topic: bytes, *events: HookEvent) -> None:
        self.publishers[process].publish(topic, events)

    def lose(self, process: int, count: int) -> None:
        """As if so many messages had been published and dropped."""
        self.publishers[process]._number += count

    def restart(self, process: int) -> None:
        """Another incarnation of a process; to be subscribed to again."""
        self.publishers[process].socket.close(linger=0)
        self.epochs[process] += 1
        self.publishers[process] = self._publisher(process)

    @property
    def is_heard(self) -> bool:
        """Whether somebody has subscribed to all its processes."""
        for publisher in self.publishers:
            publisher.look()
        return all(publisher.is_heard for publisher in self.publishers)

    def close(self) -> None:
        for publisher in self.publishers:
            publisher.socket.close(linger=0)


class FakeRuntime:
    """Answers from a thread of its own, with `flows`, `jobs` and `answers` as they stand."""

    def __init__(self, runtime_id: str = "fake", *, pid: int = 1) -> None:
        self.introduction = Introduction(runtime_id, pid, time.time(), "0.1.0")
        self.flows: list[FlowInfo] = []
        self.jobs: list[JobInfo] = []
        self.answers: dict[type[Request], Answer | None] = {}
        """To other requests than Describe; None is no answer."""
        self.asked: list[Request] = []
        self.running: dict[str, FakeFlow] = {}
        self._directory = RunDirectory()
        self._context = zmq.Context()
        self._desk = self._context.socket(zmq.ROUTER)
        self._desk.set(zmq.LINGER, 0)
        self._desk.bind(endpoint(self._directory.path, DESK))
        (self._directory.path / INTRODUCTION).write_bytes(msgspec.json.encode(self.introduction))
        self._thread = threading.Thread(target=self._serve)
        self._ends = False
        self._numbers = count()
        self._thread.start()

    @property
    def path(self) -> Path:
        return self._directory.path

    def start(self, info: FlowInfo, worker_id: str = "") -> FakeFlow:
        """Run a flow."""
        number = next(self._numbers)
        flow = FakeFlow(
            self._context, self.path / f"{number:05}", info, worker_id or f"{info.flow_id}-{number}"
        )
        self.running[flow.info.worker_id] = flow
        self.flows = [*(f for f in self.flows if f.flow_id != info.flow_id), flow.info]
        return flow

    def stop(self, flow: FakeFlow) -> None:
        flow.close()
        del self.running[flow.info.worker_id]
        at_rest = msgspec.structs.replace(flow.info, worker_id="", state="stopped")
        self.flows = [*(f for f in self.flows if f.flow_id != flow.info.flow_id), at_rest]
        (self.path / "changed").touch()

    def _serve(self) -> None:
        while not self._ends:
            if not self._desk.poll(20):
                continue
            who, data = self._desk.recv_multipart()
            question = msgspec.msgpack.decode(data, type=Question)
            self.asked.append(question.request)
            answer = self._answer(question.request)
            if answer is not None:
                self._desk.send_multipart([who, msgspec.msgpack.encode(Reply(question.number, answer))])

    def _answer(self, request: Request) -> Answer | None:
        if isinstance(request, Describe):
            return Description(self.introduction, tuple(self.flows), tuple(self.jobs))
        return self.answers.get(type(request), Done())

    def junk(self, data: bytes) -> None:
        """Send something to nobody in particular from each process of each flow."""
        for flow in self.running.values():
            for publisher in flow.publishers:
                publisher.socket.send_multipart([JOB, data])

    def close(self) -> None:
        self._ends = True
        self._thread.join()
        self._desk.close(linger=0)
        for flow in self.running.values():
            flow.close()
        self._context.destroy(linger=0)
        self._directory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


# ---- what it may say --------------------------------------------------------------------------------------


def job_changed(job_id: str, status: str, **more: Any) -> JobChanged:
    return JobChanged(monotonic_ns(), job_id, status, created_at=more.pop("created_at", 100.0), **more)


def committed(job_id: str, activations: int = 1, **more: Any) -> Committed:
    now = monotonic_ns()
    return Committed(job_id, now - 1_000_000, now, activations, **more)


def activated(job_id: str, *inputs: str, copy: Copy | None = None, **more: Any) -> Activated:
    now = monotonic_ns()
    refs = tuple(MessageRef(name, 0, 1, "preview", copy) for name in inputs)
    more = {"status": "completed", "emitted": (), "received": {0: len(inputs)}} | more
    return Activated(job_id, now - 1_000_000, now, inputs=refs, **more)


def durations(count: int, each: int = 1_000) -> Durations:
    return Durations(count, count * each, each, each, {bucket(each): count})


def worker_stats(activations: int, jobs: dict[str, Durations] | None = None, dropped: int = 0) -> WorkerStats:
    return WorkerStats(activations, durations(activations), jobs or {}, dropped)


def flow_stats(
    flow: FakeFlow,
    activations: dict[str, int],
    *,
    jobs: Sequence[JobFigures] = (),
    carried: int = 0,
    pid: int = 1,
    state: str = "running",
) -> FlowStats:
    names = ["", *(r.routine_id for r in flow.info.routines)]
    processes = tuple(
        ProcessFigures(i, name, 0, pid, state, 0, 1.0, activations.get(name, 0), 0, epoch=flow.epochs[i])
        for i, name in enumerate(names)
    )
    connections = tuple(
        ConnectionFigures(i, carried, carried, 10, 1000) for i in range(len(flow.info.connections))
    )
    return FlowStats(processes, connections, tuple(jobs), {}, 0, 0)


def counters(**activations: int) -> dict[str, dict[str, int]]:
    return {name: {"activations": count} for name, count in activations.items()}
