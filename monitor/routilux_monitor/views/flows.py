"""Here are views of flows: the graph and its routines."""

import re
from collections.abc import Iterable, Mapping

from routilux.commands import ConnectionInfo, Findings, FlowInfo, RoutineInfo
from routilux_monitor.contract import flows as contract
from routilux_monitor.model import JobRecord
from routilux_monitor.views.metrics import job_metrics
from routilux_monitor.views.times import seconds


def flow(info: FlowInfo) -> contract.Flow:
    return contract.Flow(
        flow_id=info.flow_id,
        routines=routines(info),
        connections=[connection(c) for c in info.connections],
        created_at=seconds(info.created_at),
        updated_at=seconds(info.updated_at),
    )


def routines(info: FlowInfo) -> dict[str, contract.FlowRoutine]:
    return {r.routine_id: _routine(r) for r in info.routines}


def _routine(info: RoutineInfo) -> contract.FlowRoutine:
    return contract.FlowRoutine(
        routine_id=info.routine_id,
        class_name=info.class_name,
        slots=[slot.name for slot in info.slots],
        events=list(info.events),
        config=info.config,
        workers=info.workers,
    )


def connection(info: ConnectionInfo) -> contract.Connection:
    return contract.Connection(
        connection_id=info.connection_id,
        source_routine=info.source,
        source_event=info.event,
        target_routine=info.target,
        target_slot=info.slot,
    )


def routine_info(info: RoutineInfo) -> contract.RoutineInfo:
    return contract.RoutineInfo(
        routine_id=info.routine_id,
        routine_type=info.class_name,
        activation_policy=contract.ActivationPolicy(_snake(info.policy.partition("(")[0]), info.policy),
        config=info.config,
        slots=[slot.name for slot in info.slots],
        events=list(info.events),
    )


def _snake(name: str) -> str:
    """`AllSlotsReady` is `all_slots_ready` to users."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def flow_metrics(
    info: FlowInfo, counts: Mapping[str, int], jobs: Iterable[JobRecord]
) -> contract.FlowMetrics:
    """`counts` are of its jobs by status, `jobs` are the newest of them."""
    return contract.FlowMetrics(
        flow_id=info.flow_id,
        total_jobs=sum(counts.values()),
        completed_jobs=counts.get("completed", 0),
        failed_jobs=counts.get("failed", 0),
        job_metrics=[job_metrics(job) for job in jobs],
    )


def validation(found: Findings) -> contract.Validation:
    return contract.Validation(
        valid=not found.errors,
        issues=[*found.errors, *found.warnings],
        errors=list(found.errors),
        warnings=list(found.warnings),
    )
