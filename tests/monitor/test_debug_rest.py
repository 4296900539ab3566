"""A real runtime is debugged by REST and WebSocket: breakpoints, holds, edits, refusals, the lease."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import aiohttp
import pytest

from routilux import Event, Flow, JobState, Routine, Runtime, Slot, routine
from routilux.clock import Deadline
from routilux_monitor.contract.fields import MASK

TIMEOUT = 30.0
UNLUCKY = 13
EDGE = {
    "source_routine_id": "double",
    "source_event_name": "output",
    "target_routine_id": "add",
    "target_slot_name": "y",
}
JOB = {"flow_id": "numbers", "routine_id": "double", "slot_name": "x"}


@routine
def double(x: int) -> int:
    return 2 * x


class Add(Routine):
    y: Slot[int] = Slot(type=int)
    output = Event()

    def logic(self, y: int) -> None:
        if y == UNLUCKY:
            raise ValueError("not this one")
        self.output.emit(y + 1)


class Told(NamedTuple):
    status: int
    body: Any

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])


class Debugged:
    """A runtime that serves the flow, with its monitor, and a client of that."""

    def __init__(self, runtime: Runtime, flow: Flow) -> None:
        assert runtime.monitor is not None
        self.runtime, self.flow, self.monitor = runtime, flow, runtime.monitor

    def ask(self, method: str, path: str, body: object = None, *, view: bool = False) -> Told:
        token = self.monitor.view_token if view else self.monitor.token
        headers = {"X-API-Key": token, "Content-Type": "application/json"}
        data = None if method == "GET" else io.BytesIO(json.dumps(body or {}).encode())
        request = Request(f"{self.monitor.url}/api/v1{path}", data, headers, method=method)
        try:
            with urlopen(request, timeout=TIMEOUT) as answer:
                return Told(answer.status, json.loads(answer.read() or b"null"))
        except HTTPError as error:
            with error:
                return Told(error.code, json.loads(error.read()))

    def until(self, path: str, fact: Callable[[Any], object]) -> Any:
        """What GET says once it is so."""
        deadline, found = Deadline.after(TIMEOUT), None
        while not deadline.passed:
            if fact(found := self.ask("GET", path).body):
                return found
        raise AssertionError(f"{path} does not come to say it: {found}")

    def submit(self, **more: Any) -> JobState:
        """A job by REST that does not end by itself: it would be forgotten before it is found."""
        told = self.ask("POST", "/jobs", {**JOB, "data": 3, **more})
        assert told.status == 201, told.body
        return next(job for job in self.runtime.jobs() if job.job_id == told.body["job_id"])

    def held(self, job: JobState) -> dict[str, Any]:
        """The session, once something is held."""
        session: dict[str, Any] = self.until(
            f"/jobs/{job.job_id}/debug/session", lambda found: found["holds"]
        )
        return session


@pytest.fixture
def attachable(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Debugged]:
    """An editor may attach there."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with Runtime(monitor=True, allow_attach=True) as runtime:
        flow = Flow("numbers").pipe(double, "double").pipe(Add(), "add")
        runtime.start(flow)
        yield Debugged(runtime, flow)


@pytest.fixture
def debugged(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Debugged]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with Runtime(monitor=True) as runtime:
        flow = Flow("numbers").pipe(double, "double").pipe(Add(), "add")
        runtime.start(flow)
        yield Debugged(runtime, flow)


def test_a_message_that_a_breakpoint_of_the_submission_holds_is_shown_and_edited(debugged: Debugged) -> None:
    job = debugged.submit(breakpoints=[{**EDGE, "condition": "data == 6"}])
    session = debugged.held(job)
    (hold,) = session["holds"]
    assert (session["status"], session["paused_at"]) == ("paused", {"routine_id": "double"})
    assert (hold["data"], hold["is_whole"], hold["connection_id"]) == (6, True, "double.output->add.y")
    told = debugged.ask("POST", f"/jobs/{job.job_id}/debug/holds/{hold['hold_id']}/edit", {"payload": 100})
    assert told.status == 200, told.body
    assert job.result(TIMEOUT) == 101


def test_breakpoints_of_a_job_are_set_listed_changed_and_taken_away(debugged: Debugged) -> None:
    job = debugged.submit(start_paused=True)
    path = f"/jobs/{job.job_id}/breakpoints"
    made = debugged.ask("POST", path, {"routine_id": "add", "condition": "data > 5"})
    one = f"{path}/{made.body['breakpoint_id']}"
    changed = debugged.ask("PUT", one, {"condition": None, "enabled": False})
    listed = debugged.ask("GET", path)
    assert (made.status, made.body["type"], made.body["condition"]) == (201, "routine", "data > 5")
    assert (changed.body["condition"], changed.body["enabled"]) == (None, False)
    assert listed.body == {"breakpoints": [changed.body], "total": 1}
    assert debugged.ask("DELETE", one).status == 204
    assert debugged.ask("DELETE", one).code == "BREAKPOINT_NOT_FOUND"
    debugged.ask("POST", f"/jobs/{job.job_id}/resume")
    assert job.result(TIMEOUT) == 7


