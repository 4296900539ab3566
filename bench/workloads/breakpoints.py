"""Breakpoints: what one elsewhere in the flow costs, and a condition on the busiest connection."""

from bench.plans import OURS, Entry, Plan
from bench.results import Target

ELSEWHERE = "Routilux, a breakpoint elsewhere"
NEVER = "Routilux, a condition that never holds"


def _entry(name: str, setting: str, **wanted: str) -> Entry:
    return Entry(name, "routilux", "ours:chain", {"kind": "dict", "never_held": wanted}, setting=setting)


PLANS = (
    Plan(
        key="breakpoints-dict",
        title="Breakpoints: W1's small dicts, with breakpoints that hold nothing and without",
        unit="messages/s",
        count=200_000,
        smoke_count=3_000,
        entries=(
            Entry(OURS, "routilux", "ours:chain", {"kind": "dict"}, setting="no breakpoint"),
            _entry(
                ELSEWHERE,
                "on the event that the sink emits once",
                routine_id="sink",
                event_name="total",
                condition="data < 0",
            ),
            _entry(
                NEVER,
                "`number < 0` between stage and sink",
                source_routine_id="stage",
                source_event_name="output",
                target_routine_id="sink",
                target_slot_name="payload",
                condition="number < 0",
            ),
        ),
        targets=(Target(ELSEWHERE, 0.99, (OURS,)),),
        note="The condition is to cost no more than 0.5 µs a message.",
    ),
)
