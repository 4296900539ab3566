"""W7: how the CPU time that a message costs grows with routines, workers and messages."""

from bench.plans import Entry, Plan
from bench.results import Target

UNIT = "µs CPU per message and hop"
NOTE = "user and system time of all worker processes, by messages and by the connections that each crosses."
HOPS = 400_000


def _routines(number: int) -> Entry:
    return Entry(
        f"{number} in a row",
        "routilux",
        "ours_growth:chain",
        {"routines": number},
        1 / number,
        "source and so many routines",
        is_big=number > 2,
    )


def _workers(number: int) -> Entry:
    return Entry(
        f"{number} workers",
        "routilux",
        "ours_growth:spread",
        {"workers": number},
        setting="of the middle one of three routines",
        is_big=number > 2,
    )


def _messages(exponent: int) -> Entry:
    return Entry(
        f"10^{exponent} messages",
        "routilux",
        "ours_growth:chain",
        {"routines": 2},
        10.0 ** (exponent - 7),
        rounds={6: 3, 7: 1}.get(exponent),
        setting="a source and two routines",
        is_big=exponent > 5,
    )


ROUTINES = Plan(
    key="w7-routines",
    title="W7: routines in a row",
    unit=UNIT,
    count=HOPS,
    smoke_count=2_000,
    entries=tuple(map(_routines, (1, 2, 5, 10, 20, 50))),
    targets=(Target("50 in a row", 1.2, ("1 in a row",)),),
    reference="1 in a row",
    is_less_better=True,
    curve="routines in a row",
    note=NOTE,
)

WORKERS = Plan(
    key="w7-workers",
    title="W7: workers of one routine",
    unit=UNIT,
    count=HOPS // 2,
    smoke_count=2_000,
    entries=tuple(map(_workers, (1, 2, 4, 8, 16))),
    targets=(Target("16 workers", 1.2, ("1 workers",)),),
    reference="1 workers",
    is_less_better=True,
    curve="workers",
    note=NOTE,
)

MESSAGES = Plan(
    key="w7-messages",
    title="W7: messages of one job",
    unit=UNIT,
    count=10**7,
    smoke_count=20_000,
    entries=tuple(map(_messages, (4, 5, 6, 7))),
    targets=(
        Target("10^7 messages", 1.2, ("10^5 messages",)),
        Target("10^7 messages", 1.1, ("10^5 messages",), figure="memory_mb"),
    ),
    reference="10^4 messages",
    is_less_better=True,
    curve="messages",
    note=NOTE + " Memory is RssAnon of all processes of ours at the end of the job.",
)

PLANS = (ROUTINES, WORKERS, MESSAGES)
