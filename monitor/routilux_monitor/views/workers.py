"""Here are views of workers: running instances of flows, and their processes."""

from collections.abc import Mapping, Sequence

from routilux.hookevents import ProcessFigures
from routilux_monitor.contract import jobs as jobs_contract
from routilux_monitor.contract import workers as contract
from routilux_monitor.model import Instance, JobRecord, ProcessUsage
from routilux_monitor.views import jobs as jobs_views
from routilux_monitor.views.jobs import ENDED, error_line, status
from routilux_monitor.views.times import between, maybe_seconds, seconds


def worker(instance: Instance) -> contract.Worker:
    return contract.Worker(
        worker_id=instance.worker_id,
        flow_id=instance.flow_id,
        status=instance.state,
        created_at=seconds(instance.created_at),
        started_at=seconds(instance.started_at),
        jobs_processed=instance.jobs_processed,
        jobs_failed=instance.jobs_failed,
        runtime_id=instance.runtime_id,
        stopped_at=maybe_seconds(instance.stopped_at),
    )


def logs(instance: Instance, query: jobs_contract.LogQuery) -> contract.WorkerLogs:
    found = jobs_views.logs(instance.logs, query)
    return contract.WorkerLogs(found.logs, found.total, instance.logs_dropped)


def page(instances: Sequence[Instance], limit: int, offset: int) -> contract.WorkerList:
    shown = instances[offset : offset + limit]
    return contract.WorkerList([worker(instance) for instance in shown], len(instances), limit, offset)


def statistics(
    instance: Instance, counts: Mapping[str, int], jobs: Sequence[JobRecord], now: float
) -> contract.WorkerStatistics:
    """`counts` are of its jobs by status, `jobs` are the newest of them."""
    took = [d for job in jobs if (d := between(job.started_at, job.finished_at)) is not None]
    average = sum(took) / len(took) if took else None
    running = sum(count for status, count in counts.items() if status not in ENDED)
    return contract.WorkerStatistics(
        worker_id=instance.worker_id,
        flow_id=instance.flow_id,
        status=instance.state,
        uptime_seconds=max(0.0, (instance.stopped_at or now) - instance.started_at),
        total_jobs=instance.jobs_processed + running,
        running_jobs=running,
        completed_jobs=max(0, instance.jobs_processed - instance.jobs_failed),
        failed_jobs=instance.jobs_failed,
        average_job_duration=average,
        avg_job_duration=average,
        processes=len(instance.processes),
        restarts=sum(process.restarts for process in instance.processes.values()),
        gaps=instance.gaps,
        dropped=instance.dropped,
    )


def history(jobs: Sequence[JobRecord]) -> list[contract.HistoryItem]:
    return [
        contract.HistoryItem(
            job_id=job.job_id,
            status=status(job),
            created_at=seconds(job.created_at),
            started_at=maybe_seconds(job.started_at),
            completed_at=maybe_seconds(job.finished_at),
            duration=between(job.started_at, job.finished_at),
            error=error_line(job),
        )
        for job in jobs
    ]


def processes(instance: Instance, now: float) -> contract.ProcessList:
    shown = [
        process(figures, instance.usage.get(number), now, instance.started_at)
        for number, figures in sorted(instance.processes.items())
    ]
    return contract.ProcessList(shown, len(shown))


def process(
    figures: ProcessFigures, usage: ProcessUsage | None, now: float, since: float
) -> contract.Process:
    """`since` is when the flow was started, where the process does not say it of itself."""
    return contract.Process(
        process=figures.process,
        routine_id=figures.routine,
        index=figures.replica,
        pid=figures.pid,
        state=figures.state,
        cpu_percent=usage.cpu if usage else None,
        rss_bytes=usage.rss if usage else None,
        private_bytes=usage.private if usage else None,
        shared_memory_bytes=figures.heap_bytes,
        restarts=figures.restarts,
        uptime_seconds=max(0.0, now - (figures.started_at or since)),
        activations=figures.activations,
        errors=figures.errors,
    )
