"""Here are the messages of the WebSocket."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from routilux_monitor.contract.fields import Answer, Instant, Name
from routilux_monitor.contract.metrics import TraceData

EventType = Literal[
    "job_started",
    "job_completed",
    "job_failed",
    "routine_started",
    "routine_completed",
    "routine_failed",
    "event_emitted",
    "slot_called",
    "breakpoint_hit",
    "breakpoint_resumed",
]


class _FromClient(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    pass


class Subscribe(_FromClient, frozen=True, tag="subscribe"):
    """Either to a job's events or to a flow's metrics."""

    job_id: Name | None = None
    flow_id: Name | None = None
    channel: Literal["metrics"] | None = None


class Unsubscribe(_FromClient, frozen=True, tag="unsubscribe"):
    job_id: Name | None = None
    flow_id: Name | None = None
    channel: Literal["metrics"] | None = None


class Ping(_FromClient, frozen=True, tag="ping"):
    pass


FromClient = Subscribe | Unsubscribe | Ping


class Connected(Answer, frozen=True, tag_field="type", tag="connected"):
    version: str
    role: Literal["view", "debug"]
    """What the client's token is good for."""


class Subscribed(Answer, frozen=True, tag_field="type", tag="subscribed", omit_defaults=True):
    job_id: str | None = None
    flow_id: str | None = None
    channel: str | None = None


class Unsubscribed(Answer, frozen=True, tag_field="type", tag="unsubscribed", omit_defaults=True):
    job_id: str | None = None
    flow_id: str | None = None
    channel: str | None = None


class Pong(Answer, frozen=True, tag_field="type", tag="pong"):
    pass


class Lagged(Answer, frozen=True, tag_field="type", tag="lagged"):
    """So many events did not fit in this client's queue."""

    dropped: Annotated[int, Meta(ge=1)]


class Refused(Answer, frozen=True, tag_field="type", tag="error"):
    code: str
    message: str
    job_id: str | None = None
    flow_id: str | None = None


class EventData(TraceData, frozen=True, omit_defaults=True):
    routine_id: str | None = None
    """Of all but `job_*`."""
    status: str | None = None
    duration: float | None = None
    error: str | None = None


class JobEvent(Answer, frozen=True):
    type: EventType
    job_id: str
    timestamp: Instant
    data: EventData


class MetricsData(Answer, frozen=True):
    full: bool
    """Whether this is all; else only what has changed: merge it, a null removes."""
    values: dict[str, Any]


class FlowMetricsEvent(Answer, frozen=True, tag_field="type", tag="flow_metrics"):
    flow_id: str
    timestamp: Instant
    data: MetricsData


FromServer = Connected | Subscribed | Unsubscribed | Pong | Lagged | Refused | FlowMetricsEvent
