"""The inline engine says what is right: these tests say what it says."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from routilux import (
    Busy,
    ClosedError,
    DeadlineExceeded,
    Event,
    ExecutionStatus,
    Flow,
    FlowError,
    JobCancelled,
    JobFailed,
    JobState,
    PayloadError,
    RoutiluxError,
    Routine,
    Runtime,
    Slot,
    policies,
    retry,
    routine,
)


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(engine="inline") as made:
        yield made


@routine
def numbers(n: int) -> Iterator[int]:
    yield from range(n)


@routine
def double(value: int) -> int:
    return value * 2


class Echo(Routine):
    value = Slot()
    out = Event()

    def logic(self, value: Any) -> None:
        self.out.emit(value)


class Gather(Routine):
    """Emits the list of what its policy gives it."""

    value = Slot()
    out = Event()
    policy = policies.whole_job()

    def logic(self, value: Any) -> None:
        self.out.emit(value)


class Both(Routine):
    """Emits what came on both slots, and the message of its policy."""

    left = Slot()
    right = Slot()
    out = Event()

    def logic(self, left: Any, right: Any, policy_message: Any) -> None:
        self.out.emit((left, right, policy_message))


class Emits(Routine):
    """Emits what lies in the list it is given, one by one, on either of two events."""

    values = Slot()
    left = Event()
    right = Event()

    def logic(self, values: list[tuple[str, Any]]) -> None:
        for event, value in values:
            self.emit(event, value)


def gathering(policy: Any) -> Flow:
    """Numbers -> a routine of that policy, which emits what it is given."""
    return Flow().pipe(numbers).pipe(Gather().set_activation_policy(policy))


def paired(policy: Any) -> Flow:
    flow = Flow()
    flow.add_routine(Emits(), "emits")
    flow.add_routine(Both().set_activation_policy(policy), "both")
    flow.connect("emits", "left", "both", "left")
    flow.connect("emits", "right", "both", "right")
    return flow


def outputs(runtime: Runtime, flow: Flow, **slots: Any) -> list[Any]:
    return runtime.exec(flow, **slots).results()


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


# --- policies ---


def test_immediate_takes_one_message_of_any_slot(runtime: Runtime) -> None:
    found = outputs(runtime, paired(policies.immediate()), values=[("left", 1), ("right", 2), ("left", 3)])
    assert found == [(1, None, "left"), (None, 2, "right"), (3, None, "left")]


def test_all_slots_ready_pairs_by_arrival_and_the_rest_is_unused(runtime: Runtime) -> None:
    values = [("left", 1), ("left", 2), ("right", "a"), ("left", 3), ("right", "b")]
    job = runtime.exec(paired(policies.all_slots_ready()), values=values)
    assert [row[:2] for row in job.results()] == [(1, "a"), (2, "b")]
    assert job.counters["both"]["unused"] == 1


def test_join_pairs_by_a_field(runtime: Runtime) -> None:
    values = [("left", {"id": 1}), ("left", {"id": 2}), ("right", {"id": 2}), ("right", {"id": 3})]
    job = runtime.exec(paired(policies.join(on="id")), values=values)
    assert job.results() == [({"id": 2}, {"id": 2}, 2)]
    assert job.counters["both"]["unused"] == 2


def test_join_pairs_by_a_callable(runtime: Runtime) -> None:
    values = [("left", "ab"), ("right", "ccc"), ("right", "dd")]
    assert outputs(runtime, paired(policies.join(on=len)), values=values) == [("ab", "dd", 2)]


def test_join_on_origin_pairs_what_one_submission_caused(runtime: Runtime) -> None:
    @routine
    def odd_late(value: int) -> Iterator[int]:
        yield value

    flow = Flow()
    flow.add_routine(odd_late, "left")
    flow.add_routine(double, "source")
    flow.add_routine(Both().set_activation_policy(policies.join(on="origin")), "both")
    flow.connect("source", "output", "left", "value")
    flow.connect("left", "output", "both", "left")
    flow.connect("source", "output", "both", "right")
    found = list(runtime.stream(flow, [1, 2, 3], entry="source"))
    assert sorted(row[:2] for row in found) == [(2, 2), (4, 4), (6, 6)]


def test_join_refuses_a_payload_without_the_field(runtime: Runtime) -> None:
    job = runtime.exec(paired(policies.join(on="id")), values=[("left", {"no": 1})])
    assert job.status == "failed"
    assert "'id'" in str(job.error)


@pytest.mark.parametrize(("n", "batches"), [(6, [[0, 1, 2], [3, 4, 5]]), (4, [[0, 1, 2], [3]]), (0, [])])
def test_a_batch_has_exactly_its_size_and_the_rest_comes_last(
    runtime: Runtime, n: int, batches: list[list[int]]
) -> None:
    assert outputs(runtime, gathering(policies.batch_size(3)), n=n) == batches


def test_the_rest_of_a_batch_can_be_dropped(runtime: Runtime) -> None:
    flow = gathering(policies.batch_size(3, drop_rest=True))
    job = runtime.exec(flow, n=5)
    assert job.results() == [[0, 1, 2]]
    assert job.counters["gather"]["unused"] == 2


def test_whole_job_takes_everything_at_once(runtime: Runtime) -> None:
    assert outputs(runtime, gathering(policies.whole_job()), n=500) == [list(range(500))]


def test_whole_job_is_not_run_on_nothing(runtime: Runtime) -> None:
    job = runtime.exec(gathering(policies.whole_job()), n=0)
    assert job.results() == []
    assert job.counters["gather"]["activations"] == 0


def test_a_time_interval_gives_what_has_come(runtime: Runtime) -> None:
    found = outputs(runtime, gathering(policies.time_interval(0.001)), n=300)
    assert [value for batch in found for value in batch] == list(range(300))


def test_a_custom_policy_chooses_a_prefix_and_the_rest_stays(runtime: Runtime) -> None:
    def pairs(slots: dict[str, list[int]], job: Any) -> tuple[bool, dict[str, Any], str]:
        waiting = slots["value"]
        ready = len(waiting) >= 2 or job.final
        return ready, {"value": waiting[:2]}, f"{job.job_id} {job.final}"

    class Tell(Routine):
        value = Slot()
        out = Event()
        policy = pairs

        def logic(self, value: list[int], policy_message: str) -> None:
            self.out.emit((value, policy_message))

    job = runtime.exec(Flow().pipe(numbers).pipe(Tell()), job_id="j", n=5)
    assert job.results() == [([0, 1], "j False"), ([2, 3], "j False"), ([4], "j True")]


def test_what_a_custom_policy_never_takes_is_unused(runtime: Runtime) -> None:
    job = runtime.exec(gathering(lambda slots, job: (False, {}, None)), n=3)
    assert (job.status, job.results(), job.counters["gather"]["unused"]) == ("completed", [], 3)


@pytest.mark.parametrize(
    "answer", [None, (True, {"value": 99}, None), (True, {"nope": 1}, None), (True, {"value": -1}, None)]
)
def test_a_custom_policy_that_answers_wrongly_fails_the_job(runtime: Runtime, answer: Any) -> None:
    job = runtime.exec(gathering(lambda slots, job: answer), n=1)
    assert job.status == "failed"
    assert "the activation policy" in str(job.error)


def test_a_custom_policy_that_raises_fails_the_job(runtime: Runtime) -> None:
    job = runtime.exec(gathering(lambda slots, job: 1 / 0), n=1)
    assert isinstance(job.error, JobFailed)
    assert job.error.cause_type == "ZeroDivisionError"


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


def test_counters_tell_activations_errors_skipped_and_unused(runtime: Runtime) -> None:
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
    assert counters["numbers"] == {"activations": 1, "errors": 0, "skipped": 0, "unused": 0, "dead": 0}
    assert counters["skips"] == {"activations": 5, "errors": 0, "skipped": 2, "unused": 0, "dead": 0}
    assert counters["goes_on"] == {"activations": 5, "errors": 2, "skipped": 0, "unused": 0, "dead": 0}


# --- errors ---


class Halves(Routine):
    """Emits, and fails at 2 after it has."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> None:
        self.out.emit(value)
        if value == 2:
            raise ValueError("two")
        self.out.emit(-value)


