"""Here is the running server: it follows the runtimes, answers on its sockets, and ends cleanly when it is
told to.
"""

import asyncio
import contextlib
import logging
import signal
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from aiohttp import web

from routilux_monitor.app import application
from routilux_monitor.binding import Binding
from routilux_monitor.history import History
from routilux_monitor.knowledge import Knowledge
from routilux_monitor.live.hub import Hub
from routilux_monitor.monitor import Monitor
from routilux_monitor.security.access import Access
from routilux_monitor.waits import Waits

PATIENCE = 2.0
"""Seconds for requests under way when the server ends."""

log = logging.getLogger("routilux.monitor")


@asynccontextmanager
async def serving(
    binding: Binding,
    access: Access,
    *,
    tls: ssl.SSLContext | None = None,
    history: History | None = None,
    folder: Path | None = None,
) -> AsyncIterator[Monitor]:
    """Inside, the monitor answers."""
    async with Knowledge(history, folder) as knowledge:
        monitor = Monitor(knowledge, Hub(knowledge), Waits(knowledge))
        # Neither an access log (a query may carry a token) nor aiohttp's own handling of signals.
        runner = web.AppRunner(
            application(monitor, access), access_log=None, handle_signals=False, shutdown_timeout=PATIENCE
        )
        await runner.setup()
        try:
            for one in binding.sockets:
                await web.SockSite(runner, one, ssl_context=tls).start()
            yield monitor
        finally:
            await runner.cleanup()


async def serve(
    serving: AbstractAsyncContextManager[Monitor], watch_fd: int | None, listens: Callable[[], None]
) -> None:
    """Answer until told to end; `listens` is called when it has begun."""
    with _ear(watch_fd) as told:  # before anybody knows of it, and may end it
        async with serving:
            listens()
            await told.wait()


@contextlib.contextmanager
def _ear(watch_fd: int | None) -> Iterator[asyncio.Event]:
    """Set when SIGINT or SIGTERM comes, or when the pipe ends that somebody else holds open."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    with contextlib.ExitStack() as stack:
        if watch_fd is not None:
            loop.add_reader(watch_fd, told.set)
            stack.callback(loop.remove_reader, watch_fd)
        yield told
