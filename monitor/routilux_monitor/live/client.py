"""Here is one client of the WebSocket: what it says is answered, what it subscribed to is sent."""

import asyncio
import contextlib
from collections.abc import Callable

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from routilux_monitor import wire
from routilux_monitor.contract import live as contract
from routilux_monitor.live.hub import MOST_SUBSCRIPTIONS, Hub
from routilux_monitor.live.metrics import Leave
from routilux_monitor.live.outbox import Outbox, Overrun
from routilux_monitor.roles import Role
from routilux_monitor.version import VERSION

SUBPROTOCOL = "routilux.v1"
LARGEST = 64 << 10
"""Bytes of a message from a client; beyond, the connection is closed with 1009."""
PATIENCE = 2.0
"""Seconds for a client to answer our closing."""
HEARTBEAT = 30.0

_decode = msgspec.json.Decoder(contract.FromClient).decode
_Ask = contract.Subscribe | contract.Unsubscribe
_Subject = tuple[str, str]
"""`job` or `flow`, and its id."""


def socket() -> web.WebSocketResponse:
    """Ours, not yet prepared."""
    return web.WebSocketResponse(
        timeout=PATIENCE,
        heartbeat=HEARTBEAT,
        protocols=(SUBPROTOCOL,),
        compress=False,  # a few lines at a time: not worth its memory for each client
        max_msg_size=LARGEST,
    )


class Client:
    """Lives as long as its connection."""

    def __init__(
        self, hub: Hub, websocket: web.WebSocketResponse, role: Role, abort: Callable[[], None]
    ) -> None:
        """`abort` drops the connection without a word."""
        self._hub = hub
        self._websocket = websocket
        self._abort = abort
        self._role = role
        self._outbox = Outbox()
        self._subscriptions: dict[_Subject, Leave] = {}

    async def run(self) -> None:
        """Serve the client until it leaves, or has to."""
        self._hub.clients.add(self)
        self._say(contract.Connected(VERSION, self._role.value))
        writer = asyncio.create_task(self._write(), name="messages to a client")
        try:
            await self._read()
        except Overrun as error:
            await self._close(WSCloseCode.POLICY_VIOLATION, str(error))
        finally:
            self._hub.clients.discard(self)
            for leave in self._subscriptions.values():
                leave()
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):  # the reader sees it too, and ends us
            while True:
                message = await self._outbox.take()
                await self._websocket.send_frame(message, WSMsgType.TEXT)

    async def _read(self) -> None:
        async for message in self._websocket:
            if message.type is WSMsgType.TEXT:
                self._hear(message.data)
            elif message.type is WSMsgType.BINARY:
                await self._close(WSCloseCode.UNSUPPORTED_DATA, "messages are JSON in text frames")
                return

    async def _close(self, code: int, why: str) -> None:
        """Says why, unless the client does not read even that."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._websocket.close(code=code, message=why.encode())
        except TimeoutError:
            self._abort()

    async def leave(self) -> None:
        """The monitor ends."""
        await self._close(WSCloseCode.GOING_AWAY, "the monitor ends")

    def _say(self, message: contract.FromServer) -> None:
        self._outbox.answer(wire.encode(message))

    def _hear(self, text: str) -> None:
        try:
            message = _decode(text)
        except msgspec.ValidationError as error:
            self._say(contract.Refused("VALIDATION_ERROR", str(error)))
            return
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            self._say(contract.Refused("MALFORMED_REQUEST", "the message is no JSON"))
            return
        match message:
            case contract.Ping():
                self._say(contract.Pong())
            case contract.Subscribe():
                self._say(self._subscribe(message))
            case contract.Unsubscribe():
                self._say(self._unsubscribe(message))

    def _subscribe(self, asked: contract.Subscribe) -> contract.FromServer:
        subject = _subject(asked)
        if subject is None:
            return _unclear()
        if subject not in self._subscriptions:
            if len(self._subscriptions) >= MOST_SUBSCRIPTIONS:
                why = f"a connection has {MOST_SUBSCRIPTIONS} subscriptions at most"
                return contract.Refused("BUSY", why, asked.job_id, asked.flow_id)
            kind, name = subject
            known = self._hub.known
            if name not in (known.jobs if kind == "job" else known.flows):
                code = f"{kind.upper()}_NOT_FOUND"
                return contract.Refused(code, f"no {kind} {name!r} is known", asked.job_id, asked.flow_id)
            self._subscriptions[subject] = (
                self._hub.listen(name, self._outbox, self._role)
                if kind == "job"
                else self._hub.watch(name, self._outbox)
            )
        return contract.Subscribed(asked.job_id, asked.flow_id, asked.channel)

    def _unsubscribe(self, asked: contract.Unsubscribe) -> contract.FromServer:
        subject = _subject(asked)
        if subject is None:
            return _unclear()
        leave = self._subscriptions.pop(subject, None)
        if leave is not None:
            leave()
        return contract.Unsubscribed(asked.job_id, asked.flow_id, asked.channel)


def _subject(asked: _Ask) -> _Subject | None:
    match asked.job_id, asked.flow_id, asked.channel:
        case str(job_id), None, None:
            return "job", job_id
        case None, str(flow_id), "metrics":
            return "flow", flow_id
    return None


def _unclear() -> contract.Refused:
    return contract.Refused("VALIDATION_ERROR", 'give either "job_id", or "flow_id" and "channel": "metrics"')
