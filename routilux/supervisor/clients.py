"""Here are the clients of a debugger: who debugs which job, since when, and what was done to it."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from routilux import clock
from routilux.clock import monotonic
from routilux.debug.session import Action, Note
from routilux.jobs import JobState

REMEMBERED = 1000
"""Actions and lines of one job that are kept."""
JOBS = 100
"""Ended jobs of which they are still known."""


@dataclass
class Client:
    """Who debugs a job, and what has come of it."""

    attached: int = 0
    seen: float = 0.0
    audit: deque[Action] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    notes: deque[Note] = field(default_factory=lambda: deque(maxlen=REMEMBERED))


class Clients:
    """Of all jobs of a flow. Whoever uses it holds the supervisor's lock."""

    def __init__(self) -> None:
        self._of: dict[JobState, Client] = {}

    def of(self, job: JobState) -> Client:
        if job not in self._of:
            ended = [each for each in self._of if each.ended]
            for each in ended[:-JOBS]:
                del self._of[each]
            self._of[job] = Client(seen=monotonic())
        return self._of[job]

    def renew(self, job: JobState) -> Client:
        """Somebody is there."""
        client = self.of(job)
        client.seen = monotonic()
        return client

    def note(self, job: JobState | None, action: str, detail: str, *, renews: bool = True) -> None:
        """Something was done to the job, by somebody who is there or by itself."""
        if job is not None:
            client = self.renew(job) if renews else self.of(job)
            client.audit.append(Action(clock.wall(), action, detail))


class Presence:
    """The part of a DebugControl that tells who is there. The room's lock is the supervisor's."""

    def __init__(self, room: threading.Condition, rouse: Callable[[], None]) -> None:
        self._room = room
        self._rouse = rouse
        self._clients = Clients()

    def renew(self, job: JobState) -> None:
        with self._room:
            self._clients.renew(job)

    def attach(self, job: JobState) -> None:
        with self._room:
            self._clients.renew(job).attached += 1

    def detach(self, job: JobState) -> None:
        with self._room:
            self._clients.renew(job).attached -= 1
        self._rouse()

    def audit(self, job: JobState) -> list[Action]:
        with self._room:
            return list(self._clients.of(job).audit)

    def notes(self, job: JobState) -> list[Note]:
        with self._room:
            return list(self._clients.of(job).notes)
