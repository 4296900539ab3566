"""Here are the facts of the REST interface, over a real connection."""

import asyncio
import re
from typing import Any
from urllib.parse import quote

import pytest

from monitor import rig
from monitor.rig import Rig
from routilux.commands import Answer, ForgetFlow, Request, Submit
from routilux.errors import PeerLost
from routilux_monitor.model import LogRecord, TraceEvent
from routilux_monitor.rest.table import ROUTES

POST = {"flow_id": rig.FLOW, "routine_id": "split", "slot_name": "text", "data": {"a": [1, None]}}


def _ask(method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
    async def ask() -> tuple[int, dict[str, Any]]:
        async with rig.answering() as the:
            return await the.ask(method, path, body)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("DELETE", "/flows/no", None, 404, "FLOW_NOT_FOUND"),
        ("GET", "/flows/no", None, 404, "FLOW_NOT_FOUND"),
        ("GET", "/jobs/no", None, 404, "JOB_NOT_FOUND"),
        ("GET", "/workers/no", None, 404, "WORKER_NOT_FOUND"),
        ("GET", "/workers/no/logs", None, 404, "WORKER_NOT_FOUND"),
        ("GET", "/runtimes/no", None, 404, "RUNTIME_NOT_FOUND"),
        ("GET", f"/flows/{rig.FLOW}/routines/no/info", None, 404, "ROUTINE_NOT_FOUND"),
        ("GET", "/jobs/job-1/messages/no/lineage", None, 404, "MESSAGE_NOT_FOUND"),
        ("GET", "/jobs/job-1/messages/no/recording", None, 404, "MESSAGE_NOT_FOUND"),
        ("GET", "/jobs/job-1/messages/2:0:0/recording", None, 404, "MESSAGE_NOT_KEPT"),
        ("GET", "/jobs/no/messages/1:0:0/recording", None, 404, "JOB_NOT_FOUND"),
        ("DELETE", "/dead-letters/r1:x", None, 404, "LETTER_NOT_FOUND"),
        ("GET", "/dead-letters/r1:x", None, 404, "LETTER_NOT_FOUND"),
        ("DELETE", "/dead-letters/7", None, 404, "LETTER_NOT_FOUND"),
        ("POST", "/jobs/job-1/cancel", None, 409, "JOB_ALREADY_COMPLETED"),
        ("POST", "/jobs", POST | {"flow_id": "no"}, 404, "FLOW_NOT_FOUND"),
        ("POST", "/jobs", POST | {"routine_id": "no"}, 404, "ROUTINE_NOT_FOUND"),
        ("POST", "/jobs", POST | {"slot_name": "no"}, 404, "SLOT_NOT_FOUND"),
        ("POST", "/jobs", POST | {"worker_id": "no"}, 404, "WORKER_NOT_FOUND"),
        ("POST", "/jobs", POST | {"job_id": "job-1"}, 409, "JOB_ALREADY_EXISTS"),
        ("POST", "/jobs", POST | {"breakpoints": [{"no": 1}]}, 422, "VALIDATION_ERROR"),
        ("POST", "/jobs", POST | {"data": "x" * (2 << 20)}, 413, "BODY_TOO_LARGE"),
        ("POST", "/workers", {"flow_id": rig.FLOW, "worker_id": "mine"}, 422, "VALIDATION_ERROR"),
        ("POST", "/jobs/job-1/pause", {"no": 1}, 422, "VALIDATION_ERROR"),
        ("GET", "/flows?no=1", None, 422, "VALIDATION_ERROR"),
        ("GET", f"/flows/{rig.FLOW}/values?slot=text", None, 422, "VALIDATION_ERROR"),
        ("GET", "/jobs?status=happy", None, 422, "VALIDATION_ERROR"),
    ],
)
def test_what_cannot_be_done_is_answered_with_its_code(
    method: str, path: str, body: object, status: int, code: str
) -> None:
    got, answer = _ask(method, path, body)
    assert (got, answer["error"]["code"]) == (status, code)
    assert answer["error"].keys() == {"code", "message", "details", "request_id"}


