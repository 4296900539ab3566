"""A worker that dies between any two steps of its protocol leaves everything exact: at its first passage of
the point, and, started again, at its fifth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from faults.crashes import restarts, supervisor_of
from faults.frames import Brighten, Frames, Look, numbers_of
from faults.routines import (
    Burst,
    Everything,
    Expand,
    Joined,
    Labels,
    Pairs,
    Sevens,
    Tally,
    Uneven,
    by_seven,
    double,
    negate,
    numbers,
)
from routilux import Flow, Runtime
from routilux.ipc import crash

TIMEOUT = 50.0
POINTS = (
    "begin.after",
    "commit.before",
    "commit.after",
    "apply.middle",
    "applied.after",
    "ring.before",
    "frames.written",
)


@dataclass(frozen=True)
class Case:
    """A flow, which of its workers dies, and the size of its job."""

    flow: Flow
    victim: str
    n: int
    keeps: bool = False
    """Whether the victim keeps something in the pending store."""


def immediate() -> Flow:
    return Flow().pipe(numbers).pipe(double).pipe(Everything())


def generator() -> Flow:
    return Flow().pipe(numbers).pipe(Everything())


def expanding() -> Flow:
    return Flow().pipe(numbers).pipe(Expand()).pipe(Everything())


def uneven() -> Flow:
    """Generators that send early follow messages that run fast."""
    return Flow().pipe(numbers).pipe(Uneven(copies=400)).pipe(Everything())


def batch() -> Flow:
    return Flow().pipe(numbers).pipe(Sevens())


def finish() -> Flow:
    return Flow().pipe(numbers).pipe(Tally())


def large() -> Flow:
    return Flow().pipe(Frames()).pipe(Brighten()).pipe(Look()).pipe(Everything())


def large_kept() -> Flow:
    return Flow().pipe(Frames()).pipe(Everything()).pipe(numbers_of)


def outbox() -> Flow:
    return Flow().pipe(numbers).pipe(Burst()).pipe(Labels()).pipe(Everything())


def keyed() -> Flow:
    return Flow().pipe(numbers).pipe(double).pipe(Tally(), workers=2, key=by_seven)


def parted(meet: type[Pairs]) -> Flow:
    flow = Flow().pipe(numbers)
    flow.add_routine(double)
    flow.add_routine(negate)
    flow.add_routine(meet(), "meet")
    for name, slot in (("double", "left"), ("negate", "right")):
        flow.connect("numbers", "output", name, "value")
        flow.connect(name, "output", "meet", slot)
    return flow


def together() -> Flow:
    return parted(Pairs)


def joined() -> Flow:
    return parted(Joined)


CASES: dict[str, Case] = {
    "immediate": Case(immediate(), "double-0", 300),
    "generator": Case(generator(), "numbers-0", 5000),
    "expanding": Case(expanding(), "expand-0", 200),
    "uneven": Case(uneven(), "uneven-0", 500),
    "batch": Case(batch(), "sevens-0", 300, keeps=True),
    "finish": Case(finish(), "tally-0", 300),
    "large": Case(large(), "brighten-0", 60),
    "large source": Case(large(), "frames-0", 1600),
    "large kept": Case(large_kept(), "everything-0", 300, keeps=True),
    "outbox": Case(outbox(), "burst-0", 12, keeps=True),
    "keyed": Case(keyed(), "double-0", 300),
    "key": Case(keyed(), "tally-1", 300),
    "together": Case(together(), "meet-0", 200, keeps=True),
    "joined": Case(joined(), "meet-0", 200, keeps=True),
}


def digest(name: str, results: list[Any]) -> object:
    """What does not depend on who was faster."""
    match name:
        case "keyed" | "key":
            return tuple(map(sum, zip(*results, strict=True)))
        case "joined":
            return sorted(results)
        case _:
            return results


def check(name: str, monkeypatch: pytest.MonkeyPatch, *lives: str, fewest: int) -> None:
    """Run the case while each life of its victim ends at such a point."""
    case = CASES[name]
    with Runtime(engine="inline") as inline:
        undisturbed = inline.exec(case.flow, n=case.n)
        expected = undisturbed.results()
    monkeypatch.setenv(crash.VARIABLE, ";".join(f"{point},{case.victim}" for point in lives))
    runtime = Runtime()
    try:
        job = runtime.exec(case.flow, n=case.n)
        found = job.results(TIMEOUT)
        assert digest(name, found) == digest(name, expected)
        counters = {node: {**each, "dead": 0} for node, each in undisturbed.counters.items()}
        if name in {"keyed", "key"}:
            counters["tally"]["emitted"] = len(found)  # each of its processes has a sum of its own
        assert job.counters == counters
        assert job.errors == []
        assert restarts(supervisor_of(runtime, case.flow)) >= fewest
    finally:
        runtime.close(grace=1.0)


@pytest.mark.parametrize("odd", [1, pytest.param(5, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", CASES)
def test_a_death_at_each_point_leaves_the_result_exact(
    monkeypatch: pytest.MonkeyPatch, name: str, odd: int
) -> None:
    points = [*POINTS]
    points += ["records.written"] if CASES[name].keeps else []
    points += ["blob.made"] if name.startswith("large") else []
    lives = [f"{point}:{6 - odd if place % 2 else odd}" for place, point in enumerate(points)]
    check(name, monkeypatch, *lives, fewest=1)


@pytest.mark.parametrize("name", CASES)
def test_a_death_while_a_crash_is_recovered_leaves_the_result_exact(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    check(
        name,
        monkeypatch,
        "commit.after:9" if name == "uneven" else "commit.after:1",
        "restore.middle:1",
        "apply.middle:1",
        fewest=2,
    )


@pytest.mark.soak
@pytest.mark.parametrize("nth", [1, 2, 3, 5, 8, 13])
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", CASES)
def test_deaths_in_a_row_at_one_point_leave_the_result_exact(
    monkeypatch: pytest.MonkeyPatch, name: str, point: str, nth: int
) -> None:
    check(name, monkeypatch, f"{point}:{nth}", f"{point}:{nth + 1}", fewest=0)
