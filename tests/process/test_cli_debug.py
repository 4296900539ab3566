"""`routilux debug` as a user has it: a terminal in a process of its own, a job held in another."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import tempfile
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from process.flows import held
from process.flows.workers import TIMEOUT, until
from routilux import Flow, JobState, Runtime
from routilux.clock import Deadline


@pytest.fixture
def runtime(folder: Path) -> Iterator[Runtime]:
    """In a folder of its own, so that the terminal finds no other."""
    made = Runtime(heap=1 << 24)
    yield made
    made.close(grace=1.0)


def wide() -> Flow:
    flow = Flow("wide").pipe(held.count, "count")
    return flow.pipe(held.double, "double", workers=2)


@contextmanager
def in_a_terminal(
    command: list[str], terminal: int, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """The command, with that as the terminal from which Ctrl-C comes."""
    program = subprocess.Popen(
        ["setsid", "--ctty", *command],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment,
    )
    try:
        yield program
    finally:
        program.kill()
        program.wait()


def expect(terminal: int, text: str) -> None:
    """Read until that has been said."""
    said = ""
    while text not in said:
        ready, _, _ = select.select([terminal], [], [], TIMEOUT)
        assert ready, f"{text!r} does not come: {said!r}"
        said += os.read(terminal, 4096).decode()


def interrupt_until_prompted(terminal: int) -> None:
    """Press Ctrl-C, and again if nothing comes of it: between its prompt and its wait Python's `input` heeds
    none.
    """
    said, deadline = "", Deadline.after(TIMEOUT)
    while "(debug) " not in said:
        assert not deadline.passed, f"no prompt comes: {said!r}"
        os.write(terminal, b"\x03")
        while "(debug) " not in said and select.select([terminal], [], [], 1.0)[0]:
            said += os.read(terminal, 4096).decode()


def held_job(runtime: Runtime, **place: str) -> JobState:
    """A job that is held there."""
    job = runtime.exec(held.inverted(), value=3, job_id="mine", breakpoints=[place])
    job.session().wait(TIMEOUT)
    return job


def debug(script: str, *arguments: str) -> tuple[int, list[str], str]:
    """Exit code, lines and errors of the terminal that was given the script."""
    ended = subprocess.run(
        [sys.executable, "-m", "routilux", "debug", *arguments],
        input=script,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "100", "TMPDIR": tempfile.gettempdir()},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return ended.returncode, ended.stdout.splitlines(), ended.stderr


def test_a_held_message_is_looked_at_followed_and_edited(runtime: Runtime) -> None:
    job = held_job(runtime, routine_id="double", event_name="output")
    code, out, err = debug("print\nlocals\nwhere\ninto\nedit 4\n", "mine")
    assert (code, err) == (0, "")
    assert out[0].startswith("job 'mine' of flow 'inverted'")
    assert out[1].startswith("hold-1 (event) in double[0]")
    assert out[2] == "6"
    assert any(" in inverse[0]" in line for line in out), out
    assert out[-1] == "job 'mine' has ended"
    assert job.result(TIMEOUT) == 3.0


def test_a_breakpoint_is_set_listed_and_taken_away(runtime: Runtime) -> None:
    job = held_job(runtime, routine_id="double")
    place = "inverse"
    script = f"break {place} if data > 1\nlist\ncontinue\nlist\ndelete bp-2\nquit\n"
    code, out, err = debug(script)
    assert (code, err) == (0, "")
    assert f"bp-2 at {place}" in out
    assert f"bp-2 at {place} if data > 1: 0 hits of 0" in out
    assert any(line.startswith(f"bp-2 at {place} if data > 1: 1 hit of ") for line in out), out
    assert any(line.startswith("hold-2 (routine) in inverse[0]") for line in out), out
    assert job.result(TIMEOUT) == 2.0


def test_a_run_that_ends_with_its_runtime_ends_the_terminal(runtime: Runtime) -> None:
    job = held_job(runtime, routine_id="double", event_name="output")

    def close() -> None:
        job.wait(TIMEOUT)
        runtime.close()

    closing = threading.Thread(target=close)
    closing.start()
    code, out, err = debug("continue\n", "mine")
    closing.join(TIMEOUT)
    assert (code, err) == (0, "")
    assert out[-1] in ("job 'mine' has ended", "job 'mine' is over, and its runtime has ended")


def test_a_variable_is_set_and_shown(runtime: Runtime) -> None:
    job = runtime.exec(
        held.adds(), n=1, job_id="sets", breakpoints=[{"routine_id": "adds", "event_name": "out"}]
    )
    job.session().wait(TIMEOUT)
    code, out, err = debug(
        'set total = {"a": 1}\nset step 3\nset step = 3\nset no = 1\ncontinue\ncontinue\n', "sets"
    )
    assert (code, err) == (0, "")
    assert "  local total: dict = {'a': 1}" in out
    assert "  configuration step: int = 3" in out
    assert len([line for line in out if line.startswith("error: ")]) == 2
    assert job.results(TIMEOUT) == [1, ({"a": 1}, 3, None)]


def test_what_is_mistyped_is_told_and_changes_nothing(runtime: Runtime) -> None:
    job = held_job(runtime, routine_id="double")
    script = "break nowhere\nbreak double if data >\nfly\nedit {\ndelete bp-9\nretry\nprint nothing\nquit\n"
    code, out, _ = debug(script, "mine")
    assert (code, len([line for line in out if line.startswith("error: ")])) == (0, 7)
    assert len(job.session().holds) == 1
    job.session().resume()
    assert job.result(TIMEOUT) == 2.0


def test_one_of_several_holds_is_chosen(runtime: Runtime) -> None:
    place = {"routine_id": "double"}
    job = runtime.exec(wide(), n=2, job_id="mine", breakpoints=[place])
    with job.session() as session:
        until(lambda: len(session.holds) == 2)
        (first, second) = session.holds
        _, out, _ = debug(f"hold {second.hold_id}\ndrop\nhold {second.hold_id}\nquit\n", "mine")
        assert any(line.startswith(f"error: nothing is held as '{second.hold_id}'") for line in out), out
        assert [each.hold_id for each in session.holds] == [first.hold_id]
        session.resume()
        assert job.results(TIMEOUT) == [2 * first.data]


def test_an_editor_is_told_where_to_attach(runtime: Runtime) -> None:
    job = held_job(runtime, routine_id="double")
    _, out, _ = debug("attach\nquit\n", "mine")
    assert any("error: no editor's debugger may attach" in line for line in out), out
    job.cancel()


def test_ctrl_c_gives_up_a_line_and_leaves_the_terminal_as_it_was(runtime: Runtime) -> None:
    job = held_job(runtime, routine_id="double")
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    command = [sys.executable, "-m", "routilux", "debug", "mine"]
    environment = os.environ | {"TMPDIR": tempfile.gettempdir(), "TERM": "dumb"}
    with in_a_terminal(command, theirs, environment) as program:
        expect(ours, "(debug) ")
        os.write(ours, b"drop")
        expect(ours, "drop")  # Ctrl-C takes back what readline is about to read, and that waits for more then
        interrupt_until_prompted(ours)
        os.write(ours, b"quit\n")
        expect(ours, "goes on in 30 seconds")
        assert program.wait(TIMEOUT) == 0
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)
    assert len(job.session().holds) == 1
    job.cancel()


def test_a_dropped_message_is_gone(runtime: Runtime) -> None:
    job = held_job(runtime, routine_id="inverse", slot_name="value")
    assert debug("drop\n", "mine")[1][-1] == "job 'mine' has ended"
    assert job.results(TIMEOUT) == []


def test_without_such_a_job_there_is_nothing_to_debug(runtime: Runtime) -> None:
    code, out, err = debug("", "no-such-job")
    assert (code, out, "no job 'no-such-job' is under way" in err) == (1, [], True)


def test_the_same_session_is_seen_here_and_there(runtime: Runtime) -> None:
    job = held_job(runtime, routine_id="double")
    debug("break inverse\nquit\n", "mine")
    assert [each.routine_id for each in job.breakpoints] == ["double", "inverse"]
    assert [each.action for each in job.session().audit] == ["add breakpoint", "add breakpoint"]
    job.cancel()


RUN = [sys.executable, "-m", "routilux", "run", f"{Path(held.__file__)}:inverted"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--break", "dubble"], "error: flow 'inverted' has no place 'dubble': did you mean 'double'?"),
        (["--break", "double if data >"], "error: condition"),
        (["--allow-attach", "--engine", "inline"], "error: allow_attach=True: engine='inline'"),
    ],
)
def test_a_run_that_cannot_be_debugged_so_says_why_not(options: list[str], said: str) -> None:
    ended = subprocess.run(
        [*RUN, "-p", "value=3", *options], capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert ended.returncode == 1
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_run_holds_at_its_breaks_and_lets_an_editor_attach(runtime: Runtime) -> None:
    with subprocess.Popen(
        [*RUN, "-p", "value=3", "--break", "inverse if data == 6", "--allow-attach"],
        env=os.environ | {"TMPDIR": tempfile.gettempdir()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as program:
        until(lambda: "hold-1" in "".join(debug("")[1]))
        _, out, _ = debug("attach\ncontinue\n")
        assert any("waits for an editor" in line for line in out), out
        assert "inverse.output: 2" in program.communicate(timeout=TIMEOUT)[0]
