"""Aside: what it costs to take frames out of the way of others, into the pending store and out again."""

from bench.plans import Entry, Plan

DIRECT = "from the lane"

PLANS = (
    Plan(
        key="aside",
        title="Aside: frames of 64 small dicts, read and used up",
        unit="frames/s",
        count=2_000,
        smoke_count=20,
        entries=(
            Entry(DIRECT, "routilux", "aside:frames", {"is_aside": False}),
            Entry("set aside and committed first", "routilux", "aside:frames", {"is_aside": True}),
        ),
        reference=DIRECT,
        is_asked_for=True,
        note="One process, no sockets: the lanes, the records and the commits of a worker without its logic.",
    ),
)
