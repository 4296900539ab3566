"""However a program ends, nothing of its runtime is left: no process, no folder, no descriptor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

import strays
from process.flows import payloads
from process.flows.failures import NoSetup
from process.flows.script import begin_script
from process.flows.stages import Dies, Echo, double, numbers, pid
from routilux import Flow, RoutineCrashed, Runtime

TIMEOUT = 30.0

SCRIPT = """
import os, sys, signal, threading
from process.flows.stages import Echo, Ticks, double, numbers, spin, spin_in_c
from routilux import Flow, Runtime

busy, end = sys.argv[1:]
runtime = Runtime()
flow = Flow()
flow.add_routine(numbers, "numbers")
flow.add_routine(Echo(), "echo")
flow.add_routine({"python": spin, "c": spin_in_c, "idle": double}[busy], "busy", workers=2)
flow.connect("numbers", "output", "echo", "value")
flow.connect("echo", "out", "busy", "value")
outputs = runtime.exec(flow, n=100_000)
started = Flow("started").pipe(double)
runtime.run(started, value=1, timeout=30)
with open(f"/proc/{os.getpid()}/task/{os.getpid()}/children") as children:
    pass
import psutil
print(os.getpid(), *[child.pid for child in psutil.Process().children(recursive=True)], flush=True)
match end:
    case "wait":
        threading.Event().wait(60)
    case "exit":
        sys.exit(3)
    case "raise":
        raise KeyError("in the main thread")
    case "os._exit":
        os._exit(4)
    case "fall off":
        pass
    case "with":
        with runtime:
            raise KeyError("within")
"""


@contextmanager
def running(
    folder: Path, busy: str, end: str
) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """The script once its workers are there, and all its processes."""
    with begin_script(folder, SCRIPT, busy, end) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.communicate()
            found = []
            for number in line.split()[1:]:
                try:
                    found.append(psutil.Process(int(number)))
                except psutil.NoSuchProcess:
                    continue
            yield process, found
        finally:
            process.kill()


def all_gone(processes: list[psutil.Process]) -> bool:
    """Whether they end in time; a zombie that nobody here can reap has ended."""
    _, alive = psutil.wait_procs(processes, timeout=TIMEOUT)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive if process.is_running())


def held(pid: int | str) -> int:
    """How many descriptors a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.fixture(autouse=True)
def _own_temporary_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """A folder of its own, so that runtimes of other sessions are not in sight; a short one, for sockets."""
    tmp_path_factory.getbasetemp()  # pytest's own is not to lie in it
    with tempfile.TemporaryDirectory(prefix="rt-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("routilux-*"))


def until(holds: Callable[[], object], timeout: float = TIMEOUT) -> bool:
    waiting = threading.Event()
    for _ in range(int(timeout * 50)):
        if holds():
            return True
        waiting.wait(0.02)
    return False


BUSY = ("python", "c", "idle")


@pytest.mark.parametrize("busy", BUSY)
def test_a_killed_program_leaves_nothing(tmp_path: Path, busy: str) -> None:
    before = folders()
    with running(tmp_path, busy, "wait") as (process, processes):
        os.kill(process.pid, signal.SIGKILL)
        assert all_gone(processes)
        assert until(lambda: folders() <= before)


@pytest.mark.parametrize("busy", BUSY)
def test_a_terminated_program_leaves_nothing(tmp_path: Path, busy: str) -> None:
    before = folders()
    with running(tmp_path, busy, "wait") as (process, processes):
        process.terminate()
        assert all_gone(processes)
        assert until(lambda: folders() <= before)


@pytest.mark.parametrize(
    ("end", "code", "busy"),
    [
        *(("exit", 3, busy) for busy in BUSY),  # it has time to close
        *(("os._exit", 4, busy) for busy in BUSY),  # the kernel ends its workers
        ("raise", 1, "python"),
        ("fall off", 0, "c"),
        ("with", 1, "idle"),
    ],
)
def test_a_program_that_ends_in_the_middle_leaves_nothing(
    tmp_path: Path, busy: str, end: str, code: int
) -> None:
    before = folders()
    with running(tmp_path, busy, end) as (process, processes):
        _, err = process.communicate(timeout=TIMEOUT)
        assert process.returncode == code
        assert all_gone(processes)
        assert until(lambda: folders() <= before)
        assert ("KeyError" in err) == (end in {"raise", "with"})
        assert "routilux/" not in err


def test_an_interrupted_program_leaves_nothing(tmp_path: Path) -> None:
    before = folders()
    with running(tmp_path, "python", "wait") as (process, processes):
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=TIMEOUT)
        assert all_gone(processes)
        assert until(lambda: folders() <= before)
        assert "KeyboardInterrupt" in err


