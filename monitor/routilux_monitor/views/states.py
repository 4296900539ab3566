"""Here are views of what a job's routines and their slots are doing."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from routilux.commands import FlowInfo, RoutineInfo
from routilux.hookevents import ConnectionFigures, ProcessFigures
from routilux_monitor.contract import jobs as jobs_contract
from routilux_monitor.contract import metrics as contract
from routilux_monitor.model import Instance, JobRecord, RoutineOfJob
from routilux_monitor.views import flows
from routilux_monitor.views.jobs import status
from routilux_monitor.views.times import iso, maybe_iso

NEAR_FULL = 0.8
FULL = 0.95
"""Of a lane's bytes: the next message of ordinary size may not fit."""

AT_WORK = ("running", "held")


def of_job(job: JobRecord, info: FlowInfo, instance: Instance | None) -> dict[str, contract.ExecutionState]:
    """What each routine of the flow has done for the job."""
    none = RoutineOfJob()
    busy = _at_work(instance)
    return {
        r.routine_id: _state(r.routine_id, job.routines.get(r.routine_id, none), job, busy[r.routine_id])
        for r in info.routines
    }


def _state(rid: str, routine: RoutineOfJob, job: JobRecord, busy: int) -> contract.ExecutionState:
    return contract.ExecutionState(
        routine_id=rid,
        is_active=routine.is_active,
        status=_status(rid, routine, job),
        last_execution_time=maybe_iso(routine.last_at),
        execution_count=routine.activations,
        error_count=routine.errors,
        active_thread_count=busy if routine.is_active else 0,
    )


def _status(rid: str, routine: RoutineOfJob, job: JobRecord) -> str:
    if job.status == "failed" and job.error is not None and job.error.routine == rid:
        return "failed"
    if routine.is_active and not job.ended:
        return "running"
    if not routine.activations:
        return "pending"
    return "completed" if job.ended else "idle"


def _at_work(instance: Instance | None) -> Counter[str]:
    """How many processes of each routine."""
    processes = instance.processes.values() if instance is not None else ()
    return Counter(process.routine for process in processes if process.state in AT_WORK)


def by_routine(instance: Instance) -> dict[str, list[ProcessFigures]]:
    """The processes of each."""
    found: defaultdict[str, list[ProcessFigures]] = defaultdict(list)
    for process in instance.processes.values():
        found[process.routine].append(process)
    return found


def of_instance(
    instance: Instance, info: FlowInfo, jobs: Iterable[JobRecord]
) -> dict[str, contract.ExecutionState]:
    """What each routine has done for all jobs of a running flow that are still known."""
    parts: dict[str, list[RoutineOfJob]] = {r.routine_id: [] for r in info.routines}
    for job in jobs:
        for rid, routine in job.routines.items():
            parts.setdefault(rid, []).append(routine)
    busy, processes = _at_work(instance), by_routine(instance)
    return {rid: _sum(rid, routines, busy[rid], processes.get(rid, [])) for rid, routines in parts.items()}


def _sum(
    rid: str, routines: list[RoutineOfJob], at_work: int, figures: list[ProcessFigures]
) -> contract.ExecutionState:
    last = max((routine.last_at for routine in routines if routine.last_at is not None), default=None)
    return contract.ExecutionState(
        routine_id=rid,
        is_active=at_work > 0,
        status="running" if at_work else "idle",
        last_execution_time=maybe_iso(last),
        execution_count=max(sum(p.activations for p in figures), sum(r.activations for r in routines)),
        error_count=max(sum(p.errors for p in figures), sum(r.errors for r in routines)),
        active_thread_count=at_work,
    )


# ---- queues -----------------------------------------------------------------------------------------------


Ways = Mapping[tuple[str, str], Sequence[int]]
"""Of each routine and slot, the positions of what leads there, as figures of connections are numbered."""


def ways(info: FlowInfo) -> Ways:
    """The way from submitters counts for a routine's only slot."""
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for position, connection in enumerate(info.connections):
        found[connection.target, connection.slot].append(position)
    for position, routine in enumerate(info.routines):
        if len(routine.slots) == 1:
            found[routine.routine_id, routine.slots[0].name].append(-1 - position)
    return found


def queues(info: FlowInfo, instance: Instance | None) -> dict[str, list[contract.QueueStatus]]:
    """Of each routine; without a running instance all are empty."""
    leading = ways(info)
    return {r.routine_id: queues_of(r, leading, instance) for r in info.routines}


def queues_of(routine: RoutineInfo, leading: Ways, instance: Instance | None) -> list[contract.QueueStatus]:
    rid = routine.routine_id
    waiting = instance.waiting.get(rid, {}) if instance else {}
    figures = instance.connections if instance else {}
    return [
        _queue(
            rid,
            slot.name,
            [figures[at] for at in leading.get((rid, slot.name), ()) if at in figures],
            waiting.get(slot.name, 0),
        )
        for slot in routine.slots
    ]


def _queue(rid: str, slot: str, lanes: list[ConnectionFigures], waiting: int) -> contract.QueueStatus:
    in_lanes = max(0, sum(lane.sent - lane.used for lane in lanes))
    nbytes = sum(lane.lane_bytes for lane in lanes)
    capacity = sum(lane.lane_capacity for lane in lanes)
    usage = min(
        1.0, max((lane.lane_bytes / lane.lane_capacity for lane in lanes if lane.lane_capacity), default=0.0)
    )
    most = capacity * in_lanes // nbytes if nbytes and in_lanes else 0
    return contract.QueueStatus(
        slot_name=slot,
        routine_id=rid,
        unconsumed_count=in_lanes + waiting,
        total_count=sum(lane.sent for lane in lanes),
        max_length=most,
        watermark_threshold=int(most * NEAR_FULL),
        usage_percentage=usage,
        pressure_level=pressure(usage),
        is_full=usage >= FULL,
        is_near_full=usage >= NEAR_FULL,
    )


def pressure(usage: float) -> Literal["low", "medium", "high", "critical"]:
    if usage < 0.6:
        return "low"
    if usage < NEAR_FULL:
        return "medium"
    return "high" if usage < FULL else "critical"


def monitoring(
    job: JobRecord, info: FlowInfo, instance: Instance | None, at: float
) -> jobs_contract.Monitoring:
    states, lanes = of_job(job, info, instance), queues(info, instance)
    return jobs_contract.Monitoring(
        job_id=job.job_id,
        flow_id=job.flow_id,
        job_status=status(job),
        updated_at=iso(at),
        routines={
            r.routine_id: jobs_contract.RoutineMonitoring(
                r.routine_id, states[r.routine_id], lanes[r.routine_id], flows.routine_info(r)
            )
            for r in info.routines
        },
    )
