"""Here are the plain SUB sockets of a test, at the publishers of a flow's processes."""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec
import zmq

from routilux import Flow, JobState, Runtime
from routilux.clock import Deadline
from routilux.hookevents import Activated, Committed, Envelope, HookEvent, Placed, WorkerStats
from routilux.ipc.endpoints import endpoint
from routilux.ipc.publish import hooks_name

PATIENCE = 50.0
E = TypeVar("E", bound=HookEvent)


class Subscription:
    """What was heard of some processes of a flow; 0 is the supervisor."""

    def __init__(self, directory: str | Path, *processes: int, topic: bytes = b"") -> None:
        self.envelopes: list[Envelope] = []
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.set(zmq.RCVHWM, 0)
        self._socket.set(zmq.SUBSCRIBE, topic)
        self._decode = msgspec.msgpack.Decoder(Envelope).decode
        for process in processes:
            self._socket.connect(endpoint(directory, hooks_name(process)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.destroy(linger=0)

    def receive(self, deadline: Deadline) -> Envelope:
        """The next one, which is kept."""
        left = deadline.left() or 0.0
        assert self._socket.poll(int(left * 1000)), f"heard too little: {self.envelopes[-5:]}"
        self.envelopes.append(self._decode(self._socket.recv_multipart()[1]))
        return self.envelopes[-1]


class Listener(Subscription):
    """Whoever listens to the supervisor of a flow, an event after the other."""

    def __init__(self, directory: str | Path, topic: bytes = b"") -> None:
        super().__init__(directory, 0, topic=topic)
        self._ahead: deque[HookEvent] = deque()
        self.heard: list[HookEvent] = []

    @property
    def numbers(self) -> list[int]:
        return [envelope.number for envelope in self.envelopes]

    def until(self, kind: type[E], holds: Callable[[E], object] = lambda _: True) -> E:
        """The first event of that kind, behind the one asked for last, of which something holds."""
        deadline = Deadline.after(PATIENCE)
        while True:
            while self._ahead:
                event = self._ahead.popleft()
                self.heard.append(event)
                if isinstance(event, kind) and holds(event):
                    return event
            self._ahead += self.receive(deadline).events


class Ear(Subscription):
    """Hears all workers of the first flow of a runtime; the flow must run already."""

    def __init__(self, runtime: Runtime, workers: int, topic: bytes = b"") -> None:
        (running, *_) = runtime._engine.running()
        super().__init__(running.directory, *range(1, workers + 1), topic=topic)
        self.workers = workers

    def __enter__(self) -> Self:
        self.until(lambda: len(self.heard_from(WorkerStats)) == self.workers)
        return self

    def heard_from(self, kind: type[HookEvent]) -> set[int]:
        """The processes that have told such an event."""
        return {e.process for e in self.envelopes if any(isinstance(event, kind) for event in e.events)}

    def until(self, is_enough: Callable[[], bool]) -> None:
        """Listen until that is so."""
        deadline = Deadline.after(PATIENCE)
        while not is_enough():
            self.receive(deadline)

    def all(self, kind: type[E], process: int | None = None) -> list[E]:
        """What was heard of one kind, of one process if named."""
        chosen = [e for e in self.envelopes if process in (None, e.process)]
        return [event for e in chosen for event in e.events if isinstance(event, kind)]

    def count(self, name: str, job: JobState, process: int) -> int:
        """What one process has told of a counter of the routine."""
        told: list[int] = [getattr(c, name) for c in self.all(Committed, process) if c.job_id == job.job_id]
        alone = [a for a in self.all(Activated, process) if a.job_id == job.job_id and not a.is_finish]
        counted = {
            "activations": [a.attempt == 1 for a in alone],
            "errors": [a.status in {"failed", "continued"} for a in alone],
            "skipped": [a.status == "skipped" for a in alone],
        }
        return sum(told) + sum(counted[name])

    def heard_all_of(self, job: JobState, processes: dict[str, list[int]]) -> bool:
        """Whether as much was told of a job that has ended as its counters say."""
        return all(
            sum(self.count(name, job, process) for process in processes[routine]) >= counted[name]
            for routine, counted in job.counters.items()
            for name in ("activations", "errors", "skipped")
        )


def processes_of(flow: Flow, workers: dict[str, int] | None = None) -> dict[str, list[int]]:
    """The processes of each routine, by their numbers."""
    found: dict[str, list[int]] = {}
    number = 0
    for name, node in flow.nodes.items():
        for _ in range((workers or {}).get(name, node.workers)):
            number += 1
            found.setdefault(name, []).append(number)
    return found


def parents(ear: Ear) -> dict[str, set[str]]:
    """Per message, the messages that its activation had used."""
    found: dict[str, set[str]] = {}
    for activated in ear.all(Activated):
        for emitted in activated.emitted:
            for name in emitted.ids:
                found.setdefault(name, set()).update(message.id for message in activated.inputs)
    for placed in ear.all(Placed):
        for name in placed.ids:
            found.setdefault(name, set()).update(placed.parents)
    return found


def ear_at(runtime: Runtime, flow: Flow) -> Ear:
    """At all workers of a flow that takes a number `n`, and has run."""
    runtime.exec(flow, n=0).wait(PATIENCE)
    return Ear(runtime, sum(map(len, processes_of(flow).values())))


def run_heard(runtime: Runtime, flow: Flow, n: int, ear: Ear) -> JobState:
    """A job, until all that its counters say was heard."""
    job = runtime.exec(flow, n=n).wait(PATIENCE)
    ear.until(lambda: ear.heard_all_of(job, processes_of(flow)))
    return job
