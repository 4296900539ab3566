"""What workers publish, heard by a plain SUB socket."""

from pathlib import Path

import pytest

from process.flows.told import (
    Both,
    Pairs,
    Waits,
    Writes,
    each,
    killed_once,
    left,
    numbers,
    odd,
    one_or_until,
    right,
    sink,
    until_told,
)
from process.flows.workers import until
from process.hearing import PATIENCE, Ear, ear_at, parents, processes_of, run_heard
from routilux import Flow, JobState, Runtime
from routilux.hookevents import Activated, Committed, Failed, Placed, WorkerStats
from routilux.supervisor.reception import Reception

pytestmark = pytest.mark.one_python


def fan_out_and_join() -> Flow:
    """Numbers go to two workers on the left and one on the right, and meet again."""
    flow = Flow("diamond")
    flow.add_routine(numbers, "numbers")
    flow.add_routine(left, "left", workers=2)
    flow.add_routine(right, "right")
    flow.add_routine(Both(), "both")
    flow.connect("numbers", "output", "left", "x")
    flow.connect("numbers", "output", "right", "x")
    flow.connect("left", "output", "both", "a")
    flow.connect("right", "output", "both", "b")
    return flow


def line(*stages: object) -> Flow:
    flow = Flow("line")
    flow.add_routine(numbers, "numbers")
    previous = "numbers"
    for number, stage in enumerate(stages):
        name = f"stage{number}"
        flow.add_routine(stage, name, on_error="skip")  # type: ignore[arg-type]
        flow.connect(previous, "output", name, "x")
        previous = name
    return flow


@pytest.mark.parametrize("n", [10, 20_000])
def test_what_is_told_adds_up_to_the_counters(runtime: Runtime, n: int) -> None:
    flow = line(odd, sink)
    with ear_at(runtime, flow) as ear:
        job = run_heard(runtime, flow, n, ear)
        for routine, (process,) in processes_of(flow).items():
            told = {name: ear.count(name, job, process) for name in ("activations", "errors", "skipped")}
            assert told == {name: job.counters[routine][name] for name in told}


def test_messages_told_as_sent_and_used_are_as_many(runtime: Runtime) -> None:
    flow, n = line(left, sink), 5000
    with ear_at(runtime, flow) as ear:
        job = run_heard(runtime, flow, n, ear)
        alone = [a for a in ear.all(Activated, 2) if a.job_id == job.job_id]
        told = [c for c in ear.all(Committed, 2) if c.job_id == job.job_id]
        received = [*(a.received for a in alone), *(c.received for c in told)]
        used = sum(sum(each.values()) for each in received)
        sent = sum(e.count for a in alone for e in a.emitted) + sum(c.emitted.get(0, 0) for c in told)
        assert (used, sent) == (n, n)


def test_a_sampled_job_says_how_many_activations_had_no_event(runtime: Runtime) -> None:
    flow, n = line(sink), 20_000
    with ear_at(runtime, flow) as ear:
        job = run_heard(runtime, flow, n, ear)
        stats = ear.all(WorkerStats, 2)
        ear.until(lambda: ear.all(WorkerStats, 2)[-1].durations.count == n)
        alone = sum(a.job_id == job.job_id for a in ear.all(Activated, 2))
        assert 0 < alone < n
        assert ear.all(WorkerStats, 2)[-1].dropped == n - alone
        assert len(stats) < len(ear.envelopes)


def traced(runtime: Runtime, flow: Flow, n: int, ear: Ear) -> JobState:
    job = runtime.exec(flow, n=n, start_paused=True)
    job.trace()
    job.resume()
    job.wait(PATIENCE)
    ear.until(lambda: ear.heard_all_of(job, processes_of(flow)))
    return job


def test_a_traced_job_has_an_event_for_each_activation(runtime: Runtime) -> None:
    flow, n = line(left, sink), 5000
    with ear_at(runtime, flow) as ear:
        job = traced(runtime, flow, n, ear)
        for process in (2, 3):
            assert len([a for a in ear.all(Activated, process) if a.job_id == job.job_id]) == n