def test_every_path_takes_ids_of_any_characters() -> None:
    odd = quote("a{b}/50%", safe="")
    paths = [(each.method, each.path) for each in ROUTES if each.parameters]

    async def ask() -> list[str]:
        async with rig.answering() as the:
            answers = [await the.ask(method, re.sub(r"\{\w+\}", odd, path)) for method, path in paths]
            return [
                path
                for (_, path), (_, answer) in zip(paths, answers, strict=True)
                if isinstance(error := answer.get("error"), dict) and error["code"] == "PATH_NOT_FOUND"
            ]

    assert len(paths) > 40
    assert asyncio.run(ask()) == []


def test_a_flow_is_forgotten_by_its_runtime_and_then_by_the_monitor() -> None:
    async def forget() -> tuple[int, list[Request], list[str]]:
        known = rig.MadeUp()
        async with rig.answering(known) as the:
            status, _ = await the.ask("DELETE", f"/flows/{rig.FLOW}")
        return status, known.asked, known.forgotten

    assert asyncio.run(forget()) == (204, [ForgetFlow(rig.FLOW)], [rig.FLOW])


def test_what_a_worker_has_said_outside_any_job_is_paged_and_filtered() -> None:
    first: dict[str, object] = {"level": "INFO", "routine_id": "split", "replica": 1}
    first |= {"timestamp": "1970-01-01T00:16:43.500000+00:00", "message": f"set up with {rig.SECRET}"}
    path = f"/workers/{rig.WORKER}/logs"
    assert _ask("GET", f"{path}?limit=1") == (200, {"logs": [first], "total": 2, "dropped": 4})
    assert [line["message"] for line in _ask("GET", f"{path}?offset=1")[1]["logs"]] == ["ready"]
    assert _ask("GET", f"{path}?level=stdout")[1]["total"] == 1


@pytest.mark.parametrize(("runtime", "jobs", "workers"), [(rig.RUNTIME, 3, 1), ("another", 0, 0)])
def test_jobs_and_workers_are_listed_of_one_runtime(runtime: str, jobs: int, workers: int) -> None:
    assert _ask("GET", f"/jobs?runtime_id={runtime}")[1]["total"] == jobs
    assert _ask("GET", f"/workers?runtime_id={runtime}")[1]["total"] == workers


def test_a_runtime_that_has_ended_says_when() -> None:
    async def ask() -> tuple[int, object]:
        known = rig.MadeUp()
        known.runtimes[rig.RUNTIME].is_gone, known.runtimes[rig.RUNTIME].gone_at = True, 1020.5
        async with rig.answering(known) as the:
            return await the.ask("GET", f"/runtimes/{rig.RUNTIME}")

    status, runtime = asyncio.run(ask())
    assert status == 200
    assert isinstance(runtime, dict)
    assert (runtime["started_at"], runtime["ended_at"], runtime["is_shutdown"]) == (1000, 1020, True)


def test_a_submission_reaches_the_runtime_as_it_was_given() -> None:
    async def ask() -> tuple[int, object]:
        async with rig.answering() as the:
            status, _ = await the.ask("POST", "/jobs", POST | {"metadata": {"x": 1}, "timeout": 5})
            return status, the.known.asked[-1]

    status, asked = asyncio.run(ask())
    wanted = Submit(rig.FLOW, "split", "text", {"a": [1, None]}, timeout=5.0, metadata={"x": 1})
    assert (status, asked) == (201, wanted)


def test_a_routine_without_slots_is_triggered() -> None:
    async def ask() -> object:
        async with rig.answering() as the:
            await the.ask(
                "POST", "/jobs", {"flow_id": rig.FLOW, "routine_id": "source", "slot_name": "trigger"}
            )
            return the.known.asked[-1]

    assert asyncio.run(ask()) == Submit(rig.FLOW, "source", "")


def test_the_same_key_starts_one_job() -> None:
    async def ask() -> tuple[list[tuple[int, dict[str, Any]]], int]:
        async with rig.answering() as the:
            keyed = POST | {"idempotency_key": "k"}
            answers = [await the.ask("POST", "/jobs", keyed) for _ in range(2)]
            answers.append(await the.ask("POST", "/jobs", keyed | {"data": 2}))
            return answers, len(the.known.asked)

    (first, second, third), asked = asyncio.run(ask())
    assert first == second
    assert (third[0], third[1]["error"]["code"], asked) == (409, "IDEMPOTENCY_CONFLICT", 1)


