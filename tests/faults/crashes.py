"""Here is how a test lets workers die: those that are ready, at random moments, by SIGKILL."""

import os
import signal
import threading
from collections.abc import Iterable
from contextlib import suppress
from random import Random

import pytest

from routilux import Flow, JobState, Runtime
from routilux.clock import Deadline
from routilux.engines.local import LocalEngine
from routilux.ipc.layout import WORD
from routilux.supervisor.supervisor import Supervisor


def supervisor_of(runtime: Runtime, flow: Flow) -> Supervisor:
    assert isinstance(runtime._engine, LocalEngine)
    return runtime._engine._running[flow]


def restarts(supervisor: Supervisor) -> int:
    """How many deaths of workers have been recovered from."""
    return supervisor._recovery.restarts


def commits(supervisor: Supervisor, index: int) -> int:
    """Transactions that all incarnations of a worker have made."""
    words = supervisor._arena.layout.sections[index].words
    return supervisor._arena.words[words["commit"] // WORD]


def pids(supervisor: Supervisor) -> dict[str, int]:
    """The process of each worker."""
    with supervisor._lock:
        members = supervisor._crew.members.items()
        return {supervisor.plan.processes[index].name: member.pid for index, member in members}


def until_ready(supervisor: Supervisor, deadline: float = 30.0) -> None:
    """Wait until every worker has been set up."""
    waiting = threading.Event()
    indices = [process.index for process in supervisor.plan.processes[1:]]
    for _ in range(int(deadline * 100)):
        if all(supervisor._crew.is_ready(index) for index in indices):
            return
        waiting.wait(0.01)
    pytest.fail("the workers were not ready in time")


class Reaper:
    """Kills workers of one flow. Each may do something between two of its deaths: to kill it before is what
    a flow gives up on.
    """

    def __init__(self, supervisor: Supervisor, seed: int, spared: Iterable[str] = ()) -> None:
        self._supervisor = supervisor
        self._random = Random(seed)
        self._at: dict[int, int] = {}
        self._spared = set(spared)
        self.kills = 0

    def until_ended(self, jobs: list[JobState], most: int = 12, timeout: float = 120.0) -> None:
        """Kill one every 60 to 260 ms until the jobs have ended, and at most so many: on a busy machine a
        worker takes longer to start.
        """
        waiting, deadline = threading.Event(), Deadline.after(timeout)
        while self.kills < most and not deadline.passed and not all(job.ended for job in jobs):
            waiting.wait(self._random.uniform(0.06, 0.26))
            self.kill_one()

    def kill_one(self) -> None:
        """Kill a random one of those that may be."""
        with self._supervisor._lock:
            victims = self._victims()
            if victims and not self._supervisor.is_closed:
                self._kill(self._random.choice(victims))

    def kill_all(self) -> int:
        """Kill every worker at once; how many."""
        with self._supervisor._lock:
            victims = [index for index in self._supervisor._crew.members if self._is_up(index)]
            for index in victims:
                self._kill(index)
        return len(victims)

    def _victims(self) -> list[int]:
        return [
            index
            for index in self._supervisor._crew.members
            if self._is_up(index)
            and self._supervisor.plan.processes[index].name not in self._spared
            and commits(self._supervisor, index) > self._at.get(index, 0)
        ]

    def _is_up(self, index: int) -> bool:
        return self._supervisor._crew.is_ready(index)

    def _kill(self, index: int) -> None:
        self._at[index] = commits(self._supervisor, index)
        with suppress(ProcessLookupError):
            os.kill(self._supervisor._crew.members[index].pid, signal.SIGKILL)
            self.kills += 1
