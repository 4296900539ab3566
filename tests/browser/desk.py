"""Here is the desk somebody sits at: a runtime, and a monitor of its own process that can be killed and come
back at the same address.
"""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import Request, urlopen

from routilux import Flow, JobState, Runtime
from routilux.clock import Deadline

TOKEN = "a-token-for-the-tests-of-the-page"
VIEW_TOKEN = "a-token-that-only-looks"
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/")


class Desk:
    def __init__(self, runtime: Runtime, flow: Flow, state: Path) -> None:
        """The monitor keeps its history in the folder `state`."""
        self.runtime, self.flow = runtime, flow
        self._history = state / "history.db"
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.runtime.start(self.flow)
        self.start_monitor()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_monitor(signal.SIGTERM)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start_monitor(self) -> None:
        command = [sys.executable, "-m", "routilux_monitor", "--port", str(self.port)]
        command += ["--history", str(self._history)]
        environment = {**os.environ, "ROUTILUX_TOKEN": TOKEN, "ROUTILUX_VIEW_TOKEN": VIEW_TOKEN}
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        found = ADDRESS.search(said)
        assert found, f"the monitor said {said!r}"
        self.port = int(found[1])

    def end_monitor(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.communicate(timeout=20)
            self._process = None

    def ask(self, path: str) -> Any:
        request = Request(f"{self.origin}/api/v1{path}", headers={"X-API-Key": TOKEN})
        with urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def post(self, path: str, body: object) -> Any:
        headers = {"X-API-Key": TOKEN, "Content-Type": "application/json"}
        request = Request(f"{self.origin}/api/v1{path}", json.dumps(body).encode(), headers)
        with urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def submit(self, to: int) -> JobState:
        """A job that counts so far."""
        return self.runtime.exec(self.flow, to=to)

    def submit_traced(self, to: int) -> JobState:
        """The same, traced as a whole; it has just ended."""
        return self.runtime.exec(self.flow, to=to, trace=True).wait(20)

    def wait_until_ended(self) -> None:
        """Until the monitor knows that the runtime has ended."""
        deadline = Deadline.after(30)
        while not deadline.passed:
            if all(runtime["is_shutdown"] for runtime in self.ask("/runtimes")["runtimes"]):
                return
        raise AssertionError("the monitor does not see that the runtime has ended")

    def wait_for_flow(self) -> None:
        """Until the monitor hears each process: it connects to their sockets first, as any late joiner."""
        deadline = Deadline.after(30)
        while not deadline.passed:
            self.submit(8).wait(20)
            jobs = self.ask(f"/jobs?flow_id={self.flow.name}")["jobs"]
            if self._processes_heard(jobs) >= sum(node.workers for node in self.flow.nodes.values()):
                return
        raise AssertionError(f"the monitor does not hear all processes of flow {self.flow.name!r}")

    def _processes_heard(self, jobs: list[dict[str, Any]]) -> int:
        """How many workers have told of their activations in the traces of these jobs."""
        told: set[int] = set()
        for job in jobs:
            events = self.ask(f"/jobs/{job['job_id']}/execution-trace")["events"]
            told |= {event["data"]["process"] for event in events if event["data"].get("process")}
        return len(told)
