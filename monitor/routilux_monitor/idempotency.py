"""Here are idempotency keys: a request that is sent again gets the first answer and does nothing new."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from routilux_monitor.contract.errors import ApiError

A = TypeVar("A")

MOST = 10_000
"""Keys that are remembered; then the oldest is forgotten."""


@dataclass(frozen=True)
class _Request:
    fingerprint: bytes
    work: asyncio.Future[object]


class IdempotencyKeys:
    """Remembers answers by key, in this process only."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._requests: OrderedDict[str, _Request] = OrderedDict()

    async def once(self, key: str | None, fingerprint: bytes, work: Callable[[], Awaitable[A]]) -> A:
        """The answer of `work`, done once for all requests of the same key and fingerprint. A request that
        was refused has done nothing, and its key is free again.
        """
        if key is None:
            return await work()
        known = self._requests.get(key)
        if known is None:
            known = self._start(key, fingerprint, work)
        elif known.fingerprint != fingerprint:
            raise ApiError("IDEMPOTENCY_CONFLICT", f"the idempotency key {key!r} was used with another body")
        # One of those who wait may go away; the work is everybody's.
        return cast("A", await asyncio.shield(known.work))

    def _start(self, key: str, fingerprint: bytes, work: Callable[[], Awaitable[A]]) -> _Request:
        self._make_room()

        async def do() -> object:
            try:
                return await work()
            except BaseException:
                self._requests.pop(key, None)
                raise

        request = self._requests[key] = _Request(fingerprint, asyncio.ensure_future(do()))
        # Whether anybody still waits for it or not, its failure counts as seen.
        request.work.add_done_callback(lambda done: done.cancelled() or done.exception())
        return request

    def _make_room(self) -> None:
        if len(self._requests) < self._most:
            return
        oldest = next((key for key, request in self._requests.items() if request.work.done()), None)
        if oldest is None:
            raise ApiError("BUSY", f"{self._most} requests with an idempotency key are under way")
        del self._requests[oldest]
