"""Here is the Hub: who is connected, and who has subscribed to what."""

import asyncio
from typing import Protocol

from routilux_monitor.known import Known
from routilux_monitor.live.attendance import Attendance
from routilux_monitor.live.events import Encoded, told
from routilux_monitor.live.metrics import Leave, MetricsChannels
from routilux_monitor.live.outbox import Outbox
from routilux_monitor.live.tracing import Tracing
from routilux_monitor.model import TraceEvent
from routilux_monitor.roles import Role

MOST_CLIENTS = 256
MOST_SUBSCRIPTIONS = 256
"""Of one client."""


class Leaver(Protocol):
    """One who is connected."""

    async def leave(self) -> None:
        """The monitor ends."""


class Hub:
    """One per monitor."""

    def __init__(self, known: Known, most_clients: int = MOST_CLIENTS) -> None:
        self.known = known
        self.clients: set[Leaver] = set()
        self.most_clients = most_clients
        self._audiences: dict[str, dict[Outbox, Role]] = {}
        """Who listens to which job."""
        self._stop = known.listen(self._hear)
        self._tracing = Tracing(known)
        self._attendance = Attendance(known)
        self._metrics = MetricsChannels(known)

    def listen(self, job_id: str, outbox: Outbox, role: Role) -> Leave:
        """Tell `outbox` the events of a job until the returned function is called. Whoever only views does
        not turn its tracing on, nor keep its debug session open.
        """
        audience = self._audiences.setdefault(job_id, {})
        audience[outbox] = role
        if role is Role.DEBUG:
            self._tracing.want(job_id)
            self._attendance.come(job_id)

        def leave() -> None:
            del audience[outbox]
            if not audience:
                del self._audiences[job_id]
            if role is Role.DEBUG:
                self._tracing.leave(job_id)
                self._attendance.leave(job_id)

        return leave

    def _hear(self, event: TraceEvent) -> None:
        audience = self._audiences.get(event.job_id)
        shown = told(event) if audience else None
        if audience is None or shown is None:
            return
        encoded = Encoded(shown)
        for outbox, role in audience.items():
            outbox.event(encoded.for_role(role))

    def watch(self, flow_id: str, outbox: Outbox) -> Leave:
        """Tell `outbox` the numbers of a flow until the returned function is called."""
        return self._metrics.join(flow_id, outbox)

    @property
    def is_full(self) -> bool:
        return len(self.clients) >= self.most_clients

    async def close(self) -> None:
        self._stop()
        await asyncio.gather(*(client.leave() for client in tuple(self.clients)))
        await self._metrics.close()
        await self._attendance.close()
        await self._tracing.close()
