"""Here is the monitor's WebSocket, as a test holds its end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from monitor import rig
from monitor.loop import PATIENCE
from monitor.rig import DEBUG, Rig
from routilux_monitor.model import TraceEvent

Socket = aiohttp.ClientWebSocketResponse
LIVE = "job-3"
"""The job that runs."""


@asynccontextmanager
async def connected(the: Rig, token: str = DEBUG, path: str = "/api/v1/websocket") -> AsyncIterator[Socket]:
    async with the.session.ws_connect(the.url + path, protocols=("routilux.v1", f"token.{token}")) as socket:
        assert (await next_message(socket))["type"] == "connected"
        yield socket


async def next_message(socket: Socket) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        got: dict[str, Any] = await socket.receive_json()
        return got


async def said(socket: Socket, **message: str) -> dict[str, Any]:
    await socket.send_json(message)
    return await next_message(socket)


async def until(fact: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not fact():  # noqa: ASYNC110 - it is the server's, which tells nobody
            await asyncio.sleep(0)


async def close_code(socket: Socket) -> int | None:
    async with asyncio.timeout(PATIENCE):
        async for _ in socket:
            pass
    return socket.close_code


def an_event(kind: str = "slot_called", number: int = 7, preview: str = rig.SECRET) -> TraceEvent:
    data = {"slot_name": "text", "preview": preview}
    return TraceEvent(number, LIVE, "split", 1, kind, 1005.0, data=data)
