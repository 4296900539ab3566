"""What was recorded is replayed alone or sent into a running job; recordings by the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from process.flows import held, tapes
from process.flows.workers import TIMEOUT, until
from routilux import Flow, RoutineCrashed, Runtime, recorded

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
