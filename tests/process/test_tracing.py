"""Messages are replayed from the trace of a job that was traced as a whole, by the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from process.flows import held, tapes, told
from process.flows.workers import TIMEOUT, until
from routilux import Flow, JobFailed, JobState, RoutiluxError, Runtime, recorded
from routilux.cli.monitors import Monitor

SUMS = "process.flows.tapes:sums"


@pytest.fixture
def runtime(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Runtime]:
    """With a monitor, in a folder of its own, so that the command line finds no other."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = Runtime(heap=1 << 26, monitor=True)
    yield made
    made.close(grace=1.0)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).parents[1])
    environment = {"NO_COLOR": "1", "TMPDIR": tempfile.gettempdir(), "PYTHONPATH": root}
    return subprocess.run(
        [sys.executable, "-m", "routilux", "replay", *arguments],
        cwd=root,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def asked(runtime: Runtime, job: JobState, what: str) -> dict[str, Any]:
    """What the monitor says; nothing of a job that it does not know."""
    assert runtime.monitor is not None
    url = f"{runtime.monitor.url}/api/v1/jobs/{job.job_id}/{what}".removesuffix("/")
    try:
        with urlopen(Request(url, headers={"X-API-Key": runtime.monitor.token}), timeout=TIMEOUT) as answer:
            said: dict[str, Any] = json.load(answer)
    except HTTPError as error:
        error.close()
        if error.code != 404:
            raise
        return {}
    return said


def used(runtime: Runtime, job: JobState, routine: str) -> list[dict[str, Any]]:
    """The messages that a routine has used, as far as the monitor has heard; its job's end is none."""
    events = asked(runtime, job, f"execution-trace?routine_id={routine}").get("events", ())
    found = [event["data"] for event in events if event["event_type"] == "slot_called"]
    return [data for data in found if "preview" in data]


def traced(runtime: Runtime, flow: Flow, routine: str, messages: int, **slots: Any) -> JobState:
    """A job of whose messages the monitor has heard, and where they came from."""
    job = runtime.exec(flow, trace=True, **slots).wait(TIMEOUT)

    def is_heard() -> bool:
        found = used(runtime, job, routine)
        ways = [asked(runtime, job, f"messages/{data['message_id']}/lineage") for data in found]
        return len(ways) == messages and all(way["is_whole"] for way in ways)

    until(is_heard)
    return job


def ids(runtime: Runtime, job: JobState, routine: str) -> dict[str, str]:
    """By their previews."""
    return {data["preview"]: data["message_id"] for data in used(runtime, job, routine)}


def test_the_first_job_of_a_flow_is_heard_from_its_beginning(runtime: Runtime) -> None:
    flow = Flow("first", on_error="skip").pipe(told.numbers).pipe(told.odd)
    job = runtime.exec(flow, n=50, trace=True).wait(TIMEOUT)
    until(lambda: asked(runtime, job, "").get("is_settled"))  # its events come later than its counters
    metrics = asked(runtime, job, "metrics")
    assert (metrics["total_slot_calls"], len(metrics["errors"])) == (51, 25)  # and the submission
    events = asked(runtime, job, "execution-trace?limit=1000&routine_id=odd")["events"]
    assert sum(event["event_type"] == "routine_started" for event in events) == 50


def test_a_traced_message_runs_alone_as_it_has_run_in_its_job(runtime: Runtime, tmp_path: Path) -> None:
    job = traced(runtime, tapes.sums(), "inverse", 3, count=3)
    named = ids(runtime, job, "inverse")
    listed = command("--trace", job.job_id)
    assert [row.split()[:4] for row in listed.stdout.split("\n") if "inverse" in row] == [
        [named[value], "inverse", "value", "1"] for value in "012"
    ]
    assert {
        line["nbytes"]
        for line in map(json.loads, command("--trace", job.job_id, "--json").stdout.splitlines())
    } == {1}
    for how in ([], ["--inline"]):
        good = command("--trace", job.job_id, named["1"], SUMS, *how)
        assert (good.returncode, good.stderr) == (0, "")
        assert good.stdout.splitlines() == [
            f"{job.job_id}-{named['1']}-inverse.value: 1",
            "inverse.output: 12",
        ]
    failed = command("--trace", job.job_id, named["0"], SUMS)
    assert (failed.returncode, "12 / value" in failed.stderr) == (1, True)
    saved = command("--trace", job.job_id, named["0"], "--out", str(tmp_path / "zero.rlx"))
    assert (saved.returncode, saved.stdout) == (0, f"saved 1 message in {tmp_path / 'zero.rlx'}\n")
    (message,) = recorded(tmp_path / "zero.rlx")
    assert "ZeroDivisionError" in message.error
    assert message.record.connection_id == "numbers.output->inverse.value"
    with pytest.raises(JobFailed, match="ZeroDivisionError"):
        message.run(tapes.sums())


def test_structs_run_from_the_trace_dataclasses_need_trust_and_large_arrays_are_refused(
    runtime: Runtime, tmp_path: Path
) -> None:
    flow = Flow("typed").pipe(tapes.orders).pipe(tapes.Prices())
    job = traced(runtime, flow, "prices", 2, count=2)
    path = tmp_path / "order.rlx"
    assert (
        command(
            "--trace", job.job_id, used(runtime, job, "prices")[1]["message_id"], "-o", str(path)
        ).returncode
        == 0
    )
    assert recorded(path)[0].run(flow) == [("price", 10)]

    job = traced(runtime, tapes.boxes(), "passed", 1, count=1)
    given = (
        "--trace",
        job.job_id,
        used(runtime, job, "passed")[0]["message_id"],
        "process.flows.tapes:boxes",
    )
    refused = command(*given)
    assert (refused.returncode, "Box by pickle" in refused.stderr) == (125, True)
    assert command(*given, "--trust").returncode == 0

    flow = Flow("arrays").pipe(tapes.arrays).pipe(tapes.total)
    job = traced(runtime, flow, "total", 2, sizes=[10, 1000])
    small, large = used(runtime, job, "total")
    assert (small["is_replayable"], large["is_replayable"]) == (True, False)
    refused = command("--trace", job.job_id, large["message_id"], "-o", str(path))
    assert refused.returncode == 125
    assert f"has {large['nbytes']:,} bytes" in refused.stderr
    assert "routilux record" in refused.stderr
    listed = command("--trace", job.job_id).stdout
    assert small["message_id"] in listed
    assert listed.endswith("and 1 message of more than 4,096 bytes, which no trace has\n")


def test_what_a_policy_gathers_is_replayed_message_by_message(runtime: Runtime, tmp_path: Path) -> None:
    job = traced(runtime, held.batches(), "batches", 4, n=4)
    for number, data in enumerate(used(runtime, job, "batches")):
        path = tmp_path / f"{number}.rlx"
        assert command("--trace", job.job_id, data["message_id"], "--out", str(path)).returncode == 0
        assert [repr(message.payload) for message in recorded(path)] == [data["preview"]]


def test_a_traced_message_is_sent_into_a_running_job(runtime: Runtime) -> None:
    flow = tapes.sums()
    job = traced(runtime, flow, "inverse", 3, count=3)
    named = ids(runtime, job, "inverse")
    other = runtime.exec(flow, count=0, job_id="second", start_paused=True)
    ended = command("--trace", job.job_id, named["2"], "--job", "second")
    assert (ended.returncode, ended.stderr) == (0, "")
    other.resume()
    assert other.results(TIMEOUT) == [6.0]


def test_what_cannot_be_had_from_a_trace_is_told(runtime: Runtime) -> None:
    flow = tapes.sums()
    job = traced(runtime, flow, "inverse", 3, count=3)
    plain = runtime.exec(flow, count=3).wait(TIMEOUT)
    until(lambda: used(runtime, plain, "inverse"))
    assert runtime.monitor is not None
    url, token = runtime.monitor.url, runtime.monitor.token
    some = used(runtime, job, "inverse")[0]["message_id"]
    other = used(runtime, plain, "inverse")[0]["message_id"]
    for arguments, why in (
        (["--trace", job.job_id, "9:9:9", SUMS], "has no message '9:9:9'"),
        (["--trace", "no-such-job"], "no job 'no-such-job' is known"),
        (["--trace", plain.job_id], f"no message of job '{plain.job_id}' was copied"),
        (["--trace", plain.job_id, other, SUMS], "nobody wanted to see the job as a whole"),
        (["--trace", job.job_id, "--monitor", "http://127.0.0.1:9/#token=x"], "127.0.0.1:9 does not answer"),
        (["--trace", job.job_id, "--monitor", url], "is no link of a monitor"),
        (["--trace", job.job_id, "--monitor", f"{url}/#token={token}…"], f"'{url}/' is no link of a monitor"),
        (["--trace", job.job_id, "--monitor", f"{url}/#token={token[:-1]}"], "does not take this token"),
        (
            ["--trace", job.job_id, some, SUMS, "--monitor", f"{url}/#token={runtime.monitor.view_token}"],
            "sees no payloads",
        ),
    ):
        ended = command(*arguments)
        assert (ended.returncode, why in ended.stderr) == (125, True), ended.stderr
        assert ended.stderr.count("\n") == 1
    for wrong in ([], [some], ["--trace", job.job_id, "--inline"], ["--trace", job.job_id, some]):
        assert command(*wrong).returncode == 2


class Elsewhere(BaseHTTPRequestHandler):
    """Sends whoever comes on, and notes who has come."""

    came: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        self.came.append((self.path, self.headers["X-API-Key"]))
        self.send_response(302)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: the terminal is the test's."""


def test_what_is_no_monitor_is_told_and_nobody_else_is_given_the_token() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            link = f"http://127.0.0.1:{server.server_port}/#token=secret"
            with pytest.raises(RoutiluxError, match="is no monitor of Routilux"):
                Monitor.at(link).get("/jobs", dict)
        finally:
            server.shutdown()
            thread.join()
    assert Elsewhere.came == [("/api/v1/jobs", "secret")]


@pytest.mark.parametrize(
    "link", ["", "http://a:1", "ftp://a:1/#token=x", "a:1/#token=x", "http://[/#token=", "x"]
)
def test_what_is_no_link_is_refused(link: str) -> None:
    with pytest.raises(RoutiluxError, match="is no link of a monitor"):
        Monitor.at(link)


def test_without_a_monitor_the_command_says_what_to_do(folder: Path) -> None:
    ended = command("--trace", "job-1")
    assert (ended.returncode, "name one by --monitor LINK" in ended.stderr) == (125, True)