def test_a_breakpoint_of_a_flow_holds_every_job_and_a_worker_s_route_changes_it(debugged: Debugged) -> None:
    made = debugged.ask("POST", "/flows/numbers/breakpoints", {"routine_id": "add"})
    name, jobs = made.body["breakpoint_id"], [debugged.submit(), debugged.submit()]
    assert debugged.held(jobs[0])["holds"][0]["breakpoint_id"] == name
    changed = debugged.ask(
        "PUT", f"/workers/{jobs[0].control.worker_id}/breakpoints/{name}", {"one_shot": True}
    )
    assert (changed.status, changed.body["job_id"], changed.body["one_shot"]) == (200, None, True)
    assert debugged.ask("DELETE", f"/flows/numbers/breakpoints/{name}").status == 204
    assert [job.result(TIMEOUT) for job in jobs] == [7, 7]
    assert debugged.ask("GET", "/flows/numbers/breakpoints").body["total"] == 0


def test_what_the_held_process_sees_is_told(debugged: Debugged) -> None:
    job = debugged.submit(breakpoints=[{"routine_id": "add"}])
    debugged.held(job)
    seen = debugged.ask("GET", f"/jobs/{job.job_id}/debug/variables?routine_id=add")
    stack = debugged.ask("GET", f"/jobs/{job.job_id}/debug/call-stack")
    viewed = debugged.ask("GET", f"/jobs/{job.job_id}/debug/session", view=True).body
    assert (seen.status, stack.status) == (200, 200), (seen.body, stack.body)
    assert stack.body["message_id"] == debugged.held(job)["holds"][0]["message_id"]
    assert (viewed["holds"][0]["data"], viewed["holds"][0]["preview"]) == (MASK, MASK)
    assert debugged.ask("POST", f"/jobs/{job.job_id}/debug/step-over").status == 200
    assert job.result(TIMEOUT) == 7


def test_a_variable_is_set_and_the_message_is_still_held(debugged: Debugged) -> None:
    job = debugged.submit(breakpoints=[{"routine_id": "add", "event_name": "output"}])
    debugged.held(job)
    path = f"/jobs/{job.job_id}/debug/variables"
    told = debugged.ask("PUT", f"{path}/y", {"value": [1, 2]})
    assert (told.status, told.body["scope"], told.body["value"]) == (200, "local", "[1, 2]")
    assert "[1, 2]" in [found["value"] for found in debugged.ask("GET", path).body["variables"]]
    unknown = debugged.ask("PUT", f"{path}/z", {"value": 1})
    assert (unknown.status, unknown.code) == (422, "VALIDATION_ERROR")
    assert "there are" in unknown.body["error"]["message"]
    assert debugged.ask("PUT", f"{path}/y", {"value": 1}, view=True).status == 403
    assert debugged.ask("POST", f"/jobs/{job.job_id}/debug/resume").status == 200
    assert job.result(TIMEOUT) == 7


def test_what_a_debugger_has_changed_is_marked_in_the_trace(debugged: Debugged) -> None:
    places = [{"routine_id": "add", "slot_name": "y"}, {"routine_id": "add", "event_name": "output"}]
    job = debugged.submit(breakpoints=places)
    path = f"/jobs/{job.job_id}"
    debugged.held(job)
    debugged.ask("POST", f"{path}/debug/inject", {"routine_id": "add", "slot_name": "y", "data": 20})
    debugged.ask("POST", f"{path}/debug/resume", {"payload": 100})
    debugged.until(
        f"{path}/debug/session", lambda found: found["holds"][:1] and found["holds"][0]["event_name"]
    )
    debugged.ask("PUT", f"{path}/debug/variables/y", {"value": 5})
    while not job.ended:
        debugged.ask("POST", f"{path}/debug/resume", {"drop": True})
    trace = debugged.until(
        f"{path}/execution-trace", lambda found: _marks(found).count("drop") == 2 and found
    )
    assert sorted(_marks(trace)) == ["drop", "drop", "edit", "inject", "set variable"]
    previews = {e["data"]["action"]: e["data"]["preview"] for e in trace["events"] if "made_by" in e["data"]}
    assert (previews["edit"], previews["inject"], previews["set variable"]) == ("100", "20", "5")
    assert job.results(TIMEOUT) == []


