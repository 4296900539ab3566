"""The user's hooks, over real processes and in the inline engine."""

import threading
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import pytest

from process.flows.told import Both, Fails, Holds, Notes, killed_once, left, numbers, odd, right, sink
from routilux import ExecutionHooks, ExecutionStatus, Flow, FlowError, JobState, Runtime, retry
from routilux.clock import Deadline, pause

pytestmark = pytest.mark.one_python

PATIENCE = 50.0
Engine = Literal["local", "inline"]
ENGINES: tuple[Engine, ...] = ("local", "inline")


def diamond() -> Flow:
    flow = Flow("diamond")
    flow.add_routine(numbers, "numbers")
    flow.add_routine(left, "left")
    flow.add_routine(right, "right")
    flow.add_routine(Both(), "both")
    for side, slot in (("left", "a"), ("right", "b")):
        flow.connect("numbers", "output", side, "x")
        flow.connect(side, "output", "both", slot)
    return flow


def failing(on_error: Any) -> Flow:
    flow = Flow("failing")
    flow.add_routine(numbers, "numbers")
    flow.add_routine(odd, "odd", on_error=on_error)
    flow.add_routine(sink, "sink")
    flow.connect("numbers", "output", "odd", "x")
    flow.connect("odd", "output", "sink", "x")
    return flow


def notes(engine: Engine, flow: Flow, path: Path) -> Counter[str]:
    """What the hooks were told of one job and its flow."""
    with Runtime(engine=engine, hooks=[Notes(str(path))]) as runtime:
        runtime.exec(flow, n=4, job_id="one").wait(PATIENCE)
    return Counter(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize(
    "flow", [diamond(), failing("skip"), failing("continue"), failing(retry(2, backoff=0.001, then="skip"))]
)
def test_both_engines_tell_the_hooks_the_same(flow: Flow, tmp_path: Path) -> None:
    inline, local = (notes(engine, flow, tmp_path / engine) for engine in ("inline", "local"))
    assert inline == local
    assert inline["flow starts " + flow.name] == inline["flow ends " + flow.name] == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_hooks_see_the_life_of_a_message(engine: Engine, tmp_path: Path) -> None:
    flow = Flow("one")
    flow.add_routine(left, "left")
    path = tmp_path / "notes"
    with Runtime(engine=engine, hooks=[Notes(str(path))]) as runtime:
        runtime.exec(flow, x=7, job_id="job-1").wait(PATIENCE)
    said = [line for line in path.read_text(encoding="utf-8").splitlines() if " left " in f"{line} "]
    assert said == [
        "received job-1 left x 7",
        "activates job-1 left x",
        "starts job-1 left {'x': 7}",
        "emits job-1 left output {'key': 7, 'left': 7}",
        "ends job-1 left completed True NoneType",
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_hooks_that_raise_harm_nothing(engine: Engine) -> None:
    with Runtime(engine=engine, hooks=[Fails()]) as runtime:
        job = runtime.exec(diamond(), n=20).wait(PATIENCE)
        assert sorted(value["key"] for value in job.results()) == list(range(20))


def paused(job: JobState) -> None:
    """Wait until a hook has paused the job."""
    deadline = Deadline.after(PATIENCE)
    while job.status is not ExecutionStatus.PAUSED:
        assert not job.ended
        assert not deadline.passed
        pause(0.001)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("slot", 3),
        ("routine", 3),
        ("event", {"key": 3, "left": 3}),
        ("slot", {"key": 3, "right": 3}),
        ("routine", {"key": 3, "right": 3}),
        ("event", {"key": 3, "left": 3, "right": 3}),
    ],
)
def test_what_a_hook_holds_goes_on_when_the_job_is_resumed(engine: Engine, place: str, value: Any) -> None:
    with Runtime(engine=engine, hooks=[Holds(place, value)]) as runtime:
        job = runtime.exec(diamond(), n=6)
        holds = 0
        while not job.ended:
            paused(job)
            holds += 1
            job.resume()
            settle(job)
        assert sorted(value["key"] for value in job.results()) == list(range(6))
        assert holds >= 1


def settle(job: JobState) -> None:
    """Wait until the job has ended, or is held again."""
    deadline = Deadline.after(PATIENCE)
    while not job.ended and job.status is not ExecutionStatus.PAUSED:
        assert not deadline.passed
        pause(0.001)


@pytest.mark.parametrize("place", ["slot", "routine"])
def test_a_held_message_is_not_used_before_its_job_is_resumed(place: str) -> None:
    flow = Flow("held")
    flow.add_routine(left, "left")
    with Runtime(hooks=[Holds(place, 1)]) as runtime:
        job = runtime.exec(flow, x=1)
        paused(job)
        assert runtime.run(flow, x=2, timeout=PATIENCE) == {"key": 2, "left": 2}
        assert job.counters["left"]["activations"] == 0
        job.resume()
        assert job.result(PATIENCE) == {"key": 1, "left": 1}


def test_a_held_message_survives_the_death_of_its_worker(tmp_path: Path) -> None:
    flow = Flow("victim")
    flow.add_routine(killed_once, "victim")
    path = str(tmp_path / "there")
    with Runtime(hooks=[Holds("slot", path)]) as runtime:
        job = runtime.exec(flow, path=path)
        for _ in range(2):  # the second time it is held by the successor, which has not held it before
            paused(job)
            job.resume()
            settle(job)
        assert job.result(PATIENCE) == "survived"


class Crew(ExecutionHooks):
    """Notes what becomes of processes; lives in the Runtime's process."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, str, str]] = []

    def __reduce__(self) -> Any:
        return Crew, ()

    def on_process_change(self, flow_name: str, routine_id: str, pid: int, change: str, how: str) -> None:
        self.changes.append((routine_id, change, how))


def test_deaths_and_starts_of_processes_are_told(tmp_path: Path) -> None:
    flow, crew = Flow("victim"), Crew()
    flow.add_routine(killed_once, "victim")
    with Runtime(hooks=[crew]) as runtime:
        runtime.run(flow, path=str(tmp_path / "there"), timeout=PATIENCE)
    assert crew.changes == [
        ("victim", "started", ""),
        ("victim", "died", "was killed by signal 9 (SIGKILL)"),
        ("victim", "started", ""),
    ]


def test_hooks_that_cannot_travel_are_refused_by_name() -> None:
    class Stuck(ExecutionHooks):
        def __init__(self) -> None:
            self.stuck = threading.Lock()

    flow = Flow("one")
    flow.add_routine(left, "left")
    with Runtime(hooks=[Stuck()]) as runtime, pytest.raises(FlowError, match="hooks cannot be shipped"):
        runtime.run(flow, x=1)
