"""Here is how tests run what is asynchronous: on a loop of their own, bound by a deadline."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

PATIENCE = 20.0


def run(main: Coroutine[Any, Any, None]) -> None:
    """All of it, within 40 seconds."""

    async def bounded() -> None:
        await asyncio.wait_for(main, 2 * PATIENCE)

    asyncio.run(bounded())


async def until(fact: Callable[[], object]) -> None:
    """Return once `fact` is true; TimeoutError if that takes long."""
    async with asyncio.timeout(PATIENCE):
        while not fact():  # noqa: ASYNC110 - facts of other threads and processes ring no bell
            await asyncio.sleep(0.005)
