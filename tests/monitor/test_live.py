"""Here are the facts of the WebSocket."""

import asyncio
import json
import struct
from collections.abc import Sequence
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import rig
from monitor.livesocket import LIVE, an_event, close_code, connected, next_message, said, until
from monitor.rig import DEBUG, VIEW, Rig
from routilux.commands import Act
from routilux.debugcommands import Renew
from routilux_monitor.model import TraceEvent


def test_a_client_is_told_what_its_token_is_good_for() -> None:
    async def main() -> None:
        async with rig.answering() as the:
            for token, role in ((DEBUG, "debug"), (VIEW, "view")):
                protocols = ("routilux.v1", f"token.{token}")
                async with the.session.ws_connect(
                    f"{the.url}/api/v1/websocket", protocols=protocols
                ) as socket:
                    assert (await next_message(socket))["role"] == role

    asyncio.run(main())


@pytest.mark.parametrize("path", ["/api/v1/websocket", "/api/v1/ws", "/api/websocket", "/api/ws"])
def test_a_ping_is_answered_on_every_path(path: str) -> None:
    async def ask() -> dict[str, Any]:
        async with rig.answering() as the, connected(the, path=path) as socket:
            return await said(socket, type="ping")

    assert asyncio.run(ask()) == {"type": "pong"}


@pytest.mark.parametrize("token", ["wrong", ""])
def test_without_the_right_token_the_connection_is_closed_with_1008(token: str) -> None:
    async def ask() -> int | None:
        protocols = ("routilux.v1", f"token.{token}") if token else ("routilux.v1",)
        async with (
            rig.answering() as the,
            the.session.ws_connect(f"{the.url}/api/ws", protocols=protocols) as ws,
        ):
            return await close_code(ws)

    assert asyncio.run(ask()) == 1008


@pytest.mark.parametrize(("origins", "code"), [(frozenset({"https://a.example"}), 1000), (frozenset(), 1008)])
def test_a_token_in_the_query_works_only_for_a_separate_front_end(origins: frozenset[str], code: int) -> None:
    async def ask() -> int | None:
        query = f"?api_key={DEBUG}"
        async with (
            rig.answering(origins=origins) as the,
            the.session.ws_connect(f"{the.url}/api/ws{query}") as ws,
        ):
            if (await ws.receive()).type is aiohttp.WSMsgType.TEXT:
                await ws.close()
            return ws.close_code

    assert asyncio.run(ask()) == code


def test_a_subscriber_hears_the_events_of_its_job_and_no_others() -> None:
    async def ask() -> list[dict[str, Any]]:
        async with rig.answering() as the, connected(the) as socket:
            assert await said(socket, type="subscribe", job_id=LIVE) == {
                "type": "subscribed",
                "job_id": LIVE,
            }
            the.known.tell(TraceEvent(1, "job-1", "", 0, "job_started", 1.0))
            the.known.tell(an_event())
            the.known.tell(an_event("policy_evaluated"))
            the.known.end(LIVE, "cancelled")
            heard = [await next_message(socket), await next_message(socket)]
            await said(socket, type="unsubscribe", job_id=LIVE)
            the.known.tell(an_event())
            return [*heard, await said(socket, type="ping")]

    called, ended, pong = asyncio.run(ask())
    assert (called["type"], called["job_id"], called["data"]["routine_id"]) == ("slot_called", LIVE, "split")
    assert called["data"]["slot_name"] == "text"
    assert (ended["type"], ended["data"]["status"]) == ("job_failed", "cancelled")
    assert "routine_id" not in ended["data"]
    assert pong == {"type": "pong"}


def test_the_view_token_hears_of_events_and_not_of_payloads() -> None:
    async def ask() -> tuple[str, Sequence[object]]:
        async with rig.answering() as the, connected(the, VIEW) as socket:
            await said(socket, type="subscribe", job_id=LIVE)
            the.known.tell(an_event())
            return json.dumps(await next_message(socket)), the.known.asked

    event, asked = asyncio.run(ask())
    assert "slot_called" in event
    assert rig.SECRET not in event
    assert asked == []


def _acts(the: Rig) -> Sequence[object]:
    """What was asked, but for the renewals of leases."""
    return [request for request in the.known.asked if not isinstance(request, Renew)]


def test_a_client_that_may_debug_keeps_the_session_open() -> None:
    async def ask() -> None:
        async with rig.answering() as the, connected(the) as socket:
            await said(socket, type="subscribe", job_id=LIVE)
            await until(lambda: Renew(LIVE) in the.known.asked)

    asyncio.run(ask())


def test_tracing_is_on_from_the_first_subscriber_to_the_last() -> None:
    async def ask() -> Sequence[object]:
        async with rig.answering() as the:
            async with connected(the) as first, connected(the) as second:
                await said(first, type="subscribe", job_id=LIVE)
                await until(lambda: _acts(the))
                await said(second, type="subscribe", job_id=LIVE)
                await said(first, type="unsubscribe", job_id=LIVE)
                await said(first, type="ping")
                assert _acts(the) == [Act(LIVE, "trace")]
            await until(lambda: len(_acts(the)) == 2)
            return _acts(the)

    assert asyncio.run(ask()) == [Act(LIVE, "trace"), Act(LIVE, "untrace")]


