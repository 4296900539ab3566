"""What a submitter can do with jobs, and what other jobs notice of it, over real processes."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from process.flows.script import run_script
from process.flows.stages import (
    Echo,
    Gate,
    Gather,
    Ids,
    Mixed,
    Slow,
    Ticks,
    Total,
    double,
    invert,
    numbers,
    pid,
)
from routilux import (
    Busy,
    ClosedError,
    DeadlineExceeded,
    ExecutionStatus,
    Flow,
    FlowError,
    FlowRegistry,
    JobCancelled,
    JobFailed,
    JobState,
    RoutiluxError,
    Runtime,
    policies,
)

TIMEOUT = 30.0


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """Closed in the end, whatever hangs: leaving it normally would wait for that."""
    made = Runtime()
    yield made
    made.close(grace=1.0)


class Gates:
    """The two named pipes of a Gate."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder)
        os.mkfifo(folder / "in")
        os.mkfifo(folder / "out")

    def entered(self) -> int:
        """Waits until the routine is in logic; its pid."""
        return int(Path(self.path, "in").read_text(encoding="ascii"))

    def open(self) -> None:
        """Lets the routine go on."""
        Path(self.path, "out").write_text("", encoding="ascii")


@pytest.fixture
def gates(tmp_path: Path) -> Gates:
    return Gates(tmp_path)


def gated(gates: Gates) -> Flow:
    return Flow("gated").pipe(Gate(path=gates.path), "gate")


def until(holds: Callable[[], object], timeout: float = TIMEOUT) -> None:
    """Waits for something that cannot be waited on otherwise."""
    waiting = threading.Event()
    for _ in range(int(timeout * 100)):
        if holds():
            return
        waiting.wait(0.01)
    pytest.fail("it did not happen in time")


# --- submitting ---


def test_a_job_runs_in_processes_of_its_own(runtime: Runtime) -> None:
    flow = Flow().pipe(pid)
    assert runtime.run(flow, value=1, timeout=TIMEOUT) not in {0, os.getpid()}


def test_exec_returns_before_the_job_has_ended(runtime: Runtime, gates: Gates) -> None:
    job = runtime.exec(gated(gates), value=5)
    gates.entered()
    assert (job.status, job.finished_at) == (ExecutionStatus.RUNNING, None)
    gates.open()
    assert job.result(TIMEOUT) == 5
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.finished_at >= job.started_at


def test_wait_raises_at_its_deadline_and_the_job_goes_on(runtime: Runtime, gates: Gates) -> None:
    job = runtime.exec(gated(gates), value=5)
    with pytest.raises(DeadlineExceeded, match=r"has not ended within 0\.05 seconds"):
        job.wait(timeout=0.05)
    gates.entered()
    gates.open()
    assert job.wait(TIMEOUT).status == "completed"


