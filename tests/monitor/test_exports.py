"""What others read: Prometheus its text, Perfetto its file with arrows that join slices."""

from __future__ import annotations

import json
from pathlib import Path
from time import monotonic_ns
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from monitor.fakeruntime import activated, committed, counters, durations, job_changed, worker_stats
from monitor.told import A, B, Told
from routilux.hookevents import (
    Activated,
    ConnectionFigures,
    Durations,
    Emitted,
    Failure,
    FlowStats,
    MessageRef,
    Placed,
    ProcessChanged,
    ProcessFigures,
)
from routilux_monitor.model import ProcessUsage
from routilux_monitor.perfetto import trace
from routilux_monitor.prometheus import exposition

OF_THE_INSTANCE = {"flow_id", "worker_id"}


def exposed(told: Told) -> dict[tuple[str, str], float]:
    """Samples by their name and the values of their labels, in the order of the labels' names."""
    body, content_type = exposition(told.store)
    assert content_type.startswith("text/plain")
    found = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            labels = [sample.labels[name] for name in sorted(sample.labels) if name not in OF_THE_INSTANCE]
            found[sample.name, "|".join(labels)] = sample.value
    return found


def working() -> Told:
    told = Told()
    processes = (
        ProcessFigures(0, "", 0, 1, "idle", 0, 1.0, 0, 0),
        ProcessFigures(A, "a", 0, 1, "running", 2, 1.0, 30, 1),
        ProcessFigures(B, "b", 0, 1, "idle", 0, 1.0, 20, 0),
    )
    connections = (ConnectionFigures(0, 30, 25, 512, 1024), ConnectionFigures(-1, 30, 30, 0, 1024))
    told.tell(0, job_changed("j", "running"), job_changed("old", "completed"))
    told.tell(0, FlowStats(processes, connections, (), {"b": {"item": 4}}, 7, 2))
    told.tell(A, worker_stats(30), worker_stats(30, dropped=3))
    told.store.used("w", {A: ProcessUsage(50.0, 3 << 20, 2 << 20, 1 << 20, 5, 1.0)})
    told.store.missed("w", 9)
    return told


def test_prometheus_reads_the_figures_of_a_running_flow() -> None:
    found = exposed(working())
    connection = "a.output->b.item"
    assert found["routilux_activations_total", "a"] == 30
    assert found["routilux_errors_total", "a"] == 1
    assert found["routilux_messages_total", connection] == 30
    assert found["routilux_connection_depth", connection] == 5
    assert found["routilux_messages_total", "submissions->a"] == 30
    assert found["routilux_waiting_messages", "b|item"] == 4
    assert found["routilux_process_restarts_total", f"{A}|a"] == 2
    assert found["routilux_process_cpu_ratio", f"{A}|a"] == 0.5
    assert found["routilux_process_private_bytes", f"{A}|a"] == 2 << 20
    assert found["routilux_jobs", "running"] == 1
    assert ("routilux_jobs", "completed") not in found
    assert found["routilux_jobs_ended_total", ""] == 7
    assert found["routilux_events_missed_total", ""] == 9
    assert found["routilux_events_dropped_total", ""] == 3
    assert found["routilux_runtime_up", "fake|0.1.0"] == 1


def test_the_histogram_is_cumulative_and_exact_at_its_edges() -> None:
    told = working()
    took = [1, 1023, 1024, 4095, 4096, 10**9, 10**13]
    buckets: dict[int, int] = {}
    for each in took:
        (number,) = durations(1, each).buckets
        buckets[number] = buckets.get(number, 0) + 1
    told.epochs[A] = 2
    told.tell(A, worker_stats(0))
    told.store.instances["w"].durations["a"] = Durations(7, sum(took), 1, 10**13, buckets)
    found = exposed(told)
    at = {name[1]: value for name, value in found.items() if name[0].endswith("duration_seconds_bucket")}
    assert at["1.024e-06|a"] == 2
    assert at["4.096e-06|a"] == 4
    assert at["+Inf|a"] == found["routilux_activation_duration_seconds_count", "a"] == 7
    assert list(at.values()) == sorted(at.values())


