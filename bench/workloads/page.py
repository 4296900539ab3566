"""Page: whether the graph of 300 busy routines stays usable in a browser that draws in software."""

from bench.plans import Entry, Plan
from bench.results import Target

SEEN = "the graph, looked at"
DRAGGED = "the graph, dragged to and fro"

PLANS = (
    Plan(
        key="page",
        title="Page: the graph of 300 routines, with 10 updates a second",
        unit="frames/s",
        count=10,
        smoke_count=2,
        entries=(
            Entry(SEEN, "routilux", "pages:graph", {}, setting="1280×800, all of it in view"),
            Entry(
                DRAGGED,
                "routilux",
                "pages:graph",
                {"is_dragged": True},
                setting="the mouse never rests",
            ),
        ),
        targets=tuple(
            target
            for row in (SEEN, DRAGGED)
            for target in (
                Target(row, 20.0),
                Target(row, 200.0, figure="longest_task_ms", is_less_better=True),
            )
        ),
        reference=SEEN,
        is_asked_for=True,
        is_warmed=False,
        note="Chromium without a graphics card, beside the monitor and whoever plays the flow. It needs "
        "`pip install -e '.[browser]'` and /usr/bin/chromium.",
    ),
)
