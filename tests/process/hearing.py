"""Here is an ear: a plain SUB socket at the publishers of all workers of a flow."""

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


class Ear:
    """Hears all workers of the first flow of a runtime; the flow must run already."""

    def __init__(self, runtime: Runtime, workers: int, topic: bytes = b"") -> None:
        (running, *_) = runtime._engine.running()
        self.directory = Path(running.directory)
        self.workers = workers
        self.envelopes: list[Envelope] = []
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.set(zmq.RCVHWM, 0)
        self._socket.set(zmq.SUBSCRIBE, topic)
        self._decode = msgspec.msgpack.Decoder(Envelope).decode

    def __enter__(self) -> Self:
        for process in range(1, self.workers + 1):
            self._socket.connect(endpoint(self.directory, hooks_name(process)))
        self.until(lambda: len(self.heard_from(WorkerStats)) == self.workers)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.destroy(linger=0)

    def heard_from(self, kind: type[HookEvent]) -> set[int]:
        """The processes that have told such an event."""
        return {e.process for e in self.envelopes if any(isinstance(event, kind) for event in e.events)}

    def until(self, is_enough: Callable[[], bool]) -> None:
        """Listen until that is so."""
        deadline = Deadline.after(PATIENCE)
        while not is_enough():
            left = deadline.left() or 0.0
            assert left > 0, f"heard too little: {self.envelopes[-5:]}"
            if self._socket.poll(int(left * 1000)):
                self.envelopes.append(self._decode(self._socket.recv_multipart()[1]))

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
