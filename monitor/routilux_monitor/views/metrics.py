"""Here are views of what was measured of a job."""

from routilux.histogram import quantile
from routilux.hookevents import Durations
from routilux_monitor.contract import metrics as contract
from routilux_monitor.model import ErrorOfJob, JobRecord, RoutineOfJob
from routilux_monitor.views.times import between, iso, maybe_iso, of_ns


def job_metrics(job: JobRecord) -> contract.JobMetrics:
    return contract.JobMetrics(
        job_id=job.job_id,
        flow_id=job.flow_id,
        start_time=maybe_iso(job.started_at),
        end_time=maybe_iso(job.finished_at),
        duration=between(job.started_at, job.finished_at),
        routine_metrics={rid: routine_metrics(routine) for rid, routine in job.routines.items()},
        total_events=len(job.notable) + len(job.trace) + job.trace_dropped,
        total_slot_calls=sum(routine.used for routine in job.routines.values()),
        total_event_emits=sum(routine.made for routine in job.routines.values()),
        errors=[_error(job, error) for error in job.errors],
    )


def routine_metrics(routine: RoutineOfJob) -> contract.RoutineMetrics:
    took = routine.durations or Durations(0, 0, 0, 0, {})
    return contract.RoutineMetrics(
        execution_count=routine.activations,
        total_duration=of_ns(took.total),
        avg_duration=of_ns(took.total / took.count) if took.count else 0.0,
        min_duration=of_ns(took.shortest) if took.count else None,
        max_duration=of_ns(took.longest) if took.count else None,
        p50=percentile(took, 0.50),
        p95=percentile(took, 0.95),
        p99=percentile(took, 0.99),
        error_count=routine.errors,
        last_execution=maybe_iso(routine.last_at),
    )


def percentile(took: Durations, q: float) -> float | None:
    """In seconds, between the shortest and the longest; None if there are none."""
    if not took.count:
        return None
    return of_ns(min(max(quantile(took.buckets, q), took.shortest), took.longest))


def _error(job: JobRecord, error: ErrorOfJob) -> contract.ErrorRecord:
    return contract.ErrorRecord(
        error_id=error.error_id,
        job_id=job.job_id,
        routine_id=error.routine_id,
        timestamp=iso(error.at),
        error_type=error.failure.type,
        error_message=error.failure.message,
        traceback=error.failure.traceback,
    )
