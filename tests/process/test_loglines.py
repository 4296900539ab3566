"""What routines log and print is a job's, or its process's, and is told."""

import pytest

from process.flows.told import Greets, Talks, numbers
from process.hearing import PATIENCE, Ear, ear_at
from routilux import Flow, Runtime
from routilux.hookevents import LogLine

pytestmark = pytest.mark.one_python


def talkative() -> Flow:
    flow = Flow("talk")
    flow.add_routine(numbers, "numbers")
    flow.add_routine(Talks(), "talks")
    flow.connect("numbers", "output", "talks", "x")
    return flow


SAID = [("INFO", "info"), ("WARNING", "warning"), ("STDOUT", "printed"), ("STDERR", "err")]


@pytest.mark.parametrize("engine", ["local", "inline"])
def test_a_jobs_log_has_what_its_routines_have_said(engine: str) -> None:
    with Runtime(engine=engine) as runtime:  # type: ignore[arg-type]
        job = runtime.exec(talkative(), n=3).wait(PATIENCE)
        said = [(entry.level, entry.text) for entry in job.logs()]
        assert said == [(level, f"{text} {n}") for n in range(3) for level, text in SAID]
        assert {(entry.routine, entry.replica) for entry in job.logs()} == {("talks", 0)}


def test_lines_of_two_jobs_do_not_mix(runtime: Runtime) -> None:
    flow = talkative()
    jobs = [runtime.exec(flow, n=n) for n in (2, 5)]
    assert [len(job.wait(PATIENCE).logs()) for job in jobs] == [8, 20]


def test_what_is_printed_still_reaches_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with Runtime() as runtime:
        runtime.exec(talkative(), n=1).wait(PATIENCE)
    out, err = capfd.readouterr()
    assert out == "printed 0\n"
    assert err == "warning 0\nerr 0\n"


def test_log_lines_are_published(runtime: Runtime) -> None:
    flow = talkative()
    with ear_at(runtime, flow) as ear:
        job = runtime.exec(flow, n=2).wait(PATIENCE)
        ear.until(lambda: len(ear.all(LogLine, 2)) == 8)
        lines = ear.all(LogLine, 2)
        assert [(said.level, said.text) for said in lines[:2]] == [
            ("INFO", "info 0"),
            ("WARNING", "warning 0"),
        ]
        assert {(said.job_id, said.routine, said.replica) for said in lines} == {(job.job_id, "talks", 0)}


def test_what_setup_has_said_is_told_to_who_comes_first_however_late(runtime: Runtime) -> None:
    flow = Flow("greets").pipe(Greets(), "greets")
    runtime.exec(flow, x=1).wait(PATIENCE)
    with Ear(runtime, 1) as ear:
        ear.until(lambda: bool(ear.all(LogLine)))
        assert [said.text for said in ear.all(LogLine) if not said.job_id] == ["hello"]
    with Ear(runtime, 1) as second:
        runtime.exec(flow, x=2).wait(PATIENCE)
        second.until(lambda: bool(second.all(LogLine)))
        assert all(said.job_id for said in second.all(LogLine))


def test_a_flood_of_lines_is_bounded_and_counted(runtime: Runtime) -> None:
    flow, n = talkative(), 20_000
    job = runtime.exec(flow, n=n).wait(PATIENCE)
    kept = job.logs()
    assert len(kept) <= 10_000
    assert len(kept) + job.log.dropped <= 4 * n
    assert job.log.dropped > 0
