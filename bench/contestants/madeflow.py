"""Here is routilux-monitor beside a made flow of 300 busy routines, as a process that can be asked."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from bench.contestants.work import ROOT, WrongResult

TOKEN = "a-token-for-the-benchmark-alone"
PATIENCE = 60.0
ENDED = 10_000


@contextmanager
def followed(*, has_history: bool) -> Iterator[int]:
    """The port of a monitor that follows the flow; with `has_history` it knows 10,000 ended jobs, too."""
    with tempfile.TemporaryDirectory(prefix="rb-") as folder:
        history = Path(folder) / "history.db"
        environment = {**os.environ, "TMPDIR": folder, "ROUTILUX_TOKEN": TOKEN}
        player = [sys.executable, f"{ROOT}/tests/monitor/madefeed.py"]
        player += ["--history", str(history)] if has_history else []
        reads, writes = os.pipe()
        server = [sys.executable, "-m", "routilux_monitor", "--port", "0", "--announce-fd", str(writes)]
        server += ["--history", str(history)]
        processes = [subprocess.Popen(player, env=environment)]
        try:
            until(lambda: any(Path(folder).glob("routilux-*/runtime.json")))  # the history is filled before
            processes.append(subprocess.Popen(server, env=environment, pass_fds=[writes]))
            os.close(writes)
            with os.fdopen(reads, "rb") as told:
                port = int(json.loads(told.readline())["url"].rstrip("/").rsplit(":", 1)[1])
            jobs = 1 + ENDED * has_history
            until(lambda: _is_complete(port, jobs))
            yield port
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(PATIENCE)


def until(is_so: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE
    while not is_so():
        if monotonic() > deadline:
            raise WrongResult("the made flow and its history did not show up in the monitor")
        os.sched_yield()


def _is_complete(port: int, jobs: int) -> bool:
    """Whether the flow, its busy job, and all that have ended are known."""
    try:
        return ask(port, "/jobs?limit=1")["total"] >= jobs and "job_id" in ask(port, "/jobs/busy")
    except (ConnectionError, KeyError):
        return False


def ask(port: int, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", f"/api/v1{path}", headers={"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        body = json.loads(answer.read())
    finally:
        connection.close()
    if answer.status not in (200, 404):
        raise WrongResult(f"{path}: {answer.status} {body}")
    return body