def _marks(trace: Any) -> list[str]:
    """What the trace says a debugger has done."""
    return [e["data"]["action"] for e in trace["events"] if e["data"].get("made_by") == "debugger"]


def test_a_dropped_and_an_injected_message_are_in_the_audit(debugged: Debugged) -> None:
    job = debugged.submit(breakpoints=[EDGE])
    debugged.held(job)
    path = f"/jobs/{job.job_id}/debug"
    message = {"routine_id": "add", "slot_name": "y", "data": 20}
    assert debugged.ask("POST", f"{path}/inject", message).status == 204
    assert debugged.ask("POST", f"{path}/resume", {"drop": True}).status == 200
    assert job.result(TIMEOUT) == 21
    actions = [entry["action"] for entry in debugged.ask("GET", f"{path}/audit").body["entries"]]
    assert actions == ["add breakpoint", "inject", "drop"]


def test_a_failed_activation_is_held_and_runs_again_on_another_payload(debugged: Debugged) -> None:
    body = {"flow_id": "numbers", "routine_id": "add", "slot_name": "y", "data": UNLUCKY}
    told = debugged.ask("POST", "/jobs", body | {"breakpoints": [{"type": "error"}]})
    job = next(job for job in debugged.runtime.jobs() if job.job_id == told.body["job_id"])
    hold = debugged.held(job)["holds"][0]
    assert (hold["type"], hold["routine_id"], hold["data"]) == ("error", "add", UNLUCKY)
    again = debugged.ask("POST", f"/jobs/{job.job_id}/debug/holds/{hold['hold_id']}/retry", {"payload": 1})
    assert again.status == 200
    assert job.result(TIMEOUT) == 2


def test_nothing_can_be_sent_to_a_routine_that_is_not_there(debugged: Debugged) -> None:
    job = debugged.submit(start_paused=True)
    refused = debugged.ask("POST", f"/jobs/{job.job_id}/debug/inject", {"routine_id": "no", "slot_name": "y"})
    assert refused.code == "ROUTINE_NOT_FOUND"
    job.cancel()


def test_what_cannot_be_done_is_refused_with_its_reason(debugged: Debugged) -> None:
    job = debugged.submit(start_paused=True)
    path = f"/jobs/{job.job_id}"
    wrong = debugged.ask("POST", f"{path}/breakpoints", {"routine_id": "add", "condition": "data > "})
    assert (wrong.status, wrong.code) == (422, "VALIDATION_ERROR")
    assert wrong.body["error"]["details"]["field"] == "condition"
    assert isinstance(wrong.body["error"]["details"]["column"], int)
    nowhere = debugged.ask("POST", f"{path}/breakpoints", {"routine_id": "ad"})
    assert (nowhere.status, "add" in nowhere.body["error"]["message"]) == (422, True)
    for action in ("resume", "step", "step-over", "step-into"):
        nothing = debugged.ask("POST", f"{path}/debug/{action}")
        assert (nothing.status, nothing.code) == (409, "NOTHING_HELD")
    assert debugged.ask("POST", f"{path}/debug/resume", view=True).status == 403
    debugged.ask("POST", f"{path}/breakpoints", {"routine_id": "add"})
    debugged.ask("POST", f"{path}/resume")
    hold = debugged.held(job)["holds"][0]["hold_id"]
    assert debugged.ask("POST", f"{path}/debug/holds/none/resume").code == "HOLD_NOT_FOUND"
    assert debugged.ask("POST", f"{path}/debug/holds/{hold}/skip").code == "VALIDATION_ERROR"
    assert debugged.ask("POST", f"{path}/debug/holds/{hold}/edit", {"payload": "x"}).status == 422
    assert debugged.ask("POST", f"{path}/debug/holds/{hold}/resume").status == 200
    assert job.result(TIMEOUT) == 7
    debugged.until(path, lambda found: found["status"] == "completed")
    assert debugged.ask("POST", f"{path}/debug/resume").code == "JOB_ALREADY_COMPLETED"
    assert debugged.ask("GET", f"{path}/debug/session").body["status"] == "no_session"


def test_what_log_points_have_written_is_told_after_the_end_of_the_job(debugged: Debugged) -> None:
    point = {**EDGE, "action": "log", "log_message": "{data} is on its way"}
    job = debugged.submit(breakpoints=[point], start_paused=True)
    path = f"/jobs/{job.job_id}"
    debugged.ask("POST", f"{path}/resume")
    assert job.result(TIMEOUT) == 7
    debugged.until(path, lambda found: found["status"] == "completed")
    session = debugged.until(f"{path}/debug/session", lambda found: found["log"])
    assert (session["status"], session["holds"]) == ("no_session", [])
    assert [(line["routine_id"], line["message"]) for line in session["log"]] == [
        ("double", "6 is on its way")
    ]
    viewed = debugged.ask("GET", f"{path}/debug/session", view=True).body
    assert [line["message"] for line in viewed["log"]] == [MASK]