def test_a_job_that_is_traced_already_stays_so() -> None:
    async def ask() -> Sequence[object]:
        async with rig.answering() as the:
            the.known.jobs[LIVE].is_traced = True
            async with connected(the) as socket:
                await said(socket, type="subscribe", job_id=LIVE)
                await said(socket, type="unsubscribe", job_id=LIVE)
                await said(socket, type="ping")
            return _acts(the)

    assert asyncio.run(ask()) == []


def test_the_metrics_channel_tells_all_first_and_then_what_has_changed() -> None:
    async def ask() -> list[dict[str, Any]]:
        async with rig.answering() as the, connected(the) as socket:
            await said(socket, type="subscribe", flow_id=rig.FLOW, channel="metrics")
            whole = await next_message(socket)
            the.known.instances[rig.WORKER].routine_rates["split"] = 99.0
            return [whole, await next_message(socket)]

    whole, delta = asyncio.run(ask())
    assert whole["data"]["full"] is True
    assert whole["data"]["values"]["connections"]["split.output->count.word"]["depth"] == 4
    assert delta["data"] == {"full": False, "values": {"routines": {"split": {"rate": 99.0}}}}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "dance"}, "VALIDATION_ERROR"),
        ({"type": "subscribe"}, "VALIDATION_ERROR"),
        ({"type": "subscribe", "job_id": LIVE, "flow_id": rig.FLOW}, "VALIDATION_ERROR"),
        ({"type": "subscribe", "job_id": LIVE, "more": "x"}, "VALIDATION_ERROR"),
        ({"type": "subscribe", "job_id": "no"}, "JOB_NOT_FOUND"),
        ({"type": "subscribe", "flow_id": "no", "channel": "metrics"}, "FLOW_NOT_FOUND"),
        ({}, "VALIDATION_ERROR"),
    ],
)
def test_what_cannot_be_done_is_answered_with_an_error(message: dict[str, str], code: str) -> None:
    async def ask() -> dict[str, Any]:
        async with rig.answering() as the, connected(the) as socket:
            return await said(socket, **message)

    answer = asyncio.run(ask())
    assert (answer["type"], answer["code"]) == ("error", code)


def test_binary_frames_close_with_1003_and_oversized_ones_with_1009() -> None:
    async def ask() -> list[int | None]:
        codes = []
        async with rig.answering() as the:
            async with connected(the) as socket:
                await socket.send_bytes(b"x")
                codes.append(await close_code(socket))
            async with connected(the) as socket:
                await socket.send_str("x" * 70_000)
                codes.append(await close_code(socket))
        return codes

    assert asyncio.run(ask()) == [1003, 1009]


def _frame(text: bytes) -> bytes:
    length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + struct.pack(">H", len(text))
    return b"\x81" + length + b"\0\0\0\0" + text


FRAMES = st.lists(
    st.one_of(
        st.binary(max_size=64),
        st.tuples(st.integers(0, 255), st.binary(max_size=200)).map(
            lambda f: bytes([f[0], 0x80 | min(len(f[1]), 125)]) + b"\0\0\0\0" + f[1][:125]
        ),
        st.recursive(
            st.none() | st.text(max_size=8), lambda inner: st.dictionaries(st.text(max_size=8), inner)
        ).map(lambda value: _frame(json.dumps(value).encode())),
        st.sampled_from([b'{"type":"subscribe"', b"\xff\xfe", b"[" * 9000]).map(_frame),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=500)
@given(frames=FRAMES)
def _try_frames(the: Rig, loop: asyncio.AbstractEventLoop, frames: list[bytes]) -> None:
    loop.run_until_complete(_send_frames(the, frames))


async def _send_frames(the: Rig, frames: list[bytes]) -> None:
    """Send them and go, in the middle of a frame if it comes to that."""
    host, _, port = the.host.partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"GET /api/ws HTTP/1.1\r\nHost: {the.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"X-API-Key: {DEBUG}\r\n\r\n"
    )
    writer.write(head.encode() + b"".join(frames))
    writer.close()
    await writer.wait_closed()


@pytest.mark.timeout(180)
def test_no_frames_bring_the_monitor_down(caplog: pytest.LogCaptureFixture) -> None:
    with asyncio.Runner() as runner:
        answering = rig.answering()
        the = runner.run(answering.__aenter__())
        try:
            _try_frames(the, runner.get_loop())
            runner.run(until(lambda: not the.hub.clients))
            assert runner.run(the.ask("GET", "/health/live"))[0] == 200
        finally:
            runner.run(answering.__aexit__(None, None, None))
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
