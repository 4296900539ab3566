"""A monitor beside a runtime: a process of its own, found where it says, gone with the runtime."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest

from process.beside import get, is_monitor, monitors, post, until
from process.flows.script import begin_script, environment
from process.flows.stages import double
from routilux import Flow, FlowError, JobState, RoutiluxError, Runtime, monitoring, routine
from routilux.monitoring import Monitor

pytestmark = [pytest.mark.one_python, pytest.mark.usefixtures("own_files")]

TIMEOUT = 30.0

FLOW = """
from routilux import Flow, routine

@routine
def double(value: int) -> int:
    return value * 2

doubles = Flow("doubles").pipe(double)
"""
PROGRAM = (
    FLOW
    + """
import sys, threading
from routilux import Runtime

if __name__ == "__main__":
    runtime = Runtime(monitor=True)
    runtime.run(doubles, value=1)
    print(runtime.monitor.link, flush=True)
    match sys.argv[1]:
        case "wait":
            threading.Event().wait(60)
        case "raise":
            raise KeyError("in the main thread")
        case "close":
            runtime.close()
"""
)


def test_the_monitor_shows_what_the_runtime_runs() -> None:
    with Runtime(monitor=True) as runtime:
        assert runtime.monitor is not None
        link = runtime.monitor.link
        job = runtime.exec(Flow("doubles").pipe(double), value=1).wait(TIMEOUT)
        assert until(lambda: [j["status"] for j in get(link, "/jobs")["jobs"]] == ["completed"])
        assert [j["job_id"] for j in get(link, "/jobs")["jobs"]] == [job.job_id]
        assert [flow["flow_id"] for flow in get(link, "/flows")["flows"]] == ["doubles"]
        with pytest.raises(HTTPError, match="401"):
            urlopen(f"{runtime.monitor.url}/api/v1/jobs", timeout=20)
    assert not monitors()


def test_a_runtime_has_no_monitor_unless_it_is_asked_for() -> None:
    with Runtime() as runtime:
        assert runtime.monitor is None


@pytest.mark.parametrize("monitor", ["yes", -1, 70_000])
def test_what_asks_for_no_monitor_is_refused(monitor: Any) -> None:
    with pytest.raises(FlowError, match="give True, or the number of a port"):
        Runtime(monitor=monitor)


def test_the_inline_engine_has_nothing_to_watch() -> None:
    with pytest.raises(FlowError, match="engine='inline'"):
        Runtime(engine="inline", monitor=True)


def test_a_taken_port_is_named_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RoutiluxError, match=f"the monitor could not start.*{port}"):
            Runtime(monitor=port)
    assert not monitors()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "NEEDED", ("routilux_monitor", "no_such_package"))
    with pytest.raises(RoutiluxError, match="needs the module 'no_such_package'"):
        Runtime(monitor=True)


def test_a_failure_after_the_monitor_has_started_ends_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RoutiluxError, match="cannot be a state directory"):
        Runtime(monitor=True, state_dir=tmp_path / "file" / "folder")
    assert not monitors()


def test_a_monitor_that_was_killed_harms_no_flow(caplog: pytest.LogCaptureFixture) -> None:
    with Runtime(monitor=True) as runtime:
        (monitor,) = monitors()
        monitor.kill()
        assert until(lambda: "the monitor has ended by itself" in caplog.text)
        assert runtime.run(Flow("doubles").pipe(double), value=2) == 4


def test_a_monitor_that_hangs_is_killed_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "LEAVE_SECONDS", 0.2)
    runtime = Runtime(monitor=True)
    (monitor,) = monitors()
    monitor.suspend()
    runtime.close()
    assert not monitor.is_running()


def test_a_monitor_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "_BOOT", "raise SystemExit(3)")
    with pytest.raises(RoutiluxError, match="it has ended without a word"):
        Monitor(monitoring.Wish())
    monkeypatch.setattr(monitoring, "_BOOT", "import os, sys; os.write(int(sys.argv[5]), b'no json\\n')")
    with pytest.raises(RoutiluxError, match="has announced b'no json"):
        Monitor(monitoring.Wish())


def test_a_monitor_shows_what_ended_before_it_came() -> None:
    with Runtime() as runtime:
        flow = Flow("doubles").pipe(double)
        for n in range(3):
            runtime.run(flow, value=n)
        monitor = Monitor(monitoring.Wish())
        try:
            assert until(lambda: get(monitor.link, "/jobs")["total"] == 3)
            jobs = get(monitor.link, "/jobs")["jobs"]
        finally:
            monitor.close()
    assert {job["status"] for job in jobs} == {"completed"}


# ---- what befalls a monitor -------------------------------------------------------------------------------

MANY, LONG = 30_000, 50.0


@routine
def numbers(count: int) -> Iterator[int]:
    yield from range(count)


@routine
def drop(value: int) -> None:
    pass


def numbered() -> Flow:
    return Flow("numbers").pipe(numbers).pipe(double, "double").pipe(drop)


def counted(link: str, job: JobState) -> dict[str, Any]:
    """Activations per routine, as the monitor has them."""
    routines = get(link, f"/jobs/{job.job_id}/state")["routines"]
    return {name: found["activations"] for name, found in routines.items()}


def true_counts(job: JobState) -> dict[str, int]:
    return {name: found["activations"] for name, found in job.counters.items()}


def test_a_stopped_monitor_holds_nothing_up_and_then_has_the_exact_counts() -> None:
    with Runtime(monitor=True) as runtime:
        assert runtime.monitor is not None
        link, watched = runtime.monitor.link, numbered()
        runtime.run(watched, count=10)
        assert until(lambda: get(link, "/jobs")["total"] == 1)
        (monitor,) = monitors()
        monitor.suspend()
        job = runtime.exec(watched, count=MANY).wait(LONG)
        monitor.resume()
        assert until(lambda: counted(link, job) == true_counts(job))
        assert get(link, f"/jobs/{job.job_id}")["status"] == "completed"


def test_a_monitor_that_was_killed_in_mid_run_is_complete_again_when_it_is_back() -> None:
    with Runtime() as runtime:
        watched, first = numbered(), Monitor(monitoring.Wish())
        try:
            job = runtime.exec(watched, count=MANY)
            assert until(lambda: get(first.link, "/jobs")["total"] == 1)
        finally:
            for process in monitors():
                process.kill()
            first.close()
        ended = runtime.exec(watched, count=5).wait(LONG)
        second = Monitor(monitoring.Wish())
        try:
            job.wait(LONG)
            assert until(lambda: get(second.link, "/jobs")["total"] == 2)
            assert until(lambda: counted(second.link, job) == true_counts(job))
            assert counted(second.link, ended) == true_counts(ended)
        finally:
            second.close()


# ---- the end of a program ---------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_program_that_a_signal_ends_leaves_no_monitor(tmp_path: Path, number: int) -> None:
    with begin_script(tmp_path, PROGRAM, "wait") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http")
        family = psutil.Process(process.pid).children(recursive=True)
        assert any(map(is_monitor, family))
        os.kill(process.pid, number)
        process.communicate(timeout=TIMEOUT)
    _, alive = psutil.wait_procs(family, timeout=TIMEOUT)
    assert all(each.status() == psutil.STATUS_ZOMBIE for each in alive if each.is_running())
    assert until(lambda: not list(Path(tempfile.gettempdir()).glob("routilux-*")))


@pytest.mark.parametrize("end", ["close", "fall off", "raise"])
def test_a_program_that_ends_leaves_no_monitor(tmp_path: Path, end: str) -> None:
    with begin_script(tmp_path, PROGRAM, end) as process:
        process.communicate(timeout=40)
    assert process.returncode == (1 if end == "raise" else 0)
    assert not monitors()
    assert not list(Path(tempfile.gettempdir()).glob("routilux-*"))


# ---- the command line -------------------------------------------------------------------------------------


def begin(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    (folder / "flows.py").write_text(FLOW)
    return subprocess.Popen(
        [sys.executable, "-m", "routilux", *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def link_in(line: str) -> str:
    assert line.startswith("monitor: http"), line
    return line.removeprefix("monitor: ").strip()


def test_run_with_a_monitor_tells_its_link_and_ends(tmp_path: Path) -> None:
    with begin(tmp_path, "run", "flows.py:doubles", "-p", "value=3", "--monitor", "--json") as process:
        out, err = process.communicate(timeout=50)
    assert process.returncode == 0, err
    assert json.loads(out)["results"][0]["payload"] == 6
    assert link_in(err.splitlines()[0])


def test_run_keeps_everything_until_it_is_told_to_end(tmp_path: Path) -> None:
    command = ("run", "flows.py:doubles", "-p", "value=3", "--monitor", "--keep", "--json")
    with begin(tmp_path, *command) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        link = link_in(process.stderr.readline())
        assert json.loads(process.stdout.readline())["status"] == "completed"
        assert "Ctrl-C ends it" in process.stderr.readline()
        assert until(lambda: [j["status"] for j in get(link, "/jobs")["jobs"]] == ["completed"])
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, err) == (0, "")


def test_the_demo_can_be_watched(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "one.py").write_text("def f():\n    return 1\n")
    with begin(tmp_path, "demo", "--directory", "code", "--monitor", "--json") as process:
        out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert json.loads(out)["tables_equal"]
    assert link_in(err.splitlines()[0])


def test_serve_takes_jobs_by_rest_until_a_signal_comes(tmp_path: Path) -> None:
    with begin(tmp_path, "serve", "flows.py:doubles", "--port", "0") as process:
        assert process.stdout is not None
        link = link_in(process.stdout.readline())
        assert until(lambda: get(link, "/flows")["total"] == 1)
        body = {"flow_id": "doubles", "routine_id": "double", "slot_name": "value", "data": 4}
        job = post(link, "/jobs", body)["job_id"]
        assert until(lambda: get(link, f"/jobs/{job}/results")["total"] == 1)
        assert get(link, f"/jobs/{job}/results")["results"][0]["payload"] == 8
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, err) == (0, "")


def test_serve_says_what_it_cannot_serve(tmp_path: Path) -> None:
    with begin(tmp_path, "serve", "flows.py:nothing", "--port", "0") as process:
        _, err = process.communicate(timeout=50)
    assert process.returncode == 1
    assert err.startswith("error: 'flows.py' has no 'nothing'")


def test_jobs_of_runtimes_that_run_now_are_listed(tmp_path: Path) -> None:
    with Runtime() as runtime:
        flow = Flow("doubles").pipe(double)
        runtime.exec(flow, value=1, job_id="first").wait(TIMEOUT)
        held = runtime.exec(flow, value=1, job_id="second", start_paused=True)
        with begin(tmp_path, "jobs", "list", "--json") as process:
            out, err = process.communicate(timeout=50)
        with begin(tmp_path, "jobs", "list", "--status", "paused") as listing:
            table, _ = listing.communicate(timeout=50)
        held.resume()
    assert (process.returncode, err) == (0, "")
    found = [json.loads(line) for line in out.splitlines()]
    assert [(job["pid"], job["job_id"], job["status"]) for job in found] == [
        (os.getpid(), "second", "paused"),
        (os.getpid(), "first", "completed"),
    ]
    assert "second" in table
    assert "first" not in table
