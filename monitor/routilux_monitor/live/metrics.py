"""Here is the channel of a flow's numbers: to each client all of them first, then what has changed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from routilux import clock
from routilux_monitor import wire
from routilux_monitor.contract.live import FlowMetricsEvent, MetricsData
from routilux_monitor.known import Known
from routilux_monitor.live.outbox import Outbox
from routilux_monitor.model import Instance
from routilux_monitor.views.graph import Values, changes, numbers
from routilux_monitor.views.times import iso

TICK = 0.1
"""Seconds between two messages at least."""

Leave = Callable[[], None]


@dataclass
class _Channel:
    """One flow that somebody watches. `readers` has what number of update each has got."""

    readers: dict[Outbox, int] = field(default_factory=dict)
    values: Values = field(default_factory=dict)
    update: int = 0
    task: asyncio.Task[None] | None = None


class MetricsChannels:
    """Works for flows that somebody watches, and for no others."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._channels: dict[str, _Channel] = {}

    def join(self, flow_id: str, outbox: Outbox) -> Leave:
        """Tell `outbox` the numbers of a flow until the returned function is called."""
        channel = self._channels.get(flow_id)
        if channel is None:
            channel = self._channels[flow_id] = _Channel()
            channel.task = asyncio.create_task(self._run(flow_id, channel), name=f"numbers of {flow_id}")
        channel.readers[outbox] = -1

        def leave() -> None:
            channel.readers.pop(outbox, None)
            if not channel.readers and self._channels.get(flow_id) is channel:
                del self._channels[flow_id]
                if channel.task is not None:
                    channel.task.cancel()

        return leave

    async def _run(self, flow_id: str, channel: _Channel) -> None:
        while True:
            self._tell(flow_id, channel)
            await asyncio.sleep(TICK)

    def _tell(self, flow_id: str, channel: _Channel) -> None:
        flow = self._known.flows.get(flow_id)
        if flow is None:
            return
        now = numbers(flow.info, self._running(flow.info.worker_id))
        changed = changes(channel.values, now)
        before = channel.update
        if changed:
            channel.values, channel.update = now, before + 1
        at, encoded = iso(clock.wall()), dict[bool, bytes]()
        for outbox, had in channel.readers.items():
            # Who has not read the last update gets no other one, but all numbers when it has.
            if had == channel.update or not outbox.is_clear:
                continue
            is_whole = had != before
            if is_whole not in encoded:
                data = MetricsData(is_whole, now if is_whole else changed)
                encoded[is_whole] = wire.encode(FlowMetricsEvent(flow_id, at, data))
            outbox.event(encoded[is_whole])
            channel.readers[outbox] = channel.update

    def _running(self, worker_id: str) -> Instance | None:
        return self._known.instances.get(worker_id)

    async def close(self) -> None:
        tasks = [channel.task for channel in self._channels.values() if channel.task is not None]
        self._channels.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
