"""Here is the follower: it listens to the hook events of a flow, to say what has caused a message."""

import threading
from os import PathLike
from types import TracebackType
from typing import Protocol, Self

import msgspec
import zmq

from routilux.clock import Deadline
from routilux.debug.ancestry import Ancestor, Ancestry
from routilux.hookevents import ROUTINE, STATS, Envelope, FlowStats
from routilux.ipc.endpoints import endpoint
from routilux.ipc.publish import hooks_name
from routilux.plan import SUPERVISOR

LOOK_MS = 100
"""Between two looks whether it is to end."""
READY = 5.0
"""Seconds that workers have to notice us; those that have just been started need some."""
SOON = frozenset(("starting", "idle"))
"""States in which a worker will: others do so after the activation at hand."""
PATIENCE = 1.0
"""Seconds that what has happened has to become known: workers publish fifty times a second."""


class Caused(Protocol):
    """A hold, here or as a runtime tells of it."""

    @property
    def routine_id(self) -> str: ...
    @property
    def parents(self) -> tuple[str, ...]: ...


class Follower:
    """Hears, from `with` on, what the workers of a flow publish of one job. What has happened before, it does
    not know; nor what is left out of the sample that workers publish, unless the job is traced.
    """

    def __init__(self, directory: str | PathLike[str], ancestry: Ancestry) -> None:
        """`with` waits until all workers know of us that are not at work or held: these will notice later."""
        self._directory = directory
        self._ancestry = ancestry
        self._news = threading.Condition()
        self._over = threading.Event()
        self._unheard = set(ancestry.names.routines)
        """The workers that are not known yet to have noticed us."""
        self._thread = threading.Thread(target=self._run, name="routilux-follower", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        with self._news:
            self._news.wait_for(lambda: not self._unheard, READY)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def ancestors(self, hold: Caused, timeout: float = PATIENCE) -> list[Ancestor]:
        """The messages that the held activation runs on, what has caused them, and so on back to the
        submissions, as far as it was heard; the nearest first, a thousand at most. Waits for what is on its
        way.
        """
        deadline = Deadline.after(timeout)
        with self._news:
            while True:
                found = self._ancestry.of(hold.parents, hold.routine_id)
                is_whole = all(each.source or each.is_submission for each in found)
                if is_whole or deadline.passed or not self._news.wait(deadline.left()):
                    return found

    def _run(self) -> None:
        decode = msgspec.msgpack.Decoder(Envelope).decode
        with zmq.Context() as context, context.socket(zmq.SUB) as socket:
            socket.set(zmq.LINGER, 0)  # it has nothing to say
            for topic in (ROUTINE, STATS):
                socket.set(zmq.SUBSCRIBE, topic)
            for process in (SUPERVISOR, *self._ancestry.names.routines):
                socket.connect(endpoint(self._directory, hooks_name(process)))
            while not self._over.is_set():
                if socket.poll(LOOK_MS):
                    self._hear(decode(socket.recv_multipart()[1]))

    def _hear(self, envelope: Envelope) -> None:
        with self._news:
            self._unheard.discard(envelope.process)
            for event in envelope.events:
                if isinstance(event, FlowStats):
                    self._unheard -= {each.process for each in event.processes if each.state not in SOON}
                self._ancestry.hear(envelope.process, event)
            self._news.notify_all()
