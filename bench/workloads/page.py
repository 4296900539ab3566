"""Page: whether the graph of 300 busy routines stays usable in a browser that draws in software."""

from bench.plans import Entry, Plan
from bench.results import Target

SEEN = "all of the graph in view"
READ = "as near as it can just be read"
DRAGGED = "dragged to and fro"
TO_BE_USABLE = 20.0
"""Frames a second."""
NOT_TO_BE_NOTICED = 200.0
"""Milliseconds."""

PLANS = (
    Plan(
        key="page",
        title="Page: the graph of 300 routines, with 10 updates a second",
        unit="frames/s",
        count=10,
        smoke_count=2,
        entries=(
            Entry(SEEN, "routilux", "pages:graph", {}, setting="names and colours of 300 routines"),
            Entry(READ, "routilux", "pages:graph", {"is_near": True}, setting="all figures of those in view"),
            Entry(DRAGGED, "routilux", "pages:graph", {"is_dragged": True}, setting="all of it in view"),
        ),
        targets=tuple(
            target
            for row in (SEEN, READ, DRAGGED)
            for target in (
                Target(row, TO_BE_USABLE),
                Target(row, NOT_TO_BE_NOTICED, figure="longest_task_ms", is_less_better=True),
            )
        ),
        reference=SEEN,
        is_asked_for=True,
        warm_up=0,
        note="Chromium 1280×800, drawing in software beside the monitor and whoever plays the flow. It needs "
        "`pip install -e '.[browser]'` and /usr/bin/chromium.",
    ),
)
