"""Clients of the WebSocket that do not read hold nobody up, nor do too many, nor any at the end."""

import asyncio
import os

import aiohttp
import psutil
import pytest

from monitor import rig
from monitor.livesocket import LIVE, an_event, close_code, connected, next_message, said, until
from monitor.rig import DEBUG
from routilux_monitor.live.outbox import MOST_ANSWERS, Outbox, Overrun


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
        async with rig.answering() as the, connected(the) as deaf, connected(the) as other:
            for socket in (deaf, other):
                await said(socket, type="subscribe", job_id=LIVE)
            deaf._response.connection.transport.pause_reading()  # type: ignore[union-attr]
            before = psutil.Process(os.getpid()).memory_info().rss
            heard = 0
            for number in range(40):
                for _ in range(500):
                    the.known.tell(an_event(number=number, preview="p" * 200))
                while (await next_message(other))["type"] == "slot_called":
                    heard += 1
                    if heard % 500 == 0:
                        break
            grown = psutil.Process(os.getpid()).memory_info().rss - before
            deaf._response.connection.transport.resume_reading()  # type: ignore[union-attr]
            while (message := await next_message(deaf))["type"] != "lagged":
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
            await until(lambda: len(the.hub.clients) == 20)
            for socket in sockets:
                await socket.send_json({"type": "subscribe", "job_id": LIVE})
                assert [(await next_message(socket))["type"] for _ in range(2)] == ["connected", "subscribed"]
            the.known.tell(an_event())
            heard = [(await next_message(socket))["type"] for socket in sockets]
            async with the.session.ws_connect(f"{the.url}/api/ws", headers={"X-API-Key": DEBUG}) as late:
                code = await close_code(late)
            for socket in sockets:
                await socket.close()
            return heard.count("slot_called"), code

    assert asyncio.run(ask()) == (20, 1013)


def test_clients_are_told_when_the_monitor_ends() -> None:
    async def ask() -> int | None:
        async with aiohttp.ClientSession() as session:
            async with rig.answering() as the:
                socket = await session.ws_connect(f"{the.url}/api/ws", headers={"X-API-Key": DEBUG})
                await next_message(socket)
                closing = asyncio.create_task(close_code(socket))
                await asyncio.sleep(0)
            return await closing

    assert asyncio.run(ask()) == 1001


def test_a_client_that_never_reads_does_not_hold_up_the_end() -> None:
    async def ask() -> int:
        async with aiohttp.ClientSession() as session:
            async with rig.answering() as the:
                deaf = await session.ws_connect(f"{the.url}/api/ws", headers={"X-API-Key": DEBUG})
                assert (await next_message(deaf))["type"] == "connected"
                await said(deaf, type="subscribe", job_id=LIVE)
                deaf._response.connection.transport.pause_reading()  # type: ignore[union-attr]
                for _ in range(30):  # more than the buffers of both ends take
                    for _ in range(1000):
                        the.known.tell(an_event(preview="p" * 1000))
                    await the.ask("GET", "/health/live")
            return len(the.hub.clients)

    assert asyncio.run(asyncio.wait_for(ask(), 50)) == 0
