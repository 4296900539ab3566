"""Processes give what the inline engine gives: the same messages, in the same order where one is promised."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings

from properties.chains import Chain, chains
from routilux import JobState, Runtime

TIMEOUT = 50.0


def outputs(job: JobState) -> list[Any]:
    """(routine, id, way) of each, as they came."""
    job.wait(TIMEOUT)
    if job.error is not None:
        raise job.error
    return [(output.routine, *output.payload[:2]) for output in job.outputs()]


def told(job: JobState, found: list[Any]) -> tuple[Any, ...]:
    return Counter(found), {name: dict(counted) for name, counted in job.counters.items()}


def runs(chain: Chain, runtime: Runtime) -> list[tuple[JobState, list[Any]]]:
    """All jobs at once; some are held until the others have ended."""
    flow = chain.flow()
    assert not [fault for fault in flow.validate() if fault.severity == "error"]
    jobs = [runtime.exec(flow, timeout=TIMEOUT, n=n) for n in chain.jobs]
    for number in chain.paused:
        jobs[number].pause()
    free = [number for number in range(len(jobs)) if number not in chain.paused]
    found = {number: outputs(jobs[number]) for number in free}
    for number in chain.paused:
        jobs[number].resume()
    found |= {number: outputs(jobs[number]) for number in chain.paused}
    return [(job, found[number]) for number, job in enumerate(jobs)]


@pytest.mark.timeout(300)
@settings(max_examples=12, derandomize=True, suppress_health_check=list(HealthCheck))
@given(chains())
def test_processes_give_what_the_inline_engine_gives(chain: Chain) -> None:
    note(str(chain))
    with Runtime(engine="inline") as inline:
        expected = runs(chain, inline)
    runtime = Runtime()
    try:
        got = runs(chain, runtime)
    finally:
        runtime.close(grace=2.0)
    for (job, found), (reference, wanted) in zip(got, expected, strict=True):
        assert told(job, found) == told(reference, wanted)
        if chain.is_in_order:
            assert found == wanted
