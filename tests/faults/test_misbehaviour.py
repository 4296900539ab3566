"""Routines that hang, leak, die while they begin, raise, or emit what cannot be sent: the others go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import pytest

from faults.crashes import restarts, supervisor_of
from faults.misbehaving import (
    AtJoin,
    Generating,
    Greedy,
    Hung,
    Immediate,
    InBatches,
    Leaky,
    Moody,
    Unsendable,
)
from faults.routines import Everything, double, numbers
from routilux import Flow, JobFailed, Routine, Runtime, retry

TIMEOUT = 50.0
ALL = list(range(64))


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    made = Runtime()
    yield made
    made.close(grace=1.0)


def soak(*kinds: str) -> list[Any]:
    return [pytest.param(kind, marks=pytest.mark.soak) for kind in kinds]


@pytest.mark.parametrize("how", ["python", *soak("sleep", "select")])
def test_a_message_that_hangs_is_given_up_after_three_timeouts(runtime: Runtime, how: str) -> None:
    flow = Flow().pipe(numbers).pipe(Hung(how=how), timeout=1.0).pipe(Everything())
    began = monotonic()
    job = runtime.exec(flow, n=64)
    assert job.result(TIMEOUT) == [n for n in ALL if n != 30]
    assert monotonic() - began >= 3.0
    (letter,) = runtime.dead_letters.all()
    told = "ran longer than its timeout of 1 s"
    assert (letter.payload, letter.reason, letter.attempts) == (30, told, 3)


def test_a_routine_that_dies_at_every_third_start_starts(runtime: Runtime, tmp_path: Path) -> None:
    flow = Flow().pipe(numbers).pipe(Moody(path=str(tmp_path / "starts")), workers=2).pipe(Everything())
    assert sorted(runtime.exec(flow, n=64).result(TIMEOUT)) == ALL
    assert restarts(supervisor_of(runtime, flow)) >= 1


def test_a_leaky_routine_is_recycled_and_no_crash_is_counted(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(Leaky(), max_rss_mb=200).pipe(Everything())
    job = runtime.exec(flow, n=64)
    found = job.result(TIMEOUT)
    assert [value for value, _ in found] == ALL
    assert len({pid for _, pid in found}) >= 3
    assert restarts(supervisor_of(runtime, flow)) == 0
    assert job.errors == []


@pytest.mark.parametrize(("on_error", "found"), [("skip", [n for n in ALL if n != 30]), ("stop", None)])
def test_too_little_memory_for_one_message_is_an_error_like_any_other(
    runtime: Runtime, on_error: Any, found: list[int] | None
) -> None:
    flow = Flow().pipe(numbers).pipe(Greedy(), on_error=on_error).pipe(Everything())
    job = runtime.exec(flow, n=64)
    if found is None:
        with pytest.raises(JobFailed, match="MemoryError"):
            job.result(TIMEOUT)
    else:
        assert job.result(TIMEOUT) == found
    assert restarts(supervisor_of(runtime, flow)) == 0


STRATEGIES: dict[str, Any] = {
    "stop": "stop",
    "skip": "skip",
    "continue": "continue",
    "retry": retry(2, backoff=0.01, then="skip"),
}


def failing(kind: str, on_error: Any) -> Flow:
    """A flow in which the routine `fails` raises at thirty, after it has emitted it."""
    flow = Flow().pipe(numbers)
    made: dict[str, Routine] = {
        "immediate": Immediate(),
        "batch": InBatches(),
        "ordered": Immediate(),
        "generator": Generating(),
    }
    if kind == "join":
        flow.add_routine(AtJoin(), "fails", on_error=on_error)
        for slot in ("left", "right"):
            flow.connect("numbers", "output", "fails", slot)
        return flow
    if kind == "ordered":
        return flow.pipe(made[kind], "fails", on_error=on_error, workers=2, ordered=True)
    return flow.pipe(made[kind], "fails", on_error=on_error)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("kind", ["immediate", "batch", "join", "ordered", "generator"])
def test_what_an_exception_means_is_the_same_for_every_kind_of_routine(kind: str, strategy: str) -> None:
    flow = failing(kind, STRATEGIES[strategy])
    found = []
    engines: tuple[Literal["inline", "local"], ...] = ("inline", "local")
    for engine in engines:
        runtime = Runtime(engine=engine)
        try:
            job = runtime.exec(flow, n=64).wait(TIMEOUT)
            seen = job.results() if strategy != "stop" else None
            counters = {name: value for name, value in job.counters["fails"].items() if name != "dead"}
            found.append((job.status, seen, counters if strategy != "stop" else None, len(job.errors)))
        finally:
            runtime.close(grace=1.0)
    inline, local = found
    assert local == inline


@pytest.mark.parametrize(
    ("kind", "type_name"),
    [
        ("lambda", "function"),
        ("generator", "generator"),
        ("file", "BufferedReader"),
        ("lock", "lock"),
        ("deep", "list"),
    ],
)
def test_what_cannot_be_sent_is_named_and_the_process_lives(
    runtime: Runtime, kind: str, type_name: str
) -> None:
    flow = Flow().pipe(Unsendable(), "odd")
    with pytest.raises(JobFailed, match=rf"(?s)(?=.*'odd')(?=.*'?out'?)(?=.*{type_name})"):
        runtime.exec(flow, kind=kind).result(TIMEOUT)
    assert runtime.exec(flow, kind="something else").result(TIMEOUT) == "something else"
    assert restarts(supervisor_of(runtime, flow)) == 0


def test_an_object_that_holds_itself_arrives_so(runtime: Runtime) -> None:
    found = runtime.exec(Flow().pipe(Unsendable()), kind="recursive").result(TIMEOUT)
    assert len(found) == 1
    assert found[0] is found


def test_a_job_that_fails_leaves_the_next_one_alone(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(double).pipe(Immediate(), "fails").pipe(Everything())
    with pytest.raises(JobFailed, match="thirty"):
        runtime.exec(flow, n=64).result(TIMEOUT)
    assert runtime.exec(flow, n=10).result(TIMEOUT) == list(range(0, 20, 2))
