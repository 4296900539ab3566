"""Messages of running flows are recorded to files, and sent into their routines again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from process.flows import held, tapes
from process.flows.workers import TIMEOUT, kill, until
from routilux import BreakpointError, DeadlineExceeded, Flow, RoutineCrashed, Runtime, recorded

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


def command(*arguments: str, says: str = "") -> subprocess.CompletedProcess[str]:
    with started(*arguments) as process:
        try:
            out, err = process.communicate(says, timeout=TIMEOUT)
        finally:
            process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def started(*arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "200", "TMPDIR": tempfile.gettempdir()}
    return subprocess.Popen(
        [sys.executable, "-m", "routilux", *arguments],
        cwd=Path(__file__).parents[1],
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


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


# ---- what is replayed -------------------------------------------------------------------------------------


def test_a_message_that_kills_its_process_kills_a_scratch_process_only(tape: Path, runtime: Runtime) -> None:
    job = runtime.exec(Flow("numbers").pipe(tapes.numbers).pipe(tapes.fragile), count=3, start_paused=True)
    recording = job.record("fragile.value", tape, count=1)
    job.resume()
    recording.wait(TIMEOUT)
    job.wait(TIMEOUT)
    (message,) = recorded(tape)
    with pytest.raises(RoutineCrashed, match=r"fragile.*signal 9"):
        message.run(tapes.fragile, engine="local")


def test_a_dead_letter_is_replayed_alone_and_shows_its_end(tmp_path: Path) -> None:
    store = tmp_path / "dead.db"
    with Runtime(dead_letters=store, heap=1 << 24) as runtime:
        assert runtime.exec(tapes.flow(), count=3).results(TIMEOUT) == [1, 2]
        (letter,) = runtime.dead_letters.all()
    ended = command("replay", f"{store}:{letter.id}", "process.flows.tapes:flow")
    assert ended.returncode == 1
    assert ended.stdout.splitlines()[0] == f"letter-{letter.id}-fragile.value: 0"
    assert "routine 'fragile' was killed by signal 9" in ended.stderr


def test_a_replay_shows_emissions_and_errors_and_says_so_with_its_exit_code(
    tape: Path, runtime: Runtime
) -> None:
    job = runtime.exec(tapes.sums(), count=3, start_paused=True)
    recording = job.record("inverse.value", tape, count=3)
    job.resume()
    recording.wait(TIMEOUT)
    job.wait(TIMEOUT)
    target = "process.flows.tapes:sums"
    good = command("replay", f"{tape}:2", target)
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.splitlines() == ["tape-2-inverse.value: 1", "inverse.output: 12"]
    every = command("replay", str(tape), target, "--json")
    assert every.returncode == 1
    assert [len(line) > 0 for line in every.stdout.splitlines()] == [True] * 3
    assert "ZeroDivisionError" in every.stdout
    inline = command("replay", f"{tape}:1", target, "--inline")
    assert (inline.returncode, "12 / value" in inline.stderr) == (1, True)
    stopped = command("replay", f"{tape}:2", "process.flows.tapes:stops", "--inline", says="p value\nc\n")
    assert (stopped.returncode, "(Pdb) 1" in stopped.stdout) == (0, True)
    for wrong in ([f"{tape}:9", target], [str(tape), target, "--routine", "inverts"], ["none.rlx", target]):
        assert command("replay", *wrong).returncode == 125
    assert command("replay", str(tape)).returncode == 2


def test_a_recorded_message_is_sent_into_a_running_job(runtime: Runtime, tape: Path) -> None:
    flow = held.fork()
    first = runtime.exec(flow, n=3, start_paused=True)
    recording = first.record(DOUBLED, tape, count=3)
    first.resume()
    recording.wait(TIMEOUT)
    first.wait(TIMEOUT)
    job = runtime.exec(flow, n=0, job_id="second", start_paused=True)
    ended = command("replay", f"{tape}:3", "--job", "second")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "tape-3-left.value was sent to left.value of job 'second'\n"
    assert [each.detail for each in job.session().audit if each.action == "inject"] == ["left.value"]
    job.resume()
    assert job.results(TIMEOUT) == [("left", 4)]
    assert job.counters["left"]["activations"] == 1


def test_a_pickle_is_not_sent_into_a_running_job_without_trust(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(tapes.boxes(), count=1, start_paused=True)
    recording = job.record("passed.value", tape, count=1)
    job.resume()
    recording.wait(TIMEOUT)
    job.wait(TIMEOUT)
    other = runtime.exec(tapes.boxes(), count=0, job_id="other", start_paused=True)
    refused = command("replay", str(tape), "--job", "other")
    assert (refused.returncode, "Box by pickle" in refused.stderr) == (125, True)
    assert command("replay", str(tape), "--job", "other", "--trust").returncode == 0
    other.resume()
    assert other.results(TIMEOUT) == [tapes.Box(0)]


# ---- from another process ---------------------------------------------------------------------------------


def test_a_terminal_records_a_running_job(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(held.several(), n=200, job_id="mine", start_paused=True)
    with started("record", DOUBLED, "--job", "mine", "-o", str(tape), "-n", "50") as process:
        until(lambda: list(job.breakpoints))
        job.resume()
        out, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, err) == (0, "")
    assert out == f"recorded 50 messages of {DOUBLED} in {tape}\n"
    assert len(recorded(tape)) == 50
    assert len(job.results(TIMEOUT)) == 200


def test_a_terminal_says_why_there_are_fewer(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(held.fork(), n=5, job_id="mine", start_paused=True)
    with started("record", DOUBLED, "-o", str(tape), "-n", "50") as process:
        until(lambda: list(job.breakpoints))
        job.resume()
        out, err = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, err) == (1, "fewer than 50: the job, or its runtime, has ended\n")
    assert out.startswith("recorded 5 messages")


def test_ctrl_c_ends_a_recording_and_keeps_what_it_has(runtime: Runtime, tape: Path) -> None:
    flow = held.fork()
    runtime.start(flow)
    with started("record", "count.n", "--flow", "fork", "-o", str(tape), "-n", "50") as process:
        until(lambda: list(runtime.breakpoints(flow)))
        runtime.exec(flow, n=2).wait(TIMEOUT)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, out) == (130, f"recorded 1 message of count.n in {tape}\n")
    assert not list(runtime.breakpoints(flow))


def test_a_recorder_that_is_killed_leaves_no_file_and_disturbs_nothing(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(held.several(), n=500, job_id="mine", start_paused=True)
    with started("record", DOUBLED, "-o", str(tape), "--seconds", "3", "-n", "9999") as process:
        until(lambda: list(job.breakpoints))  # from here on there are three seconds for the kill
        process.kill()
        process.communicate(timeout=TIMEOUT)
    until(lambda: not list(job.breakpoints))
    assert list(tape.parent.iterdir()) == []
    job.resume()
    assert len(job.results(TIMEOUT)) == 500


def test_the_debugger_in_the_terminal_saves_what_is_held(runtime: Runtime, tape: Path) -> None:
    job = runtime.exec(held.fork(), n=1, breakpoints=[{"routine_id": "left", "slot_name": "value"}])
    job.session().wait(TIMEOUT)
    ended = subprocess.run(
        [sys.executable, "-m", "routilux", "debug"],
        input=f"save\nsave {tape}\nwhere\ncontinue\n",
        env=os.environ | {"NO_COLOR": "1", "TMPDIR": tempfile.gettempdir()},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert ended.returncode == 0
    assert "error: name the file: `save FILE`" in ended.stdout
    assert f"saved in {tape}" in ended.stdout
    assert [message.payload for message in recorded(tape)] == [0]
    job.wait(TIMEOUT)
