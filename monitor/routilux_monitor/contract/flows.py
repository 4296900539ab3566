"""Here is what is said of flows: graphs, their routines and connections."""

from typing import Any

from routilux_monitor.contract.fields import Answer, Count, Instant, Limit, PayloadText, Query, UnixSeconds
from routilux_monitor.contract.metrics import JobMetrics


class FlowRoutine(Answer, frozen=True):
    routine_id: str
    class_name: str
    slots: list[str]
    events: list[str]
    config: dict[str, Any]
    workers: Count


class Connection(Answer, frozen=True):
    connection_id: str
    source_routine: str
    source_event: str
    target_routine: str
    target_slot: str


class Flow(Answer, frozen=True):
    flow_id: str
    routines: dict[str, FlowRoutine]
    connections: list[Connection]
    created_at: UnixSeconds
    updated_at: UnixSeconds


class FlowList(Answer, frozen=True):
    flows: list[Flow]
    total: Count


class ActivationPolicy(Answer, frozen=True):
    type: str
    """`immediate`, `batch_size`, `join`, and so on."""
    description: str
    """As it is written in Python."""


class RoutineInfo(Answer, frozen=True):
    routine_id: str
    routine_type: str
    activation_policy: ActivationPolicy
    config: dict[str, Any]
    slots: list[str]
    events: list[str]


class FlowMetrics(Answer, frozen=True):
    flow_id: str
    total_jobs: Count
    completed_jobs: Count
    failed_jobs: Count
    job_metrics: list[JobMetrics]
    """Of the newest jobs, as many as `limit` says."""


class Validation(Answer, frozen=True):
    valid: bool
    issues: list[str]
    """Errors and warnings together."""
    errors: list[str]
    warnings: list[str]


class FlowMetricsQuery(Query, frozen=True):
    limit: Limit = 20


class ValuesQuery(Query, frozen=True):
    """Where: a connection, or a routine and one of its events or slots. What is left out may be any."""

    connection_id: str = ""
    routine_id: str = ""
    event_name: str = ""
    slot_name: str = ""


class Value(Answer, frozen=True):
    """A message that has passed; of several that were emitted at once, the first."""

    job_id: str
    message_id: str | None
    """None if it is one of several."""
    timestamp: Instant
    preview: PayloadText
    count: Count
    """How many were emitted with it."""


class ValueList(Answer, frozen=True):
    """The newest first. They come of the traces of the newest jobs: where a flow is busy, not every message
    is in there.
    """

    values: list[Value]
    total: Count
