"""When a job of the inline engine is at its end, and what runs then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pure.inlineflows import Gather, double, numbers, outputs
from routilux import Event, Flow, Routine, Runtime, Slot, policies
from routilux.engines.host import COUNTERS

# --- the end of a job ---


def test_an_aggregator_behind_an_aggregator_ends_after_it(runtime: Runtime) -> None:
    class Total(Routine):
        value = Slot()
        out = Event()

        def logic(self, value: int) -> None:
            self.state["total"] = self.state.get("total", 0) + value

        def finish(self) -> None:
            self.out.emit(self.state.get("total", -1))

    flow = Flow().pipe(numbers).pipe(Total(), "first").pipe(double).pipe(Total(), "second")
    flow.pipe(Gather(), "last")
    assert outputs(runtime, flow, n=10) == [[90]]


def test_finish_of_every_level_follows_the_longest_way(runtime: Runtime) -> None:
    order: list[str] = []

    class Ends(Routine):
        value = Slot()
        out = Event()
        name: str

        def logic(self, value: int) -> None:
            self.out.emit(value)

        def finish(self) -> None:
            order.append(self.name)

    flow = Flow()
    for name in ("late", "middle", "early"):
        flow.add_routine(Ends(name=name), name)
    flow.connect("early", "out", "middle", "value")
    flow.connect("early", "out", "late", "value")
    flow.connect("middle", "out", "late", "value")
    runtime.exec(flow, value=1)
    assert order == ["early", "middle", "late"]


def test_finish_may_be_a_generator(runtime: Runtime) -> None:
    class Ends(Routine):
        value = Slot()
        out = Event()

        def logic(self, value: int) -> None:
            pass

        def finish(self) -> Iterator[int]:
            yield from range(1000)

    assert outputs(runtime, Flow().pipe(Ends()), value=0) == list(range(1000))


def test_finish_runs_once_for_each_job_and_state_is_of_one_job(runtime: Runtime) -> None:
    class Seen(Routine):
        value = Slot()
        out = Event()

        def logic(self, value: int) -> None:
            self.state["seen"] = [*self.state.get("seen", []), value]

        def finish(self) -> None:
            self.out.emit(self.state.get("seen"))

    flow = Flow().pipe(Seen())
    assert [outputs(runtime, flow, value=n) for n in range(3)] == [[[0]], [[1]], [[2]]]


def test_finish_does_not_run_for_a_job_that_failed(runtime: Runtime) -> None:
    ended: list[str] = []

    class Fails(Routine):
        value = Slot()

        def logic(self, value: int) -> None:
            raise ValueError(value)

        def finish(self) -> None:
            ended.append(self.job.job_id)

    assert runtime.exec(Flow().pipe(Fails()), value=0).status == "failed"
    assert ended == []


def test_job_data_is_shared_by_the_routines_of_one_job(runtime: Runtime) -> None:
    class Writes(Routine):
        value = Slot()
        out = Event()

        def logic(self, value: int) -> None:
            self.job.data.setdefault("seen", value)
            self.out.emit(value)

    class Reads(Routine):
        value = Slot()
        out = Event()

        def logic(self, value: int) -> None:
            self.out.emit(self.job.data["seen"])

    flow = Flow().pipe(Writes()).pipe(Reads())
    assert [outputs(runtime, flow, value=n) for n in (1, 2)] == [[1], [2]]


def test_a_message_id_is_unique_within_its_routine(runtime: Runtime) -> None:
    class Ids(Routine):
        value = Slot()
        out = Event()

        def logic(self, value: Any) -> None:
            self.out.emit(self.message_id)

    for policy in (policies.immediate(), policies.batch_size(2)):
        flow = Flow().pipe(numbers).pipe(Ids().set_activation_policy(policy))
        found = [each for _ in range(2) for each in outputs(runtime, flow, n=10)]
        assert len(set(found)) == len(found) > 0


def test_setup_and_teardown_run_once() -> None:
    calls: list[str] = []

    class Process(Routine):
        value = Slot()

        def setup(self) -> None:
            calls.append("setup")

        def logic(self, value: int) -> None:
            calls.append("logic")

        def teardown(self) -> None:
            calls.append("teardown")

    flow = Flow().pipe(Process())
    with Runtime(engine="inline") as runtime:
        runtime.exec(flow, value=1)
        runtime.exec(flow, value=2)
    assert calls == ["setup", "logic", "logic", "teardown"]


def test_counters_tell_activations_their_ends_and_their_messages(runtime: Runtime) -> None:
    class Odd(Routine):
        value = Slot()

        def logic(self, value: int) -> None:
            if value % 2:
                raise ValueError(value)

    flow = Flow()
    flow.add_routine(numbers)
    flow.add_routine(Odd(), "skips", on_error="skip")
    flow.add_routine(Odd(), "goes_on", on_error="continue")
    flow.connect("numbers", "output", "skips", "value")
    flow.connect("numbers", "output", "goes_on", "value")
    counters = runtime.exec(flow, n=5).counters
    none = dict.fromkeys(COUNTERS, 0)
    assert counters == {
        "numbers": {**none, "activations": 1, "received": 1, "emitted": 5},
        "skips": {**none, "activations": 5, "received": 5, "skipped": 2},
        "goes_on": {**none, "activations": 5, "received": 5, "errors": 2},
    }