class Yields(Routine):
    """As Halves, by a generator."""

    value = Slot()
    out = Event()

    def logic(self, value: int) -> Iterator[int]:
        yield value
        if value == 2:
            raise ValueError("two")
        yield -value


KINDS = pytest.mark.parametrize("kind", [Halves, Yields])


@KINDS
def test_an_error_stops_the_job_unless_told_otherwise(runtime: Runtime, kind: type[Routine]) -> None:
    job = runtime.exec(Flow().pipe(numbers).pipe(kind(), "halves"), n=4)
    assert job.status == "failed"
    assert isinstance(job.error, JobFailed)
    assert (job.error.routine, job.error.cause_type, job.error.job_id) == ("halves", "ValueError", job.job_id)
    with pytest.raises(JobFailed, match="two"):
        job.result()


@KINDS
def test_skip_sends_nothing_of_the_failed_activation(runtime: Runtime, kind: type[Routine]) -> None:
    job = runtime.exec(Flow(on_error="skip").pipe(numbers).pipe(kind()), n=4)
    assert job.results() == [0, 0, 1, -1, 3, -3]
    assert [str(error).splitlines()[0] for error in job.errors] == [
        f"routine '{'halves' if kind is Halves else 'yields'}' of job '{job.job_id}' raised ValueError: two"
    ]


