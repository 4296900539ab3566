"""What a submitter can do with jobs, and what other jobs notice of it, over real processes."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from process.flows.stages import Echo, Gate, Gather, Ids, Slow, Total, double, numbers, pid
from process.flows.workers import TIMEOUT
from process.gates import Gates, gated
from routilux import (
    Busy,
    DeadlineExceeded,
    ExecutionStatus,
    Flow,
    FlowError,
    FlowRegistry,
    RoutiluxError,
    Runtime,
    policies,
)

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
        "received": 8,
        "emitted": 2,
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
