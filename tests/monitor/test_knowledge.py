"""What runs and what ran are known as one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from monitor.fakeruntime import FakeRuntime, chain, counters, job_changed
from monitor.loop import run, until
from monitor.madehistory import FLOWS, made
from routilux.commands import Done, JobInfo, Validate
from routilux.hookevents import JOB
from routilux_monitor.history import History
from routilux_monitor.knowledge import Knowledge
from routilux_monitor.line import RuntimeGone

FOR_EVER = float("inf")


def test_a_monitor_that_starts_knows_what_ran_before(folder: Path) -> None:
    made(folder / "history.db", 30)

    async def main() -> None:
        async with Knowledge(History(folder / "history.db", max_age=FOR_EVER)) as known:
            assert known.runtimes["past"].is_gone
            assert known.instances["worker-flow-3"].state == "stopped"
            assert known.flows["flow-3"].info.state == "stopped"
            page = await known.find_jobs(flow_id="flow-3", limit=2, offset=1)
            assert ([job.job_id for job in page.jobs], page.total) == (["job-13", "job-3"], 3)
            assert await known.count_jobs() == {"completed": 24, "failed": 6}
            past = await known.past_job("job-13")
            assert past is not None
            assert len(past.trace) == 20

    run(main())


def test_a_job_is_known_while_it_runs_and_after_flow_and_monitor_have_ended(folder: Path) -> None:
    async def live() -> None:
        async with Knowledge(History(folder / "history.db")) as known:
            with FakeRuntime() as runtime:
                flow = runtime.start(chain("f", "a"), "w")
                await until(lambda: flow.is_heard)
                flow.publish(0, JOB, job_changed("j", "running"))
                await until(lambda: "j" in known.jobs)
                page = await known.find_jobs(status="running")
                assert ([job.job_id for job in page.jobs], page.total) == (["j"], 1)
                assert page.jobs[0] is known.jobs["j"]
                end = job_changed("j", "completed", finished_at=time.time(), counters=counters(a=3))
                flow.publish(0, JOB, end)
                await until(lambda: known.jobs["j"].ended)
            await until(lambda: known.runtimes["fake"].is_gone)

    async def later() -> None:
        async with Knowledge(History(folder / "history.db", max_age=FOR_EVER)) as known:
            assert not known.jobs
            past = await known.past_job("j")
            assert past is not None
            assert (past.status, past.routines["a"].activations) == ("completed", 3)
            assert [event.kind for event in past.trace] == ["job_started", "job_completed"]
            assert list(known.flows) == ["f"]

    run(live())
    run(later())


def test_what_a_runtime_answers_about_a_job_is_known_at_once(folder: Path) -> None:
    async def main() -> None:
        async with Knowledge() as known:
            with FakeRuntime() as runtime:
                await until(lambda: "fake" in known.runtimes)
                assert await known.ask("fake", Validate("f")) == Done()
                record = known.learn("fake", JobInfo("j", "f", "w", "running", 1.0))
                assert known.jobs["j"] is record
                page = await known.find_jobs(flow_id="f")
                assert (page.jobs, page.total) == ([record], 1)
                assert runtime.asked
            await until(lambda: known.runtimes["fake"].is_gone)
            with pytest.raises(RuntimeGone):
                await known.ask("fake", Validate("f"))

    run(main())


def test_a_flow_is_forgotten_for_good_unless_there_are_jobs_of_it(folder: Path) -> None:
    made(folder / "history.db", 1)

    async def known_of(*, forgets: bool) -> None:
        async with Knowledge(History(folder / "history.db", max_age=FOR_EVER)) as known:
            for flow in [*known.flows] if forgets else ():
                await known.forget_flow(flow)
            left.append([*known.flows])

    left: list[list[str]] = []
    for forgets in (False, True, False):
        run(known_of(forgets=forgets))
    assert len(left[0]) == FLOWS
    assert left[1:] == [["flow-0"], ["flow-0"]]
