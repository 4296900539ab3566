"""Here is the view of what has passed a place of a flow lately, as far as the traces of its jobs tell."""

from collections.abc import Iterable, Iterator, Mapping
from heapq import nlargest
from itertools import islice

from routilux_monitor.contract import flows as contract
from routilux_monitor.model import JobRecord, TraceEvent
from routilux_monitor.views.times import iso

MOST = 5
JOBS = 10
"""Of which something is looked for, the newest."""
LOOKED_AT = 5_000
"""Events that are looked at in all, the newest."""
_KINDS = frozenset({"event_emitted", "slot_called"})
_NAMES = ("connection_id", "event_name", "slot_name")


def values(jobs: Iterable[JobRecord], wanted: contract.ValuesQuery) -> contract.ValueList:
    """`jobs` are those of one flow."""
    names = {name: asked for name in _NAMES if (asked := getattr(wanted, name))}
    newest = nlargest(JOBS, jobs, key=lambda job: job.created_at)
    found: dict[tuple[str, int, str], TraceEvent] = {}
    for event in islice(_events(newest), LOOKED_AT):
        if _is_wanted(event, wanted.routine_id, names):
            found.setdefault(_key(event), event)
        if len(found) == MOST:
            break
    shown = sorted(found.values(), key=lambda event: event.at, reverse=True)
    return contract.ValueList([_value(event) for event in shown], len(shown))


def _events(jobs: Iterable[JobRecord]) -> Iterator[TraceEvent]:
    for job in jobs:
        yield from reversed(job.trace)


def _is_wanted(event: TraceEvent, routine_id: str, names: Mapping[str, str]) -> bool:
    if event.kind not in _KINDS or not event.data.get("preview") or routine_id not in ("", event.routine_id):
        return False
    return all(event.data.get(name) == asked for name, asked in names.items())


def _key(event: TraceEvent) -> tuple[str, int, str]:
    """An event that leads to several connections is told of each: once is enough."""
    if event.kind == "slot_called" or not event.activation:
        return event.job_id, event.number, ""
    return event.job_id, event.activation, event.data["event_name"]


def _value(event: TraceEvent) -> contract.Value:
    data = event.data
    name, *others = data.get("message_ids") or [data.get("message_id")]
    is_sure = not others and event.count == 1
    return contract.Value(
        event.job_id, name if is_sure else None, iso(event.at), data["preview"], event.count
    )
