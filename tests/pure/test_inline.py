"""The inline engine says what is right: these tests say what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pure.inlineflows import Both, Echo, Emits, double, numbers, outputs
from routilux import Event, ExecutionStatus, Flow, RoutiluxError, Routine, Runtime, Slot, policies, routine

# --- the plain case ---


def test_a_pipeline_gives_its_outputs_in_order(runtime: Runtime) -> None:
    assert outputs(runtime, Flow().pipe(numbers).pipe(double), n=4) == [0, 2, 4, 6]


def test_exec_returns_an_ended_job(runtime: Runtime) -> None:
    job = runtime.exec(Flow("twice").pipe(double), value=3)
    assert (job.status, job.flow_name, job.error) == (ExecutionStatus.COMPLETED, "twice", None)
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.started_at <= job.finished_at


def test_run_gives_the_only_output(runtime: Runtime) -> None:
    assert runtime.run(Flow().pipe(double), value=3) == 6


def test_no_output_is_none_and_no_results(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(routine(lambda value: None), "nothing"), value=3)
    assert (job.result(), job.results()) == (None, [])


def test_result_refuses_to_choose_among_several(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(numbers), n=3)
    with pytest.raises(RoutiluxError, match=r"has 3 outputs, not one: use results\(\)"):
        job.result()


def test_results_stay_but_outputs_are_handed_out_once(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(numbers), n=3)
    assert job.results() == job.results() == [0, 1, 2]
    assert [output.payload for output in job.outputs()] == [0, 1, 2]
    assert (job.results(), list(job.outputs())) == ([], [])


def test_an_output_names_where_it_comes_from(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(numbers, name="source"), n=2)
    found = list(job.outputs())
    assert [(output.routine, output.event, output.payload) for output in found] == [
        ("source", "output", 0),
        ("source", "output", 1),
    ]
    assert len({output.message_id for output in found}) == 2


def test_every_event_connected_to_nothing_is_an_output(runtime: Runtime) -> None:
    flow = Flow().pipe(Emits())
    job = runtime.exec(flow, values=[("left", 1), ("right", 2), ("left", 3)])
    assert [(output.event, output.payload) for output in job.outputs()] == [
        ("left", 1),
        ("right", 2),
        ("left", 3),
    ]


def test_none_is_a_payload_of_a_class_like_any_other(runtime: Runtime) -> None:
    assert outputs(runtime, Flow().pipe(Echo()), value=None) == [None]


def test_many_to_many_delivers_once_to_every_connected_slot(runtime: Runtime) -> None:
    flow = Flow()
    for name in ("a", "b", "c", "d"):
        flow.add_routine(Echo(), name)
    flow.add_routine(numbers, "source")
    for name in ("a", "b"):
        flow.connect("source", "output", name, "value")
        for target in ("c", "d"):
            flow.connect(name, "out", target, "value")
    found = list(runtime.exec(flow, entry="source", n=3).outputs())
    assert sorted((output.routine, output.payload) for output in found) == sorted(
        (name, value) for name in ("c", "d") for value in (0, 0, 1, 1, 2, 2)
    )


def test_two_connections_between_the_same_routines_both_deliver(runtime: Runtime) -> None:
    flow = Flow()
    flow.add_routine(double, "source")
    flow.add_routine(Both().set_activation_policy(policies.immediate()), "both")
    flow.connect("source", "output", "both", "left")
    flow.connect("source", "output", "both", "right")
    found = outputs(runtime, flow, value=1)
    assert sorted(found, key=str) == [(2, None, "left"), (None, 2, "right")]


def test_a_cycle_runs_until_nothing_is_sent_back(runtime: Runtime) -> None:
    class Countdown(Routine):
        n = Slot()
        again = Event()
        done = Event()

        def logic(self, n: int) -> None:
            self.emit("again" if n else "done", n - 1 if n else "liftoff")

    flow = Flow()
    flow.add_routine(Countdown(), "count")
    flow.connect("count", "again", "count", "n")
    job = runtime.exec(flow, entry="count", n=1000)
    assert job.result() == "liftoff"
    assert job.counters["count"]["activations"] == 1001


# --- isolation ---


def test_a_later_change_to_a_payload_is_not_seen(runtime: Runtime) -> None:
    class Changes(Routine):
        value = Slot()
        out = Event()

        def logic(self, value: int) -> None:
            payload = {"list": [value], "array": np.full(10_000, value)}
            self.out.emit(payload)
            payload["list"].append(99)  # type: ignore[attr-defined]  # a list in a dict of objects
            payload["array"][:] = 99  # type: ignore[index]  # and an array

    got = runtime.run(Flow().pipe(Changes()), value=7)
    assert got["list"] == [7]
    assert (got["array"] == 7).all()


def test_a_submitted_payload_may_change_at_once(runtime: Runtime) -> None:
    payload = {"big": np.zeros(10_000), "list": [1]}
    job = runtime.exec(Flow().pipe(Echo()), start_paused=True, value=payload)
    payload["big"][:] = 1  # type: ignore[index]  # as above
    payload["list"] = []
    job.resume()
    assert job.result()["list"] == [1]
    assert not job.result()["big"].any()


def test_two_consumers_do_not_share_what_they_receive(runtime: Runtime) -> None:
    class Spoils(Routine):
        value = Slot()
        out = Event()

        def logic(self, value: list[int]) -> None:
            value.append(1)
            self.out.emit(value)

    flow = Flow()
    flow.add_routine(Echo(), "source")
    for name in ("a", "b"):
        flow.add_routine(Spoils(), name)
        flow.connect("source", "out", name, "value")
    assert outputs(runtime, flow, entry="source", value=[0]) == [[0, 1], [0, 1]]


def test_arrays_arrive_read_only(runtime: Runtime) -> None:
    @routine
    def writes(value: Any) -> None:
        value[0] = 1

    for size in (10, 100_000):
        job = runtime.exec(Flow().pipe(writes), value=np.zeros(size))
        assert "read-only" in str(job.error)
