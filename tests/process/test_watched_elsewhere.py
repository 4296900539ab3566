"""What a breakpoint costs a process that has nothing to look for: calls are counted, since times vary."""

from __future__ import annotations

from typing import Any

import pytest

from process.flows.counted import counted
from process.flows.workers import TIMEOUT
from routilux import Runtime

MESSAGES = 2000
PER_BATCH = 6
"""Calls of the debugger's functions: is there anything to say, to that job; and of each commit."""
OUTPUT = {
    "source_routine_id": "counting",
    "source_event_name": "output",
    "target_routine_id": "last",
    "target_slot_name": "number",
}
ELSEWHERE: dict[str, dict[str, Any]] = {
    "an event of the end": {"routine_id": "counting", "event_name": "calls", "condition": "data is None"},
    "another routine": {"routine_id": "last", "condition": "data < 0"},
    "another connection": {"routine_id": "counting", "slot_name": "number", "condition": "data < 0"},
    "disabled": {**OUTPUT, "enabled": False},
}
OF_ANOTHER_JOB: dict[str, dict[str, Any]] = {
    "activations": {"routine_id": "counting"},
    "emissions": OUTPUT,
    "errors": {"type": "error", "routine_id": "counting"},
}


def check(calls: dict[str, int]) -> None:
    """All messages went in batches, and the debugger was asked about batches at most."""
    batches = calls["immediate.consume"]
    assert batches < MESSAGES / 2
    assert calls.get("debugger", 0) <= PER_BATCH * (batches + 1)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_breakpoint_elsewhere_is_asked_for_per_batch_only(name: str) -> None:
    flow = counted()
    with Runtime() as runtime:
        runtime.breakpoints(flow).add(**ELSEWHERE[name])
        check(runtime.exec(flow, n=MESSAGES).result(TIMEOUT))


@pytest.mark.parametrize("name", OF_ANOTHER_JOB)
def test_a_breakpoint_of_another_job_is_asked_for_per_batch_only(name: str) -> None:
    flow = counted()
    with Runtime() as runtime:
        other = runtime.exec(flow, n=1, start_paused=True)
        other.breakpoints.add(**OF_ANOTHER_JOB[name])
        check(runtime.exec(flow, n=MESSAGES).result(TIMEOUT))
        other.cancel()
