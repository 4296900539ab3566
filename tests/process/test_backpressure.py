"""Nothing grows without end: whoever is fast waits for whoever is slow, and everything still arrives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from process.flows import payloads
from process.flows.sources import Flood
from process.flows.stages import Echo, Gather, Round, Slow, Splits, Total, double, numbers, pid
from process.flows.workers import TIMEOUT, workers
from routilux import Flow, JobState, RoutiluxError, Runtime
from routilux.supervisor import docket, reception

pytestmark = pytest.mark.one_python

MIB = 1 << 20


def unread(monkeypatch: pytest.MonkeyPatch, nbytes: int) -> None:
    """A job is held back once that much of its output waits for a reader."""
    for module in (docket, reception):
        monkeypatch.setattr(module, "UNREAD", nbytes)


def anonymous(process: psutil.Process) -> int:
    """Private bytes: shared memory that was only looked at does not count."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in status if line.startswith("RssAnon"))


def peak(job: JobState, of: psutil.Process) -> int:
    """The most private memory the process had while the job ran."""
    most, waiting = 0, threading.Event()
    while not job.ended:
        most = max(most, anonymous(of))
        waiting.wait(0.01)
    return most


def test_a_fast_source_waits_for_a_slow_consumer(runtime: Runtime) -> None:
    flow = Flow()
    flow.add_routine(Flood(size=1000), "flood")
    flow.add_routine(Slow(seconds=0.00005), "slow")
    flow.add_routine(Total().set_logic(lambda self, value: count(self)), "total")
    flow.connect("flood", "out", "slow", "value")
    flow.connect("slow", "out", "total", "value")
    source = psutil.Process(flood_pid(runtime, flow))
    before = anonymous(source)
    job = runtime.exec(flow, n=30_000)
    most = peak(job, source)
    assert job.wait(TIMEOUT).counters["slow"]["activations"] == 30_000
    assert most - before < 20 * MIB


def count(self: Any) -> None:
    self.state["total"] = self.state.get("total", 0) + 1


def flood_pid(runtime: Runtime, flow: Flow) -> int:
    """The process of the flow's source."""
    runtime.exec(flow, n=0).wait(TIMEOUT)
    (found,) = workers("flood")
    return found.pid