@pytest.mark.parametrize("n", [30, 1000])
def test_lineage_leads_through_a_fan_out_two_workers_and_a_join(runtime: Runtime, n: int) -> None:
    flow = fan_out_and_join()
    with ear_at(runtime, flow) as ear:
        job = traced(runtime, flow, n, ear)
        later = [a for process in range(2, ear.workers + 1) for a in ear.all(Activated, process)]
        used = {m.id for a in later if a.job_id == job.job_id and not a.is_finish for m in a.inputs}
        ear.until(lambda: used <= parents(ear).keys())
        found, (join,) = parents(ear), processes_of(flow)["both"]
        source = {m.id for a in ear.all(Activated, 1) if a.job_id == job.job_id for m in a.inputs}
        joined = [a for a in ear.all(Activated, join) if a.job_id == job.job_id and not a.is_finish]
        assert len(joined) == n
        for activated in joined:
            a, b = (message.id for message in activated.inputs)
            assert all(found[grand] == source for side in (a, b) for grand in found[side])
            assert len(found[a] | found[b]) == 2


def test_a_finish_has_used_no_message(runtime: Runtime) -> None:
    flow = fan_out_and_join()
    with ear_at(runtime, flow) as ear:
        job = traced(runtime, flow, 3, ear)

        def finishes() -> list[Activated]:
            return [a for a in ear.all(Activated, 5) if a.job_id == job.job_id and a.is_finish]

        ear.until(lambda: bool(finishes()))
        assert [(a.inputs, a.received) for a in finishes()] == [((), {})]


def test_outputs_are_known_by_the_ids_that_their_job_gives_them(runtime: Runtime) -> None:
    flow = fan_out_and_join()
    with ear_at(runtime, flow) as ear:
        job = traced(runtime, flow, 200, ear)
        told = {
            f"{job.job_id}/{name}"
            for a in ear.all(Activated, 5)
            if a.job_id == job.job_id
            for emitted in a.emitted
            for name in emitted.ids
        }
        assert told == {output.message_id for output in job.outputs()}


def test_every_id_is_told_of_messages_that_had_to_wait_for_room(runtime: Runtime) -> None:
    """More than a lane holds, and more than one event names."""
    flow, n = line(sink), 20_000
    with ear_at(runtime, flow) as ear:
        job = traced(runtime, flow, n, ear)
        used = {m.id for a in ear.all(Activated, 2) if a.job_id == job.job_id for m in a.inputs}
        ear.until(lambda: used <= parents(ear).keys())
        assert len(used) == n


def test_a_generator_tells_of_what_it_sends_while_it_runs(runtime: Runtime, tmp_path: Path) -> None:
    flow, enough = Flow("goes-on").pipe(until_told, "numbers").pipe(sink, "sink"), tmp_path / "enough"
    enough.touch()
    runtime.run(flow, path=str(enough))
    with Ear(runtime, 2) as ear:
        job = runtime.exec(flow, path=str(tmp_path / "later"), trace=True)
        ear.until(lambda: any(p.job_id == job.job_id for p in ear.all(Placed, 1)))
        assert not job.ended
        (tmp_path / "later").touch()
        job.wait(PATIENCE)


def test_what_is_run_while_a_generator_is_held_is_told_apart(runtime: Runtime, tmp_path: Path) -> None:
    flow, enough = Flow("between").pipe(each, "each").pipe(one_or_until, "worker"), tmp_path / "enough"
    runtime.exec(flow, paths=[""] * 200).wait(PATIENCE)
    with Ear(runtime, 2) as ear:
        runtime.exec(flow, paths=[""] * 200).wait(PATIENCE)  # no activation of others has an event of its own
        held = runtime.exec(flow, paths=[str(enough)], trace=True)
        ear.until(lambda: any(p.job_id == held.job_id for p in ear.all(Placed, 2)))
        held.pause()
        others = [runtime.exec(flow, paths=[""] * 5).wait(PATIENCE) for _ in range(10)]
        enough.touch()
        held.resume()
        held.wait(PATIENCE)
        ear.until(lambda: all(ear.heard_all_of(job, processes_of(flow)) for job in (held, *others)))
        assert [ear.count("activations", job, 2) for job in (held, *others)] == [1, *[5] * 10]
        (alone,) = [a for a in ear.all(Activated, 2) if a.job_id == held.job_id and not a.is_finish]
        assert alone.received == {0: 1}


