"""A message that kills its process ends in the dead letters, and its neighbours are processed once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.routines import Deadly, DeadlyBatch, Everything, Unstable, numbers
from routilux import Flow, RoutineCrashed, Runtime
from routilux.deadletters import DeadLetters
from routilux.ipc import crash
from routilux.supervisor import docket

TIMEOUT = 50.0


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    made = Runtime()
    yield made
    made.close(grace=1.0)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("exit", "exited with code 7"),
        ("kill", r"was killed by signal 9 \(SIGKILL\)"),
        ("segfault", r"was killed by signal 11 \(SIGSEGV\)"),
    ],
)
def test_one_deadly_message_among_64_is_one_dead_letter(runtime: Runtime, how: str, told: str) -> None:
    flow = Flow("deadly").pipe(numbers).pipe(Deadly(how=how)).pipe(Everything())
    job = runtime.exec(flow, n=64)
    assert job.result(TIMEOUT) == [n for n in range(64) if n != 30]
    assert job.status == "completed"
    done = dict.fromkeys(("activations", "received", "emitted"), 63)
    assert job.counters["deadly"] == {"errors": 0, "skipped": 0, "unused": 0, "dead": 1} | done
    (letter,) = runtime.dead_letters.all()
    assert (letter.flow, letter.job_id, letter.routine, letter.payload) == (
        "deadly",
        job.job_id,
        "deadly",
        30,
    )
    with pytest.raises(RoutineCrashed, match=f"'deadly' {told} 3 times while working on message"):
        raise job.errors[0]
    assert len(job.errors) == 1
    assert f"message {letter.message_id} of job" in str(job.errors[0])


def test_the_messages_of_a_deadly_batch_die_together(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(DeadlyBatch()).pipe(Everything())
    job = runtime.exec(flow, n=64)
    assert job.result(TIMEOUT) == [n for n in range(64) if n not in range(28, 32)]
    assert job.counters["deadly_batch"]["dead"] == 4
    assert [letter.payload for letter in runtime.dead_letters.all()] == [28, 29, 30, 31]


@pytest.mark.parametrize(
    "most", [2, pytest.param(docket.MOST_DEAD, marks=[pytest.mark.soak, pytest.mark.timeout(600)])]
)
def test_a_job_with_too_many_dead_letters_fails(
    monkeypatch: pytest.MonkeyPatch, runtime: Runtime, most: int
) -> None:
    monkeypatch.setattr(docket, "MOST_DEAD", most)
    flow = Flow().pipe(numbers).pipe(Deadly(every=10)).pipe(Everything())
    job = runtime.exec(flow, n=2000)
    with pytest.raises(RoutineCrashed, match=f"more than {most} dead letters"):
        job.result(500)
    assert job.status == "failed"
    assert len(runtime.dead_letters.all()) == most + 1


def test_dead_letters_in_a_file_outlive_the_runtime(tmp_path: Path) -> None:
    path = tmp_path / "dead.sqlite"
    with Runtime(dead_letters=path) as runtime:
        runtime.exec(Flow().pipe(Deadly(first=5)), value=5).wait(TIMEOUT)
    (letter,) = DeadLetters(path).all()
    assert letter.payload == 5


def test_a_flow_gives_up_on_a_worker_that_cannot_be_set_up(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(Unstable(), "unstable"), value=1)
    with pytest.raises(RoutineCrashed, match="'unstable' exited with code 9"):
        job.result(TIMEOUT)


def test_a_flow_gives_up_on_a_worker_that_dies_whenever_it_begins(
    monkeypatch: pytest.MonkeyPatch, runtime: Runtime
) -> None:
    monkeypatch.setenv(crash.VARIABLE, ";".join(["restore.middle:1"] * 10))
    job = runtime.exec(Flow().pipe(Deadly(), "deadly"), value=1)
    with pytest.raises(RoutineCrashed, match="'deadly' was killed by signal 9"):
        job.result(TIMEOUT)
