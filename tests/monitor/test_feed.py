"""The feed follows what runs: real directories, real sockets, a made-up runtime behind them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from monitor.fakeruntime import (
    FakeFlow,
    FakeRuntime,
    activated,
    chain,
    committed,
    counters,
    durations,
    flow_stats,
    job_changed,
    worker_stats,
)
from monitor.loop import run, until
from routilux.commands import Describe, JobInfo
from routilux.hookevents import JOB, LOG, ROUTINE, STATS, JobFigures, LogLine
from routilux_monitor.feed import Feed
from routilux_monitor.store import Store

FLOW = chain("f", "a", "b")


@asynccontextmanager
async def followed(runtime: FakeRuntime) -> AsyncIterator[tuple[FakeFlow, Store, Feed]]:
    """A flow of the runtime, and a feed that has subscribed to it."""
    flow = runtime.start(FLOW, "w")
    async with Feed(store := Store()) as feed:
        await until(lambda: flow.is_heard)
        yield flow, store, feed


def test_a_runtime_its_flow_and_its_jobs_are_known_at_once(folder: Path) -> None:
    async def main() -> None:
        with FakeRuntime() as runtime:
            runtime.jobs = [JobInfo("j", "f", "w", "running", 5.0, 6.0, counters=counters(a=7))]
            async with followed(runtime) as (flow, store, _):
                assert store.runtimes["fake"].introduction == runtime.introduction
                assert store.flows["f"].info == flow.info
                assert store.instances["w"].state == "running"
                assert store.jobs["j"].routines["a"].activations == 7

    run(main())


def test_events_of_every_process_arrive(folder: Path) -> None:
    async def main() -> None:
        with FakeRuntime() as runtime:
            async with followed(runtime) as (flow, store, feed):
                flow.publish(0, JOB, job_changed("j", "running"))
                flow.publish(1, ROUTINE, committed("j", 3))
                flow.publish(2, ROUTINE, activated("j", "1:2:3"))
                flow.publish(2, LOG, LogLine(1, "b", 0, "j", "INFO", "hello"))
                flow.publish(1, STATS, worker_stats(3, {"j": durations(3)}))
                await until(lambda: "j" in store.jobs and len(store.jobs["j"].logs) == 1)
                await until(lambda: store.jobs["j"].routines["a"].durations)
                job = store.jobs["j"]
                assert (job.routines["a"].activations, job.routines["b"].activations) == (3, 1)
                assert feed.malformed == store.instances["w"].gaps == 0

    run(main())


def test_a_gap_is_counted_and_the_runtime_asked_again(folder: Path) -> None:
    async def main() -> None:
        with FakeRuntime() as runtime:
            async with followed(runtime) as (flow, store, _):
                flow.publish(1, ROUTINE, committed("j"))
                flow.lose(1, 5)
                flow.publish(1, ROUTINE, committed("j"))
                await until(lambda: store.instances["w"].gaps == 5)
                asked = len(runtime.asked)
                runtime.jobs = [JobInfo("j", "f", "w", "running", 5.0, 6.0, counters=counters(a=7))]
                await until(lambda: Describe() in runtime.asked[asked:])
                await until(lambda: store.jobs["j"].routines["a"].activations == 7)

    run(main())


def test_what_was_published_before_it_came_is_a_gap(folder: Path) -> None:
    async def main() -> None:
        with FakeRuntime() as runtime:
            flow = runtime.start(FLOW, "w")
            flow.lose(2, 5)
            async with Feed(store := Store()):
                await until(lambda: flow.is_heard)
                flow.publish(1, ROUTINE, committed("j"))
                flow.publish(2, ROUTINE, committed("j"))
                await until(lambda: "j" in store.jobs and len(store.jobs["j"].routines) == 2)
                assert store.instances["w"].gaps == 5

    run(main())


def test_another_incarnation_begins_to_count_anew(folder: Path) -> None:
    async def main() -> None:
        with FakeRuntime() as runtime:
            async with followed(runtime) as (flow, store, _):
                for _n in range(3):
                    flow.publish(1, STATS, worker_stats(10))
                await until(lambda: store.instances["w"].durations)
                flow.restart(1)
                await until(lambda: flow.is_heard)
                flow.publish(1, STATS, worker_stats(4))
                await until(lambda: store.instances["w"].durations["a"].count == 14)
                assert store.instances["w"].gaps == 0

    run(main())


def test_a_flow_that_starts_again_is_followed_again(folder: Path) -> None:
    async def main() -> None:
        with FakeRuntime() as runtime:
            async with followed(runtime) as (flow, store, _):
                runtime.stop(flow)
                again = runtime.start(FLOW, "w2")
                await until(lambda: again.is_heard)
                again.publish(0, JOB, job_changed("j", "running"))
                await until(lambda: "j" in store.jobs)
                assert store.jobs["j"].worker_id == "w2"
                assert store.instances["w"].state == "stopped"

    run(main())


def test_two_runtimes_come_and_go_and_what_they_left_is_lost(folder: Path) -> None:
    async def main() -> None:
        async with Feed(store := Store()):
            with FakeRuntime("one") as one:
                flow = one.start(FLOW, "w1")
                await until(lambda: flow.is_heard)
                flow.publish(0, JOB, job_changed("j", "running"))
                with FakeRuntime("two") as two:
                    other = two.start(chain("g", "x"), "w2")
                    await until(lambda: other.is_heard)
                    assert {i.flow_id for i in store.running()} == {"f", "g"}
                await until(lambda: store.runtimes["two"].is_gone)
                assert [i.flow_id for i in store.running()] == ["f"]
                await until(lambda: "j" in store.jobs)
            await until(lambda: store.runtimes["one"].is_gone)
            assert store.jobs["j"].status == "lost"
            assert store.flows["f"].info.worker_id == ""

    run(main())


def test_junk_is_ignored_and_counted(folder: Path) -> None:
    async def main() -> None:
        with FakeRuntime() as runtime:
            async with followed(runtime) as (flow, store, feed):
                for junk in (b"", b"\xc1", b"\x95\x01\x01\x01\x01\x91\x81", b"\x91" * 5000):
                    runtime.junk(junk)
                flow.publish(0, JOB, job_changed("j", "running"))
                await until(lambda: "j" in store.jobs)
                await until(lambda: feed.malformed == 12)

    run(main())


def test_what_the_processes_use_is_read(folder: Path) -> None:
    async def main() -> None:
        with FakeRuntime() as runtime:
            async with followed(runtime) as (flow, store, _):
                flow.publish(0, STATS, flow_stats(flow, {}, pid=os.getpid()))
                await until(lambda: len(store.instances["w"].usage) == 3)
                usage = store.instances["w"].usage[1]
                assert usage.rss >= usage.private > 0
                assert usage.threads > 0

    run(main())


def test_a_flood_does_not_keep_the_event_loop(folder: Path) -> None:
    """However much lies there to be read, whoever else is ready has a turn after every slice of it."""

    async def main() -> None:
        with FakeRuntime() as runtime:
            runtime.jobs = [JobInfo("j", "f", "w", "running", 5.0, 6.0)]
            async with followed(runtime) as (flow, store, _):
                for _n in range(300):
                    flow.publish(1, ROUTINE, *[committed("j")] * 250)
                flow.publish(1, JOB, job_changed("last", "running"))
                turns = 0
                while "last" not in store.jobs:
                    await asyncio.sleep(0)
                    turns += 1
                assert turns > 20
                assert store.jobs["j"].routines["a"].activations == 75_000

    run(main())


def test_a_job_that_ended_unseen_is_told_by_the_next_description(folder: Path) -> None:
    async def main() -> None:
        with FakeRuntime() as runtime:
            async with followed(runtime) as (flow, store, _):
                figures = JobFigures("j", "running", counters(a=2), 1)
                runtime.jobs = [
                    JobInfo("j", "f", "w", "completed", 5.0, 6.0, 7.0, counters=counters(a=3, b=3))
                ]
                flow.publish(0, STATS, flow_stats(flow, {"a": 2}, jobs=[figures]))
                await until(lambda: "j" in store.jobs)
                assert store.jobs["j"].status == "completed"
                assert store.jobs["j"].routines["b"].activations == 3

    run(main())
