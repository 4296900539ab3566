"""Here is what /metrics says: the figures of running flows in the text format of Prometheus."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from routilux import histogram
from routilux.hookevents import Durations
from routilux_monitor.model import FlowRecord, Instance, JobRecord, RuntimeRecord

EDGES: Final = tuple(1 << exponent for exponent in range(10, 38, 2))
"""Nanoseconds: from a microsecond to two minutes, each four times the one before. No bucket of ours lies
across them.
"""

Family = CounterMetricFamily | GaugeMetricFamily


class Source(Protocol):
    """Whoever knows the records."""

    @property
    def runtimes(self) -> Mapping[str, RuntimeRecord]: ...

    @property
    def flows(self) -> Mapping[str, FlowRecord]: ...

    @property
    def instances(self) -> Mapping[str, Instance]: ...

    @property
    def jobs(self) -> Mapping[str, JobRecord]: ...


def exposition(source: Source) -> tuple[bytes, str]:
    """The text, and its content type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(source))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Figures(Collector):
    """Of the instances that run."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def collect(self) -> Iterator[Metric]:
        running = [one for one in self._source.instances.values() if one.stopped_at is None]
        yield from self._runtimes()
        yield from self._jobs()
        yield from _of_instances(running)
        yield from _of_routines(running)
        yield from self._of_connections(running)
        yield from _of_slots(running)
        yield from _of_processes(running)

    def _runtimes(self) -> Iterator[Metric]:
        family = _gauge("runtime_up", "Runtimes, and whether they run.", "runtime_id", "version")
        for runtime in self._source.runtimes.values():
            labels = [runtime.runtime_id, runtime.introduction.version]
            family.add_metric(labels, 0.0 if runtime.is_gone else 1.0)
        yield family

    def _jobs(self) -> Iterator[Metric]:
        family = _gauge("jobs", "Jobs that are under way, by status.", "flow_id", "status")
        under_way = [job for job in self._source.jobs.values() if not job.ended]
        for labels, count in Counter((job.flow_id, job.status) for job in under_way).items():
            family.add_metric(list(labels), count)
        yield family

    def _of_connections(self, running: list[Instance]) -> Iterator[Metric]:
        names = "flow_id", "worker_id", "connection"
        sent = _counter("messages", "Messages put on a connection.", *names)
        depth = _gauge("connection_depth", "Messages that lie in a connection's lanes.", *names)
        nbytes = _gauge("connection_bytes", "Bytes that lie in a connection's lanes.", *names)
        capacity = _gauge("connection_capacity_bytes", "Bytes that a connection's lanes hold.", *names)
        for one in running:
            flow = self._source.flows.get(one.flow_id)
            for position, figures in one.connections.items():
                labels = [one.flow_id, one.worker_id, _name(flow, position)]
                sent.add_metric(labels, figures.sent)
                depth.add_metric(labels, max(0, figures.sent - figures.used))
                nbytes.add_metric(labels, figures.lane_bytes)
                capacity.add_metric(labels, figures.lane_capacity)
        yield from (sent, depth, nbytes, capacity)


def _of_instances(running: list[Instance]) -> Iterator[Metric]:
    names = "flow_id", "worker_id"
    ended = _counter("jobs_ended", "Jobs that have ended.", *names)
    failed = _counter("jobs_failed", "Jobs that have failed.", *names)
    missed = _counter("events_missed", "Published messages that did not reach the monitor.", *names)
    dropped = _counter("events_dropped", "Events that processes had no room for.", *names)
    for one in running:
        labels = [one.flow_id, one.worker_id]
        ended.add_metric(labels, one.jobs_processed)
        failed.add_metric(labels, one.jobs_failed)
        missed.add_metric(labels, one.gaps)
        dropped.add_metric(labels, one.dropped)
    yield from (ended, failed, missed, dropped)


def _of_routines(running: list[Instance]) -> Iterator[Metric]:
    names = "flow_id", "worker_id", "routine"
    activations = _counter("activations", "Activations of a routine.", *names)
    errors = _counter("errors", "Errors of a routine.", *names)
    took = HistogramMetricFamily(
        "routilux_activation_duration_seconds",
        "How long activations took, since the monitor listens.",
        labels=names,
    )
    for one in running:
        done: Counter[str] = Counter()
        erred: Counter[str] = Counter()
        for figures in one.processes.values():
            done[figures.routine] += figures.activations
            erred[figures.routine] += figures.errors
        for routine in filter(None, done):
            labels = [one.flow_id, one.worker_id, routine]
            activations.add_metric(labels, done[routine])
            errors.add_metric(labels, erred[routine])
            if (durations := one.durations.get(routine)) is not None:
                took.add_metric(labels, _buckets(durations), durations.total / 1e9)
    yield from (activations, errors, took)


def _of_slots(running: list[Instance]) -> Iterator[Metric]:
    names = "flow_id", "worker_id", "routine", "slot"
    waiting = _gauge("waiting_messages", "Messages that wait before a routine's policy.", *names)
    for one in running:
        for routine, slots in one.waiting.items():
            for slot, count in slots.items():
                waiting.add_metric([one.flow_id, one.worker_id, routine, slot], count)
    yield waiting


def _of_processes(running: list[Instance]) -> Iterator[Metric]:
    names = "flow_id", "worker_id", "routine", "process"
    restarts = _counter("process_restarts", "How often a process was started again.", *names)
    cpu = _gauge("process_cpu_ratio", "CPU used by a process; 1 is a whole core.", *names)
    resident = _gauge(
        "process_resident_bytes", "Resident memory of a process, what is shared included.", *names
    )
    private = _gauge("process_private_bytes", "Memory of a process alone.", *names)
    threads = _gauge("process_threads", "Threads of a process.", *names)
    for one in running:
        for process, figures in one.processes.items():
            labels = [one.flow_id, one.worker_id, figures.routine or "supervisor", str(process)]
            restarts.add_metric(labels, figures.restarts)
            if (usage := one.usage.get(process)) is not None:
                cpu.add_metric(labels, usage.cpu / 100)
                resident.add_metric(labels, usage.rss)
                private.add_metric(labels, usage.private)
                threads.add_metric(labels, usage.threads)
    yield from (restarts, cpu, resident, private, threads)


def _counter(name: str, about: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"routilux_{name}", about, labels=labels)


def _gauge(name: str, about: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"routilux_{name}", about, labels=labels)


def _name(flow: FlowRecord | None, position: int) -> str:
    """A connection's, or that of the way from submitters to a routine."""
    if flow is None:
        return str(position)
    info = flow.info
    if 0 <= position < len(info.connections):
        return info.connections[position].connection_id
    entry = -1 - position
    return (
        f"submissions->{info.routines[entry].routine_id}"
        if 0 <= entry < len(info.routines)
        else str(position)
    )


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    """How many took no longer than each edge."""
    counts = {histogram.bounds(number)[1]: count for number, count in durations.buckets.items()}
    found = [(str(edge / 1e9), float(sum(c for end, c in counts.items() if end <= edge))) for edge in EDGES]
    return [*found, ("+Inf", float(durations.count))]
