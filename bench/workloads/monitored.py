"""Monitored: what a monitor costs the flow that it watches, and how soon it answers about much."""

from bench.plans import OURS, Entry, Plan
from bench.results import Target

WATCHED = "Routilux, with a monitor"
LISTENS = "its process runs beside, follows every topic, and keeps its history"

DICTS = Plan(
    key="monitored-dict",
    title="Monitored: W1's small dicts, with a monitor beside and without",
    unit="messages/s",
    count=200_000,
    smoke_count=3_000,
    entries=(
        Entry(OURS, "routilux", "ours:chain", {"kind": "dict"}, setting="nobody listens"),
        Entry(WATCHED, "routilux", "ours:chain", {"kind": "dict", "is_watched": True}, setting=LISTENS),
    ),
    targets=(Target(WATCHED, 0.85, (OURS,)),),
)

UNHEARD = Plan(
    key="monitored-unheard",
    title="Monitored: W1's small dicts, nobody listens, beside a copy whose hooks have been taken out",
    unit="of the messages/s without hooks",
    count=8_000_000,
    smoke_count=6_000,
    entries=(Entry(OURS, "routilux", "unheard:in_turns", {}, setting="runs of 20,000 messages in turns"),),
    targets=(Target(OURS, 0.99),),
    note="The median of pairs of runs. The branches that ask whether somebody listens are taken out of the "
    "copy by its syntax tree; pairs and branches are counted in results.json.",
)

ITEMS = Plan(
    key="monitored-1ms",
    title="Monitored: W3's items of 1 ms, with a monitor beside and without",
    unit="items/s",
    count=1_200,
    smoke_count=24,
    entries=(
        Entry(OURS, "routilux", "ours_watched:items", {"is_watched": False}, setting="nobody listens"),
        Entry(WATCHED, "routilux", "ours_watched:items", {"is_watched": True}, setting=LISTENS),
    ),
    targets=(Target(WATCHED, 0.97, (OURS,)), Target(WATCHED, 0.97, (OURS,), figure="share")),
    item_seconds=1e-3,
    note="Two workers have both cores; the monitor takes its share of them. What part of the cores' time the "
    "items get does not change with the speed of the cores, as items a second do.",
    warm_up=1.0,
    turns=4,
)

ANSWERS = Plan(
    key="monitored-answers",
    title="Monitored: the slowest list's median answer, of a flow of 300 routines and 10,000 ended jobs",
    unit="ms",
    count=15,
    smoke_count=2,
    entries=(
        Entry("routilux-monitor", "routilux", "lists:answers", {}, setting="made hook events, 10 a second"),
    ),
    targets=(Target("routilux-monitor", 50.0),),
    reference="routilux-monitor",
    is_less_better=True,
    note="Each list is asked for so often, by HTTP; results.json has every list's median.",
)

PLANS = (DICTS, UNHEARD, ITEMS, ANSWERS)
