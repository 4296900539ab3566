"""Here is every route × method, and every other path, against bad hosts, origins, tokens and content types.
The rows come from the table of routes: a new one is covered by itself.
"""

import asyncio
import json
from collections.abc import Mapping

import pytest

from monitor import rig
from monitor.rig import DEBUG, SECRET, VIEW, Rig
from routilux_monitor.app import PUBLIC, WEBSOCKETS
from routilux_monitor.rest.table import ROUTES
from routilux_monitor.routes import PREFIXES

NAMES = {
    "flow_id": rig.FLOW,
    "job_id": "job-3",
    "worker_id": rig.WORKER,
    "routine_id": "split",
    "runtime_id": rig.RUNTIME,
    "letter_id": f"{rig.RUNTIME}:7",
    "message_id": "1:0:0",
    "breakpoint_id": "bp-1",
    "hold_id": "hold-1",
    "name": "total",
}
BODIES = {
    "/jobs": {"flow_id": rig.FLOW, "routine_id": "split", "slot_name": "text", "data": 1},
    "/execute": {
        "flow_id": rig.FLOW, "routine_id": "split", "slot_name": "text", "wait": False
    },
    "/workers": {"flow_id": rig.FLOW},
    "/conditions/check": {"condition": "data > 1"},
    "/jobs/{job_id}/debug/inject": {"routine_id": "split", "slot_name": "text"},
    "/jobs/{job_id}/debug/holds/{hold_id}/edit": {"payload": 1},
    "/jobs/{job_id}/debug/variables/{name}": {"value": 1},
}  # fmt: skip
JSON = "application/json"
TOKEN = {"X-API-Key": DEBUG}

Row = tuple[str, str]
ROWS: list[Row] = sorted(
    {
        *((route.method, prefix + route.path) for route in ROUTES for prefix in PREFIXES),
        *(("GET", path) for path in (*PUBLIC, *WEBSOCKETS, "/metrics", "/nothing", "/api/v1/nothing")),
        *(("POST", path) for path in ("/nothing", "/", "/metrics")),
    }
)
CHANGING = [row for row in ROWS if row[0] != "GET"]
OPEN = [*((r.method, p + r.path) for r in ROUTES for p in PREFIXES), *(("GET", path) for path in PUBLIC)]
GUARDED = [row for row in ROWS if row[1] not in PUBLIC]


def _path(template: str) -> str:
    return template.format(**NAMES)


def _body(path: str) -> bytes:
    return json.dumps(BODIES.get(path.removeprefix("/api/v1").removeprefix("/api"), {})).encode()


