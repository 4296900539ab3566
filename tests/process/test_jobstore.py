"""The job store with real processes: what a runtime has recorded outlives it, also when it is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from routilux import Flow, Runtime, incarnation
from routilux.jobstore import JobStore

pytestmark = pytest.mark.one_python

FLOWS = """
import os
import threading

import numpy as np

from routilux import Flow, Runtime, routine


@routine
def numbers(count):
    yield from range(count)


@routine
def square(number):
    return number * number


@routine
def pixels(count):
    return np.ones(count)


@routine
def fails(count):
    raise ValueError("as told")


@routine
def dies(count):
    os._exit(7)


@routine
def stuck(count):
    threading.Event().wait()


squares = Flow("squares").pipe(numbers).pipe(square)
flows = {name: Flow(name).pipe(made) for name, made in
         {"pixels": pixels, "fails": fails, "dies": dies, "stuck": stuck}.items()}

if __name__ == "__main__":
    with Runtime(job_store="jobs.sqlite") as runtime:
        runtime.exec(squares, count=1000).wait(60)
        runtime.exec(flows["pixels"], count=100_000).wait(60)
        runtime.exec(flows["fails"], count=1).wait(60)
        runtime.exec(flows["dies"], count=1).wait(60)
        runtime.exec(flows["stuck"], count=1)
        runtime.job_store.flush()
        print("recorded", flush=True)
        threading.Event().wait()
"""
READ = """
import json
from routilux.jobstore import JobStore

store = JobStore("jobs.sqlite")
found = {record.flow: record.status for record in store.jobs()}
squares = sum(output.payload for output in store.outputs(1))
print(json.dumps([found, squares, int(next(store.outputs(2)).payload.sum())]))
"""
DEADLINE = 60.0


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts an interpreter in a folder of its own, and ends what a failing test has left running."""
    begun: list[subprocess.Popen[str]] = []

    def start(program: str) -> subprocess.Popen[str]:
        script = tmp_path / f"script{len(begun)}.py"
        script.write_text(program, encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, str(script)],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        begun.append(process)
        return process

    yield start
    for process in begun:
        with process:
            process.kill()


def test_a_second_interpreter_reads_what_a_killed_one_has_recorded(
    run: Callable[[str], subprocess.Popen[str]], tmp_path: Path
) -> None:
    first = run(FLOWS)
    assert first.stdout
    assert first.stdout.readline() == "recorded\n"
    alive = JobStore(tmp_path / "jobs.sqlite").jobs(status="running")
    assert [(record.flow, record.pid) for record in alive] == [("stuck", first.pid)]
    first.kill()
    first.wait(DEADLINE)
    out, _ = run(READ).communicate(timeout=DEADLINE)
    found, squares, pixels = json.loads(out)
    assert found == {
        "squares": "completed",
        "pixels": "completed",
        "fails": "failed",
        "dies": "completed",
        "stuck": "lost",
    }
    assert (squares, pixels) == (sum(n * n for n in range(1000)), 100_000)
    store = JobStore(tmp_path / "jobs.sqlite")
    error = store.job(3).error
    assert error is not None
    assert (error.cause, 'raise ValueError("as told")' in error.traceback) == ("ValueError", True)
    assert "exited with code 7 3 times" in store.errors(4)[0].message


def test_jobs_of_one_store_are_told_by_several_runtimes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    with Runtime(job_store=path) as one, Runtime(job_store=path) as other:
        jobs = [runtime.exec(squares(), count=count) for count in (10, 20) for runtime in (one, other)]
        sums = [sum(job.results(DEADLINE)) for job in jobs]
    store = JobStore(path)
    assert [record.status for record in store.jobs()] == ["completed"] * 4
    assert sorted(sum(o.payload for o in store.outputs(n)) for n in (1, 2, 3, 4)) == sorted(sums)


def squares() -> Flow:
    scope: dict[str, object] = {"__name__": "flows"}
    exec(FLOWS, scope)  # the very flow of the script
    found = scope["squares"]
    assert isinstance(found, Flow)
    return found


def test_a_job_that_its_runtime_ends_is_told_as_ended(tmp_path: Path) -> None:
    runtime = Runtime(job_store=tmp_path / "jobs.sqlite")
    job = runtime.exec(squares(), count=10**9)
    runtime.close(grace=0.5)
    (record,) = JobStore(tmp_path / "jobs.sqlite").jobs()
    assert (record.status, record.finished_at) == ("cancelled", job.finished_at)
    assert record.counters == job.counters


def test_a_process_that_is_dead_and_not_yet_reaped_counts_as_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert incarnation.started(process.pid) is not None
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert incarnation.started(process.pid) is None
