"""A dead letter goes back to the slot it was before, as it was encoded, whatever decoding it does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faults.routines import Deadly, Everything, double, numbers
from routilux import Event, Flow, FlowError, Routine, RoutineCrashed, Runtime, Slot, routine
from routilux.deadletters import DeadLetters

TIMEOUT = 50.0


class Unreadable:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple[Callable[[int], Any], tuple[int]]:
        return os._exit, (7,)


class Always(Routine):
    value = Slot()
    out = Event()

    def logic(self, value: object) -> None:
        os._exit(7)


@routine
def total(value: Any) -> int:
    return int(np.sum(value["pixels"]))


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    made = Runtime()
    yield made
    made.close(grace=1.0)


def dead(runtime: Runtime, payload: object, **options: Any) -> Flow:
    """A flow whose stage has just been killed three times by the payload."""
    flow = Flow("f").pipe(Always(), "stage", **options)
    runtime.post(flow, "stage", "value", payload).wait(TIMEOUT)
    return flow


def test_a_letter_names_the_connection_over_which_its_message_came(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(Deadly(), "deadly").pipe(Everything())
    runtime.exec(flow, n=64).wait(TIMEOUT)
    runtime.post(flow, "deadly", "value", 30).wait(TIMEOUT)
    first, second = runtime.dead_letters.all()
    assert (first.connection, first.attempts) == ("numbers.output->deadly.value", 3)
    assert (second.connection, second.reason) == ("submission", "exited with code 7")


@pytest.mark.parametrize("options", [{}, {"workers": 2, "key": int}])
def test_a_later_runtime_requeues_what_an_earlier_one_gave_up(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    with Runtime(dead_letters=tmp_path / "dead.sqlite") as runtime:
        dead(runtime, 5)
    with Runtime(dead_letters=tmp_path / "dead.sqlite") as runtime:
        job = runtime.requeue(1, flow=Flow("f").pipe(double, "stage", **options))
        assert job.result(TIMEOUT) == 10
        assert runtime.dead_letters.all() == []


def test_a_large_payload_is_requeued_whole(runtime: Runtime) -> None:
    dead(runtime, {"pixels": np.ones(100_000)})
    (letter,) = runtime.dead_letters.all()
    assert letter.preview == "{'pixels': array 100000 float64}"
    assert runtime.requeue(letter, flow=Flow("f").pipe(total, "stage")).result(TIMEOUT) == 100_000


def test_a_payload_that_kills_whoever_decodes_it_is_listed_requeued_and_given_up_again(
    runtime: Runtime,
) -> None:
    dead(runtime, Unreadable())
    (letter,) = runtime.dead_letters.all()
    assert letter.preview.startswith("posix._exit by pickle, ")
    job = runtime.requeue(letter, flow=Flow("f").pipe(double, "stage")).wait(TIMEOUT)
    assert [again.job_id for again in runtime.dead_letters.all()] == [job.job_id]


def test_a_letter_whose_routine_is_gone_stays(runtime: Runtime) -> None:
    dead(runtime, 5)
    with pytest.raises(FlowError, match="flow 'f' has no routine 'stage'"):
        runtime.requeue(1, flow=Flow("f").pipe(double, "step"))
    assert len(runtime.dead_letters.all()) == 1


def test_a_job_whose_message_finds_no_room_among_the_dead_letters_fails() -> None:
    letters = DeadLetters(None, max_letters=1)
    with Runtime(dead_letters=letters) as runtime:
        dead(runtime, 1)
        job = runtime.post(Flow("g").pipe(Always(), "stage"), "stage", "value", 2).wait(TIMEOUT)
        with pytest.raises(
            RoutineCrashed, match=r"could not be kept: the dead letters in ':memory:' are full"
        ):
            job.result()
    assert [letter.payload for letter in letters.all()] == [1]
