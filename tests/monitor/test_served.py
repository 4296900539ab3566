"""Here is the whole of it: a runtime with its processes, the monitor beside it, and a client."""

import asyncio
import io
import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import aiohttp
import pytest

from routilux import Event, Flow, Routine, Runtime, Slot, routine
from routilux.clock import Deadline
from routilux_monitor.contract.fields import MASK

POST = {"flow_id": "lengths", "routine_id": "words", "slot_name": "text"}


@routine
def words(text: str) -> Any:
    print("got", text)  # noqa: T201 - to be found in the job's output
    yield from text.split()


class Length(Routine):
    word = Slot()
    length = Event()

    def setup(self) -> None:
        self.log.info("ready to measure")

    def logic(self, word: str) -> None:
        self.log.info("measuring %s", word)
        self.length.emit(len(word))


def _flow() -> Flow:
    flow = Flow("lengths")
    flow.add_routine(words, "words", workers=2)
    flow.add_routine(Length(), "length")
    flow.connect("words", "output", "length", "word")
    return flow


class Client:
    def __init__(self, runtime: Runtime) -> None:
        assert runtime.monitor is not None
        self.url, self.token, self.view = (
            runtime.monitor.url,
            runtime.monitor.token,
            runtime.monitor.view_token,
        )

    def ask(self, method: str, path: str, body: object = None, *, token: str = "") -> Any:
        headers = {"X-API-Key": token or self.token, "Content-Type": "application/json"}
        data = None if method == "GET" else io.BytesIO(json.dumps(body or {}).encode())
        request = Request(f"{self.url}/api/v1{path}", data, headers, method=method)
        with urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")


def _settle(client: Client, job: str) -> None:
    """What the processes tell of a job comes a moment after its end."""
    deadline = Deadline.after(30)
    while not client.ask("GET", f"/jobs/{job}")["is_settled"]:
        assert not deadline.passed, "the job does not settle"


def _started(runtime: Runtime) -> Client:
    """Once the monitor hears the processes: it has to connect to their sockets first, as any late joiner."""
    client = Client(runtime)
    runtime.start(_flow())
    deadline = Deadline.after(30)
    while not deadline.passed:
        job = client.ask("POST", "/execute", POST | {"data": "warm"})["job_id"]
        _settle(client, job)
        events = client.ask("GET", f"/jobs/{job}/execution-trace")["events"]
        if {"words", "length"} <= {event["routine_id"] for event in events}:
            return client
    raise AssertionError("the monitor does not hear the processes")


@pytest.fixture
def _history_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.mark.usefixtures("_history_of_its_own")
def test_a_job_is_run_by_rest_and_all_of_it_is_told(folder: Path) -> None:
    with Runtime(monitor=True) as runtime:
        client = _started(runtime)
        done = client.ask("POST", "/execute", POST | {"data": "one three"})
        job, worker = f"/jobs/{done['job_id']}", f"/workers/{done['worker_id']}"
        metrics = client.ask("GET", f"{job}/metrics")["routine_metrics"]
        trace = client.ask("GET", f"{job}/execution-trace")["events"]
        used = next(e for e in trace if e["event_type"] == "slot_called" and e["routine_id"] == "length")
        lineage = client.ask("GET", f"{job}/messages/{used['data']['message_id']}/lineage")
        processes = client.ask("GET", f"{worker}/processes")["processes"]
        viewed = client.ask("GET", f"{job}/results", token=client.view)["results"]
        result = viewed[0]
        source = client.ask("GET", f"{job}/messages/{result['message_id']}/lineage")["message"]
        logs = client.ask("GET", f"{job}/logs")["logs"]
        outside = client.ask("GET", f"{worker}/logs")["logs"]
        client.ask("DELETE", worker)
    assert (done["status"], done["result"], done["output"]) == ("completed", [3, 5], "got one three\n")
    assert metrics["words"]["execution_count"] == 1
    assert metrics["length"]["execution_count"] == 2
    assert [step["target_routine"] for step in lineage["ancestors"]] == ["words"]
    assert lineage["is_whole"]
    assert [p["routine_id"] for p in processes] == ["", "words", "words", "length"]
    assert {result["payload"] for result in viewed} == {MASK}
    assert (source["source_routine"], source["emitted_at"]) == ("length", result["timestamp"])
    assert "measuring three" in [line["message"] for line in logs]
    assert ("length", "ready to measure") in [(line["routine_id"], line["message"]) for line in outside]


@pytest.mark.usefixtures("_history_of_its_own")
def test_a_flow_that_is_deleted_is_gone_and_cannot_be_started_by_rest(folder: Path) -> None:
    flow = _flow()
    with Runtime(monitor=True) as runtime:
        client = Client(runtime)
        runtime.start(flow)
        with pytest.raises(HTTPError, match="403"):
            client.ask("DELETE", "/flows/lengths", token=client.view)
        client.ask("DELETE", "/flows/lengths")
        assert client.ask("GET", "/flows") == {"flows": [], "total": 0}
        for method, path in (("POST", "/workers"), ("GET", "/flows/lengths"), ("DELETE", "/flows/lengths")):
            with pytest.raises(HTTPError, match="404"):
                client.ask(method, path, {"flow_id": "lengths"} if method == "POST" else None)
        assert flow not in {running.flow for running in runtime._engine.running()}


@pytest.mark.usefixtures("_history_of_its_own")
def test_the_trace_of_a_settled_job_has_all_of_it(folder: Path) -> None:
    with Runtime(monitor=True) as runtime:
        client = _started(runtime)
        job = client.ask("POST", "/jobs", POST | {"data": "a b c"})["job_id"]
        _settle(client, job)
        events = client.ask("GET", f"/jobs/{job}/execution-trace?routine_id=length")["events"]
        ended = [event for event in events if event["event_type"] == "routine_completed"]
        assert sum(event["data"].get("count", 1) for event in ended) == 3


@pytest.mark.usefixtures("_history_of_its_own")
def test_a_client_hears_a_job_live(folder: Path) -> None:
    async def listen(client: Client) -> set[str]:
        heard: set[str] = set()
        protocols = ("routilux.v1", f"token.{client.token}")
        url = f"{client.url}/api/v1/websocket"
        async with aiohttp.ClientSession() as session, session.ws_connect(url, protocols=protocols) as socket:
            await socket.send_json({"type": "subscribe", "job_id": "live"})
            async with asyncio.timeout(30):
                while not {"job_completed", "slot_called", "event_emitted", "routine_completed"} <= heard:
                    message = await socket.receive_json()
                    heard.add(message["type"])
                    if message["type"] == "subscribed":
                        await asyncio.to_thread(client.ask, "POST", "/jobs/live/resume")
        return heard

    with Runtime(monitor=True) as runtime:
        client = _started(runtime)
        client.ask("POST", "/jobs", POST | {"data": "a b", "job_id": "live", "start_paused": True})
        assert "job_started" in asyncio.run(listen(client))