@KINDS
def test_continue_sends_what_was_emitted_before(runtime: Runtime, kind: type[Routine]) -> None:
    job = runtime.exec(Flow(on_error="continue").pipe(numbers).pipe(kind()), n=4)
    assert job.results() == [0, 0, 1, -1, 2, 3, -3]
    assert len(job.errors) == 1


def failing(times: int, *, by_generator: bool) -> tuple[Routine, list[int]]:
    """A routine that fails that many times before it succeeds, and its attempts."""
    attempts: list[int] = []

    def tried(value: int) -> int:
        attempts.append(value)
        if len(attempts) <= times:
            raise ValueError(f"attempt {len(attempts)}")
        return value

    def plain(self: Any, value: int) -> None:
        self.emit("out", "before")
        self.emit("out", tried(value))

    def generator(value: int) -> Iterator[object]:
        yield "before"
        yield tried(value)

    made = Routine().set_logic(generator if by_generator else plain)
    made.add_slot("value")
    made.add_event("out")
    return made, attempts


GENERATORS = pytest.mark.parametrize("by_generator", [False, True], ids=["plain", "generator"])


@GENERATORS
def test_retry_runs_the_activation_again(runtime: Runtime, by_generator: bool) -> None:  # noqa: FBT001 - a parameter of the test
    made, attempts = failing(2, by_generator=by_generator)
    flow = Flow(on_error=retry(2, backoff=0))
    flow.add_routine(made, "tries")
    job = runtime.exec(flow, value=7)
    assert job.results() == ["before", 7]
    assert (attempts, job.errors, job.counters["tries"]["activations"]) == ([7, 7, 7], [], 1)


@GENERATORS
def test_retry_gives_up_as_it_was_told(runtime: Runtime, by_generator: bool) -> None:  # noqa: FBT001 - as above
    made, attempts = failing(9, by_generator=by_generator)
    flow = Flow(on_error=retry(2, backoff=0, then="skip"))
    flow.add_routine(made, "tries")
    job = runtime.exec(flow, value=7)
    assert (job.status, job.results(), len(attempts)) == ("completed", [], 3)
    assert job.counters["tries"] == {"activations": 1, "errors": 0, "skipped": 1, "unused": 0, "dead": 0}


def test_an_error_in_a_batch_is_one_activations(runtime: Runtime) -> None:
    class Fussy(Routine):
        value = Slot()
        out = Event()
        policy = policies.batch_size(2)

        def logic(self, value: list[int]) -> None:
            if 2 in value:
                raise ValueError(value)
            self.out.emit(value)

    job = runtime.exec(Flow(on_error="skip").pipe(numbers).pipe(Fussy()), n=6)
    assert job.results() == [[0, 1], [4, 5]]
    assert job.counters["fussy"]["skipped"] == 1


@pytest.mark.parametrize(("on_error", "found"), [("skip", []), ("continue", ["before"])])
def test_an_error_in_finish_follows_the_strategy_too(
    runtime: Runtime, on_error: Any, found: list[str]
) -> None:
    class Ends(Routine):
        value = Slot()
        out = Event()

        def logic(self, value: int) -> None:
            pass

        def finish(self) -> None:
            self.out.emit("before")
            raise ValueError("at the end")

    job = runtime.exec(Flow(on_error=on_error).pipe(Ends()), value=0)
    assert (job.status, job.results(), len(job.errors)) == ("completed", found, 1)


def test_the_traceback_begins_in_the_users_code(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(Halves()), value=2)
    assert isinstance(job.error, JobFailed)
    assert f'File "{__file__}"' in str(job.error)
    assert 'raise ValueError("two")' in job.error.traceback
    assert "/routilux/" not in job.error.traceback


def test_sys_exit_in_logic_is_an_error_like_any_other(runtime: Runtime) -> None:
    def leave(value: int) -> None:
        raise SystemExit(value)

    job = runtime.exec(Flow().pipe(leave), value=3)
    assert isinstance(job.error, JobFailed)
    assert job.error.cause_type == "SystemExit"


def test_an_error_whose_text_cannot_be_made_is_still_told(runtime: Runtime) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def fail(value: int) -> None:
        raise Mute

    job = runtime.exec(Flow().pipe(fail), value=3)
    assert "Mute" in str(job.error)


