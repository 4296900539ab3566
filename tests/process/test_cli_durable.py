"""Durable runs on the command line, and what a signal leaves of a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from process.command import with_any_job
from routilux.deadletters import DeadLetters
from routilux.jobstore import JobStore

pytestmark = pytest.mark.one_python

FLOWS = """
import os
import time
from pathlib import Path

from routilux import Flow, routine


@routine
def count(n):
    yield from range(n)


@routine
def trickle(n):
    for number in range(n):
        time.sleep(0 if Path("go").exists() else 0.005)
        yield number


@routine
def slow(value):
    Path("started").touch()
    while value == 0 and not Path("go").exists():
        time.sleep(0.005)
    return value


@routine
def deadly(value):
    if value == 3:
        os._exit(7)
    return value


@routine
def total(numbers):
    return sorted(numbers)


def chain(*routines):
    flow = Flow("chain")
    for each in routines:
        flow.pipe(each)
    return flow


slowly, trickling, deaths = chain(count, slow), chain(trickle, slow), chain(count, deadly)
"""
"""Only `deaths` ends before there is a file `go`: the others are under way, whatever happens to them."""
DEADLINE = 50.0
Command = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Command]:
    """Starts `routilux` in a folder with the flows above, and ends what a failing test has left running."""
    (tmp_path / "flows.py").write_text(FLOWS, encoding="utf-8")
    begun: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "routilux", *arguments],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"NO_COLOR": "1", "COLUMNS": "100"},
        )
        begun.append(process)
        return process

    yield run
    for process in begun:
        with process:
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, output, errors."""
    out, err = process.communicate(timeout=DEADLINE)
    return process.returncode, out, err


def once_started(process: subprocess.Popen[str], folder: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while not (folder / "started").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def resumed(start: Command, folder: Path) -> list[object]:
    """What comes out of the one job that `routilux resume state` goes on with."""
    (folder / "go").touch()
    code, out, err = ended(start("resume", "state", "--json"))
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["status"] == "completed"
    return [result["payload"] for result in found["results"]]


def files(state: Path) -> list[str]:
    return sorted(path.name for path in state.rglob("*"))


def test_a_run_that_was_killed_is_resumed(start: Command, tmp_path: Path) -> None:
    process = start("run", "flows.py:slowly", "-p", "n=60", "--state-dir", "state")
    once_started(process, tmp_path)
    process.kill()
    process.wait(DEADLINE)
    code, _, err = ended(start("run", "flows.py:slowly", "-p", "n=1", "--state-dir", "state"))
    assert code == 1
    assert "holds an unfinished run of 1-chain: go on with Runtime.resume(...) or `routilux resume`" in err
    assert resumed(start, tmp_path) == list(range(60))
    assert files(tmp_path / "state") == ["run.lock"]


def test_what_a_run_comes_to_is_in_the_files_that_were_named(start: Command, tmp_path: Path) -> None:
    stores = ("--job-store", "jobs.sqlite", "--dead-letters", "dead.sqlite")
    code, out, _ = ended(start("run", "flows.py:deaths", "-p", "n=5", "--json", *stores))
    assert code == 0
    assert [result["payload"] for result in json.loads(out)["results"]] == [0, 1, 2, 4]
    store, letters = JobStore(tmp_path / "jobs.sqlite"), DeadLetters(tmp_path / "dead.sqlite")
    assert [job.status for job in store.jobs()] == ["completed"]
    assert [letter.payload for letter in letters.all()] == [3]
    store.close()
    letters.close()


@pytest.mark.parametrize(("flow", "drain"), [("slowly", "0.2"), ("trickling", "0")])
def test_a_durable_run_that_is_not_drained_in_time_is_suspended(
    start: Command, tmp_path: Path, flow: str, drain: str
) -> None:
    process = start("run", f"flows.py:{flow}", "-p", "n=60", "--state-dir", "state", "--drain", drain)
    once_started(process, tmp_path)
    process.terminate()
    code, _, err = ended(process)
    assert code == 3
    assert with_any_job(err).splitlines()[-2:] == [
        f"not drained within {drain} seconds: 1 job left (JOB)",
        "suspended: go on with routilux resume state",
    ]
    assert resumed(start, tmp_path) == list(range(60))
    assert files(tmp_path / "state") == ["run.lock"]


def test_a_run_that_is_not_durable_is_cancelled_when_the_time_is_over(start: Command, tmp_path: Path) -> None:
    process = start("run", "flows.py:slowly", "-p", "n=60", "--drain", "0.2", "--json")
    once_started(process, tmp_path)
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert code == 3
    assert err.splitlines()[-1] == "cancelled: what was in flight is lost"
    assert json.loads(out)["status"] == "cancelled"


def test_a_job_whose_source_was_stopped_is_not_called_complete_when_it_is_resumed(
    start: Command, tmp_path: Path
) -> None:
    process = start("run", "flows.py:trickling", "-p", "n=3000", "--state-dir", "state", "--drain", "0.5")
    once_started(process, tmp_path)
    process.terminate()
    assert ended(process)[0] == 3
    (tmp_path / "go").touch()
    code, out, _ = ended(start("resume", "state", "--json"))
    found = json.loads(out)
    assert (code == 0) == (found["status"] == "completed") == (len(found["results"]) == 3000)


def test_after_a_second_signal_a_durable_run_can_be_resumed(start: Command, tmp_path: Path) -> None:
    process = start("run", "flows.py:slowly", "-p", "n=60", "--state-dir", "state", "--drain", "60")
    once_started(process, tmp_path)
    process.send_signal(signal.SIGINT)
    assert process.stderr
    assert process.stderr.readline().startswith("draining")
    process.send_signal(signal.SIGINT)
    assert ended(process)[0] == 130
    assert resumed(start, tmp_path) == list(range(60))


def test_resume_says_what_there_is_not(start: Command, tmp_path: Path) -> None:
    code, _, err = ended(start("resume", "nowhere"))
    assert code == 1
    assert err == f"error: '{tmp_path}/nowhere' is no state directory: there is no run.lock in it\n"
    (tmp_path / "go").touch()
    assert ended(start("run", "flows.py:slowly", "-p", "n=1", "--state-dir", "state"))[0] == 0
    assert ended(start("resume", "state")) == (0, "there is nothing to resume in 'state'\n", "")
