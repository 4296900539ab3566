"""What monitors show of a runtime: all of them the same, and no less than they have heard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from process.beside import ask, get, monitors, until
from process.flows.stages import Gate, Gather, double, numbers
from process.flows.told import killed_once
from process.gates import Gates
from routilux import Flow, FlowError, JobState, Runtime, monitoring
from routilux.monitoring import Monitor

pytestmark = [pytest.mark.one_python, pytest.mark.usefixtures("own_files")]

TIMEOUT = 30.0


@contextmanager
def monitor(*options: str) -> Iterator[str]:
    """The link of a monitor that was started apart."""
    made = Monitor(monitoring.Wish(0, options))
    try:
        yield made.link
    finally:
        made.close()


def flows(link: str) -> list[str]:
    return [flow["flow_id"] for flow in get(link, "/flows")["flows"]]


# ---- flows that are deleted -------------------------------------------------------------------------------


def test_a_flow_that_one_monitor_has_deleted_is_listed_by_none() -> None:
    with ExitStack() as stack:
        runtime = stack.enter_context(Runtime())
        runtime.start(flow := Flow("doubles").pipe(double))
        links = [stack.enter_context(monitor(*apart)) for apart in ((), (), ("--no-history",))]
        assert until(lambda: all(flows(link) == ["doubles"] for link in links))
        ask(links[0], "DELETE", "/flows/doubles")
        assert until(lambda: not any(map(flows, links)))
        links.append(stack.enter_context(monitor()))
        assert until(lambda: get(links[-1], "/runtimes")["total"] == 1)
        assert not any(map(flows, links))
        runtime.run(flow, value=1)
        assert until(lambda: all(flows(link) == ["doubles"] for link in links))


# ---- gaps -------------------------------------------------------------------------------------------------


def statistics(link: str) -> dict[str, Any]:
    """Of the only worker."""
    (worker,) = get(link, "/workers")["workers"]
    found: dict[str, Any] = get(link, f"/workers/{worker['worker_id']}/statistics")
    return found


def is_told(link: str, job: JobState, *routines: str) -> bool:
    """Whether each of the routines has told of an activation for the job."""
    if job.job_id not in {known["job_id"] for known in get(link, "/jobs")["jobs"]}:
        return False
    events = get(link, f"/jobs/{job.job_id}/execution-trace?limit=1000")["events"]
    return {*routines} <= {e["routine_id"] for e in events if e["event_type"] == "routine_completed"}


def is_settled(link: str, job: JobState) -> bool:
    return any(known["is_settled"] for known in get(link, "/jobs")["jobs"] if known["job_id"] == job.job_id)


def is_heard(link: str, job: JobState, routine: str) -> bool:
    """Whether the routine is among those that have told of the job, when nothing more of it comes."""
    assert until(partial(is_settled, link, job))
    return is_told(link, job, routine)


def test_a_monitor_that_comes_back_in_mid_run_shows_that_it_has_missed_something(gates: Gates) -> None:
    flow = Flow("gated").pipe(numbers).pipe(Gate(path=gates.path), "gate")
    with Runtime(monitor=True) as runtime:
        assert runtime.monitor is not None
        first = runtime.monitor.link
        job = runtime.exec(flow, n=1)
        gates.entered()
        assert until(lambda: is_told(first, job, "numbers"))
        assert statistics(first)["gaps"] == 0
        (process,) = monitors()
        process.kill()
        with monitor() as second:
            assert until(lambda: get(second, "/workers")["total"] == 1)
            assert until(lambda: statistics(second)["gaps"] > 0)
            gates.open()
            job.wait(TIMEOUT)


def test_there_is_no_gap_where_nobody_has_listened_before() -> None:
    flow = Flow("doubles").pipe(double)
    with Runtime() as runtime:
        runtime.run(flow, value=1)
        with monitor() as link:
            assert until(lambda: is_heard(link, runtime.exec(flow, value=1).wait(TIMEOUT), "double"))
            assert statistics(link)["gaps"] == 0


def test_there_is_no_gap_beside_a_monitor_of_its_own() -> None:
    with Runtime(monitor=True) as runtime:
        assert runtime.monitor is not None
        link, flow = runtime.monitor.link, Flow("numbered").pipe(numbers).pipe(double)
        jobs = [runtime.exec(flow, n=5000).wait(TIMEOUT) for _ in range(5)]
        assert until(lambda: is_told(link, jobs[-1], "double"))
        assert statistics(link)["gaps"] == 0


def messages(link: str, job: JobState) -> tuple[int, int]:
    """Used and made, as the monitor has it."""
    found = get(link, f"/jobs/{job.job_id}/metrics")
    return found["total_slot_calls"], found["total_event_emits"]


def test_a_monitor_that_has_missed_everything_has_the_exact_numbers_of_messages() -> None:
    flow = Flow("paired").pipe(numbers).pipe(double, workers=2).pipe(Gather(), "gather")
    with Runtime() as runtime:
        job = runtime.exec(flow, n=5000).wait(TIMEOUT)
        with monitor() as link:
            assert until(lambda: get(link, "/jobs")["total"] == 1)
            assert messages(link, job) == (1 + 5000 + 5000, 5000 + 5000 + 1)


def test_a_monitor_that_was_killed_in_mid_run_has_the_exact_numbers_of_messages(gates: Gates) -> None:
    flow = Flow("gated").pipe(numbers).pipe(double).pipe(Gate(path=gates.path), "gate").pipe(Gather(), "all")
    with Runtime(monitor=True) as runtime:
        assert runtime.monitor is not None
        first = runtime.monitor.link
        job = runtime.exec(flow, n=2)
        gates.entered()
        assert until(lambda: is_told(first, job, "numbers", "double"))
        assert until(lambda: messages(first, job) == (1 + 2, 2 + 2))
        (process,) = monitors()
        process.kill()
        with monitor() as second:
            assert until(lambda: get(second, "/jobs")["total"] == 1)
            assert messages(second, job) == (1 + 2, 2 + 2)
            gates.open()
            gates.entered()
            gates.open()
            job.wait(TIMEOUT)
            assert until(lambda: messages(second, job) == (1 + 2 + 2 + 2, 2 + 2 + 2 + 1))


# ---- first moments ----------------------------------------------------------------------------------------


def test_a_worker_that_was_started_again_is_heard_from_its_first_moment(tmp_path: Path) -> None:
    flow = Flow("victims")
    flow.add_routine(killed_once, "victim")
    (tmp_path / "there").touch()
    with Runtime() as runtime, monitor() as link:
        there = str(tmp_path / "there")
        assert until(lambda: is_heard(link, runtime.exec(flow, path=there).wait(TIMEOUT), "victim"))
        for n in range(3):
            job = runtime.exec(flow, path=str(tmp_path / str(n))).wait(TIMEOUT)
            assert is_heard(link, job, "victim")
        assert statistics(link)["restarts"] == 3


# ---- ids --------------------------------------------------------------------------------------------------

ODD = ["a{b}", "{}", "50% of 1/2", "%7B%2F", "a?b#c", "//", "...", "ä;=&+ \"'\\"]


def test_a_job_of_any_id_is_found_by_every_path() -> None:
    with Runtime(monitor=True) as runtime:
        assert runtime.monitor is not None
        link, flow = runtime.monitor.link, Flow("doubles").pipe(double)
        for name in ODD:
            runtime.exec(flow, value=1, job_id=name).wait(TIMEOUT)
        assert until(lambda: {job["job_id"] for job in get(link, "/jobs")["jobs"]} == {*ODD})
        for path, name in ((f"/jobs/{quote(name, safe='')}", name) for name in ODD):
            found = [get(link, path + below)["job_id"] for below in ("", "/state", "/status", "/metrics")]
            assert found == [name] * 4
            assert ask(link, "POST", f"{path}/wait")["final_status"] == "completed"


@pytest.mark.parametrize("name", [".", ".."])
def test_an_id_that_no_url_can_have_is_refused(name: str) -> None:
    with Runtime(engine="inline") as runtime, pytest.raises(FlowError, match="no URL can name it"):
        runtime.exec(Flow("doubles").pipe(double), value=1, job_id=name)
