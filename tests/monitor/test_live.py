"""Here are the facts of the WebSocket."""

import asyncio
import json
import os
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import rig
from monitor.rig import DEBUG, VIEW, Rig
from routilux.commands import Act
from routilux.debugcommands import Renew
from routilux_monitor.live.outbox import MOST_ANSWERS, Outbox, Overrun
from routilux_monitor.model import TraceEvent

Socket = aiohttp.ClientWebSocketResponse
LIVE = "job-3"
"""The job that runs."""


@asynccontextmanager
async def _connected(the: Rig, token: str = DEBUG, path: str = "/api/v1/websocket") -> AsyncIterator[Socket]:
    async with the.session.ws_connect(the.url + path, protocols=("routilux.v1", f"token.{token}")) as socket:
        assert (await _next(socket))["type"] == "connected"
        yield socket


def test_a_client_is_told_what_its_token_is_good_for() -> None:
    async def main() -> None:
        async with rig.answering() as the:
            for token, role in ((DEBUG, "debug"), (VIEW, "view")):
                protocols = ("routilux.v1", f"token.{token}")
                async with the.session.ws_connect(
                    f"{the.url}/api/v1/websocket", protocols=protocols
                ) as socket:
                    assert (await _next(socket))["role"] == role

    asyncio.run(main())


async def _next(socket: Socket) -> dict[str, Any]:
    async with asyncio.timeout(10):
        got: dict[str, Any] = await socket.receive_json()
        return got


async def _said(socket: Socket, **message: str) -> dict[str, Any]:
    await socket.send_json(message)
    return await _next(socket)


