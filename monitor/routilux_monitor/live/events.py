"""Here is how an event of a job is told live: encoded once for all who may see it whole, once for the
others.
"""

from typing import Final, cast, get_args

from routilux_monitor import wire
from routilux_monitor.contract.live import EventData, EventType, JobEvent
from routilux_monitor.masking import masked
from routilux_monitor.model import TraceEvent
from routilux_monitor.roles import Role
from routilux_monitor.views.times import iso, of_ns
from routilux_monitor.views.traces import trace_data

_TYPES: Final = frozenset(get_args(EventType))
_ENDS_TOLD_AS: Final = {"job_cancelled": "job_failed", "job_lost": "job_failed"}
"""The contract has no word for these; `data.status` tells."""


def told(event: TraceEvent) -> JobEvent | None:
    """None if the contract has no such event."""
    kind = _ENDS_TOLD_AS.get(event.kind, event.kind)
    if kind not in _TYPES:
        return None
    data = trace_data(event)
    data.update(
        routine_id=event.routine_id or None,
        status=event.status or None,
        duration=None if event.duration is None else of_ns(event.duration),
    )
    return JobEvent(cast("EventType", kind), event.job_id, iso(event.at), EventData(**data))


class Encoded:
    """One event as each role sees it; encoded when first asked for."""

    def __init__(self, event: JobEvent) -> None:
        self._event = event
        self._bytes: dict[Role, bytes] = {}

    def for_role(self, role: Role) -> bytes:
        found = self._bytes.get(role)
        if found is None:
            shown = self._event if role is Role.DEBUG else masked(self._event)
            found = self._bytes[role] = wire.encode(shown)
        return found