async def _waiting(the: Rig) -> None:
    """Until a request waits for a job."""
    async with asyncio.timeout(10):
        while not (await the.ask("GET", "/health/stats"))[1]["waiting"]:
            continue


def test_a_wait_ends_with_the_job() -> None:
    async def ask() -> tuple[int, dict[str, Any]]:
        async with rig.answering() as the:
            wait = asyncio.create_task(the.ask("POST", "/jobs/job-3/wait?timeout=30"))
            await _waiting(the)
            the.known.end("job-3")
            return await wait

    status, answer = asyncio.run(ask())
    assert (status, answer["status"], answer["final_status"]) == (200, "completed", "completed")


def test_a_wait_ends_with_its_time() -> None:
    status, answer = _ask("POST", "/jobs/job-3/wait?timeout=0.01")
    assert (status, answer["status"], answer["final_status"]) == (200, "timeout", None)


def test_execute_answers_with_the_result() -> None:
    async def ask() -> tuple[int, dict[str, Any]]:
        async with rig.answering() as the:
            call = asyncio.create_task(the.ask("POST", "/execute", POST))
            await _waiting(the)
            the.known.end("job-4")
            return await call

    status, answer = asyncio.run(ask())
    assert (status, answer["status"], answer["result"]) == (200, "completed", rig.SECRET)
    assert answer["output"] == f"{rig.SECRET}\n"


def test_execute_gives_what_was_printed_a_moment_to_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routilux_monitor.rest.execute.LAST_WORDS", 30.0)

    async def ask() -> tuple[int, dict[str, Any]]:
        async with rig.answering() as the:
            call = asyncio.create_task(the.ask("POST", "/execute", POST))
            await _waiting(the)
            late = the.known.jobs["job-4"]
            late.routines["split"].activations += 1
            the.known.end("job-4")
            await _waiting(the)
            late.logs.append(LogRecord(1006.0, "split", 0, "job-4", "STDOUT", "at last"))
            late.trace.append(TraceEvent(5, "job-4", "split", 1, "routine_completed", 1006.0))
            late.routines["split"].activations = 2
            the.known.tell(late.trace[-1])
            return await call

    assert asyncio.run(ask())[1]["output"] == f"{rig.SECRET}\nat last\n"


def test_a_job_that_has_ended_with_its_runtime_has_no_results_any_more() -> None:
    class Gone(rig.MadeUp):
        async def ask(self, runtime_id: str, request: Request) -> Answer:
            raise PeerLost(f"there is no running runtime {runtime_id!r}")

    async def ask() -> list[tuple[int, dict[str, Any]]]:
        async with rig.answering(Gone()) as the:
            paths = ("job-1/results", "job-1/data", "job-1/debug/session", "job-3/results")
            return [await the.ask("GET", f"/jobs/{path}") for path in paths]

    results, data, session, under_way = asyncio.run(ask())
    assert results == (200, {"results": [], "total": 0, "truncated": True})
    assert data == (200, {"job_id": "job-1", "data": {}})
    assert (session[0], session[1]["status"], session[1]["log"]) == (200, "no_session", [])
    assert under_way[0] == 409


def test_both_prefixes_answer_the_same() -> None:
    async def ask() -> tuple[str, str]:
        async with rig.answering() as the:
            headers = {"X-API-Key": rig.DEBUG}
            paths = (f"{the.url}/api/v1/jobs/job-1", f"{the.url}/api/jobs/job-1")
            first, second = [await (await the.session.get(path, headers=headers)).text() for path in paths]
            return first, second

    first, second = asyncio.run(ask())
    assert first == second


def test_the_trace_for_perfetto_is_masked_for_the_view_token() -> None:
    async def ask(token: str) -> str:
        async with rig.answering() as the:
            return str(await the.ask("GET", "/jobs/job-1/trace?format=perfetto", token=token))

    assert rig.SECRET in asyncio.run(ask(rig.DEBUG))
    assert rig.SECRET not in asyncio.run(ask(rig.VIEW))
