"""What is fed while it runs, and what is awaited, over real processes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from process.flows.stages import Gather, double, invert, numbers
from process.flows.workers import TIMEOUT
from process.gates import Gates, gated
from routilux import Flow, JobFailed, JobState, Runtime

# --- streams ---


def test_a_stream_is_one_job(runtime: Runtime) -> None:
    assert list(runtime.stream(Flow().pipe(double), range(3000))) == [2 * n for n in range(3000)]


def test_a_stream_gives_outputs_while_it_is_fed(runtime: Runtime) -> None:
    asked = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        assert asked.wait(TIMEOUT)
        yield 2

    stream = runtime.stream(Flow().pipe(double), items())
    assert next(stream) == 2
    asked.set()
    assert list(stream) == [4]


def test_a_stream_raises_why_its_job_failed(runtime: Runtime) -> None:
    with pytest.raises(JobFailed, match="ZeroDivisionError"):
        list(runtime.stream(Flow().pipe(invert), [1, 0]))


def test_a_stream_raises_what_its_iterable_raises(runtime: Runtime) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        list(runtime.stream(Flow().pipe(double), items()))


def test_a_stream_left_early_is_cancelled(runtime: Runtime) -> None:
    flow = Flow().pipe(double)
    stream = runtime.stream(flow, iter(int, 1))
    assert next(stream) == 0
    stream.close()  # type: ignore[attr-defined]  # it is a generator, though not promised to be
    assert runtime.jobs("running") == []
    assert runtime.run(flow, value=1, timeout=TIMEOUT) == 2


def test_an_empty_stream_ends(runtime: Runtime) -> None:
    assert list(runtime.stream(Flow().pipe(numbers).pipe(Gather()), [])) == []


def test_two_streams_run_side_by_side(runtime: Runtime) -> None:
    flow = Flow().pipe(double)
    found = list(zip(runtime.stream(flow, range(500)), runtime.stream(flow, range(500, 1000)), strict=True))
    assert found == [(2 * n, 2 * n + 1000) for n in range(500)]


# --- asyncio ---


def test_jobs_can_be_awaited_together(runtime: Runtime) -> None:
    flow = Flow().pipe(double)

    async def main() -> list[JobState]:
        return list(await asyncio.wait_for(asyncio.gather(*[wait(n) for n in range(10)]), TIMEOUT))

    async def wait(n: int) -> JobState:
        return await runtime.exec(flow, value=n)

    assert [job.result() for job in asyncio.run(main())] == [2 * n for n in range(10)]


def test_waiting_does_not_hold_up_the_event_loop(runtime: Runtime, gates: Gates) -> None:
    async def main() -> str:
        job = runtime.exec(gated(gates), value=1)
        waiting = asyncio.ensure_future(asyncio.wait_for(job, TIMEOUT))
        await asyncio.to_thread(gates.entered)
        assert not waiting.done()
        await asyncio.to_thread(gates.open)
        return (await waiting).status

    assert asyncio.run(main()) == "completed"


def test_an_ended_job_and_a_failed_one_can_be_awaited(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(invert), value=0).wait(TIMEOUT)

    async def main() -> JobState:
        return await job

    assert asyncio.run(main()).status == "failed"
