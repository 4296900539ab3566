"""Messages of running flows are recorded to files, and what is held is saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from process.flows import held, tapes
from process.flows.workers import TIMEOUT, kill, until
from routilux import BreakpointError, DeadlineExceeded, Flow, Runtime, recorded

pytestmark = pytest.mark.one_python

DOUBLED = "double.output->left.value"


@pytest.fixture
def runtime(folder: Path) -> Iterator[Runtime]:
    """In a folder of its own, so that the command line finds no other."""
    made = Runtime(heap=1 << 26)
    yield made
    made.close(grace=1.0)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    return tmp_path / "tape.rlx"


# ---- what is recorded -------------------------------------------------------------------------------------


def test_all_that_two_workers_emit_is_recorded_and_nothing_is_lost(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(held.several(), n=3000, start_paused=True)
    with job.record(DOUBLED, tape, count=3000) as recording:
        job.resume()
        recording.wait(TIMEOUT)
    assert sorted(job.results(TIMEOUT)) == [("left", 2 * n) for n in range(3000)]
    assert (recording.count, recording.skipped, recording.reason) == (3000, 0, "count")
    found = recorded(tape)
    assert sorted(message.payload for message in found) == [2 * n for n in range(3000)]
    assert {message.record.replica for message in found} == {0, 1}
    assert {(m.routine, m.slot, m.record.job_id) for m in found} == {("left", "value", job.job_id)}


def test_the_next_messages_are_recorded_and_no_more(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(held.fork(), n=500, start_paused=True)
    recording = job.record(DOUBLED, tape, count=20)
    job.resume()
    assert recording.wait(TIMEOUT).count == 20
    assert [message.payload for message in recorded(tape)] == [2 * n for n in range(20)]
    assert len(job.results(TIMEOUT)) == 1000
    assert not list(job.breakpoints)


def test_a_recording_ends_with_its_job_and_has_all_of_it(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(held.fork(), n=300, start_paused=True)
    recording = job.record("double.output", tape, count=1000, condition="data % 4 == 0")
    job.resume()
    assert recording.wait(TIMEOUT).reason == "ended"
    assert [message.payload for message in recorded(tape)] == list(range(0, 600, 4))
    assert recording.skipped == 0
    assert recorded(tape)[0].routine == ""  # it goes to two


def test_submissions_to_a_slot_are_recorded_and_a_flows_jobs_all(runtime: Runtime, tape: Path) -> None:
    flow = held.fork()
    with runtime.breakpoints(flow).record("count.n", tape, count=2) as recording:
        for n in (3, 4):
            runtime.exec(flow, n=n, job_id=f"job-of-{n}").wait(TIMEOUT)
        recording.wait(TIMEOUT)
    assert [(m.record.job_id, m.payload) for m in recorded(tape)] == [("job-of-3", 3), ("job-of-4", 4)]


def test_a_recording_that_goes_on_says_what_it_has_and_has_no_file(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(held.fork(), n=10, start_paused=True)
    with job.record(DOUBLED, tape) as recording:
        with pytest.raises(DeadlineExceeded, match="0 of 100"):
            recording.wait(0.01)
        assert not tape.exists()
    job.cancel()


def test_time_ends_a_recording_of_what_never_comes(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(held.fork(), n=10, start_paused=True)
    recording = job.record(DOUBLED, tape, seconds=0.2)
    assert recording.wait(TIMEOUT).reason == "time"
    assert recorded(tape) == []
    assert not list(job.breakpoints)
    job.cancel()


def test_bytes_bound_a_recording_and_what_is_too_large_is_counted(runtime: Runtime, tape: Path) -> None:
    flow = Flow("arrays").pipe(tapes.arrays).pipe(tapes.total)
    job = runtime.exec(flow, sizes=[10, 200_000, 20, 30], start_paused=True)
    recording = job.record("arrays.output->total.array", tape, count=10, max_bytes=100_000)
    job.resume()
    recording.wait(TIMEOUT)
    assert (recording.count, recording.skipped, recording.reason) == (3, 1, "ended")
    assert [message.payload.size for message in recorded(tape)] == [10, 20, 30]
    assert [int(size) for size in job.results(TIMEOUT)] == [10, 200_000, 20, 30]


def test_arrays_structs_and_nested_data_come_back(runtime: Runtime, tape: Path) -> None:
    flow = Flow("kinds").pipe(tapes.kinds).pipe(tapes.passed, "passed")
    job = runtime.exec(flow, number=3, start_paused=True)
    recording = job.record("passed.value", tape, count=len(tapes.KINDS))
    job.resume()
    recording.wait(TIMEOUT)
    for message, sent in zip(recorded(tape), tapes.KINDS, strict=True):
        assert repr(message.payload) == repr(sent)
    assert len(job.results(TIMEOUT)) == len(tapes.KINDS)


def test_a_typed_struct_is_recorded_without_a_pickle(runtime: Runtime, tape: Path) -> None:
    flow = Flow("typed").pipe(tapes.orders).pipe(tapes.Prices())
    job = runtime.exec(flow, count=2, start_paused=True)
    recording = job.record("prices.order", tape, count=2)
    job.resume()
    recording.wait(TIMEOUT)
    assert job.results(TIMEOUT) == [0, 10]
    assert [message.payload for message in recorded(tape)] == [{"name": "a", "size": n} for n in range(2)]
    assert [message.run(flow) for message in recorded(tape)] == [[("price", 0)], [("price", 10)]]


def test_a_worker_that_dies_meanwhile_loses_nothing_for_the_job(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(held.several(), n=2000, start_paused=True)
    recording = job.record(DOUBLED, tape, count=2000, seconds=20.0)
    job.resume()
    until(lambda: recording.count > 0)
    kill("double-0")
    assert sorted(job.results(TIMEOUT)) == [("left", 2 * n) for n in range(2000)]
    recording.stop()
    assert {message.payload for message in recorded(tape)} <= {2 * n for n in range(2000)}


@pytest.mark.parametrize(
    ("place", "options", "what"),
    [
        ("double.outptu", {}, "has no place 'double.outptu'.*double.output"),
        ({"routine_id": "double"}, {}, "a connection, an event or a slot"),
        (DOUBLED, {"count": 0}, "count=0"),
        (DOUBLED, {"count": 10_001}, "10,000 messages"),
        (DOUBLED, {"seconds": 0.0}, "seconds=0"),
        (DOUBLED, {"max_bytes": 1 << 40}, "max_bytes"),
        (DOUBLED, {"condition": "data >"}, "data >"),
    ],
)
def test_what_cannot_be_recorded_is_refused(
    runtime: Runtime, tape: Path, place: Any, options: dict[str, Any], what: str
) -> None:
    job = runtime.exec(held.fork(), n=1, start_paused=True)
    with pytest.raises(BreakpointError, match=what):
        job.record(place, tape, **options)
    assert not list(job.breakpoints)
    job.cancel()


def test_a_recording_is_no_breakpoint_that_one_sets_or_changes(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(held.fork(), n=1, start_paused=True)
    with pytest.raises(BreakpointError, match="begin one by record"):
        job.breakpoints.add(routine_id="left", slot_name="value", action="record")
    with job.record(DOUBLED, tape):
        (seen,) = job.breakpoints
        assert (seen.action, seen.type) == ("record", "connection")
        with pytest.raises(BreakpointError, match="begin one by record"):
            job.breakpoints.update(seen.breakpoint_id, enabled=False)
    job.cancel()


# ---- what is held -----------------------------------------------------------------------------------------


def test_a_held_message_is_saved_and_held_on(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(held.fork(), n=3, breakpoints=[{"routine_id": "left", "slot_name": "value"}])
    with job.session() as session:
        hold = session.wait(TIMEOUT)
        hold.save(tape)
        assert [each.hold_id for each in session.holds] == [hold.hold_id]
        job.breakpoints.remove(hold.breakpoint_id)
    (message,) = recorded(tape)
    assert (message.payload, message.routine, message.slot) == (0, "left", "value")
    assert message.record.parents == hold.parents
    assert message.run(held.left) == [("output", ("left", 0))]
    assert len(job.results(TIMEOUT)) == 6


def test_a_failed_message_is_saved_with_its_traceback(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(Flow("one").pipe(held.inverse), value=0, breakpoints=[{"type": "error"}])
    with job.session() as session:
        hold = session.wait(TIMEOUT)
        hold.save(tape)
        hold.skip()
    assert "12 / value" in recorded(tape)[0].error
    job.wait(TIMEOUT)


def test_what_runs_on_several_messages_is_not_saved_as_one(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(held.batches(), n=4, breakpoints=[{"routine_id": "batches"}])
    with job.session() as session:
        hold = session.wait(TIMEOUT)
        with pytest.raises(BreakpointError, match="several messages at a time"):
            hold.save(tape)
        assert len(hold.parents) == 4
        hold.resume()
    job.wait(TIMEOUT)


@pytest.mark.parametrize(
    ("flow", "place", "count"),
    [
        (held.join, {"routine_id": "pairs", "event_name": "out"}, 2),
        (held.batches, {"routine_id": "batches", "event_name": "out"}, 4),
        (held.fork, {"routine_id": "double", "event_name": "output"}, 1),
    ],
)
def test_what_is_held_as_it_is_emitted_names_all_that_have_caused_it(
    runtime: Runtime, flow: Any, place: dict[str, str], count: int
) -> None:
    job = runtime.exec(flow(), n=4, breakpoints=[{**place, "one_shot": True}])
    with job.session() as session:
        hold = session.wait(TIMEOUT)
        assert len(set(hold.parents)) == count
        assert hold.message_id in hold.parents
        hold.resume()
    job.wait(TIMEOUT)
