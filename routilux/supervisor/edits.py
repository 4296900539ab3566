"""Here is the check of what a debugger gives: payloads against the slots that they are for, and values."""

from typing import Any

import msgspec

from routilux.debug.holds import Report
from routilux.errors import BreakpointError
from routilux.flow import Flow
from routilux.ipc.codec import EncodeError, Encoder, in_one_piece
from routilux.ipc.lanes import LARGE
from routilux.slottypes import Demand, demand_of, demands, refuser


def fitting(flow: Flow, report: Report, routine: str, payload: Any) -> Any:
    """The payload, made of plain data into what the slot takes if need be. Raises BreakpointError."""
    for demand in _demands(flow, report, routine):
        reason = refuser(demand)(payload)
        if reason is None:
            continue
        try:
            payload = msgspec.convert(payload, demand.type)
        except (msgspec.ValidationError, TypeError) as error:
            raise BreakpointError(f"the edit does not fit: {reason} ({error}); it is still held") from None
        if (again := refuser(demand)(payload)) is not None:
            raise BreakpointError(f"the edit does not fit: {again}; it is still held")
    return payload


def encoded(value: Any, what: str) -> bytes:
    """In one piece. Raises BreakpointError for what cannot travel to the held process."""
    try:
        return in_one_piece(Encoder().encode(value))
    except EncodeError as error:
        raise BreakpointError(
            f"{what} cannot become a {error.type_name}: {error.reason}; it is still held"
        ) from error


def edited_input(flow: Flow, report: Report, routine: str, payload: Any) -> bytes:
    """The payload on which a failed activation is to run again, encoded. Raises BreakpointError."""
    if not flow.nodes[routine].routine.activation_policy.immediate:
        raise BreakpointError(
            f"routine {routine!r} runs on several messages at a time: it can be run again as it was, "
            "but not on another payload"
        )
    part = Encoder(LARGE).encode(fitting(flow, report, routine, payload))
    if not isinstance(part, bytes):
        raise BreakpointError(f"a payload to run again on has at most {LARGE:,} bytes")
    return part


def _demands(flow: Flow, report: Report, routine: str) -> list[Demand]:
    wanted = demands(flow)
    if report.connection >= 0:
        return [wanted[report.connection]] if report.connection in wanted else []
    if report.event >= 0:
        event = flow.nodes[routine].routine.event_names[report.event]
        numbers = [n for n, c in enumerate(flow.connections) if (c.source, c.event) == (routine, event)]
        return [wanted[number] for number in numbers if number in wanted]
    if len(slots := flow.nodes[routine].routine.slot_names) != 1:
        return []
    demand = demand_of(flow, routine, slots[0])
    is_many = not flow.nodes[routine].routine.activation_policy.immediate
    return [] if demand is None or is_many else [demand]
