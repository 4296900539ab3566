"""Here is the contract against the running server: the document is current, and answers are what it says."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from monitor import rig
from monitor.rig import DEBUG, Rig
from routilux_monitor import openapi, wire
from routilux_monitor.rest.table import ROUTES

DOCUMENT = Path(__file__).parents[2] / "monitor" / "openapi.json"


def test_the_committed_document_is_current() -> None:
    """If it is not: python -m routilux_monitor.openapi > monitor/openapi.json"""
    command = [sys.executable, "-m", "routilux_monitor.openapi"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == DOCUMENT.read_bytes()


def test_every_route_of_the_table_is_in_the_document_with_its_errors() -> None:
    paths = json.loads(DOCUMENT.read_bytes())["paths"]
    for route in ROUTES:
        operation = paths["/api/v1" + route.path][route.method.lower()]
        assert {str(route.status), "401", "403", "421", "422", "429"} <= operation["responses"].keys()
        assert operation["summary"]


def test_the_document_refers_to_nothing_that_is_not_there() -> None:
    text = wire.encode(openapi.document(ROUTES)).decode()
    schemas = json.loads(text)["components"]["schemas"]
    wanted = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert wanted <= schemas.keys()


# ---- the running server -----------------------------------------------------------------------------------


class Server:
    """A rig in a thread of its own, for clients that block."""

    def __init__(self) -> None:
        self._ready: Future[Rig] = Future()
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),))
        self._thread.start()
        self.rig = self._ready.result(timeout=30)

    async def _run(self) -> None:
        async with rig.answering() as the:
            self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
            self._ready.set_result(the)
            await self._over.wait()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


CHECKS = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.headers["X-API-Key"] = DEBUG
        yield made


DESCRIBED = schemathesis.openapi.from_dict(openapi.document(ROUTES))
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)


@pytest.mark.timeout(180)
def test_every_answer_is_as_the_document_says(server: Server, session: requests.Session) -> None:
    """What the document calls good gets the answer that it names; what it calls bad, one of its errors."""
    for found in DESCRIBED.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr] # the document is ours, and tested above

        for mode in MODES:
            strategy = operation.as_strategy(generation_mode=mode)

            @settings(max_examples=5, database=None, suppress_health_check=list(HealthCheck))
            @given(case=strategy)
            def ask(case: schemathesis.Case[Any]) -> None:
                case.call_and_validate(base_url=server.rig.url, checks=CHECKS, session=session, timeout=30)

            ask()


def _junk(random: Random) -> bytes:
    """A body that no route takes."""
    good = b'{"flow_id":"words","routine_id":"split","slot_name":"text"'
    kinds = (
        lambda: random.randbytes(random.randrange(200)),
        lambda: good[: random.randrange(len(good))],
        lambda: good + b',"data":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        lambda: good + b',"data":NaN}',
        lambda: good + b',"data":1e999}',
        lambda: good + b',"data":"\xff\xfe"}',
        lambda: good + b',"data":"\\ud800"}',
        lambda: good + b',"data":' + b"9" * random.randrange(30, 400) + b"}",
        lambda: good + b',"job_id":"../../etc/passwd"}',
        lambda: good + b',"timeout":"soon"}',
        lambda: good + b',"metadata":[]}',
        lambda: good.replace(b"words", b"../words") + b"}",
        lambda: good + b',"surplus":1}',
        lambda: b'{"flow_id":{}}',
        lambda: b"null",
    )
    return random.choice(kinds)()


PATHS = ("/jobs", "/execute", "/workers", "/jobs/..%2f..%2fetc/cancel", "/jobs/%00/pause", "/jobs/%ff/resume")


def test_2000_bodies_that_are_none_are_refused_and_change_nothing(
    server: Server, session: requests.Session
) -> None:
    random, asked = Random(22), len(server.rig.known.asked)
    headers = {"Content-Type": "application/json"}
    for number in range(2000):
        body = b'"' + b"x" * (10 << 20) if number % 400 == 0 else _junk(random)
        url = f"{server.rig.url}/api/v1{random.choice(PATHS)}"
        answer = session.post(url, data=body, headers=headers, timeout=10)
        assert 400 <= answer.status_code < 500, (url, body[:200], answer.text)
        assert answer.json()["error"]["request_id"]
    assert len(server.rig.known.asked) == asked
