"""Here is routilux-monitor asked for its lists, while it follows a busy flow of 300 routines."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter
from typing import Any

from bench.contestants.work import ROOT, Found, Measure, WrongResult

TOKEN = "a-token-for-the-benchmark-alone"
LISTS = (
    "/flows",
    "/flows/wide",
    "/flows/wide/routines",
    "/flows/wide/connections",
    "/flows/wide/metrics",
    "/jobs?limit=100",
    "/jobs?limit=100&offset=5000",
    "/jobs?status=failed&limit=100",
    "/jobs?flow_id=wide&limit=100",
    "/jobs/busy/monitoring",
    "/jobs/busy/metrics",
    "/jobs/busy/execution-trace?limit=1000",
    "/jobs/busy/logs",
    "/jobs/busy/routines/status",
    "/jobs/busy/queues/status",
    "/workers",
    "/runtimes",
)
PATIENCE = 60.0


@contextmanager
def answers() -> Iterator[Measure]:
    """The slowest list's median, in ms."""
    with tempfile.TemporaryDirectory(prefix="rb-") as folder:
        history = Path(folder) / "history.db"
        environment = {**os.environ, "TMPDIR": folder, "ROUTILUX_TOKEN": TOKEN}
        player = [sys.executable, f"{ROOT}/tests/monitor/madefeed.py", "--history", str(history)]
        reads, writes = os.pipe()
        server = [
            "-m",
            "routilux_monitor",
            "--port",
            "0",
            "--announce-fd",
            str(writes),
            "--history",
            str(history),
        ]
        processes = [subprocess.Popen(player, env=environment)]
        try:
            _until(lambda: any(Path(folder).glob("routilux-*/runtime.json")))  # the history is filled before
            processes.append(subprocess.Popen([sys.executable, *server], env=environment, pass_fds=[writes]))
            os.close(writes)
            with os.fdopen(reads, "rb") as told:
                port = int(json.loads(told.readline())["url"].rstrip("/").rsplit(":", 1)[1])
            _until(lambda: _is_complete(port))
            yield lambda count: _medians(port, count)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(PATIENCE)


def _until(is_so: Any) -> None:
    deadline = monotonic() + PATIENCE
    while not is_so():
        if monotonic() > deadline:
            raise WrongResult("the made flow and its history did not show up in the monitor")
        os.sched_yield()


def _is_complete(port: int) -> bool:
    """Whether the flow, its busy job, and all that have ended are known."""
    try:
        return _ask(port, "/jobs?limit=1")["total"] > 10_000 and "job_id" in _ask(port, "/jobs/busy")
    except (ConnectionError, KeyError):
        return False


def _ask(port: int, path: str) -> Any:
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


def _medians(port: int, count: int) -> Found:
    found: dict[str, float] = {}
    for path in LISTS:
        times = []
        for _ in range(count):
            began = perf_counter()
            body = _ask(port, path)
            times.append(perf_counter() - began)
            if "error" in body:
                raise WrongResult(f"{path}: {body['error']}")
        found[path] = round(median(times) * 1000, 2)
    return {"value": max(found.values()), "lists": found}