async def _until(fact: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not fact():  # noqa: ASYNC110 - it is the server's, which tells nobody
            await asyncio.sleep(0)


async def _close_code(socket: Socket) -> int | None:
    async with asyncio.timeout(10):
        async for _ in socket:
            pass
    return socket.close_code


def _event(kind: str = "slot_called", number: int = 7, preview: str = rig.SECRET) -> TraceEvent:
    data = {"slot_name": "text", "preview": preview}
    return TraceEvent(number, LIVE, "split", 1, kind, 1005.0, data=data)


@pytest.mark.parametrize("path", ["/api/v1/websocket", "/api/v1/ws", "/api/websocket", "/api/ws"])
def test_a_ping_is_answered_on_every_path(path: str) -> None:
    async def ask() -> dict[str, Any]:
        async with rig.answering() as the, _connected(the, path=path) as socket:
            return await _said(socket, type="ping")

    assert asyncio.run(ask()) == {"type": "pong"}


@pytest.mark.parametrize("token", ["wrong", ""])
def test_without_the_right_token_the_connection_is_closed_with_1008(token: str) -> None:
    async def ask() -> int | None:
        protocols = ("routilux.v1", f"token.{token}") if token else ("routilux.v1",)
        async with (
            rig.answering() as the,
            the.session.ws_connect(f"{the.url}/api/ws", protocols=protocols) as ws,
        ):
            return await _close_code(ws)

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
        async with rig.answering() as the, _connected(the) as socket:
            assert await _said(socket, type="subscribe", job_id=LIVE) == {
                "type": "subscribed",
                "job_id": LIVE,
            }
            the.known.tell(TraceEvent(1, "job-1", "", 0, "job_started", 1.0))
            the.known.tell(_event())
            the.known.tell(_event("policy_evaluated"))
            the.known.end(LIVE, "cancelled")
            heard = [await _next(socket), await _next(socket)]
            await _said(socket, type="unsubscribe", job_id=LIVE)
            the.known.tell(_event())
            return [*heard, await _said(socket, type="ping")]

    called, ended, pong = asyncio.run(ask())
    assert (called["type"], called["job_id"], called["data"]["routine_id"]) == ("slot_called", LIVE, "split")
    assert called["data"]["slot_name"] == "text"
    assert (ended["type"], ended["data"]["status"]) == ("job_failed", "cancelled")
    assert "routine_id" not in ended["data"]
    assert pong == {"type": "pong"}


def test_the_view_token_hears_of_events_and_not_of_payloads() -> None:
    async def ask() -> tuple[str, Sequence[object]]:
        async with rig.answering() as the, _connected(the, VIEW) as socket:
            await _said(socket, type="subscribe", job_id=LIVE)
            the.known.tell(_event())
            return json.dumps(await _next(socket)), the.known.asked

    event, asked = asyncio.run(ask())
    assert "slot_called" in event
    assert rig.SECRET not in event
    assert asked == []


def _acts(the: Rig) -> Sequence[object]:
    """What was asked, but for the renewals of leases."""
    return [request for request in the.known.asked if not isinstance(request, Renew)]


def test_a_client_that_may_debug_keeps_the_session_open() -> None:
    async def ask() -> None:
        async with rig.answering() as the, _connected(the) as socket:
            await _said(socket, type="subscribe", job_id=LIVE)
            await _until(lambda: Renew(LIVE) in the.known.asked)

    asyncio.run(ask())


def test_tracing_is_on_from_the_first_subscriber_to_the_last() -> None:
    async def ask() -> Sequence[object]:
        async with rig.answering() as the:
            async with _connected(the) as first, _connected(the) as second:
                await _said(first, type="subscribe", job_id=LIVE)
                await _until(lambda: _acts(the))
                await _said(second, type="subscribe", job_id=LIVE)
                await _said(first, type="unsubscribe", job_id=LIVE)
                await _said(first, type="ping")
                assert _acts(the) == [Act(LIVE, "trace")]
            await _until(lambda: len(_acts(the)) == 2)
            return _acts(the)

    assert asyncio.run(ask()) == [Act(LIVE, "trace"), Act(LIVE, "untrace")]


def test_a_job_that_is_traced_already_stays_so() -> None:
    async def ask() -> Sequence[object]:
        async with rig.answering() as the:
            the.known.jobs[LIVE].is_traced = True
            async with _connected(the) as socket:
                await _said(socket, type="subscribe", job_id=LIVE)
                await _said(socket, type="unsubscribe", job_id=LIVE)
                await _said(socket, type="ping")
            return _acts(the)

    assert asyncio.run(ask()) == []


def test_the_metrics_channel_tells_all_first_and_then_what_has_changed() -> None:
    async def ask() -> list[dict[str, Any]]:
        async with rig.answering() as the, _connected(the) as socket:
            await _said(socket, type="subscribe", flow_id=rig.FLOW, channel="metrics")
            whole = await _next(socket)
            the.known.instances[rig.WORKER].routine_rates["split"] = 99.0
            return [whole, await _next(socket)]

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
        async with rig.answering() as the, _connected(the) as socket:
            return await _said(socket, **message)

    answer = asyncio.run(ask())
    assert (answer["type"], answer["code"]) == ("error", code)


def test_binary_frames_close_with_1003_and_oversized_ones_with_1009() -> None:
    async def ask() -> list[int | None]:
        codes = []
        async with rig.answering() as the:
            async with _connected(the) as socket:
                await socket.send_bytes(b"x")
                codes.append(await _close_code(socket))
            async with _connected(the) as socket:
                await socket.send_str("x" * 70_000)
                codes.append(await _close_code(socket))
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
            runner.run(_until(lambda: not the.hub.clients))
            assert runner.run(the.ask("GET", "/health/live"))[0] == 200
        finally:
            runner.run(answering.__aexit__(None, None, None))
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


# ---- clients that do not read -----------------------------------------------------------------------------


def test_a_full_outbox_drops_the_oldest_events_and_says_how_many() -> None:
    async def ask() -> list[bytes]:
        outbox = Outbox(most_events=2)
        for number in range(5):
            outbox.event(b"%d" % number)
        outbox.answer(b"answer")
        return [await outbox.take() for _ in range(4)]

    assert asyncio.run(ask()) == [b"answer", b'{"type":"lagged","dropped":3}', b"3", b"4"]


def test_an_outbox_is_bounded_in_bytes_too() -> None:
    async def ask() -> bytes:
        outbox = Outbox(most_bytes=10)
        for _ in range(4):
            outbox.event(b"123456")
        return await outbox.take()

    assert asyncio.run(ask()) == b'{"type":"lagged","dropped":3}'


def test_answers_are_never_dropped_and_who_reads_none_of_them_is_cut_off() -> None:
    outbox = Outbox()
    for _ in range(MOST_ANSWERS):
        outbox.answer(b"x")
    with pytest.raises(Overrun):
        outbox.answer(b"x")


def test_a_client_that_never_reads_does_not_hold_up_another_and_is_told_what_it_missed() -> None:
    async def ask() -> tuple[int, int, int]:
        async with rig.answering() as the, _connected(the) as deaf, _connected(the) as other:
            for socket in (deaf, other):
                await _said(socket, type="subscribe", job_id=LIVE)
            deaf._response.connection.transport.pause_reading()  # type: ignore[union-attr]
            before = psutil.Process(os.getpid()).memory_info().rss
            heard = 0
            for number in range(40):
                for _ in range(500):
                    the.known.tell(_event(number=number, preview="p" * 200))
                while (await _next(other))["type"] == "slot_called":
                    heard += 1
                    if heard % 500 == 0:
                        break
            grown = psutil.Process(os.getpid()).memory_info().rss - before
            deaf._response.connection.transport.resume_reading()  # type: ignore[union-attr]
            while (message := await _next(deaf))["type"] != "lagged":
                pass
            return heard, grown, message["dropped"]

    heard, grown, dropped = asyncio.run(ask())
    assert heard == 20_000
    assert grown < 50 << 20
    assert dropped > 0


def test_there_is_room_for_so_many_clients_and_no_more() -> None:
    async def ask() -> tuple[int, int | None]:
        async with rig.answering() as the:
            the.hub.most_clients = 20
            sockets = [
                await the.session.ws_connect(f"{the.url}/api/ws", headers={"X-API-Key": DEBUG})
                for _ in range(20)
            ]
            await _until(lambda: len(the.hub.clients) == 20)
            for socket in sockets:
                await socket.send_json({"type": "subscribe", "job_id": LIVE})
                assert [(await _next(socket))["type"] for _ in range(2)] == ["connected", "subscribed"]
            the.known.tell(_event())
            heard = [(await _next(socket))["type"] for socket in sockets]
            async with the.session.ws_connect(f"{the.url}/api/ws", headers={"X-API-Key": DEBUG}) as late:
                code = await _close_code(late)
            for socket in sockets:
                await socket.close()
            return heard.count("slot_called"), code

    assert asyncio.run(ask()) == (20, 1013)


def test_clients_are_told_when_the_monitor_ends() -> None:
    async def ask() -> int | None:
        async with aiohttp.ClientSession() as session:
            async with rig.answering() as the:
                socket = await session.ws_connect(f"{the.url}/api/ws", headers={"X-API-Key": DEBUG})
                await _next(socket)
                closing = asyncio.create_task(_close_code(socket))
                await asyncio.sleep(0)
            return await closing

    assert asyncio.run(ask()) == 1001


def test_a_client_that_never_reads_does_not_hold_up_the_end() -> None:
    async def ask() -> int:
        async with aiohttp.ClientSession() as session:
            async with rig.answering() as the:
                deaf = await session.ws_connect(f"{the.url}/api/ws", headers={"X-API-Key": DEBUG})
                assert (await _next(deaf))["type"] == "connected"
                await _said(deaf, type="subscribe", job_id=LIVE)
                deaf._response.connection.transport.pause_reading()  # type: ignore[union-attr]
                for _ in range(30):  # more than the buffers of both ends take
                    for _ in range(1000):
                        the.known.tell(_event(preview="p" * 1000))
                    await the.ask("GET", "/health/live")
            return len(the.hub.clients)

    assert asyncio.run(asyncio.wait_for(ask(), 50)) == 0