def test_a_payload_that_cannot_be_sent_names_routine_event_and_type(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(routine(lambda value: threading.Lock()), name="locks"), value=1)
    assert "PayloadError" in str(job.error)
    assert "routine 'locks' cannot emit a lock on event 'output'" in str(job.error)


def test_a_submission_that_cannot_be_sent_is_refused(runtime: Runtime) -> None:
    with pytest.raises(PayloadError, match="cannot send a lock to routine 'double'"):
        runtime.exec(Flow().pipe(double), value=threading.Lock())
    assert runtime.jobs("running") == []


def test_a_job_of_many_errors_keeps_some_and_counts_all(runtime: Runtime) -> None:
    def fail(value: int) -> None:
        raise ValueError(value)

    job = runtime.exec(Flow(on_error="skip").pipe(numbers).pipe(fail), n=500)
    assert job.counters["fail"]["skipped"] == 500
    assert 100 <= len(job.errors) <= 500


def test_output_that_nobody_reads_fails_the_job() -> None:
    with Runtime(engine="inline", max_output=100_000) as runtime:
        job = runtime.exec(Flow().pipe(numbers), n=10_000)
    with pytest.raises(RoutiluxError, match=r"more than 100,000 bytes that nobody reads.*max_output"):
        job.results()


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


# --- submissions ---


def test_an_entry_without_arguments_is_triggered(runtime: Runtime) -> None:
    assert runtime.run(Flow().pipe(lambda: "ran", "runs")) == "ran"


def test_inputs_may_be_a_mapping_and_keywords(runtime: Runtime) -> None:
    flow = Flow().pipe(routine(lambda a, b: (a, b)), "pairs")
    assert runtime.run(flow, {"a": 1}, b=2) == (1, 2)