def test_an_editor_is_told_where_to_attach_to_what_is_held(attachable: Debugged) -> None:
    job = attachable.submit(breakpoints=[{"routine_id": "add"}])
    path = f"/jobs/{job.job_id}/debug/holds/{attachable.held(job)['holds'][0]['hold_id']}"
    assert attachable.ask("POST", f"{path}/attach", view=True).status == 403
    told = attachable.ask("POST", f"{path}/attach")
    assert told.status == 200, told.body
    place = (told.body["host"], told.body["port"])
    assert told.body["launch"]["connect"] == dict(zip(("host", "port"), place, strict=True))
    with socket.create_connection(place, TIMEOUT):
        attachable.ask("POST", f"{path}/resume")
    assert job.result(TIMEOUT) == 7
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(place, TIMEOUT)


def test_without_leave_no_editor_attaches(debugged: Debugged) -> None:
    job = debugged.submit(breakpoints=[{"routine_id": "add"}])
    path = f"/jobs/{job.job_id}/debug/holds/{debugged.held(job)['holds'][0]['hold_id']}"
    refused = debugged.ask("POST", f"{path}/attach")
    assert (refused.status, refused.code) == (409, "ATTACH_REFUSED")
    assert "--allow-attach" in refused.body["error"]["message"]
    debugged.ask("POST", f"{path}/resume")
    assert job.result(TIMEOUT) == 7


def test_a_condition_is_checked_without_being_set(debugged: Debugged) -> None:
    good = debugged.ask("POST", "/conditions/check", {"condition": "data > 1"})
    bad = debugged.ask("POST", "/conditions/check", {"condition": "open('x')"})
    assert good.body["valid"]
    assert (bad.body["valid"], bad.body["column"]) == (False, 0)


def test_a_hold_and_its_end_are_told_live_and_the_process_shows_as_held(debugged: Debugged) -> None:
    job = debugged.submit(start_paused=True, breakpoints=[EDGE])
    path, states = f"/jobs/{job.job_id}", []

    async def listen() -> list[dict[str, Any]]:
        heard: list[dict[str, Any]] = []
        protocols = ("routilux.v1", f"token.{debugged.monitor.token}")
        url = f"{debugged.monitor.url}/api/v1/websocket"
        async with aiohttp.ClientSession() as session, session.ws_connect(url, protocols=protocols) as socket:
            await socket.send_json({"type": "subscribe", "job_id": job.job_id})
            async with asyncio.timeout(TIMEOUT):
                while not heard or heard[-1]["type"] != "breakpoint_resumed":
                    message = await socket.receive_json()
                    heard += [message] if message["type"].startswith("breakpoint") else []
                    if message["type"] == "subscribed":
                        await asyncio.to_thread(debugged.ask, "POST", f"{path}/resume")
                    elif message["type"] == "breakpoint_hit":
                        worker = f"/workers/{job.control.worker_id}/processes"
                        states.append(await asyncio.to_thread(debugged.until, worker, _is_any_held))
                        await asyncio.to_thread(debugged.ask, "POST", f"{path}/debug/resume", {"payload": 1})
        return heard

    hit, resumed = asyncio.run(listen())
    assert hit["data"]["routine_id"] == "double"
    assert hit["data"]["connection_id"] == "double.output->add.y"
    assert (resumed["data"]["hold_id"], resumed["data"]["action"]) == (hit["data"]["hold_id"], "edit")
    assert [p["routine_id"] for p in states[0]["processes"] if p["state"] == "held"] == ["double"]
    assert job.result(TIMEOUT) == 2


def _is_any_held(found: dict[str, Any]) -> bool:
    return any(process["state"] == "held" for process in found["processes"])


def test_what_is_held_goes_on_when_the_monitor_is_killed(debugged: Debugged) -> None:
    job = debugged.submit(breakpoints=[EDGE])
    debugged.held(job)
    os.kill(debugged.monitor._process.result().pid, signal.SIGKILL)
    job.control.debugger.lease = 1.0
    assert job.result(TIMEOUT) == 7
    assert job.session().audit[-1].action == "auto-resume"


def test_who_only_looks_does_not_keep_a_message_held(debugged: Debugged) -> None:
    job, deadline = debugged.submit(breakpoints=[EDGE]), Deadline.after(TIMEOUT)
    debugged.held(job)
    job.control.debugger.lease = 2.0
    while not (job.ended or deadline.passed):
        debugged.ask("GET", f"/jobs/{job.job_id}/debug/session", view=True)
    assert (job.ended, job.session().audit[-1].action) == (True, "auto-resume")
