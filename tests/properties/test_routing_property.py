"""In any flow every message reaches every connected slot once, lanes keep their order, and jobs never mix."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from process.flows.relays import Relay, Spring
from routilux import Flow, JobState, Runtime

TIMEOUT = 40.0
LIMIT = 5
"""Steps of the longest way."""
MOST = 3000
"""Messages of the largest flow that is worth the time."""


class TooLarge(Exception):
    """A message would cause more than MOST others."""


@dataclass(frozen=True)
class Stage:
    """A routine of a random flow: a spring (a generator of one event), or a relay of two."""

    copies: tuple[int, int]
    size: int
    workers: int
    is_spring: bool

    @property
    def events(self) -> tuple[str, ...]:
        return ("left",) if self.is_spring else ("left", "right")

    @property
    def slots(self) -> tuple[str, ...]:
        return ("first",) if self.is_spring else ("first", "second")


@dataclass(frozen=True)
class Graph:
    """A random flow and its submissions; `edges` are (source, event, target, slot) by number of the stage."""

    stages: tuple[Stage, ...]
    edges: tuple[tuple[int, str, int, str], ...]
    jobs: tuple[tuple[int, ...], ...]
    """Per job the stages that one message each is posted to; the first by `post`, so there is one each."""

    def flow(self) -> Flow:
        flow = Flow("random")
        for number, stage in enumerate(self.stages):
            name = f"s{number}"
            made: Relay | Spring = (
                Spring(name=name, copies=stage.copies[0], size=stage.size)
                if stage.is_spring
                else Relay(name=name, copies=stage.copies, size=stage.size, limit=LIMIT)
            )
            flow.add_routine(made, name, workers=stage.workers)
        for source, event, target, slot in self.edges:
            flow.connect(f"s{source}", event, f"s{target}", slot)
        return flow

    def ways(self, start: int, tag: str) -> Counter[tuple[Any, ...]]:
        """What must come out of a message posted to a stage: (routine, event, what it passed)."""
        out: Counter[tuple[Any, ...]] = Counter()
        ahead: list[tuple[int, str, tuple[Any, ...]]] = [(start, "first", ((tag,),))]
        passed = 0
        while ahead:
            number, slot, way = ahead.pop()
            stage = self.stages[number]
            passed += 1
            if passed > MOST:
                raise TooLarge
            if not stage.is_spring and len(way) >= LIMIT:
                continue
            for event, copies in zip(stage.events, stage.copies, strict=False):
                targets = [(t, s) for source, e, t, s in self.edges if (source, e) == (number, event)]
                for copy in range(copies):
                    longer = (*way, (f"s{number}", slot, copy))
                    if not targets:
                        out[f"s{number}", event, longer] += 1
                    ahead += [(target, into, longer) for target, into in targets]
        return out


STAGES = st.builds(
    Stage,
    copies=st.tuples(st.integers(0, 3), st.integers(0, 2)),
    size=st.sampled_from([0, 10, 3000, 16_200, 16_400, 40_000]),
    workers=st.integers(1, 3),
    is_spring=st.booleans(),
)


@st.composite
def graphs(draw: st.DrawFn, *, most_stages: int = 6, cyclic: bool = False, most_workers: int = 3) -> Graph:
    stages = draw(st.lists(STAGES, min_size=2, max_size=most_stages))
    if cyclic:  # only relays count their steps
        stages = [Stage(s.copies, s.size, s.workers, is_spring=False) for s in stages]
    stages = [Stage(s.copies, s.size, min(s.workers, most_workers), s.is_spring) for s in stages]
    possible = [
        (source, event, target, slot)
        for source, one in enumerate(stages)
        for target, other in enumerate(stages)
        if cyclic or source < target
        for event in one.events
        for slot in other.slots
    ]
    edges = draw(st.lists(st.sampled_from(possible), min_size=1, max_size=8, unique=True))
    fed = {(target, slot) for _, _, target, slot in edges}
    touched = {target for target, _ in fed}
    # A slot of a routine that something else leads to must be fed too, unless everything is.
    missing = [
        (target, slot)
        for target in sorted(touched)
        for slot in stages[target].slots
        if (target, slot) not in fed
    ]
    for target, slot in missing:
        choices = [edge for edge in possible if edge[2:] == (target, slot)]
        edges.append(draw(st.sampled_from(choices)))
    starts = st.lists(st.integers(0, len(stages) - 1), min_size=1, max_size=1)
    jobs = draw(st.lists(starts.map(tuple), min_size=1, max_size=4))
    return Graph(tuple(stages), tuple(edges), tuple(jobs))


def submitted(runtime: Runtime, flow: Flow, graph: Graph) -> list[JobState]:
    return [
        runtime.post(flow, f"s{start}", "first", (((f"job {number}",),), b""))
        for number, starts in enumerate(graph.jobs)
        for start in starts
    ]


def seen(job: JobState) -> list[tuple[Any, ...]]:
    """(routine, event, way) of each output, as they came."""
    job.wait(TIMEOUT)
    if job.error is not None:
        raise job.error
    return [(output.routine, output.event, output.payload[0]) for output in job.outputs()]


def without_numbers(found: list[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    """How often each way came, leaving out the numbers that depend on interleaving."""
    return Counter(
        (routine, event, (way[0], *((name, slot, copy) for name, slot, _, copy in way[1:])))
        for routine, event, way in found
    )


def check(graph: Graph, jobs: list[JobState]) -> None:
    expected = [graph.ways(start, f"job {n}") for n, starts in enumerate(graph.jobs) for start in starts]
    for job, wanted in zip(jobs, expected, strict=True):
        found = seen(job)
        assert without_numbers(found) == wanted
        in_order(graph, found)


def in_order(graph: Graph, found: list[tuple[Any, ...]]) -> None:
    """What one activation emits on one event leaves a routine of one process in its order."""
    if any(stage.workers > 1 for stage in graph.stages):
        return
    for _, outputs in groupby(sorted(found, key=lambda o: o[:2]), key=lambda o: o[:2]):
        own = [way[-1][2:] for _, _, way in outputs]
        assert own == sorted(own)


def worth_it(graph: Graph) -> bool:
    """Not too large, and something comes out of it."""
    try:
        found = [graph.ways(start, "") for starts in graph.jobs for start in starts]
    except TooLarge:
        return False
    return any(found) and sum(sum(ways.values()) for ways in found) <= MOST


QUICK = settings(max_examples=150, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
SLOW = settings(QUICK, max_examples=15, derandomize=True, suppress_health_check=list(HealthCheck))


@QUICK
@given(graphs().filter(worth_it))
def test_inline_every_message_reaches_every_slot_once(graph: Graph) -> None:
    with Runtime(engine="inline") as runtime:
        check(graph, submitted(runtime, graph.flow(), graph))


@QUICK
@given(graphs(cyclic=True, most_stages=4).filter(worth_it))
def test_inline_cycles_work_off_every_message_once(graph: Graph) -> None:
    with Runtime(engine="inline") as runtime:
        check(graph, submitted(runtime, graph.flow(), graph))


@QUICK
@given(graphs().filter(worth_it))
def test_inline_runs_the_same_way_every_time(graph: Graph) -> None:
    flow = graph.flow()
    with Runtime(engine="inline") as runtime:
        (start, *_) = graph.jobs[0]
        payload = ((("job 0",),), b"")
        straight = seen(runtime.post(flow, f"s{start}", "first", payload))
        entry = f"s{start}"
        held = runtime.exec(flow, {"first": payload}, entry=entry, start_paused=True)
        held.resume()
        assert seen(held) == straight


def local(graph: Graph) -> None:
    note(str(graph))
    runtime = Runtime()
    try:
        check(graph, submitted(runtime, graph.flow(), graph))
    finally:
        runtime.close(grace=2.0)


@pytest.mark.timeout(300)
@SLOW
@given(graphs().filter(worth_it))
def test_every_message_reaches_every_slot_once(graph: Graph) -> None:
    local(graph)


@pytest.mark.timeout(300)
@SLOW
@given(graphs(most_workers=1).filter(worth_it))
def test_single_workers_keep_their_order(graph: Graph) -> None:
    local(graph)


@pytest.mark.timeout(300)
@SLOW
@given(graphs(cyclic=True, most_stages=4).filter(worth_it))
def test_cycles_work_off_every_message_once(graph: Graph) -> None:
    local(graph)


@pytest.mark.timeout(300)
@settings(SLOW, max_examples=10)
@given(graphs().filter(worth_it), st.integers(2, 6))
def test_many_interleaved_jobs_never_mix(graph: Graph, times: int) -> None:
    local(Graph(graph.stages, graph.edges, graph.jobs * times))