def test_the_time_of_an_activation_that_began_unheard_is_not_told(runtime: Runtime, tmp_path: Path) -> None:
    first, second, written = tmp_path / "first", tmp_path / "second", tmp_path / "written"
    flow = Flow("unheard").pipe(each, "each").pipe(one_or_until, "worker")
    flow.pipe(Writes(path=str(written)), "writes")
    runtime.exec(flow, paths=[]).wait(PATIENCE)
    with Ear(runtime, 3) as ear:
        job = runtime.exec(flow, paths=[str(first), str(second)], trace=True)
        ear.until(lambda: any(p.job_id == job.job_id for p in ear.all(Placed, 2)))
    gone = len(written.read_text(encoding="utf-8"))
    until(lambda: len(written.read_text(encoding="utf-8")) > gone + 2000)  # the worker has looked meanwhile
    first.touch()
    until(lambda: written.read_text(encoding="utf-8").split().count("0") == 2)
    with Ear(runtime, 3) as ear:
        second.touch()
        job.wait(PATIENCE)
        runtime.exec(flow, paths=[""]).wait(PATIENCE)
        ear.until(lambda: ear.all(WorkerStats, 2)[-1].activations == 3)
        assert ear.all(WorkerStats, 2)[-1].durations.count == 1


def test_what_a_suspended_generator_has_sent_was_told(tmp_path: Path) -> None:
    never, written = str(tmp_path / "never"), tmp_path / "written"
    flow = Flow("suspended").pipe(each, "each").pipe(one_or_until, "worker")
    flow.pipe(Writes(path=str(written)), "writes")
    runtime = Runtime(state_dir=tmp_path / "state")
    runtime.exec(flow, paths=[]).wait(PATIENCE)
    with Ear(runtime, 3) as ear:
        runtime.exec(flow, paths=[""] * 200).wait(PATIENCE)  # what follows is told as sums
        job = runtime.exec(flow, paths=[never])

        def used() -> int:
            return len(written.read_text(encoding="utf-8").split()) - 200

        def sent() -> int:
            return sum(c.emitted.get(0, 0) for c in ear.all(Committed, 2) if c.job_id == job.job_id)

        ear.until(lambda: sent() > 50)
        until(lambda: used() > sent() + 20)
        runtime.suspend()
        ear.until(lambda: sent() >= used())


def test_an_activation_says_what_it_was_given(runtime: Runtime) -> None:
    flow = fan_out_and_join()
    with ear_at(runtime, flow) as ear:
        job = run_heard(runtime, flow, 1, ear)
        (joined,) = [a for a in ear.all(Activated, 5) if a.job_id == job.job_id and not a.is_finish]
        assert [m.preview for m in joined.inputs] == ["{'key': 0, 'left': 0}", "{'key': 0, 'right': 0}"]
        assert (joined.reason, joined.status, joined.received) == ("0", "completed", {0: 1, 1: 1})
        assert joined.emitted[0].preview == "{'key': 0, 'left': 0, 'right': 0}"


def test_an_exception_is_told_with_its_message(runtime: Runtime) -> None:
    flow = line(odd)
    with ear_at(runtime, flow) as ear:
        job = run_heard(runtime, flow, 1, ear)
        (failed,) = [f for f in ear.all(Failed) if f.job_id == job.job_id]
        (activated,) = [a for a in ear.all(Activated, 2) if a.job_id == job.job_id]
        assert (failed.action, failed.error.type, failed.error.message) == ("skip", "ValueError", "0")
        assert (activated.status, activated.error) == ("skipped", failed.error)
        assert failed.message_id == activated.inputs[0].id