async def _raw(
    the: Rig, row: Row, headers: Mapping[str, str], *, hosts: tuple[str, ...] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer to exactly these headers; a client library would mend them."""
    method, template = row
    body = _body(template) if method != "GET" else b""
    if method != "GET" and "Content-Type" not in headers:
        headers = {**headers, "Content-Type": JSON}
    lines = [f"{method} {_path(template)} HTTP/1.1", *(f"Host: {h}" for h in hosts or ())]
    lines += [f"Host: {the.host}"] if hosts is None else []
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    host, _, port = the.host.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write("\r\n".join(lines).encode() + body)
        async with asyncio.timeout(10):
            head, _, content = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
        await writer.wait_closed()
    status, *rest = head.decode().split("\r\n")
    return (
        int(status.split()[1]),
        {n.lower(): v for n, _, v in (line.partition(": ") for line in rest)},
        content,
    )


def _statuses(rows: list[Row], headers: Mapping[str, str], **options: tuple[str, ...]) -> dict[Row, int]:
    async def all_of_them() -> dict[Row, int]:
        async with rig.answering() as the:
            return {row: (await _raw(the, row, headers, **options))[0] for row in rows}

    return asyncio.run(all_of_them())


BAD_HOSTS = [
    ("evil.example",),
    ("localhost",),
    ("127.0.0.1:1",),
    ("127.0.0.1",),
    ("",),
    (),
    ("127.0.0.1:20555.evil.example",),
]


@pytest.mark.parametrize("hosts", BAD_HOSTS, ids=str)
def test_no_path_answers_to_another_host(hosts: tuple[str, ...]) -> None:
    assert set(_statuses(ROWS, TOKEN, hosts=hosts).values()) <= {400, 421}


def test_no_path_answers_to_two_hosts() -> None:
    async def ask() -> set[int]:
        async with rig.answering() as the:
            return {
                (await _raw(the, row, TOKEN, hosts=pair))[0]
                for row in ROWS
                for pair in ((the.host, "evil.example"), (the.host, the.host))
            }

    assert asyncio.run(ask()) <= {400, 421}


BAD_ORIGINS = [
    "null",
    "http://evil.example",
    "http://localhost:1",
    "https://127.0.0.1",
    "http://127.0.0.1",
    "*",
    "",
]


@pytest.mark.parametrize("origin", BAD_ORIGINS)
def test_no_path_answers_to_pages_of_another_origin(origin: str) -> None:
    assert set(_statuses(ROWS, {**TOKEN, "Origin": origin}).values()) == {403}


def test_only_the_page_and_the_reference_answer_without_a_token() -> None:
    assert set(_statuses(GUARDED, {}).values()) == {401}
    assert set(_statuses([row for row in ROWS if row[0] == "GET" and row[1] in PUBLIC], {}).values()) == {200}


BAD_TOKENS = [
    {"X-API-Key": "wrong"},
    {"Authorization": "Bearer wrong"},
    {"Authorization": f"Bearer {DEBUG}x"},
    {"Authorization": DEBUG[:-1]},
    {"Authorization": "Basic d3Jvbmc="},
    {"X-API-Key": DEBUG, "Authorization": "Bearer wrong"},
    {"X-API-Key": DEBUG, "Authorization": f"Bearer {VIEW}"},
]


@pytest.mark.parametrize("headers", BAD_TOKENS, ids=str)
def test_a_wrong_token_opens_nothing(headers: dict[str, str]) -> None:
    assert set(_statuses(ROWS, headers).values()) == {403}


@pytest.mark.parametrize("headers", [TOKEN, {"Authorization": f"Bearer {DEBUG}"}], ids=str)
def test_the_token_opens_everything(headers: dict[str, str]) -> None:
    statuses = _statuses(ROWS, headers)
    assert {status for row, status in statuses.items() if "nothing" in row[1]} == {404}
    assert {statuses[("POST", path)] for path in ("/", "/metrics")} == {405}
    assert {status for row, status in statuses.items() if row[1] in WEBSOCKETS} == {426}
    # One of the rows cancels the job, so that those after it find it ended.
    assert {status for row, status in statuses.items() if row in OPEN} <= {200, 201, 204, 409}


def test_the_view_token_changes_nothing() -> None:
    assert set(_statuses(CHANGING, {"X-API-Key": VIEW}).values()) == {403}


def test_the_view_token_sees_no_payload() -> None:
    async def ask() -> dict[Row, tuple[bytes, bytes]]:
        rows = [row for row in ROWS if row[0] == "GET" and row[1] not in PUBLIC | WEBSOCKETS]
        async with rig.answering() as the:
            return {
                row: (
                    (await _raw(the, row, {"X-API-Key": VIEW}))[2],
                    (await _raw(the, row, {"X-API-Key": DEBUG}))[2],
                )
                for row in rows
            }

    answers = asyncio.run(ask())
    assert [row for row, (viewed, _) in answers.items() if SECRET.encode() in viewed] == []
    assert len([row for row, (_, seen) in answers.items() if SECRET.encode() in seen]) >= 20


BAD_TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=latin-1",
    "application/jsonx",
    "",
]


@pytest.mark.parametrize("kind", BAD_TYPES)
def test_a_body_that_is_not_declared_as_json_is_refused(kind: str) -> None:
    assert set(_statuses(CHANGING, {**TOKEN, "Content-Type": kind}).values()) == {415}


@pytest.mark.parametrize("path", [*sorted(WEBSOCKETS)])
def test_a_websocket_of_another_host_or_origin_is_not_opened(path: str) -> None:
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": f"routilux.v1, token.{DEBUG}",
    }
    row = ("GET", path)
    assert _statuses([row], upgrade, hosts=("evil.example",)) == {row: 421}
    assert _statuses([row], {**upgrade, "Origin": "null"}) == {row: 403}


def test_every_answer_has_the_headers_that_keep_others_out() -> None:
    async def ask() -> list[dict[str, str]]:
        async with rig.answering() as the:
            good = [(await _raw(the, row, TOKEN))[1] for row in ROWS]
            bad = [(await _raw(the, row, {}))[1] for row in ROWS]
            return good + bad + [(await _raw(the, row, TOKEN, hosts=("evil",)))[1] for row in ROWS]

    for headers in asyncio.run(ask()):
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert not {"access-control-allow-origin", "set-cookie"} & headers.keys()
        assert headers["server"] == "routilux-monitor"


def test_too_many_wrong_tokens_are_not_looked_at_and_the_right_one_still_is() -> None:
    async def ask() -> list[int]:
        async with rig.answering(failures=3) as the:
            wrong = [(await the.ask("GET", "/jobs", token="wrong"))[0] for _ in range(5)]
            return [*wrong, (await the.ask("GET", "/jobs"))[0]]

    assert asyncio.run(ask()) == [403, 403, 403, 429, 429, 200]


def test_an_allowed_origin_may_ask_and_read_and_no_other() -> None:
    front = "https://front.example"

    async def ask() -> tuple[int, str, int, str, int]:
        async with rig.answering(origins=frozenset({front})) as the:
            row = ("GET", "/api/v1/jobs")
            asks = {"Origin": front, "Access-Control-Request-Method": "GET"}
            before, headers, _ = await _raw(the, ("OPTIONS", row[1]), asks)
            after, shared, _ = await _raw(the, row, {**TOKEN, "Origin": front})
            other, _, _ = await _raw(the, row, {**TOKEN, "Origin": "https://other.example"})
            return (
                before,
                headers["access-control-allow-origin"],
                after,
                shared["access-control-allow-origin"],
                other,
            )

    assert asyncio.run(ask()) == (204, front, 200, front, 403)
