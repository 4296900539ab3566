"""What the inline engine gives an activation: it says what is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pure.inlineflows import Both, double, gathering, numbers, outputs, paired
from routilux import Event, Flow, JobFailed, Routine, Runtime, Slot, policies, routine

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
