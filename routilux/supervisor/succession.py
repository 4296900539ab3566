"""Here is the succession of workers: what one that has died leaves is recovered, and its successor is spawned
when its time has come.
"""

import logging

from routilux.clock import monotonic
from routilux.errors import RoutineCrashed
from routilux.supervisor.debugger import Debugger
from routilux.supervisor.docket import Docket
from routilux.supervisor.logdesk import LogDesk
from routilux.supervisor.recovery import SECONDS, Recovery

log = logging.getLogger("routilux.supervisor")


class Succession:
    """Of one flow's workers. Whoever uses it holds the supervisor's lock."""

    def __init__(self, docket: Docket, recovery: Recovery, logs: LogDesk, debugger: Debugger) -> None:
        self._docket = docket
        self._plan = docket.plan
        self._crew = docket.crew
        self._publishing = docket.publishing
        self._recovery = recovery
        self._logs = logs
        self._debugger = debugger
        self._respawns: dict[int, float] = {}
        """When each successor is to be spawned."""
        self._overdue: dict[int, str] = {}

    def end(self, index: int, how: str) -> None:
        """Kill a worker; `how` is what is said of its death."""
        self._overdue[index] = how
        self._crew.kill_one(index)

    def recover(self, index: int, how: str) -> None:
        """A worker has died: reap it, and decide on its successor."""
        name = self._plan.processes[index].node
        pid = self._crew.bury(index)
        self._logs.forget(index)
        self._debugger.lost(index)
        verdict = self._recovery.recover(index)
        if verdict.is_planned:
            self._publishing.process(index, "recycled", pid)
            self._respawn(index)
            return
        how = self._overdue.pop(index, how)
        self._publishing.process(index, "died", pid, how=how, attempt=verdict.attempt)
        self._docket.fates[index] = how
        self._crew.tell_died(index, pid, how)
        if verdict.gives_up:
            message = (
                f"routine {name!r} {how}, the {verdict.attempt}th death outside an activation within "
                f"{SECONDS:g} seconds; its flow is stopped and its jobs have failed"
            )
            self._docket.failed(RoutineCrashed(message))
            return
        where = "while it was working" if verdict.in_activation else "outside an activation"
        log.warning("routine %r %s %s; it is started again (attempt %d)", name, how, where, verdict.attempt)
        self._respawns[index] = monotonic() + verdict.delay
        self._docket.desk.ring_all()

    @property
    def is_awaited(self) -> bool:
        """Whether any successor has still to be spawned."""
        return bool(self._respawns)

    def left(self) -> list[float]:
        """Seconds until each successor is to be spawned."""
        return [max(0.0, at - monotonic()) for at in self._respawns.values()]

    def respawn(self) -> None:
        """Spawn the successors whose time has come."""
        for index, at in list(self._respawns.items()):
            if monotonic() >= at:
                del self._respawns[index]
                self._respawn(index)

    def _respawn(self, index: int) -> None:
        self._publishing.succeeds()
        self._crew.respawn(index)
        self._publishing.process(index, "restarted", self._crew.members[index].pid)