def test_the_successor_of_a_killed_worker_has_the_next_epoch(runtime: Runtime, tmp_path: Path) -> None:
    flow = Flow("killed")
    flow.add_routine(killed_once, "victim")
    (tmp_path / "there").touch()
    runtime.run(flow, path=str(tmp_path / "there"))
    with Ear(runtime, 1) as ear:
        assert runtime.run(flow, path=str(tmp_path / "new"), timeout=PATIENCE) == "survived"
        ear.until(lambda: {e.epoch for e in ear.envelopes} == {1, 2})
        later = [e for e in ear.envelopes if e.epoch == 2]
        assert later[0].number == 1


def test_numbers_have_no_gap_for_one_who_hears_everything(runtime: Runtime) -> None:
    flow = line(sink)
    with ear_at(runtime, flow) as ear:
        run_heard(runtime, flow, 5000, ear)
        for process in (1, 2):
            numbers = [e.number for e in ear.envelopes if e.process == process]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_late_subscriber_is_given_the_figures_so_far(runtime: Runtime) -> None:
    flow = line(sink)
    with ear_at(runtime, flow) as ear:
        run_heard(runtime, flow, 100, ear)
    with ear_at(runtime, flow) as second:
        assert second.all(WorkerStats, 2)[-1].activations == 100


def test_a_stopped_subscriber_holds_nobody_up(runtime: Runtime) -> None:
    flow = line(left, sink)
    with ear_at(runtime, flow):  # and never reads again
        assert runtime.exec(flow, n=100_000).wait(PATIENCE).counters["stage1"]["activations"] == 100_000


def test_connections_count_what_they_carry(runtime: Runtime) -> None:
    flow = fan_out_and_join()
    job = runtime.exec(flow, n=500).wait(PATIENCE)
    control = job.control
    assert isinstance(control, Reception)
    plan, arena = control._docket.plan, control._docket.desk._arena
    carried: dict[int, tuple[int, int]] = {}
    for lane in plan.lanes:
        if lane.connection is None:
            continue
        sent, used = (
            arena.words[ends[lane.index] // 8]
            for ends in (
                arena.layout.sections[lane.producer].sent,
                arena.layout.sections[lane.consumer].used,
            )
        )
        before = carried.get(lane.connection, (0, 0))
        carried[lane.connection] = before[0] + sent, before[1] + used
    assert carried == dict.fromkeys(range(4), (500, 500))


def test_a_policy_that_declines_says_why_and_how_many_wait(runtime: Runtime) -> None:
    flow = line(Pairs())
    with ear_at(runtime, flow) as ear:
        job = run_heard(runtime, flow, 3, ear)
        ear.until(lambda: any(c.declined and c.waiting == 1 for c in ear.all(Committed, 2)))
    told = [c for c in ear.all(Committed, 2) if c.waiting == 1]
    assert {(c.job_id, c.reason) for c in told} == {(job.job_id, "one is no pair")}


def test_who_waits_for_a_timer_tells_of_it_once_it_has_done_something(runtime: Runtime) -> None:
    flow = line(Waits())
    with ear_at(runtime, flow) as ear:
        job = run_heard(runtime, flow, 1, ear)
    told = [c for c in ear.all(Committed, 2) if c.job_id == job.job_id and c.declined]
    assert 1 <= len(told) <= 2  # though it looks ten times a second


def test_an_activation_that_a_debugger_has_dropped_counts(runtime: Runtime) -> None:
    flow = line(Pairs())
    with ear_at(runtime, flow) as ear:
        job = runtime.exec(flow, n=2, breakpoints=[{"routine_id": "stage0"}])
        with job.session() as session:
            session.wait(PATIENCE).drop()
        job.wait(PATIENCE)
        ear.until(lambda: ear.heard_all_of(job, processes_of(flow)))
        assert ear.count("activations", job, 2) == job.counters["stage0"]["activations"] == 1
