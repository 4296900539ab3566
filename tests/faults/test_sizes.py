"""Payloads of every size near a border arrive whole or are refused with the limit; cycles end or say why."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from faults.routines import (
    Doubling,
    Everything,
    Pairs,
    bytes_of,
    double,
    numbers,
    odd_only,
    size_of,
)
from faults.salted import Round
from routilux import Flow, JobFailed, RoutiluxError, Runtime
from routilux.ipc.lanes import LARGE
from routilux.ipc.layout import RING

TIMEOUT = 50.0
BORDERS = sorted(
    {0, 1, 8 << 20} | {size + by for size in (LARGE, 1 << 16, RING) for by in (-64, -16, -1, 0, 1)}
)


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    made = Runtime(heap=64 << 20)
    yield made
    made.close(grace=1.0)


def test_payloads_of_every_size_near_a_border_arrive_whole(runtime: Runtime) -> None:
    flow = Flow().pipe(bytes_of).pipe(size_of)
    jobs = {size: runtime.exec(flow, size=size) for size in BORDERS if size >= 0}
    assert {size: job.result(TIMEOUT) for size, job in jobs.items()} == {size: size for size in jobs}


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_half_a_gigabyte_arrives_whole() -> None:
    with Runtime(heap=1 << 30) as runtime:
        assert runtime.exec(Flow().pipe(bytes_of).pipe(size_of), size=512 << 20).result(500) == 512 << 20


def test_a_payload_beyond_the_heap_is_refused_with_the_limit(runtime: Runtime) -> None:
    flow = Flow().pipe(bytes_of).pipe(size_of)
    with pytest.raises(JobFailed, match=r"'bytes_of'.*ArenaFull: .*\(67,108,864 bytes"):
        runtime.exec(flow, size=65 << 20).result(TIMEOUT)
    assert runtime.exec(flow, size=1).result(TIMEOUT) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_a_cycle_of_more_messages_than_its_lanes_hold_is_exact(runtime: Runtime, workers: int) -> None:
    flow = Flow().pipe(numbers)
    flow.add_routine(Round(), "round", workers=workers)
    flow.connect("numbers", "output", "round", "value")
    flow.connect("round", "again", "round", "value")
    job = runtime.exec(flow, n=5000)
    assert sorted(value for value, _ in job.results(TIMEOUT)) == list(range(5000))
    assert job.counters["round"]["activations"] == 5000 * 4


def doubling(rounds: int, nbytes: int) -> Flow:
    flow = Flow()
    flow.add_routine(Doubling(rounds=rounds, nbytes=nbytes), "doubling")
    flow.connect("doubling", "again", "doubling", "value")
    return flow


def test_a_cycle_that_doubles_what_goes_round_grows_and_is_exact(runtime: Runtime) -> None:
    flow = doubling(12, 100)
    job = runtime.exec(flow, {"value": 0}, entry="doubling")
    assert job.results(TIMEOUT) == [12] * 4096
    assert job.counters["doubling"]["activations"] == 8191


def test_a_cycle_that_never_stops_doubling_fails_by_the_name_of_its_lanes(runtime: Runtime) -> None:
    flow = doubling(1000, 10_000)
    with pytest.raises(RoutiluxError, match=r"'doubling' .*from doubling\.again->doubling\.value: .*heap="):
        runtime.exec(flow, {"value": 0}, entry="doubling").result(TIMEOUT)


def test_a_join_behind_a_filter_ends_with_what_it_could_not_pair(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers)
    flow.add_routine(odd_only)
    flow.add_routine(double)
    flow.add_routine(Pairs(), "pairs")
    flow.add_routine(Everything(), "everything")
    for name, slot in (("odd_only", "left"), ("double", "right")):
        flow.connect("numbers", "output", name, "value")
        flow.connect(name, "output", "pairs", slot)
    flow.connect("pairs", "out", "everything", "value")
    job = runtime.exec(flow, n=10_000)
    assert len(job.result(TIMEOUT)) == 5000
    assert job.counters["pairs"]["unused"] == 5000
