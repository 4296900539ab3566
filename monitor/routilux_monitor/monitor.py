"""Here is the Monitor: all that requests are answered from."""

from dataclasses import dataclass, field

from routilux import clock
from routilux_monitor.idempotency import IdempotencyKeys
from routilux_monitor.known import Known
from routilux_monitor.live.hub import Hub
from routilux_monitor.waits import Waits


@dataclass
class Monitor:
    """One per process."""

    known: Known
    hub: Hub
    waits: Waits
    keys: IdempotencyKeys = field(default_factory=IdempotencyKeys)
    started_at: float = field(default_factory=clock.wall)
