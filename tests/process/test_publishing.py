"""What the supervisor of a running flow tells whoever listens."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from faults.routines import Deadly
from process.flows.stages import Echo, Gather, double, invert, numbers
from process.hearing import Listener
from process.visitors import Visitor
from routilux import ExecutionStatus, Flow, JobFailed, Runtime
from routilux.commands import FlowInfo
from routilux.hookevents import DeadLettered, FlowStats, JobChanged, ProcessChanged

pytestmark = pytest.mark.one_python

TIMEOUT = 30.0


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    made = Runtime()
    yield made
    made.close(grace=1.0)


def chain() -> Flow:
    return Flow("chain").pipe(numbers).pipe(double, workers=2).pipe(Gather(), "gather")


def running(runtime: Runtime, flow: Flow) -> FlowInfo:
    """What the front desk says of a flow whose processes run."""
    runtime.start(flow)
    (found,) = [each for each in runtime._engine.running() if each.flow is flow]
    with Visitor(found.directory.parent) as visitor:
        return visitor.flow()


def test_a_listener_hears_of_a_job_from_its_beginning_to_its_end(runtime: Runtime) -> None:
    flow = chain()
    with Listener(running(runtime, flow).directory) as listener:
        listener.until(FlowStats)
        job = runtime.exec(flow, n=10, metadata={"who": "me"}, trace=True)
        began = listener.until(JobChanged)
        ended = listener.until(JobChanged, lambda event: event.status == "completed")
    assert (began.status, began.job_id, began.metadata, began.is_traced) == (
        "running",
        job.job_id,
        {"who": "me"},
        True,
    )
    assert ended.counters == job.counters
    assert (ended.created_at, ended.finished_at) == (job.created_at, job.finished_at)


def test_who_comes_late_is_told_of_all_jobs_under_way_at_once(runtime: Runtime) -> None:
    flow = chain()
    jobs = [runtime.exec(flow, n=1, start_paused=True, metadata={"n": n}) for n in range(3)]
    known = {job.job_id: job.metadata for job in jobs}
    with (
        Listener(running(runtime, flow).directory) as first,
        Listener(running(runtime, flow).directory) as late,
    ):
        for listener in (first, late):
            stats = listener.until(FlowStats)
            told = [event for event in listener.heard if isinstance(event, JobChanged)]
            assert {event.job_id: event.metadata for event in told} == known
            assert {each.job_id: each.status for each in stats.jobs} == {
                job.job_id: ExecutionStatus.PAUSED for job in jobs
            }
            assert listener.numbers == sorted(listener.numbers)


def test_a_failure_is_told_with_its_traceback(runtime: Runtime) -> None:
    flow = Flow("fails").pipe(invert)
    with Listener(running(runtime, flow).directory) as listener:
        listener.until(FlowStats)
        with pytest.raises(JobFailed):
            runtime.run(flow, value=0)
        failed = listener.until(JobChanged, lambda event: event.status == "failed")
        stats = listener.until(FlowStats, lambda event: event.ended_jobs)
    assert failed.error is not None
    assert (failed.error.type, failed.error.routine) == ("ZeroDivisionError", "invert")
    assert "1 / value" in failed.error.traceback
    assert (stats.ended_jobs, stats.failed_jobs) == (1, 1)


def test_pause_and_resume_are_told(runtime: Runtime) -> None:
    flow = chain()
    with Listener(running(runtime, flow).directory) as listener:
        listener.until(FlowStats)
        job = runtime.exec(flow, n=1, start_paused=True)
        assert listener.until(JobChanged).status == "paused"
        job.resume()
        assert listener.until(JobChanged).status == "running"


def test_the_figures_come_to_what_the_jobs_have_counted(runtime: Runtime) -> None:
    flow = chain()
    with Listener(running(runtime, flow).directory) as listener:
        jobs = [runtime.exec(flow, n=500).wait(TIMEOUT) for _ in range(3)]
        stats = listener.until(FlowStats, lambda event: event.ended_jobs == 3)
    done = {name: sum(p.activations for p in stats.processes if p.routine == name) for name in flow.nodes}
    assert done == {name: sum(job.counters[name]["activations"] for job in jobs) for name in flow.nodes}
    assert [(c.connection, c.sent, c.used) for c in stats.connections] == [
        (0, 1500, 1500),
        (1, 1500, 1500),
        (-1, 3, 3),
        (-2, 0, 0),
        (-3, 0, 0),
    ]
    assert not any(c.lane_bytes for c in stats.connections)


def test_a_job_under_way_has_figures_of_its_own(runtime: Runtime) -> None:
    flow = Flow("open").pipe(Echo(), "echo")
    streamed = runtime.stream(flow, iter([1, 2, 3]))
    assert next(streamed) == 1
    job = runtime.exec(flow, value=1, start_paused=True)
    with Listener(running(runtime, flow).directory) as listener:
        stats = listener.until(FlowStats, lambda event: event.jobs)
    (figures,) = [each for each in stats.jobs if each.job_id == job.job_id]
    assert figures.in_flight == 1
    assert figures.counters == job.counters
    streamed.close()  # type: ignore[attr-defined]  # a generator


def test_a_killed_worker_is_told_of_and_so_is_its_successor(runtime: Runtime) -> None:
    flow = chain()
    with Listener(running(runtime, flow).directory) as listener:
        runtime.run(flow, n=1)
        stats = listener.until(FlowStats, lambda event: all(p.state == "idle" for p in event.processes[1:]))
        victim = next(p for p in stats.processes if p.routine == "double")
        os.kill(victim.pid, signal.SIGKILL)
        died = listener.until(ProcessChanged, lambda event: event.change == "died")
        again = listener.until(ProcessChanged, lambda event: event.change == "restarted")
        ready = listener.until(ProcessChanged, lambda event: event.change == "ready")
        figures = listener.until(FlowStats).processes[victim.process]
    assert (died.process, died.pid, died.how) == (
        victim.process,
        victim.pid,
        "was killed by signal 9 (SIGKILL)",
    )
    assert again.pid == ready.pid == figures.pid != victim.pid
    assert (figures.restarts, figures.epoch) == (1, victim.epoch + 1)
    assert figures.started_at > victim.started_at


def test_a_recycled_worker_is_no_dead_one(runtime: Runtime) -> None:
    flow = Flow("worn").pipe(numbers)
    flow.pipe(double, max_activations=5)
    with Listener(running(runtime, flow).directory) as listener:
        listener.until(FlowStats)
        runtime.exec(flow, n=5)
        listener.until(ProcessChanged, lambda event: event.change == "recycled")
        listener.until(ProcessChanged, lambda event: event.change == "restarted")
        stats = listener.until(FlowStats)
    assert all(process.restarts == 0 for process in stats.processes)


def test_a_stopped_worker_is_suspect(runtime: Runtime) -> None:
    flow = chain()
    with Listener(running(runtime, flow).directory) as listener:
        runtime.run(flow, n=1)
        victim = listener.until(FlowStats).processes[1]
        os.kill(victim.pid, signal.SIGSTOP)
        suspect = listener.until(ProcessChanged, lambda event: event.change == "suspect")
        os.kill(victim.pid, signal.SIGCONT)
        listener.until(FlowStats, lambda event: event.processes[1].state == "idle")
    assert suspect.pid == victim.pid


def test_a_dead_letter_is_told(runtime: Runtime) -> None:
    flow = Flow("deadly").pipe(numbers).pipe(Deadly(), "deadly")
    with Listener(running(runtime, flow).directory) as listener:
        listener.until(FlowStats)
        job = runtime.exec(flow, n=40)
        told = listener.until(DeadLettered)
        ended = listener.until(JobChanged, lambda event: event.status == "completed")
    (letter,) = runtime.dead_letters.all()
    assert (told.job_id, told.routine, told.message_id) == (job.job_id, "deadly", letter.message_id)
    assert ended.counters["deadly"]["dead"] == 1


def test_nobody_who_listens_can_end_a_flow(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = chain()
    with Listener(running(runtime, flow).directory) as listener:
        listener.until(FlowStats)
        supervisor = next(iter(runtime._engine._running.values()))  # type: ignore[attr-defined]
        monkeypatch.setattr(supervisor._publishing._publisher, "publish", lambda *_: 1 / 0)
        assert sorted(runtime.run(flow, n=3)) == [0, 2, 4]


def test_a_listener_that_has_gone_is_told_nothing_more(runtime: Runtime) -> None:
    flow = chain()
    with Listener(running(runtime, flow).directory) as listener:
        listener.until(FlowStats)
    supervisor = next(iter(runtime._engine._running.values()))  # type: ignore[attr-defined]
    for _ in range(1000):
        runtime.run(flow, n=1)
        if not supervisor._publishing.is_heard:
            return
    pytest.fail("it is still told")
