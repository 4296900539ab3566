"""What an ordered routine of several processes emits leaves in the order of its inputs, whatever happens."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from process.flows import payloads
from process.flows.arrays import UnevenArrays
from process.flows.orders import KINDS, FailsOnce, Fatal, Fours, Sorts, Uneven, answers, without_ballast
from process.flows.sources import numbers_until
from process.flows.stages import Echo, Gather, numbers
from process.flows.workers import TIMEOUT, kill, until
from routilux import Flow, FlowError, JobState, Routine, Runtime, retry
from routilux.supervisor import docket, reception

pytestmark = pytest.mark.one_python

N = 150
ON_ERROR: dict[str, Any] = {"skip": "skip", "continue": "continue", "retry": retry(9, backoff=0.01)}


def key(piece: tuple[int, int, Any]) -> int:
    return piece[0] % 5


def uneven(kind: str) -> Uneven:
    return UnevenArrays(kind=kind) if kind == "array" else Uneven(kind=kind)


def ordered(kind: str, sink: str = "submitter", source: Any = numbers, **options: Any) -> Flow:
    flow = Flow().pipe(source)
    options = {"workers": 2, "on_error": ON_ERROR.get(kind)} | options
    flow.pipe(uneven(kind), "uneven", ordered=True, **options)
    return flow.pipe(Echo(), "sink") if sink == "consumer" else flow


def wanted(kind: str, n: int = N) -> list[tuple[int, int]]:
    return [answer for value in range(n) for answer in answers(kind, value)]


def found(job: JobState) -> list[tuple[int, int]]:
    return without_ballast(job.results(TIMEOUT))


def per_key(pieces: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    return [[piece for piece in pieces if piece[0] % 5 == each] for each in range(5)]


@pytest.mark.parametrize("kind", KINDS)
def test_consumers_get_the_outputs_in_the_order_of_the_inputs(runtime: Runtime, kind: str) -> None:
    flow = ordered(kind, "consumer", workers=2)
    flow.add_routine(Echo(), "keyed", workers=2, key=key)
    flow.connect("uneven", "out", "keyed", "value")
    outputs = list(runtime.exec(flow, timeout=TIMEOUT, n=N).outputs())
    got = {name: without_ballast([o.payload for o in outputs if o.routine == name]) for name in flow.nodes}
    assert got["sink"] == wanted(kind)
    assert per_key(got["keyed"]) == per_key(wanted(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_gives_answers_in_the_order_of_its_items(runtime: Runtime, kind: str) -> None:
    flow = Flow().pipe(uneven(kind), workers=3, ordered=True, on_error=ON_ERROR.get(kind))
    assert without_ballast(list(runtime.stream(flow, range(N)))) == wanted(kind)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_tried_again_keeps_its_place(runtime: Runtime, workers: int) -> None:
    flow = ordered("retry", workers=workers, on_error=retry(2, backoff=0.05))
    assert found(runtime.exec(flow, n=40)) == wanted("retry", 40)


def test_a_fast_source_waits_for_what_is_tried_again_in_its_place() -> None:
    flow = Flow().pipe(payloads.Frames(items=1 << 17)).pipe(FailsOnce(), ordered=True, on_error=retry(2, 2.0))
    runtime = Runtime(heap=64 << 20)
    try:
        assert runtime.exec(flow, timeout=TIMEOUT, n=200).results(TIMEOUT) == list(range(200))
    finally:
        runtime.close(grace=1.0)


def test_order_needs_no_second_process(runtime: Runtime) -> None:
    assert found(runtime.exec(ordered("several", "consumer", workers=1), n=N)) == wanted("several")


def test_messages_may_be_dealt_out_by_key_and_still_leave_in_order(runtime: Runtime) -> None:
    flow = ordered("several", "consumer", key=lambda value: value % 7)
    assert found(runtime.exec(flow, n=N)) == wanted("several")


def test_each_event_keeps_the_order_for_itself(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers)
    flow.add_routine(Sorts(), "sorts", workers=2, ordered=True)
    flow.add_routine(Echo(), "evens")
    flow.connect("numbers", "output", "sorts", "value")
    flow.connect("sorts", "even", "evens", "value")
    outputs = list(runtime.exec(flow, timeout=TIMEOUT, n=N).outputs())
    assert [o.payload[0] for o in outputs if o.routine == "evens"] == list(range(0, N, 2))
    odd = [o.payload for o in outputs if o.event == "odd"]
    assert [value for value, *_ in odd[:-2]] == list(range(1, N, 2))
    assert sum(seen for value, seen, _ in odd[-2:] if value == -1) == N


def test_every_consumer_gets_the_same_order(runtime: Runtime) -> None:
    flow = ordered("several")
    for name in ("one", "other"):
        flow.add_routine(Gather(), name)
        flow.connect("uneven", "out", name, "value")
    got = runtime.exec(flow, n=N).results(TIMEOUT)
    assert [without_ballast(each) for each in got] == [wanted("several")] * 2


def test_one_ordered_routine_may_follow_another(runtime: Runtime) -> None:
    flow = ordered("one", "consumer")
    flow.pipe(Echo(), "second", workers=2, ordered=True).pipe(Echo(), "last")
    assert found(runtime.exec(flow, n=N)) == wanted("one")


def test_the_turns_of_what_answers_nothing_are_no_messages(runtime: Runtime) -> None:
    flow = ordered("filter")
    flow.pipe(Echo(), "echo").pipe(Fours(), "fours")
    job = runtime.exec(flow, n=N)
    batches = job.results(TIMEOUT)
    assert batches == [[4 * 3 * at + 3 * each for each in range(4)] for at in range(12)] + [[144, 147]]
    counted = {name: counts["activations"] for name, counts in job.counters.items()}
    assert counted == {"numbers": 1, "uneven": N, "echo": 50, "fours": 13}
    assert (
        sum(counts["unused"] + counts["errors"] + counts["skipped"] for counts in job.counters.values()) == 0
    )


def test_where_everything_is_left_out_nothing_comes(runtime: Runtime) -> None:
    flow = ordered("filter", "submitter")
    job = runtime.post(flow, "uneven", "value", 1)
    assert job.results(TIMEOUT) == []
    assert list(runtime.stream(Flow().pipe(Uneven(kind="filter"), workers=2, ordered=True), [1, 2, 4])) == []


# --- several jobs ---


@pytest.mark.parametrize("sink", ["submitter", "consumer"])
def test_jobs_side_by_side_each_keep_their_own_order(runtime: Runtime, sink: str) -> None:
    flow = ordered("several", sink)
    jobs = [runtime.exec(flow, n=n) for n in (N, 7, 60, 1, 90)]
    assert [found(job) for job in jobs] == [wanted("several", n) for n in (N, 7, 60, 1, 90)]


@pytest.mark.parametrize("sink", ["submitter", "consumer"])
def test_a_paused_and_a_cancelled_job_hold_up_no_other(runtime: Runtime, tmp_path: Path, sink: str) -> None:
    flow, enough = ordered("several", sink, numbers_until), tmp_path / "enough"
    paused, cancelled, free = (runtime.exec(flow, what=(N, path)) for path in (str(enough), "", ""))
    until(lambda: paused.counters["uneven"]["activations"] > 5)
    paused.pause()
    cancelled.cancel()
    assert found(free) == wanted("several")
    assert paused.status == "paused"
    enough.touch()
    paused.resume()
    assert found(paused) == wanted("several", paused.counters["uneven"]["activations"])


class FirstIsSlow(Routine):
    """The first message takes so long that all others are ahead of it."""

    value = Echo.value
    out = Echo.out
    size: int = 0

    def logic(self, value: int) -> None:
        if value == 0:
            threading.Event().wait(0.7)
        elif value > 2:
            self.out.emit(bytes(self.size))


def test_what_waits_for_its_turn_ends_with_its_job() -> None:
    flow = Flow().pipe(numbers).pipe(FirstIsSlow(), "slow", workers=2, ordered=True).pipe(Echo())
    runtime = Runtime(max_pending=1)
    try:
        for _ in range(3):
            job = runtime.exec(flow, timeout=TIMEOUT, n=500)
            until(lambda job=job: job.counters["slow"]["activations"] > 100)  # type: ignore[misc]
            job.cancel()
        assert runtime.exec(flow, timeout=TIMEOUT, n=5).results(TIMEOUT) == [b""] * 2
    finally:
        runtime.close(grace=1.0)


def test_a_job_is_not_held_back_by_what_waits_for_its_turn(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (docket, reception):
        monkeypatch.setattr(module, "UNREAD", 1 << 20)
    flow = Flow().pipe(FirstIsSlow(size=100_000), "slow", workers=2, ordered=True)
    assert len(list(runtime.stream(flow, range(60), timeout=TIMEOUT))) == 57


def test_a_job_fails_when_too_much_waits_for_its_turn() -> None:
    flow = Flow().pipe(numbers).pipe(FirstIsSlow(size=100_000), "slow", workers=2, ordered=True)
    runtime = Runtime(max_output=1 << 20)
    try:
        job = runtime.exec(flow, timeout=TIMEOUT, n=60).wait(TIMEOUT)
        assert "wait for the outputs of earlier messages" in str(job.error)
    finally:
        runtime.close(grace=2.0)


# --- crashes ---


@pytest.mark.parametrize("sink", ["submitter", "consumer"])
def test_the_outputs_after_a_dead_letter_still_leave_in_order(sink: str) -> None:
    flow = Flow().pipe(numbers).pipe(Fatal(), "fatal", workers=2, ordered=True)
    if sink == "consumer":
        flow.pipe(Echo(), "sink")
    runtime = Runtime()
    try:
        assert found(runtime.exec(flow, n=81)) == [(value, 0) for value in range(81) if value % 40]
        assert sorted(letter.payload for letter in runtime.dead_letters.all()) == [0, 40, 80]
    finally:
        runtime.close(grace=1.0)


@pytest.mark.parametrize(
    ("kind", "victim"),
    [
        ("several", "uneven-0"),
        ("array", "uneven"),
        ("retry", "uneven-0"),
        ("waves", "uneven"),
        ("waves", "sink"),
        ("several", "numbers"),
    ],
)
def test_a_killed_worker_costs_no_order(runtime: Runtime, kind: str, victim: str) -> None:
    flow = ordered(kind, "consumer")
    job = runtime.exec(flow, n=N)
    until(lambda: job.counters["uneven"]["activations"] > 20)
    kill(victim)
    assert found(job) == wanted(kind)


def test_a_recycled_worker_costs_no_order(runtime: Runtime) -> None:
    flow = ordered("several", "consumer", max_activations=20)
    assert found(runtime.exec(flow, n=N)) == wanted("several")


# --- what cannot be ordered ---


def test_workers_that_the_runtime_puts_before_an_ordered_routine_are_refused() -> None:
    flow = Flow().pipe(numbers).pipe(Echo(), "echo").pipe(Echo(), "ordered", workers=2, ordered=True)
    assert flow.validate() == []
    with (
        Runtime(workers={"echo": 2}) as runtime,
        pytest.raises(FlowError, match="ordered: ordered=True needs its inputs from one process, but 'echo'"),
    ):
        runtime.exec(flow, n=1)


def test_the_loss_of_an_order_is_warned_of() -> None:
    flow = ordered("one").pipe(Echo(), "sharing", workers=2)
    (fault,) = flow.validate()
    assert (fault.severity, fault.where) == ("warning", "uneven")
    assert "its order is lost at 'sharing'" in fault.message