def test_a_stopped_flow_has_no_figures() -> None:
    told = working()
    told.store.runtime_gone("fake", 1.0)
    assert {name for name, _ in exposed(told)} == {"routilux_runtime_up"}


# ---- Perfetto ---------------------------------------------------------------------------------------------


def activation(
    began: int, ended: int, inputs: tuple[str, ...], emitted: tuple[Emitted, ...] = ()
) -> Activated:
    refs = tuple(MessageRef(name, 0, 1) for name in inputs)
    return Activated("j", began, ended, "completed", refs, {0: len(inputs)}, emitted)


def flowing() -> Told:
    """Messages from a to b: m1 in time, m2 used before its maker ended, m3 placed later, m4 never used."""
    told, now = Told(), monotonic_ns()
    told.tell(0, job_changed("j", "running", created_at=1.0))
    told.tell(A, activation(now, now + 9_000, ("s",), (Emitted(0, 0, 4, ("m1", "m2", "m4")),)))
    told.tell(A, Placed("j", now, ("s",), 0, 0, ("m3",)))
    told.tell(B, activation(now + 4_000, now + 5_000, ("m2",)))
    told.tell(B, activation(now + 20_000, now + 20_000, ("m1", "m3")))
    told.tell(0, ProcessChanged(now + 30_000, B, "b", 0, "died", 1, "was killed", 1))
    told.tell(0, job_changed("j", "failed", error=Failure("E", "no", "traceback", "b")))
    return told


def within(event: dict[str, Any], slices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        one
        for one in slices
        if (one["pid"], one["tid"]) == (event["pid"], event["tid"])
        and one["ts"] <= event["ts"] <= one["ts"] + one["dur"]
    ]


def test_arrows_join_slices_that_are_there_and_point_forward() -> None:
    events = trace(flowing().job)["traceEvents"]
    slices = [event for event in events if event["ph"] == "X"]
    starts = {event["id"]: event for event in events if event["ph"] == "s"}
    ends = {event["id"]: event for event in events if event["ph"] == "f"}
    assert starts.keys() == ends.keys() == {"m1", "m2", "m3"}
    for name, start in starts.items():
        (source,), (target,) = within(start, slices), within(ends[name], slices)
        assert (source["name"], target["name"]) == ("a", "b")
        assert source["ts"] <= start["ts"] <= ends[name]["ts"]
        assert ends[name]["bp"] == "e"


def test_each_process_has_a_track_with_its_name_and_slices_do_not_overlap() -> None:
    events = trace(flowing().job)["traceEvents"]
    names = {e["pid"]: e["args"]["name"] for e in events if e["name"] == "process_name"}
    assert names == {0: "supervisor", A: "a (process 1)", B: "b (process 2)"}
    first, second = [event for event in events if event["ph"] == "X" and event["pid"] == B]
    assert first["ts"] + first["dur"] <= second["ts"]
    assert min(event["ts"] for event in events if "ts" in event) == 0
    assert {e["name"] for e in events if e["ph"] == "i"} == {"job_started", "process_died", "job_failed"}


def test_the_file_is_json(tmp_path: Path) -> None:
    made = trace(flowing().job)
    assert json.loads(json.dumps(made, allow_nan=False)) == made


def test_a_trace_that_has_lost_its_beginning_has_no_loose_arrows() -> None:
    told = flowing()
    while told.job.trace[0].process != B:
        told.job.trace.popleft()
    assert [e for e in trace(told.job)["traceEvents"] if e["ph"] in "sf"] == []


def test_commits_of_a_job_that_is_not_traced_are_slices_too() -> None:
    told = Told()
    told.tell(A, committed("j", 5, received={0: 5}, emitted={0: 5}), activated("j", "x"))
    told.tell(0, job_changed("j", "completed", counters=counters(a=6)))
    slices = [event for event in trace(told.job)["traceEvents"] if event["ph"] == "X"]
    assert [one["args"]["activations"] for one in slices] == [5, 1]
