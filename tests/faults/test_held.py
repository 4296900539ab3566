"""Row 31: deaths and disappearances around a message that a debugger holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from process.flows import held
from process.flows.workers import TIMEOUT, kill, until
from routilux import BreakpointError, DeadlineExceeded, Flow, Runtime
from routilux.cli.lease import SECONDS
from routilux.debug.session import Hold, Session

SLOT = {"routine_id": "left", "slot_name": "value"}
PLACES = {
    "generator": ({"routine_id": "count", "event_name": "output"}, "count"),
    "routine": ({"routine_id": "double"}, "double"),
    "event": ({"routine_id": "double", "event_name": "output"}, "double"),
    "slot": (SLOT, "double"),
    "message": ({**SLOT, "suspend": "message"}, "left"),
    "batch": ({"routine_id": "batches"}, "batches"),
    "batch message": ({"routine_id": "batches", "slot_name": "value", "suspend": "message"}, "batches"),
}
"""Where, and whom to kill: who has what is held."""


@pytest.fixture
def runtime(folder: Path) -> Iterator[Runtime]:
    """In a folder of its own, so that a terminal finds no other; closed in the end, whatever is held."""
    made = Runtime(heap=1 << 24)
    yield made
    made.close(grace=1.0)


def flow_of(place: str) -> tuple[Flow, list[object]]:
    """A flow with such a place, and what comes out of it."""
    if place.startswith("batch"):
        return held.batches(), [("left", [0, 1, 2, 3]), ("left", [4, 5])]
    return held.chain(), [("left", 2 * n) for n in range(6)]


def again(session: Session, attempt: int) -> Hold:
    """What is held, at that attempt."""
    until(lambda: [hold.attempt for hold in session.holds] == [attempt])
    return session.holds[0]


@pytest.mark.parametrize("place", PLACES)
def test_who_is_killed_while_held_holds_the_same_message_again(runtime: Runtime, place: str) -> None:
    flow, expected = flow_of(place)
    where, victim = PLACES[place]
    job = runtime.exec(flow, n=6, breakpoints=[{**where, "hit_condition": "== 2"}], timeout=TIMEOUT)
    with job.session() as session:
        first = hold = session.wait(TIMEOUT)
        for attempt in (2, 3, 4, 5):  # more often than a message may kill its process
            kill(victim)
            hold = again(session, attempt)
            assert (hold.data, hold.message_id) == (first.data, first.message_id)
        hold.resume()
        assert job.results(TIMEOUT) == expected
    assert runtime.dead_letters.all() == []


def test_an_edit_of_a_message_set_aside_outlives_its_process(runtime: Runtime) -> None:
    where, victim = PLACES["message"]
    job = runtime.exec(held.chain(), n=3, breakpoints=[{**where, "condition": "data == 2"}], timeout=TIMEOUT)
    with job.session() as session:
        hold = session.wait(TIMEOUT)
        runtime.breakpoints(job.control.flow).add(routine_id="left", condition="data == 20")
        hold.edit(20)
        assert session.wait(TIMEOUT).data == 20  # it is at work on what was said
        kill(victim)
        hold = again(session, 2)
        assert hold.data == 20
        hold.resume()
        assert job.results(TIMEOUT) == [("left", 0), ("left", 20), ("left", 4)]


def test_an_edit_that_is_at_work_dies_with_its_process(runtime: Runtime) -> None:
    """As docs/debugging.md says: the message is held again as it was."""
    wanted = [{"routine_id": "adds"}, {"routine_id": "adds", "event_name": "out"}]
    job = runtime.exec(held.adds(), n=1, breakpoints=wanted, timeout=TIMEOUT)
    with job.session() as session:
        session.wait(TIMEOUT).edit(10)
        assert session.wait(TIMEOUT).data == 11
        kill("adds")
        hold = again(session, 2)
        assert (hold.type, hold.data) == ("routine", 0)
        while not job.ended:
            try:
                session.wait(TIMEOUT).resume()
            except BreakpointError:
                continue
    assert job.results(TIMEOUT) == [1, (1, 1, None)]


@pytest.mark.parametrize("suspend", ["worker", "job", "message"])
def test_all_that_is_held_is_dropped_and_the_job_ends(runtime: Runtime, suspend: str) -> None:
    job = runtime.exec(held.chain(), n=50, breakpoints=[{**SLOT, "suspend": suspend}], timeout=TIMEOUT)
    dropped = 0
    with job.session() as session:
        while not job.ended:
            try:
                session.wait(TIMEOUT).drop()
            except BreakpointError:
                continue
            dropped += 1
    assert (dropped, job.results(TIMEOUT)) == (50, [])
    assert job.counters["left"]["activations"] == 0


@pytest.mark.parametrize("suspend", ["worker", "message"])
def test_what_is_held_goes_on_when_the_terminal_that_debugs_is_killed(runtime: Runtime, suspend: str) -> None:
    job = runtime.exec(held.chain(), n=2, breakpoints=[{**SLOT, "suspend": suspend}], timeout=TIMEOUT)
    terminal = subprocess.Popen(
        [sys.executable, "-m", "routilux", "debug", job.job_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"NO_COLOR": "1", "TMPDIR": tempfile.gettempdir()},
    )
    with terminal:
        assert _until_held(terminal).startswith(b"hold-1")
        lease = job.control.debugger.lease = SECONDS + 3.0  # it renews it every SECONDS
        with pytest.raises(DeadlineExceeded):
            job.wait(lease + 1.0)
        assert "hold-1" in [hold.hold_id for hold in job.session().holds]
        terminal.send_signal(signal.SIGKILL)
    job.control.debugger.lease = 0.5
    assert job.results(TIMEOUT) == [("left", 0), ("left", 2)]
    assert "auto-resume" in [done.action for done in job.session().audit]


def _until_held(terminal: subprocess.Popen[bytes]) -> bytes:
    """The line in which the terminal tells of what is held."""
    assert terminal.stdout is not None
    for line in terminal.stdout:
        if line.startswith(b"hold-"):
            return line
    raise AssertionError("it has ended")


def test_a_message_set_aside_goes_on_when_its_durable_run_is_resumed(tmp_path: Path) -> None:
    wanted = {**SLOT, "suspend": "message", "condition": "data == 4"}
    runtime = Runtime(state_dir=tmp_path / "run", heap=1 << 24)
    runtime.exec(held.chain(), n=6, job_id="kept", breakpoints=[wanted]).session().wait(TIMEOUT)
    runtime.suspend()
    with Runtime.resume(tmp_path / "run") as resumed:
        (job,) = resumed.jobs()
        assert job.results(TIMEOUT) == [("left", 2 * n) for n in range(6)]