def test_the_results_of_a_pipeline_are_all_there_in_order(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(double)
    assert runtime.exec(flow, n=20_000).results(TIMEOUT) == [2 * n for n in range(20_000)]


def test_result_refuses_to_choose(runtime: Runtime) -> None:
    with pytest.raises(RoutiluxError, match="has 3 outputs"):
        runtime.run(Flow().pipe(numbers), n=3, timeout=TIMEOUT)


def test_outputs_come_while_the_job_runs(runtime: Runtime, gates: Gates) -> None:
    flow = Flow()
    flow.add_routine(Echo(), "source")
    flow.add_routine(Echo(), "early")
    flow.add_routine(Gate(path=gates.path), "late")
    flow.connect("source", "out", "early", "value")
    flow.connect("source", "out", "late", "value")
    outputs = runtime.exec(flow, value=1).outputs()
    assert next(outputs).routine == "early"
    gates.entered()
    gates.open()
    assert [output.routine for output in outputs] == ["late"]


def test_outputs_that_were_handed_out_are_forgotten(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(numbers), n=1000)
    assert [output.payload for output in job.outputs()] == list(range(1000))
    assert job.results(TIMEOUT) == []


def test_a_message_id_is_unique_for_every_policy(runtime: Runtime) -> None:
    for policy in (policies.immediate(), policies.batch_size(2), policies.whole_job()):
        flow = Flow().pipe(numbers).pipe(Ids().set_activation_policy(policy))
        found = [each for _ in range(2) for each in runtime.exec(flow, n=10).results(TIMEOUT)]
        assert len(set(found)) == len(found) > 0
        runtime.stop(flow)


def test_the_ids_of_outputs_are_unique(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(numbers).pipe(Echo(), workers=2), n=3000)
    ids = [output.message_id for output in job.outputs()]
    assert len(set(ids)) == len(ids) == 3000


def test_counters_are_exact(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(Echo(), "echo", workers=2).pipe(Total(), "total")
    job = runtime.exec(flow, n=5000).wait(TIMEOUT)
    assert {name: counts["activations"] for name, counts in job.counters.items()} == {
        "numbers": 1,
        "echo": 5000,
        "total": 5000,
    }


def test_what_no_activation_takes_is_counted_as_unused(runtime: Runtime) -> None:
    gather = Gather().set_activation_policy(policies.batch_size(4, drop_rest=True))
    job = runtime.exec(Flow().pipe(numbers).pipe(gather, "gather"), n=10)
    assert job.results(TIMEOUT) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert job.counters["gather"] == {
        "activations": 2,
        "errors": 0,
        "skipped": 0,
        "unused": 2,
        "dead": 0,
    }


def test_post_reaches_any_slot(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(Echo(), "echo").pipe(double)
    assert runtime.post(flow, "double", "value", 4, timeout=TIMEOUT).result() == 8
    assert runtime.post(flow, "echo", "value", 4, timeout=TIMEOUT).result() == 8


def test_a_registered_flow_is_found_by_its_name(runtime: Runtime) -> None:
    flow = Flow("registered").pipe(double)
    FlowRegistry.get_instance().register_by_name("test_jobs.registered", flow)
    assert runtime.run("test_jobs.registered", value=4, timeout=TIMEOUT) == 8


def test_a_flow_without_output_completes_with_none(runtime: Runtime) -> None:
    flow = Flow().pipe(Slow(seconds=0.0)).pipe(Total().set_finish(lambda: None))
    assert runtime.run(flow, value=4, timeout=TIMEOUT) is None


def test_an_aggregator_behind_an_aggregator_ends_after_it(runtime: Runtime) -> None:
    flow = (
        Flow()
        .pipe(numbers)
        .pipe(Total(), "first", workers=2)
        .pipe(double)
        .pipe(Total(), "second")
        .pipe(Gather())
    )
    assert runtime.run(flow, n=1000, timeout=TIMEOUT) == [999_000]


# --- many jobs ---


def test_a_hundred_jobs_share_the_same_processes(runtime: Runtime) -> None:
    flow = Flow()
    flow.add_routine(double, "double")
    flow.add_routine(pid, "pid")
    flow.connect("double", "output", "pid", "value")
    jobs = [runtime.exec(flow, value=n) for n in range(100)]
    assert len({job.result(TIMEOUT) for job in jobs}) == 1


def test_jobs_never_mix(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(double, workers=2).pipe(Gather())
    jobs = [runtime.exec(flow, n=n) for n in range(1, 60)]
    assert [sorted(job.result(TIMEOUT)) for job in jobs] == [[2 * i for i in range(n)] for n in range(1, 60)]


def test_a_jobs_slot_is_used_again_and_its_state_is_not() -> None:
    flow = Flow().pipe(numbers).pipe(Total())
    with Runtime(max_pending=1) as runtime:
        assert [runtime.run(flow, n=3, timeout=TIMEOUT) for _ in range(50)] == [3] * 50


def test_threads_may_share_a_runtime(runtime: Runtime) -> None:
    flow, found = Flow().pipe(numbers).pipe(Gather()), dict[int, Any]()

    def work(n: int) -> None:
        found[n] = [len(runtime.run(flow, n=n, timeout=TIMEOUT)) for _ in range(10)]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert found == {n: [n] * 10 for n in range(1, 9)}


def test_several_flows_live_in_one_runtime(runtime: Runtime) -> None:
    flows = [Flow("same").pipe(double), Flow("same").pipe(Echo()), Flow("other").pipe(pid)]
    jobs = [runtime.exec(flow, value=3) for flow in flows]
    assert [job.result(TIMEOUT) for job in jobs[:2]] == [6, 3]
    assert isinstance(jobs[2].result(TIMEOUT), int)


def test_workers_are_overridden_by_the_runtime() -> None:
    flow = Flow().pipe(numbers).pipe(Slow()).pipe(pid, "pid")
    with Runtime(workers={"pid": 3}) as runtime:
        assert len(set(runtime.exec(flow, n=300).results(TIMEOUT))) > 1


def test_a_key_leads_to_one_worker(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(Total(), "total", workers=3, key=lambda value: value % 2)
    found = sorted(runtime.exec(flow, n=100).results(TIMEOUT))
    assert sum(found) == sum(range(100))
    assert {2450, 2500} <= set(found) or found == [0, 0, 4950]


def test_ids_are_given_or_chosen(runtime: Runtime) -> None:
    flow = Flow().pipe(double)
    jobs = [runtime.exec(flow, value=1), runtime.exec(flow, job_id="é" * 63, value=1)]
    assert jobs[1].wait(TIMEOUT).job_id == "é" * 63
    assert jobs[0].job_id != jobs[1].job_id


@pytest.mark.parametrize("job_id", ["", "x" * 128, "\udcff"])
def test_an_id_that_does_not_fit_is_refused(runtime: Runtime, job_id: str) -> None:
    with pytest.raises(FlowError, match="job_id"):
        runtime.exec(Flow().pipe(double), job_id=job_id, value=1)


def test_an_id_under_way_is_taken_and_free_afterwards(runtime: Runtime, gates: Gates) -> None:
    flow = gated(gates)
    job = runtime.exec(flow, job_id="one", value=1)
    with pytest.raises(FlowError, match="'one' is under way already"):
        runtime.exec(flow, job_id="one", value=2)
    gates.entered()
    gates.open()
    job.wait(TIMEOUT)
    again = runtime.exec(flow, job_id="one", value=3)
    gates.entered()
    gates.open()
    assert again.result(TIMEOUT) == 3


def test_more_jobs_than_max_pending_wait_then_are_refused(gates: Gates) -> None:
    flow = gated(gates)
    with Runtime(max_pending=1) as runtime:
        first = runtime.exec(flow, value=1)
        gates.entered()
        with pytest.raises(Busy, match="max_pending"):
            runtime.exec(flow, timeout=0.05, value=2)
        opener = threading.Timer(0.1, gates.open)
        opener.start()
        second = runtime.exec(flow, timeout=TIMEOUT, value=3)
        gates.entered()
        gates.open()
        assert (first.result(TIMEOUT), second.result(TIMEOUT)) == (1, 3)
        opener.join()


def test_jobs_are_listed_by_status(runtime: Runtime, gates: Gates) -> None:
    flow = gated(gates)
    running = runtime.exec(flow, value=1)
    paused = runtime.exec(flow, start_paused=True, value=2)
    gates.entered()
    assert (runtime.jobs("running"), runtime.jobs("paused")) == ([running], [paused])
    paused.cancel()
    gates.open()
    running.wait(TIMEOUT)
    assert (runtime.jobs("completed"), runtime.jobs("cancelled")) == ([running], [paused])
    assert set(runtime.jobs()) == {running, paused}


def test_an_ended_job_that_nobody_holds_is_forgotten(runtime: Runtime) -> None:
    flow = Flow().pipe(double)
    for n in range(20):
        runtime.run(flow, value=n, timeout=TIMEOUT)
    assert len(runtime.jobs()) <= 1


# --- cancel, timeout ---


def test_a_running_job_can_be_cancelled_and_the_next_one_runs(runtime: Runtime, gates: Gates) -> None:
    flow = gated(gates)
    job = runtime.exec(flow, value=1)
    worker = gates.entered()
    job.cancel()
    assert job.wait(TIMEOUT).status == "cancelled"
    with pytest.raises(JobCancelled, match=f"'{job.job_id}' was cancelled"):
        job.result()
    gates.open()
    again = runtime.exec(flow, value=2)
    assert gates.entered() == worker
    gates.open()
    assert again.result(TIMEOUT) == 2


def test_a_paused_job_can_be_cancelled(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(double), start_paused=True, value=1)
    job.cancel()
    assert job.wait(TIMEOUT).status == "cancelled"


def test_an_ended_job_stays_as_it_is(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(double), value=1).wait(TIMEOUT)
    for act in (job.cancel, job.pause, job.resume, job.cancel):
        act()
    assert (job.status, job.result(), job.error) == ("completed", 2, None)


def test_cancelling_stops_an_endless_source(runtime: Runtime) -> None:
    flow = Flow().pipe(Ticks(seconds=0.0), "ticks").pipe(Total())
    job = runtime.exec(flow, n=10**12)
    until(lambda: job.counters["total"]["activations"] > 1000)
    job.cancel()
    assert job.wait(TIMEOUT).status == "cancelled"
    assert runtime.run(flow, n=10, timeout=TIMEOUT) == 45


def test_a_cancelled_job_does_not_disturb_its_neighbours(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(Slow(seconds=0.0002), "slow").pipe(Gather())
    jobs = [runtime.exec(flow, n=500) for _ in range(6)]
    for job in jobs[::2]:
        job.cancel()
    assert [job.wait(TIMEOUT).status for job in jobs] == ["cancelled", "completed"] * 3
    assert [job.result() for job in jobs[1::2]] == [list(range(500))] * 3


def test_a_job_fails_at_its_timeout(runtime: Runtime, gates: Gates) -> None:
    flow = gated(gates)
    first = runtime.exec(flow, value=0)  # so that the process is there
    gates.entered()
    gates.open()
    first.wait(TIMEOUT)
    job = runtime.exec(flow, timeout=1.0, value=1)
    gates.entered()
    assert isinstance(job.wait(TIMEOUT).error, DeadlineExceeded)
    assert job.status == "failed"
    gates.open()
    again = runtime.exec(flow, value=2)
    gates.entered()
    gates.open()
    assert again.result(TIMEOUT) == 2


def test_the_timeout_of_one_job_is_not_anothers(runtime: Runtime) -> None:
    flow = Flow().pipe(Ticks(seconds=0.002)).pipe(Total())
    jobs = [runtime.exec(flow, timeout=timeout, n=100) for timeout in (0.05, None)]
    assert [job.wait(TIMEOUT).status for job in jobs] == ["failed", "completed"]


# --- pause ---


def test_a_job_started_paused_waits_for_resume(runtime: Runtime) -> None:
    flow = Flow().pipe(double)
    job = runtime.exec(flow, start_paused=True, value=4)
    assert runtime.run(flow, value=1, timeout=TIMEOUT) == 2
    assert (job.status, job.counters["double"]["activations"]) == ("paused", 0)
    job.resume()
    assert job.result(TIMEOUT) == 8
    assert job.started_at is not None


def test_no_activation_starts_while_a_job_is_paused(runtime: Runtime, gates: Gates) -> None:
    flow = gated(gates)
    flow.pipe(double)
    job = runtime.exec(flow, value=4)
    gates.entered()
    job.pause()
    gates.open()
    assert runtime.post(flow, "double", "value", 1, timeout=TIMEOUT).result() == 2
    assert (job.status, job.counters["double"]["activations"]) == ("paused", 0)
    job.resume()
    assert job.result(TIMEOUT) == 8


def test_pausing_one_job_does_not_hold_another(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(Slow(seconds=0.0005), "slow").pipe(Total())
    held = runtime.exec(flow, n=2000)
    until(lambda: held.counters["slow"]["activations"])
    held.pause()
    assert runtime.run(flow, n=100, timeout=TIMEOUT) == 4950
    assert held.status == "paused"
    held.resume()
    assert held.result(TIMEOUT) == 1_999_000


def test_pausing_a_job_within_a_generator_does_not_hold_another(runtime: Runtime) -> None:
    flow = Flow().pipe(Ticks(seconds=0.0005), "ticks").pipe(Total())
    held = runtime.exec(flow, n=2000)
    until(lambda: held.counters["total"]["activations"])
    held.pause()
    other = runtime.exec(flow, n=10)
    try:
        assert other.result(5) == 45
    finally:
        held.resume()
    assert held.result(TIMEOUT) == 1_999_000


@pytest.mark.parametrize("ends", ["resume", "cancel"])
def test_a_generator_that_is_held_is_left_alone_by_those_that_pass_it(
    runtime: Runtime, gates: Gates, ends: str
) -> None:
    flow = Flow().pipe(Mixed(), "mixed")
    list(runtime.stream(flow, (("", 1) for _ in range(2000))))  # a commit spans several messages from now on
    held = runtime.exec(flow, value=("", 300))
    outputs = held.outputs()
    assert next(outputs).payload == (0, 1)
    held.pause()
    other = runtime.exec(flow, value=(gates.path, 1))
    worker = gates.entered()
    getattr(held, ends)()
    gates.open()
    assert other.result(TIMEOUT) == (0, 1)
    if ends == "resume":
        assert [output.payload for output in outputs] == [(number, 1) for number in range(1, 300)]
    last = runtime.exec(flow, value=(gates.path, 1))
    assert gates.entered() == worker
    gates.open()
    assert last.result(TIMEOUT) == (0, 1)


def test_a_job_may_be_paused_and_resumed_over_and_over(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(double, workers=2).pipe(Gather())
    job = runtime.exec(flow, n=30_000)
    for _ in range(50):
        job.pause()
        job.resume()
    assert sorted(job.result(TIMEOUT)) == [2 * n for n in range(30_000)]


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


# --- the runtime's end ---


def test_leaving_normally_waits_for_the_jobs() -> None:
    with Runtime() as runtime:
        job = runtime.exec(Flow().pipe(Ticks()).pipe(Total()), n=100)
    assert (job.status, job.result()) == ("completed", 4950)


def test_leaving_by_an_exception_cancels_the_jobs(gates: Gates) -> None:
    def leave() -> None:
        with Runtime() as runtime:
            jobs.append(runtime.exec(gated(gates), value=1))
            gates.entered()
            raise KeyError

    jobs: list[JobState] = []
    with pytest.raises(KeyError):
        leave()
    assert jobs[0].status == "cancelled"


def test_close_cancels_wakes_those_who_wait_and_is_idempotent(gates: Gates) -> None:
    runtime = Runtime(grace=0.1)
    job = runtime.exec(gated(gates), value=1)
    gates.entered()
    waiter = threading.Thread(target=job.wait)
    waiter.start()
    runtime.close()
    runtime.close()
    waiter.join(TIMEOUT)
    assert (waiter.is_alive(), job.status) == (False, "cancelled")
    with pytest.raises(ClosedError):
        runtime.exec(Flow().pipe(double), value=1)


def test_the_results_of_an_ended_job_outlive_the_runtime() -> None:
    with Runtime() as runtime:
        job = runtime.exec(Flow().pipe(numbers), n=1000)
    assert (job.results(), job.counters["numbers"]["activations"]) == (list(range(1000)), 1)


def test_a_stopped_flow_starts_anew(runtime: Runtime) -> None:
    flow = Flow().pipe(pid)
    before = runtime.run(flow, value=1, timeout=TIMEOUT)
    runtime.stop(flow)
    assert runtime.run(flow, value=1, timeout=TIMEOUT) != before


def test_stopping_a_flow_cancels_its_jobs_and_no_others(runtime: Runtime, gates: Gates) -> None:
    flow, other = gated(gates), Flow("other").pipe(Ticks()).pipe(Total())
    job, left_alone = runtime.exec(flow, value=1), runtime.exec(other, n=100)
    gates.entered()
    runtime.stop(flow, grace=0.1)
    assert job.status == "cancelled"
    assert left_alone.result(TIMEOUT) == 4950


def test_stopping_what_does_not_run_is_fine(runtime: Runtime) -> None:
    runtime.stop(Flow().pipe(double))


def test_a_drained_runtime_works_off_what_its_sources_have_sent(runtime: Runtime) -> None:
    flow = Flow().pipe(Ticks(seconds=0.0), "ticks").pipe(Total(), "total")
    job = runtime.exec(flow, n=10**12)
    until(lambda: job.counters["total"]["activations"] > 100)
    runtime.drain(TIMEOUT)
    assert job.status == "cancelled"
    assert "was cut short" in str(job.error)


@pytest.mark.parametrize(
    "options", [{"max_pending": 0}, {"max_pending": 1 << 17}, {"engine": "ray"}, {"workers": {"a": 0}}]
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(FlowError, match=next(iter(options))):
        Runtime(**options)


SHARED = """
from process.flows.stages import double
from routilux import Flow, Runtime

runtime = Runtime.get_instance()
assert runtime is Runtime.get_instance()
print(runtime.run(Flow().pipe(double), value=4, timeout=30))
"""


def test_the_shared_runtime_is_closed_when_the_process_ends(tmp_path: Path) -> None:
    done = run_script(tmp_path, SHARED)
    assert (done.stdout, done.stderr, done.returncode) == ("8\n", "", 0)


def test_the_shared_runtime_is_made_anew_once_closed() -> None:
    first = Runtime.get_instance()
    first.close()
    second = Runtime.get_instance()
    assert second is not first
    second.close()
