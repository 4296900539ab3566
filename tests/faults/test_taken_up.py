"""What a killed worker had put by is taken up once, and what it had been told is still known."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faults.crashes import pids, restarts, supervisor_of, until_ready
from routilux import Event, Flow, Routine, Runtime, Slot, policies
from routilux.ipc.layout import WORD
from routilux.supervisor.supervisor import Supervisor

TIMEOUT = 50.0


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    made = Runtime()
    yield made
    made.close(grace=1.0)


class Pairs(Routine):
    value = Slot()
    out = Event()
    policy = policies.batch_size(2)

    def logic(self, value: list[int]) -> None:
        self.out.emit(value)


class Whole(Routine):
    value = Slot()
    out = Event()
    policy = policies.whole_job()

    def logic(self, value: list[int]) -> None:
        self.out.emit(sum(value))


class Back(Routine):
    """Sends its first message back once there is a file `go`."""

    value = Slot()
    again = Event()
    done = Event()
    folder: str = ""

    def logic(self, value: int) -> None:
        if value > 1:
            self.done.emit(value)
            return
        until(Path(self.folder, "go").exists)
        self.again.emit(value + 1)


def until(happened: Callable[[], object], deadline: float = 30.0) -> None:
    waiting = threading.Event()
    for _ in range(int(deadline * 100)):
        if happened():
            return
        waiting.wait(0.01)
    pytest.fail("what was waited for did not happen in time")


def word(supervisor: Supervisor, process: str, name: str) -> int:
    index = next(p.index for p in supervisor.plan.processes if p.name == process)
    return supervisor._arena.words[supervisor._arena.layout.sections[index].words[name] // WORD]


def kill(supervisor: Supervisor, process: str) -> None:
    """Kill a worker, and wait until its successor is there."""
    os.kill(pids(supervisor)[process], signal.SIGKILL)
    until(lambda: restarts(supervisor))
    until_ready(supervisor)


@pytest.mark.parametrize("kills", [False, True])
def test_a_message_set_aside_for_a_paused_job_is_taken_up_once(runtime: Runtime, *, kills: bool) -> None:
    flow = Flow().pipe(Pairs())
    job = runtime.exec(flow, value=1, start_paused=True)
    supervisor = supervisor_of(runtime, flow)
    until(lambda: word(supervisor, "pairs-0", "live"))
    if kills:
        kill(supervisor, "pairs-0")
    job.resume()
    assert job.result(TIMEOUT) == [1]


@pytest.mark.parametrize("kills", [False, True])
def test_what_comes_round_a_cycle_after_the_end_was_told_is_used(
    runtime: Runtime, tmp_path: Path, *, kills: bool
) -> None:
    flow = Flow()
    flow.add_routine(Whole(), "whole")
    flow.add_routine(Back(folder=str(tmp_path)), "back")
    flow.connect("whole", "out", "back", "value")
    flow.connect("back", "again", "whole", "value")
    job = runtime.exec(flow, entry="whole", value=1)
    supervisor = supervisor_of(runtime, flow)
    until(lambda: word(supervisor, "whole-0", "final"))
    if kills:
        kill(supervisor, "whole-0")
    (tmp_path / "go").touch()
    assert job.result(TIMEOUT) == 2
    assert job.counters["whole"]["unused"] == 0
