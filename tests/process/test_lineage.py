"""Which messages have caused one that is held, back to the submission."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from process.flows import held
from process.flows.workers import TIMEOUT, until
from routilux import Runtime

pytestmark = pytest.mark.one_python


@pytest.fixture
def runtime(folder: Path) -> Iterator[Runtime]:
    """In a folder of its own, so that the terminal finds no other."""
    made = Runtime(heap=1 << 24)
    yield made
    made.close(grace=1.0)


def test_the_way_leads_through_a_join_and_two_branches_to_the_submission(runtime: Runtime) -> None:
    place = {"routine_id": "pairs", "event_name": "out"}
    job = runtime.exec(held.join(), n=1, breakpoints=[place], start_paused=True)
    with job.session() as session, session.follow() as follower:
        job.resume()
        found = follower.ancestors(session.wait(TIMEOUT))
        session.resume()
    ways = {(each.generation, each.source, each.routine, each.slot) for each in found}
    assert ways == {
        (1, "left", "pairs", "a"),
        (1, "right", "pairs", "b"),
        (2, "double", "left", "value"),
        (2, "double", "right", "value"),
        (3, "count", "double", "value"),
        (4, "", "count", "n"),
    }
    assert [each.is_submission for each in found] == [False] * 5 + [True]
    assert found[-1].preview == "1"
    assert job.results(TIMEOUT)


def test_the_way_leads_through_a_batch_to_each_of_its_messages(runtime: Runtime) -> None:
    job = runtime.exec(held.batches(), n=4, breakpoints=[{"routine_id": "batches"}], start_paused=True)
    with job.session() as session, session.follow() as follower:
        job.resume()
        hold = session.wait(TIMEOUT)
        found = follower.ancestors(hold)
        session.resume()
    assert [each.generation for each in found] == [1, 1, 1, 1, 2]
    assert [each.source for each in found] == ["count"] * 4 + [""]
    job.wait(TIMEOUT)


def test_what_was_before_a_follower_is_told_as_unheard(runtime: Runtime) -> None:
    job = runtime.exec(held.fork(), n=1, breakpoints=[{"routine_id": "left"}])
    with job.session() as session:
        hold = session.wait(TIMEOUT)
        with session.follow() as follower:
            (found,) = follower.ancestors(hold, timeout=0.05)
        session.resume()
    assert (found.source, found.is_submission) == ("", False)
    assert "its cause unheard" in str(found)
    job.wait(TIMEOUT)


def test_the_terminal_tells_the_way_with_where(runtime: Runtime) -> None:
    job = runtime.exec(held.join(), n=1, job_id="mine", start_paused=True)
    with subprocess.Popen(
        [sys.executable, "-m", "routilux", "debug", "mine"],
        env=os.environ | {"NO_COLOR": "1", "TMPDIR": tempfile.gettempdir()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as terminal:
        assert terminal.stdin is not None
        terminal.stdin.write("break pairs.out\n")
        terminal.stdin.flush()
        until(lambda: list(job.breakpoints))
        job.resume()
        out, _ = terminal.communicate("continue\nwhere\ncontinue\n", timeout=TIMEOUT)
    told = [line for line in out.splitlines() if line.lstrip().startswith("caused by")]
    assert [line.partition(", ")[2].partition(":")[0] for line in told] == [
        "left.output->pairs.a",
        "right.output->pairs.b",
        "double.output->left.value",
        "double.output->right.value",
        "count.output->double.value",
        "submitted to count.n",
    ]
    assert job.results(TIMEOUT)
