"""A slot with a type: both engines take and refuse the same, and what is taken arrives as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from process.flows import typed
from process.flows.script import run_script
from routilux import Flow, JobFailed, PayloadError, Routine, Runtime

TIMEOUT = 30.0


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    with Runtime() as made:
        for name, flow in FLOWS.items():
            made.exec(flow, names=[WARM_UP[name]]).results(TIMEOUT)
        yield made


@pytest.fixture(scope="module")
def inline() -> Iterator[Runtime]:
    with Runtime(engine="inline") as made:
        yield made


def taken_by(taker: type[Routine]) -> Flow:
    return Flow(taker.__name__, on_error="skip").pipe(typed.named).pipe(taker)


def both() -> Flow:
    flow = taken_by(typed.TakesPoints)
    flow.add_routine(typed.TakesAnything, "other")
    flow.connect("named", "output", "other", "value")
    return flow


FLOWS = {
    "points": taken_by(typed.TakesPoints),
    "readings": taken_by(typed.TakesReadings),
    "arrays": taken_by(typed.TakesArrays),
    "points and anything": both(),
}


WARM_UP = {"points": "point", "readings": "reading", "arrays": "array", "points and anything": "point"}


def outcome(runtime: Runtime, flow: Flow, name: str) -> object:
    job = runtime.exec(flow, names=[name]).wait(TIMEOUT)
    found = sorted((output.routine, repr(output.payload)) for output in job.outputs())
    return found, [str(error).splitlines()[0].partition(" raised ")[2] for error in job.errors]


@pytest.mark.parametrize("name", typed.VALUES)
@pytest.mark.parametrize("flow", FLOWS)
def test_both_engines_take_and_refuse_the_same(
    runtime: Runtime, inline: Runtime, flow: str, name: str
) -> None:
    assert outcome(runtime, FLOWS[flow], name) == outcome(inline, FLOWS[flow], name)


@pytest.mark.parametrize(
    "name", ["point", "int for float", "huge", "surrogate", "subclass", "large and huge"]
)
def test_a_point_arrives_as_it_was(runtime: Runtime, name: str) -> None:
    value = typed.VALUES[name]
    assert runtime.run(FLOWS["points"], names=[name], timeout=TIMEOUT) == (type(value).__name__, value)


def test_what_does_not_fit_fails_the_one_who_emits_it() -> None:
    flow = Flow("strict").pipe(typed.named).pipe(typed.TakesPoints, "taker")
    with Runtime() as runtime, pytest.raises(JobFailed) as failed:
        runtime.run(flow, names=["text"], timeout=TIMEOUT)
    assert failed.value.routine == "named"
    assert failed.value.cause_type == "routilux.errors.PayloadError"
    message = "'named' cannot emit a str on event 'output': slot 'value' of routine 'taker' takes Point"
    assert message in str(failed.value)


def test_a_wrong_field_is_named(runtime: Runtime) -> None:
    job = runtime.exec(FLOWS["points"], names=["bad field", "point"]).wait(TIMEOUT)
    assert "at .x this one has str instead of int" in str(job.errors[0])


def test_a_submission_that_does_not_fit_starts_nothing(runtime: Runtime) -> None:
    flow = FLOWS["points"]
    with pytest.raises(PayloadError, match="cannot send a str to routine 'takes_points': slot 'value'"):
        runtime.post(flow, "takes_points", "value", "text")
    assert runtime.post(flow, "takes_points", "value", typed.Point(3)).result(TIMEOUT) == (
        "Point",
        typed.Point(3),
    )


def test_a_stream_ends_at_the_item_that_does_not_fit() -> None:
    flow = Flow("stream").pipe(typed.TakesPoints)
    with Runtime() as runtime, pytest.raises(PayloadError, match="cannot send a str"):
        list(runtime.stream(flow, [typed.Point(1), "text"]))


def test_many_messages_of_both_kinds_keep_their_order() -> None:
    flow = Flow("many").pipe(typed.numbered).pipe(typed.GathersPoints)
    with Runtime() as runtime, Runtime(engine="inline") as inline:
        found = runtime.exec(flow, count=3001).results(TIMEOUT)
        assert [(type(p), p) for four in found for p in four] == [
            (type(p), p) for four in inline.exec(flow, count=3001).results() for p in four
        ]


def test_deaths_on_the_way_change_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "routilux.supervisor")
    flow = Flow("deaths").pipe(typed.numbered)
    for at in (700, 1500, 2500):
        flow.pipe(typed.DiesOnce(at=at, marker=str(tmp_path / str(at))), f"at-{at}")
    with Runtime() as runtime:
        found = runtime.exec(flow, count=3001).results(TIMEOUT)
    assert len(list(tmp_path.iterdir())) == 3
    assert [(type(point), point) for point in found] == [
        (type(point), point) for point in typed.numbered(3001)
    ]


def test_an_array_in_a_typed_slot_is_private_where_it_is_copied(runtime: Runtime) -> None:
    _, array = runtime.run(FLOWS["arrays"], names=["array"], timeout=TIMEOUT)
    assert np.array_equal(array, np.arange(5000))


def test_a_dead_letter_shows_the_fields_of_what_travelled_without_a_pickle() -> None:
    flow = Flow("deadly").pipe(typed.numbered).pipe(typed.Dies)
    with Runtime(dead_letters=None) as runtime:
        runtime.exec(flow, count=1).wait(TIMEOUT)
        (letter,) = runtime.dead_letters.all()
    assert letter.payload == {"x": 0, "y": 0.0, "tags": ["0"]}


SCRIPT = """
from dataclasses import dataclass
from routilux import Event, Flow, Routine, Runtime, Slot

@dataclass
class Point:
    x: int

class Moves(Routine):
    point = Slot(type=Point)
    moved = Event()

    def logic(self, point):
        assert type(point) is Point
        self.moved.emit(Point(point.x + 1))

if __name__ == "__main__":
    flow = Flow("moves").pipe(Moves(), "one").pipe(Moves(), "two").pipe(Moves(), "three")
    with Runtime() as runtime:
        assert runtime.run(flow, point=Point(1), timeout=30) == Point(4)
"""


def test_classes_of_a_script_are_types_of_its_slots(tmp_path: Path) -> None:
    ended = run_script(tmp_path, SCRIPT)
    assert (ended.returncode, ended.stderr) == (0, "")