def test_post_reaches_any_slot(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(double)
    assert runtime.post(flow, "double", "value", 21).result() == 42


def test_a_flow_may_be_named(runtime: Runtime) -> None:
    with pytest.raises(FlowError, match="no_such_flow"):
        runtime.exec("no_such_flow", value=1)


def test_an_unfinished_job_id_is_taken_and_an_ended_one_free(runtime: Runtime) -> None:
    flow = Flow().pipe(double)
    job = runtime.exec(flow, job_id="seven", start_paused=True, value=1)
    with pytest.raises(FlowError, match="'seven' is under way already"):
        runtime.exec(flow, job_id="seven", value=1)
    job.resume()
    assert runtime.exec(flow, job_id="seven", value=4).result() == 8


@pytest.mark.parametrize("job_id", ["", "x" * 128, "é" * 64])
def test_a_job_id_that_does_not_fit_is_refused(runtime: Runtime, job_id: Any) -> None:
    with pytest.raises(FlowError, match="text of 1 to 127 bytes"):
        runtime.exec(Flow().pipe(double), job_id=job_id, value=1)


def test_more_jobs_than_max_pending_are_refused() -> None:
    flow = Flow().pipe(double)
    with Runtime(engine="inline", max_pending=2) as runtime:
        held = [runtime.exec(flow, start_paused=True, value=n) for n in range(2)]
        with pytest.raises(Busy, match="max_pending"):
            runtime.exec(flow, timeout=0.01, value=3)
        for job in held:
            job.resume()
        assert runtime.run(flow, value=3) == 6


def test_jobs_are_listed_by_status(runtime: Runtime) -> None:
    flow = Flow().pipe(double)
    done, paused = runtime.exec(flow, value=1), runtime.exec(flow, start_paused=True, value=1)
    assert runtime.jobs() == [done, paused]
    assert runtime.jobs("completed") == [done]
    assert runtime.jobs(ExecutionStatus.PAUSED) == [paused]
    paused.cancel()
    with pytest.raises(ValueError, match="nonsense"):
        runtime.jobs("nonsense")


def test_a_closed_runtime_takes_no_jobs() -> None:
    runtime = Runtime(engine="inline")
    runtime.close()
    runtime.close()
    with pytest.raises(ClosedError):
        runtime.exec(Flow().pipe(double), value=1)


def test_closing_cancels_what_is_held() -> None:
    runtime = Runtime(engine="inline")
    job = runtime.exec(Flow().pipe(double), start_paused=True, value=1)
    runtime.close()
    assert job.status == "cancelled"


# --- pause, cancel, timeout ---


def test_a_job_started_paused_runs_when_resumed(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(double), start_paused=True, value=4)
    assert (job.status, job.counters["double"]["activations"]) == ("paused", 0)
    job.resume()
    assert (job.status, job.result()) == ("completed", 8)


def test_a_job_started_paused_knows_when_it_started(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(double), start_paused=True, value=4)
    job.resume()
    assert job.started_at is not None


def test_a_job_can_be_paused_from_within_and_goes_on_where_it_was(runtime: Runtime) -> None:
    box: list[JobState] = []

    @routine
    def pauses(value: int) -> int:
        if value == 3:
            box[0].pause()
        return value

    flow = Flow().pipe(numbers).pipe(pauses)
    box.append(runtime.exec(flow, start_paused=True, n=6))
    box[0].resume()
    assert box[0].status == "paused"
    box[0].resume()
    assert box[0].results() == [0, 1, 2, 3, 4, 5]


def test_pausing_and_resuming_an_ended_job_changes_nothing(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(double), value=1)
    job.pause()
    job.resume()
    job.cancel()
    assert (job.status, job.result()) == ("completed", 2)


def test_cancel_from_within_logic_ends_the_job(runtime: Runtime) -> None:
    box: list[JobState] = []
    seen: list[int] = []

    @routine
    def stops(value: int) -> int:
        seen.append(value)
        if value == 3:
            box[0].cancel()
        return value

    box.append(runtime.exec(Flow().pipe(numbers).pipe(stops), start_paused=True, n=1000))
    box[0].resume()
    assert (box[0].status, seen) == ("cancelled", [0, 1, 2, 3])
    with pytest.raises(JobCancelled):
        box[0].result()
    assert runtime.run(Flow().pipe(double), value=1) == 2


def test_cancel_from_within_a_generator_closes_it(runtime: Runtime) -> None:
    box: list[JobState] = []
    closed: list[bool] = []

    @routine
    def endless(value: int) -> Iterator[int]:
        try:
            while True:
                if value == 5:
                    box[0].cancel()
                yield value
                value += 1
        finally:
            closed.append(True)

    box.append(runtime.exec(Flow().pipe(endless), start_paused=True, value=0))
    box[0].resume()
    assert (box[0].status, closed) == ("cancelled", [True])


def test_a_job_ends_at_its_timeout(runtime: Runtime) -> None:
    @routine
    def endless(value: int) -> Iterator[int]:
        while True:
            yield value

    @routine
    def sink(value: int) -> None:
        pass

    began = time.monotonic()
    job = runtime.exec(Flow().pipe(endless).pipe(sink), timeout=0.05, value=1)
    assert isinstance(job.error, DeadlineExceeded)
    assert (job.status, time.monotonic() - began < 5) == ("failed", True)


def test_wait_has_a_timeout_of_its_own(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(double), start_paused=True, value=1)
    with pytest.raises(DeadlineExceeded, match=f"'{job.job_id}' has not ended within 0.01 seconds"):
        job.wait(timeout=0.01)
    job.resume()
    assert job.wait(timeout=1) is job


def test_threads_may_share_one_runtime(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(double).pipe(Gather())
    found: list[Any] = []
    threads = [threading.Thread(target=lambda n=n: found.append(runtime.run(flow, n=n))) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(map(len, found)) == [1, 2, 3, 4, 5, 6, 7, 8]


# --- streams ---


def test_a_stream_is_one_job(runtime: Runtime) -> None:
    flow = Flow().pipe(double).pipe(Gather())
    assert list(runtime.stream(flow, range(5))) == [[0, 2, 4, 6, 8]]


def test_a_stream_raises_why_the_job_failed(runtime: Runtime) -> None:
    with pytest.raises(JobFailed, match="ZeroDivisionError"):
        list(runtime.stream(Flow().pipe(routine(lambda value: 1 / value), "inverts"), [1, 0, 2]))


def test_a_stream_raises_what_the_iterable_raises(runtime: Runtime) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        list(runtime.stream(Flow().pipe(double), items()))


def test_a_stream_left_early_is_cancelled(runtime: Runtime) -> None:
    def endless() -> Iterator[int]:
        while True:
            yield 1

    stream = runtime.stream(Flow().pipe(double), endless())
    assert next(stream) == 2
    stream.close()  # type: ignore[attr-defined]  # it is a generator, though not promised to be
    assert runtime.jobs("running") == []


def test_a_stream_of_several_slots_wants_one_named(runtime: Runtime) -> None:
    flow = Flow().pipe(routine(lambda a, b: (a, b)), "pairs")
    with pytest.raises(FlowError, match=r"has the slots a, b: pass slot="):
        runtime.stream(flow, [1])
    assert list(runtime.stream(flow, [1], slot="a")) == []


def test_an_empty_stream_ends(runtime: Runtime) -> None:
    assert list(runtime.stream(Flow().pipe(double), [])) == []
