"""What Ctrl-C and SIGTERM make of a command: the first asks for the end, the second takes it."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import strays
from process.command import DEADLINE, Command, commands, draining, ended, last_line, wait_for, with_any_job
from process.flows.script import begin_script
from process.flows.workers import until
from routilux.clock import Deadline
from routilux.commands import Describe, Description, Submit
from routilux.debug.recordings import End, Recorded, write
from routilux.debugcommands import AskSession, SessionInfo
from routilux.frontdesk.visit import ask
from routilux.ipc.codec import Encoder, in_one_piece

LONG = ("--drain", "60")
"""Whoever is to be drained is, on the slowest machine; and who ends within DEADLINE was killed."""
LATE = "not drained within 2 seconds: 1 job left (JOB)\ncancelled: what was in flight is lost\n"
HUNG = """
from flows import hangs
from routilux import Runtime

if __name__ == "__main__":
    with Runtime(monitor=True) as runtime:
        runtime.exec(hangs).wait()
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Command]:
    with commands(tmp_path) as run:
        yield run


@pytest.mark.parametrize("engine", ["local", "inline"])
def test_ctrl_c_drains_and_shows_what_there_is(start: Command, tmp_path: Path, engine: str) -> None:
    process = start("run", "flows.py:endless", "--engine", engine, *LONG)
    wait_for(tmp_path / "started", process)
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert (code, err) == (130, draining(60))
    assert "total.total" in out
    field, total = last_line(out).split()
    assert field == "total"
    assert int(total.replace(",", "")) > 0


def test_a_drained_job_says_so_in_json(start: Command, tmp_path: Path) -> None:
    process = start("run", "flows.py:endless", "--json", *LONG)
    wait_for(tmp_path / "started", process)
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    found = json.loads(out)
    assert (code, err) == (130, draining(60))
    assert found["status"] == "cancelled"
    assert found["error"]["type"] == "JobCancelled"
    assert found["results"][0]["payload"]["total"] == found["counters"]["total"]["activations"]


def test_sigterm_drains_too(start: Command, tmp_path: Path) -> None:
    process = start("run", "flows.py:endless")
    wait_for(tmp_path / "started", process)
    process.terminate()
    code, out, err = ended(process)
    assert (code, err) == (143, draining(30))
    assert "total.total" in out


@pytest.mark.parametrize("engine", ["local", "inline"])
def test_a_second_ctrl_c_kills_everything(start: Command, tmp_path: Path, engine: str) -> None:
    process = start("run", "flows.py:hangs", "--engine", engine, *LONG)
    wait_for(tmp_path / "started", process)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    assert process.stderr
    assert process.stderr.readline() == draining(60)
    process.send_signal(signal.SIGINT)
    assert process.wait(DEADLINE) == 130  # within one second, on a machine that has nothing else to do
    assert process.communicate(timeout=DEADLINE) == ("", "")
    assert not psutil.wait_procs(workers, timeout=DEADLINE)[1]


def test_ctrl_c_over_and_over_is_twice_ctrl_c(start: Command, tmp_path: Path) -> None:
    process, deadline = start("run", "flows.py:hangs", *LONG), Deadline.after(DEADLINE)
    wait_for(tmp_path / "started", process)
    while process.poll() is None:
        assert not deadline.passed
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)  # or the kernel makes one signal of two
    code, out, err = ended(process)
    assert (code, out) == (130, "")
    assert err in {"", draining(60)}


def test_ctrl_c_while_the_users_module_is_imported_ends_at_once(start: Command, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(60)\n"
    )
    process = start("run", "slow.py:flow")
    wait_for(tmp_path / "started", process)
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "", "")


@pytest.mark.parametrize("options", [(), ("--monitor",)])
def test_ctrl_c_ends_a_run_that_hangs_when_its_time_is_over(
    start: Command, tmp_path: Path, options: tuple[str, ...]
) -> None:
    process = start("run", "flows.py:hangs", *options)
    wait_for(tmp_path / "started", process)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert (code, with_any_job(err[err.find("draining") :])) == (3, draining(2) + LATE)
    assert out.startswith("only: 1 worker, 0 activations, ")
    assert not psutil.wait_procs(family, timeout=DEADLINE)[1]


def test_ctrl_c_lets_go_what_a_breakpoint_holds(start: Command, tmp_path: Path, folder: Path) -> None:
    process = start("run", "flows.py:tells", "-p", "n=1", "--break", "only.output", *LONG)
    wait_for(tmp_path / "started", process)
    until(lambda: is_held(folder))
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert (code, err[err.find("draining") :]) == (130, draining(60))
    assert last_line(out) == "only.output: 1"


def is_held(folder: Path) -> bool:
    """Whether something is, of the only job of the only runtime."""
    (directory,) = folder.glob("routilux-*")
    described = ask(directory, Describe())
    assert isinstance(described, Description)
    session = ask(directory, AskSession(described.jobs[0].job_id)) if described.jobs else None
    return isinstance(session, SessionInfo) and bool(session.holds)


def test_ctrl_c_ends_the_demo_at_once(start: Command) -> None:
    process = start("demo", "--monitor")
    family = psutil.Process(process.pid)
    until(lambda: sum("source_metrics:" in strays.command(each) for each in family.children()) > 4)
    left = family.children(recursive=True)
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    assert (code, len(err.splitlines())) == (130, 1)  # the monitor's link: nothing is drained
    assert not psutil.wait_procs(left, timeout=DEADLINE)[1]


def test_ctrl_c_ends_a_replay_at_once(start: Command, tmp_path: Path) -> None:
    payload = in_one_piece(Encoder().encode(-1))
    write(
        tmp_path / "one.rlx",
        [Recorded(flow="one", job_id="j", routine="only", slot="n", payload=payload)],
        End(1),
    )
    process = start("replay", "one.rlx", "flows.py:tells")
    wait_for(tmp_path / "started", process)
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "", "")


@pytest.mark.parametrize("is_busy", [False, True])
def test_ctrl_c_ends_serve(start: Command, tmp_path: Path, folder: Path, *, is_busy: bool) -> None:
    process = start("serve", "flows.py:hangs", "--port", "0")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("monitor: ")
    family = psutil.Process(process.pid).children(recursive=True)
    if is_busy:
        ask(next(folder.glob("routilux-*")), Submit("one", "only"))
        wait_for(tmp_path / "started", process)
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    assert (code, with_any_job(err)) == ((3, draining(2) + LATE) if is_busy else (0, ""))
    assert not psutil.wait_procs(family, timeout=DEADLINE)[1]


def test_ctrl_c_ends_a_script_with_a_monitor(start: Command, tmp_path: Path) -> None:
    del start  # it has brought the flows
    with begin_script(tmp_path, HUNG) as process:
        wait_for(tmp_path / "started", process)
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        _, _, err = ended(process)
    assert err.endswith("KeyboardInterrupt\n")
    assert not psutil.wait_procs(family, timeout=DEADLINE)[1]
