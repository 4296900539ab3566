"""The monitor follows real runtimes: their supervisors, their workers, their deaths."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from monitor.loop import PATIENCE, run, until
from routilux import Event, Flow, JobState, Routine, Runtime, Slot, routine
from routilux.policies import batch_size
from routilux_monitor.history import History
from routilux_monitor.knowledge import Knowledge
from routilux_monitor.model import Instance, JobRecord
from routilux_monitor.perfetto import trace

PROGRAM = """
import sys
from routilux import Flow, Runtime, routine

@routine
def wait(x: int) -> int:
    while True:
        pass

flow = Flow("endless")
flow.add_routine(wait, "wait")
with Runtime() as runtime:
    job = runtime.exec(flow, x=1, job_id="endless-1")
    print("started", flush=True)
    job.wait()
"""


@routine
def double(x: int) -> int:
    return 2 * x


@routine
def add(y: int) -> int:
    return y + 1


@routine
def count(x: int) -> Iterator[int]:
    yield from range(x)


@routine(policy=batch_size(2))
def pair(values: list[int]) -> int:
    return sum(values)


class Leaves(Routine):
    y = Slot()
    output = Event()

    def logic(self, y: int) -> None:
        self.output.emit(y)

    def teardown(self) -> None:
        self.log.warning("it was enough")


def numbers() -> Flow:
    flow = Flow("numbers")
    flow.pipe(double).pipe(add)
    return flow


@asynccontextmanager
async def watched(flow: Flow) -> AsyncIterator[tuple[Runtime, Knowledge, Instance]]:
    """A runtime that has run the flow once, and a monitor that hears all of its processes."""
    async with Knowledge() as known:
        with Runtime() as runtime:
            await asyncio.to_thread(lambda: list(runtime.stream(flow, range(3))))
            await until(lambda: any(len(one.durations) == 2 for one in known.instances.values()))
            (instance,) = known.instances.values()
            yield runtime, known, instance


async def record_of(known: Knowledge, job: JobState) -> JobRecord:
    """Once it is known how the job has ended."""
    await asyncio.to_thread(job.wait, 20)
    await until(lambda: job.job_id in known.jobs and known.jobs[job.job_id].ended)
    return known.jobs[job.job_id]


def test_a_job_is_followed_to_its_exact_end_and_its_messages_back_to_their_submission(folder: Path) -> None:
    async def main() -> None:
        flow = numbers()
        async with watched(flow) as (runtime, known, instance):
            job = runtime.exec(flow, x=7)
            record = await record_of(known, job)
            await until(lambda: all(r.durations for r in record.routines.values()))
            await until(lambda: sum(e.kind == "routine_completed" for e in record.trace) == 2)
            assert {name: r.activations for name, r in record.routines.items()} == {"double": 1, "add": 1}
            assert record.status == "completed"
            (used,) = [e for e in record.trace if e.kind == "slot_called" and e.routine_id == "add"]
            found = await known.lineage(record.job_id, used.data["message_id"])
            assert found is not None
            assert (found.message.source, found.message.target, found.is_whole) == ("double", "add", True)
            assert [ancestor.target for ancestor in found.ancestors] == ["double"]
            assert [e["ph"] for e in trace(record)["traceEvents"] if e["ph"] in "sf"] == ["s", "f"]
            assert instance.gaps == 0

    run(main())


def test_what_a_process_logs_as_it_leaves_is_a_line_of_its_worker(folder: Path) -> None:
    async def main() -> None:
        flow = Flow("leaving").pipe(double)
        flow.add_routine(Leaves(), "leaves", max_activations=8)
        flow.connect("double", "output", "leaves", "y")
        async with watched(flow) as (runtime, _, instance):
            assert await asyncio.to_thread(lambda: len(list(runtime.stream(flow, range(10))))) == 10
            await until(lambda: "it was enough" in [line.text for line in instance.logs])
            (line, *_) = [line for line in instance.logs if line.text == "it was enough"]
            assert (line.routine_id, line.level, line.job_id) == ("leaves", "WARNING", "")

    run(main())


def accepted(record: JobRecord) -> list[str]:
    """Why its policies have activated something."""
    answers = [event.data for event in record.trace if event.kind == "policy_evaluated"]
    return [answer["reason"] for answer in answers if answer["activate"]]


def test_what_a_policy_has_answered_is_told_with_its_reason(folder: Path) -> None:
    async def main() -> None:
        flow = Flow("pairs").pipe(count).pipe(pair)
        async with watched(flow) as (runtime, known, _):
            job = runtime.exec(flow, x=3, trace=True)
            record = await record_of(known, job)
            await until(lambda: len(accepted(record)) >= 2)
            assert accepted(record) == ["2 of 2 messages", "the job ends"]

    run(main())


def test_a_worker_that_is_killed_shows_and_no_count_is_lost(folder: Path) -> None:
    async def main() -> None:
        flow = numbers()
        async with watched(flow) as (runtime, known, instance):
            (process,) = [p for p in instance.processes.values() if p.routine == "double"]
            is_killed = threading.Event()

            def fed() -> Iterator[int]:
                yield from range(10_000)
                assert is_killed.wait(PATIENCE)
                yield from range(10_000)

            work = asyncio.create_task(asyncio.to_thread(lambda: list(runtime.stream(flow, fed()))))
            await until(lambda: any(r.status == "running" for r in known.jobs.values()))
            (record,) = [r for r in known.jobs.values() if r.status == "running"]
            os.kill(process.pid, signal.SIGKILL)
            is_killed.set()
            assert len(await work) == 20_000
            await until(lambda: record.ended)
            await until(lambda: instance.processes[process.process].restarts == 1)
            assert {name: r.activations for name, r in record.routines.items()} == dict.fromkeys(
                ("double", "add"), 20_000
            )

    run(main())


def started() -> subprocess.Popen[str]:
    """The program, once its job has been submitted."""
    program = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stdout.readline() == "started\n"
    return program


def test_a_runtime_that_is_killed_is_gone_and_its_jobs_are_lost(folder: Path) -> None:
    async def main() -> None:
        async with Knowledge(History(folder / "history.db")) as known:
            program = await asyncio.to_thread(started)
            try:
                await until(
                    lambda: known.jobs.get("endless-1") and known.jobs["endless-1"].status == "running"
                )
            finally:
                program.kill()
                program.communicate()
            await until(lambda: all(runtime.is_gone for runtime in known.runtimes.values()))
            assert known.jobs["endless-1"].status == "lost"
            assert (await known.count_jobs(flow_id="endless")) == {"lost": 1}

    run(main())