def test_a_source_of_more_than_its_heap_completes_behind_a_slow_consumer() -> None:
    flow = (
        Flow()
        .pipe(payloads.Frames(items=MIB // 2))
        .pipe(Slow(seconds=0.002))
        .pipe(payloads.Flags())
        .pipe(Gather())
    )
    with Runtime(heap=64 * MIB) as runtime:
        assert runtime.exec(flow, n=60, timeout=TIMEOUT).result(TIMEOUT) == [False] * 60


def test_a_commit_has_few_large_payloads_in_it_however_fast_they_are_made() -> None:
    flow = Flow().pipe(numbers).pipe(payloads.Zeros(nbytes=MIB)).pipe(payloads.Flags()).pipe(Gather())
    with Runtime(heap=32 * MIB) as runtime:
        runtime.run(flow, n=400)  # from here on it is known how fast they are made
        assert runtime.exec(flow, n=400, timeout=TIMEOUT).result(TIMEOUT) == [False] * 400


def test_a_stream_of_more_than_the_heap_completes() -> None:
    flow = Flow().pipe(Slow(seconds=0.002)).pipe(payloads.Flags())
    with Runtime(heap=64 * MIB) as runtime:
        assert (
            list(runtime.stream(flow, (np.zeros(4 * MIB, "u1") for _ in range(60)), timeout=TIMEOUT))
            == [False] * 60
        )


def test_jobs_of_more_than_the_heap_wait_for_room() -> None:
    flow = Flow().pipe(Slow(seconds=0.002)).pipe(payloads.Flags())
    with Runtime(heap=64 * MIB) as runtime:
        jobs = [runtime.exec(flow, timeout=TIMEOUT, value=np.zeros(4 * MIB, "u1")) for _ in range(60)]
        assert [job.result(TIMEOUT) for job in jobs] == [False] * 60


def test_a_payload_that_can_never_fit_says_so() -> None:
    with Runtime(heap=64 * MIB) as runtime:
        with pytest.raises(MemoryError, match="does not fit"):
            runtime.exec(Flow().pipe(Echo()), value=bytes(80 * MIB))
        assert runtime.jobs("running") == []


def test_a_stream_does_not_run_ahead_of_its_reader(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    unread(monkeypatch, 4 * MIB)
    pulled = 0

    def items() -> Iterator[bytes]:
        nonlocal pulled
        for _ in range(100_000):
            pulled += 1
            yield bytes(10_000)

    flow = Flow().pipe(Echo()).pipe(Echo(), "second")
    stream = runtime.stream(flow, items())
    taken = list(islice(stream, 10))
    settled = still(lambda: pulled)
    assert len(taken) == 10
    assert settled < 20_000
    stream.close()  # type: ignore[attr-defined]  # it is a generator, though not promised to be


def still(value: Any) -> int:
    """The value once it has not changed for a while."""
    waiting, last, same = threading.Event(), -1, 0
    for _ in range(1000):
        now = value()
        last, same = now, same + 1 if now == last else 0
        if same == 20:
            break
        waiting.wait(0.02)
    return int(last)


def test_a_slow_reader_gets_everything_in_order(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    unread(monkeypatch, 1 * MIB)
    waiting = threading.Event()
    found = []
    for n, item in enumerate(runtime.stream(Flow().pipe(Echo()), ((n, bytes(5000)) for n in range(3000)))):
        found.append(item[0])
        if n % 100 == 0:
            waiting.wait(0.01)
    assert found == list(range(3000))


def test_a_job_held_back_by_its_reader_does_not_hold_another(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    unread(monkeypatch, 1 * MIB)
    flow = Flow().pipe(Flood(size=1000), "flood").pipe(Echo())
    outputs = runtime.exec(flow, n=50_000).outputs()
    next(outputs)
    assert len(runtime.exec(flow, n=100, timeout=TIMEOUT).results(TIMEOUT)) == 100
    assert sum(1 for _ in outputs) == 49_999


def test_output_that_nobody_reads_fails_the_job() -> None:
    with Runtime(max_output=1 * MIB) as runtime:
        flow = Flow().pipe(Flood(size=1000))
        job = runtime.exec(flow, n=10**9).wait(TIMEOUT)
        assert isinstance(job.error, RoutiluxError)
        assert "more than 1,048,576 bytes that nobody reads" in str(job.error)
        assert len(runtime.exec(flow, n=10).results(TIMEOUT)) == 10


def test_output_that_is_read_may_be_more_than_the_bound() -> None:
    with Runtime(max_output=1 * MIB) as runtime:
        outputs = runtime.exec(Flow().pipe(Flood(size=1000)), n=20_000).outputs()
        assert sum(1 for _ in outputs) == 20_000


# --- cycles ---


def cycle(stage: Any) -> Flow:
    flow = Flow()
    flow.add_routine(stage, "round")
    flow.connect("round", "again", "round", "message")
    return flow


def test_a_cycle_of_many_messages_completes(runtime: Runtime) -> None:
    flow = Flow()
    flow.add_routine(Echo(), "source")
    flow.add_routine(Round(), "round")
    flow.connect("source", "out", "round", "message")
    flow.connect("round", "again", "round", "message")
    found = list(runtime.stream(flow, ({"hops": 1 + n % 20, "id": n} for n in range(3000))))
    assert sorted(message["id"] for message in found) == list(range(3000))


@pytest.mark.parametrize("size", [10, 10_000, 100_000])
def test_a_cycle_that_multiplies_its_messages_completes(runtime: Runtime, size: int) -> None:
    leaves = 2000 if size < 100_000 else 300
    job = runtime.exec(cycle(Splits()), {"message": (leaves, bytes(size))}, entry="round", timeout=TIMEOUT)
    assert len(job.results(TIMEOUT)) == leaves


def test_a_cycle_over_two_routines_and_several_workers_completes(runtime: Runtime) -> None:
    flow = Flow()
    flow.add_routine(Splits(), "splits", workers=2)
    flow.add_routine(Echo(), "echo", workers=2)
    flow.connect("splits", "again", "echo", "value")
    flow.connect("echo", "out", "splits", "message")
    job = runtime.exec(flow, {"message": (3000, bytes(500))}, entry="splits", timeout=TIMEOUT)
    assert len(job.results(TIMEOUT)) == 3000


def test_several_jobs_share_a_cycle(runtime: Runtime) -> None:
    flow = cycle(Splits())
    jobs = [
        runtime.exec(flow, {"message": (n, b"")}, entry="round", timeout=TIMEOUT) for n in range(1, 200, 10)
    ]
    assert [len(job.results(TIMEOUT)) for job in jobs] == list(range(1, 200, 10))


def test_fan_out_waits_for_the_slowest_and_loses_nothing(runtime: Runtime) -> None:
    flow = Flow()
    flow.add_routine(numbers, "numbers")
    flow.add_routine(double, "fast")
    flow.add_routine(Slow(seconds=0.0001), "slow")
    flow.add_routine(Gather(), "all")
    for name in ("fast", "slow"):
        flow.connect("numbers", "output", name, "value")
        flow.connect(name, flow.nodes[name].routine.event_names[0], "all", "value")
    found = runtime.run(flow, n=5000, timeout=TIMEOUT)
    assert sorted(found) == sorted([*range(5000), *range(0, 10_000, 2)])


def test_a_worker_among_several_that_is_slow_gets_less(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(Slow(seconds=0.0002), "slow", workers=3).pipe(pid, "pid").pipe(Gather())
    assert len(runtime.run(flow, n=3000, timeout=TIMEOUT)) == 3000
