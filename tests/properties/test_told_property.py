"""What workers tell of their work adds up: to the counters of each job, and along each connection."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from process.hearing import PATIENCE, Ear, processes_of
from properties.chains import Chain, chains
from routilux import Flow, JobState, Runtime
from routilux.hookevents import Activated, Committed

COUNTERS = ("activations", "errors", "skipped")
NUMBERS = st.sets(st.integers(0, 2))
"""Of jobs."""


def made(told: Committed | Activated) -> dict[int, int]:
    """Messages by the position of their event; each of its connections gets the same."""
    return told.emitted if isinstance(told, Committed) else {e.event: e.count for e in told.emitted}


def messages(ear: Ear, flow: Flow, job: JobState) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """What was told of one job: per routine the messages used, per event those that were emitted."""
    used, emitted = Counter[str](), Counter[tuple[str, str]]()
    for routine, processes in processes_of(flow).items():
        events = flow.nodes[routine].routine.event_names
        told = [event for process in processes for event in told_by(ear, process, job)]
        used[routine] = sum(count for event in told for count in event.received.values())
        for event in told:
            for position, count in made(event).items():
                emitted[routine, events[position]] += count
    return used, emitted


def told_by(ear: Ear, process: int, job: JobState) -> list[Committed | Activated]:
    sums = [each for each in ear.all(Committed, process) if each.job_id == job.job_id]
    return [*sums, *(each for each in ear.all(Activated, process) if each.job_id == job.job_id)]


def check(ear: Ear, flow: Flow, job: JobState) -> None:
    """What was told of the job is what its counters say, and what was emitted was used somewhere."""
    processes, counters = processes_of(flow), job.counters
    for name in COUNTERS:
        told = {each: sum(ear.count(name, job, p) for p in processes[each]) for each in counters}
        assert told == {each: counted[name] for each, counted in counters.items()}, name
    used, emitted = messages(ear, flow, job)
    made = {each: sum(count for (by, _), count in emitted.items() if by == each) for each in counters}
    assert used == {each: counted["received"] for each, counted in counters.items()}
    assert made == {each: counted["emitted"] for each, counted in counters.items()}
    first, *_, last = flow.nodes
    fed = Counter({first: 1})
    for each in flow.connections:
        fed[each.target] += emitted[each.source, each.event]
    assert fed == {each: used[each] + counted["unused"] for each, counted in counters.items()}
    assert emitted[last, "out"] == len(list(job.outputs()))


def run(chain: Chain, flow: Flow, runtime: Runtime, whole: set[int], turned: set[int]) -> list[JobState]:
    """All jobs at once; those of `turned` begin, or cease, to be traced while they run."""
    jobs = [runtime.exec(flow, n=n, trace=number in whole) for number, n in enumerate(chain.jobs)]
    for number in chain.paused:
        jobs[number].pause()
    for number in turned & set(range(len(jobs))):
        jobs[number].trace(is_on=number not in whole)
    for number in sorted(range(len(jobs)), key=chain.paused.__contains__):
        if number in chain.paused:
            jobs[number].resume()
        jobs[number].wait(PATIENCE)
    return jobs


@pytest.mark.timeout(300)
@settings(max_examples=6, derandomize=True, suppress_health_check=list(HealthCheck))
@given(chains(), NUMBERS, NUMBERS)
def test_what_is_told_of_jobs_adds_up(chain: Chain, whole: set[int], turned: set[int]) -> None:
    note(str(chain))
    flow, runtime = chain.flow(), Runtime()
    workers = sum(map(len, processes_of(flow).values()))
    try:
        runtime.exec(flow, n=0).wait(PATIENCE)
        with Ear(runtime, workers) as ear:
            first = runtime.exec(flow, n=150).wait(PATIENCE)  # after it most activations are told as sums
            jobs = run(chain, flow, runtime, whole, turned)
            with Ear(runtime, workers):  # another, who goes again
                jobs += run(chain, flow, runtime, whole, turned)
            last = runtime.exec(flow, n=20).wait(PATIENCE)  # after it nothing more comes of others
            for job in (last, first, *jobs):
                ear.until(partial(ear.heard_all_of, job, processes_of(flow)))
            for job in (first, *jobs):
                check(ear, flow, job)
    finally:
        runtime.close(grace=2.0)
