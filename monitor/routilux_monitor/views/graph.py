"""Here is the view that the page draws from: a running flow's numbers, and what has changed in them."""

from collections.abc import Mapping
from typing import Any

from routilux.commands import FlowInfo
from routilux_monitor.model import Instance
from routilux_monitor.views.metrics import percentile
from routilux_monitor.views.states import by_routine, pressure, queues_of, ways

Values = dict[str, Any]


def numbers(info: FlowInfo, instance: Instance | None) -> Values:
    """Nested, with names as keys, so that changes are small."""
    if instance is None:
        return {"worker_id": "", "state": "stopped", "routines": {}, "connections": {}, "processes": {}}
    return {
        "worker_id": instance.worker_id,
        "state": instance.state,
        "jobs_processed": instance.jobs_processed,
        "jobs_failed": instance.jobs_failed,
        "gaps": instance.gaps,
        "dropped": instance.dropped,
        "routines": _routines(info, instance),
        "connections": _connections(info, instance),
        "processes": _processes(instance),
    }


def _routines(info: FlowInfo, instance: Instance) -> Values:
    shown: Values = {}
    leading, processes = ways(info), by_routine(instance)
    for routine in info.routines:
        rid = routine.routine_id
        figures = processes.get(rid, [])
        took = instance.durations.get(rid)
        shown[rid] = {
            "rate": round(instance.routine_rates.get(rid, 0.0), 1),
            "executions": sum(p.activations for p in figures),
            "errors": sum(p.errors for p in figures),
            "restarts": sum(p.restarts for p in figures),
            "states": sorted(p.state for p in figures),
            "p50": percentile(took, 0.5) if took else None,
            "p95": percentile(took, 0.95) if took else None,
            "queues": {
                q.slot_name: {"depth": q.unconsumed_count, "usage": round(q.usage_percentage, 3)}
                for q in queues_of(routine, leading, instance)
            },
        }
    return shown


def _connections(info: FlowInfo, instance: Instance) -> Values:
    shown: Values = {}
    for position, connection in enumerate(info.connections):
        figures = instance.connections.get(position)
        if figures is None:
            continue
        usage = figures.lane_bytes / figures.lane_capacity if figures.lane_capacity else 0.0
        shown[connection.connection_id] = {
            "rate": round(instance.connection_rates.get(position, 0.0), 1),
            "sent": figures.sent,
            "depth": max(0, figures.sent - figures.used),
            "usage": round(usage, 3),
            "pressure": pressure(usage),
        }
    return shown


def _processes(instance: Instance) -> Values:
    shown: Values = {}
    for number, figures in sorted(instance.processes.items()):
        usage = instance.usage.get(number)
        shown[str(number)] = {
            "routine_id": figures.routine,
            "index": figures.replica,
            "pid": figures.pid,
            "state": figures.state,
            "restarts": figures.restarts,
            "activations": figures.activations,
            "cpu_percent": round(usage.cpu, 1) if usage else None,
            "rss_bytes": usage.rss if usage else None,
        }
    return shown


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Values:
    """What turns `before` into `now` when it is merged: a null removes, and so stands for what is unknown."""
    changed: Values = {name: None for name in before if name not in now}
    for name, value in now.items():
        old = before.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            if deeper := changes(old, value):
                changed[name] = deeper
        elif name not in before or old != value:
            changed[name] = value
    return changed