def test_the_folder_of_a_killed_janitor_is_swept_by_the_next_runtime(tmp_path: Path) -> None:
    before = folders()
    with running(tmp_path, "idle", "wait") as (process, processes):
        janitor = (each.pid for each in processes if "sh" in each.name())
        for number in (*janitor, process.pid):  # the janitor first: it is quick to tidy up
            os.kill(number, signal.SIGKILL)
        assert all_gone(processes)
    assert folders() > before
    with Runtime() as runtime:
        runtime.run(Flow().pipe(double), value=1, timeout=TIMEOUT)
    assert folders() <= before


def test_a_running_runtimes_folder_is_left_alone_by_the_next(tmp_path: Path) -> None:
    with running(tmp_path, "idle", "wait") as (_, processes):
        there = folders()
        with Runtime() as runtime:
            runtime.run(Flow().pipe(double), value=1, timeout=TIMEOUT)
        assert there <= folders()
        assert all(process.is_running() for process in processes)


def test_a_runtime_that_was_never_used_starts_nothing() -> None:
    before = strays.our_processes(), strays.descriptors()
    runtime = Runtime()
    assert (strays.our_processes(), strays.descriptors(), folders()) == (*before, set())
    runtime.close()


@pytest.mark.parametrize("what", ["small", "large", "dead", "stopped"])
def test_nothing_is_left_once_close_returns(what: str) -> None:
    before = strays.belongings()
    flow = (
        Flow().pipe(Dies())
        if what == "dead"
        else Flow().pipe(payloads.Frames() if what == "large" else numbers, "source").pipe(Echo())
    )
    runtime = Runtime()
    job = runtime.exec(flow, {"value": "kill"} if what == "dead" else {"n": 50}).wait(TIMEOUT)
    if what == "stopped":
        runtime.stop(flow)
    runtime.close()
    left = strays.belongings() - before
    assert (left.processes, left.descriptors, folders()) == (frozenset(), frozenset(), set())
    assert job.ended


def test_a_stopped_flow_gives_its_memory_back() -> None:
    before = strays.descriptors()
    with Runtime() as runtime:
        flow = Flow().pipe(payloads.Frames()).pipe(Echo())
        job = runtime.exec(flow, n=50).wait(TIMEOUT)
        runtime.stop(flow)
        assert [target for _, target in strays.descriptors() - before if "memfd" in target] == []
    assert job.status == "completed"


def test_descriptors_are_flat_over_many_runtimes() -> None:
    def once() -> int:
        with Runtime() as runtime:
            runtime.run(Flow().pipe(double), value=1, timeout=TIMEOUT)
        return held("self")

    once()
    counts = [once() for _ in range(8)]
    assert counts[-1] <= counts[0]


def test_threads_are_flat_over_many_runtimes() -> None:
    before = threading.active_count()
    for _ in range(5):
        with Runtime() as runtime:
            list(runtime.stream(Flow().pipe(double), range(10)))
    assert threading.active_count() == before


def test_descriptors_are_flat_over_many_jobs() -> None:
    flow = Flow().pipe(double).pipe(pid)

    def counts() -> tuple[int, int]:
        return held("self"), held(worker)

    with Runtime() as runtime:
        worker = runtime.run(flow, value=1, timeout=TIMEOUT)
        for _ in range(20):  # until every socket has met its peer
            runtime.run(flow, value=1, timeout=TIMEOUT)
        before = counts()
        for n in range(500):
            assert runtime.run(flow, value=n, timeout=TIMEOUT) == worker
        assert counts() <= before


def test_descriptors_are_flat_over_many_deaths() -> None:
    flow = Flow().pipe(Dies())

    def once() -> int:
        with Runtime() as runtime:
            for _ in range(2):
                runtime.exec(flow, value="kill").wait(TIMEOUT)
        return held("self")

    once()
    counts = [once() for _ in range(3)]
    assert counts[-1] <= counts[0]


def test_stopping_a_flow_that_failed_leaves_no_process() -> None:
    flow = Flow().pipe(Echo()).pipe(NoSetup())
    with Runtime() as runtime:
        runtime.run(Flow("other").pipe(double), value=1, timeout=TIMEOUT)
        before = strays.our_processes()
        runtime.exec(flow, value=1).wait(TIMEOUT)
        runtime.stop(flow)
        assert strays.our_processes() <= before


def test_an_interpreter_that_is_not_there_is_named_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with Runtime() as runtime, pytest.raises(RoutineCrashed, match="/nonexistent/python"):
        runtime.run(Flow().pipe(double), value=1, timeout=TIMEOUT)
