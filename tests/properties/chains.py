"""Here are chains: random flows, and what is done with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from hypothesis import strategies as st

from process.flows import sections
from routilux import Flow, retry

Kind = Literal["step", "filter", "copies", "large", "flaky", "diamond", "batch", "cycle", "tally"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Section:
    """One part of a chain: a routine or several, of so many workers where it may have them."""

    kind: Kind
    workers: int
    ordered: bool


@dataclass(frozen=True)
class Chain:
    """A random flow, and what is done with it."""

    sections: tuple[Section, ...]
    jobs: tuple[int, ...]
    """Per job how many messages its source yields."""
    paused: frozenset[int]
    """The jobs that are paused in their middle, until all others have ended."""

    def flow(self) -> Flow:
        flow = Flow("chain").pipe(sections.Source(), "source")
        for number, section in enumerate(self.sections):
            add(flow, section, f"s{number}")
        return flow

    @property
    def is_in_order(self) -> bool:
        """Whether what comes out must be in the order of the inline engine."""
        return not any(
            section.kind in {"diamond", "cycle", "tally"}
            or (section.kind == "flaky" and not section.ordered)
            or (section.workers > 1 and not section.ordered)
            for section in self.sections
        )


def add(flow: Flow, section: Section, name: str) -> None:
    """Put the section at the end of the flow; its only open event is called "out"."""
    last = list(flow.nodes)[-1]
    options: dict[str, Any] = {"workers": section.workers}
    if section.ordered:
        options["ordered"] = True
    made: Any
    match section.kind:
        case "diamond":
            for side in ("a", "b"):
                flow.add_routine(sections.Step(name=name + side), name + side, workers=section.workers)
                flow.connect(last, "out", name + side, "message")
            flow.add_routine(sections.Pair(name=name), name)
            flow.connect(name + "a", "out", name, "left")
            flow.connect(name + "b", "out", name, "right")
            return
        case "cycle":
            flow.add_routine(sections.Rounds(name=name), name, workers=section.workers)
            flow.connect(last, "out", name, "message")
            flow.connect(name, "again", name, "message")
            return
        case "tally":
            made, options["key"] = sections.Tally(name=name), sections.id_of
        case "flaky":
            made, options["on_error"] = sections.Flaky(name=name), retry(2, 0.005, "skip")
        case "batch":
            made, options = sections.Batch(name=name), {}
        case "filter":
            made = sections.Step(name=name, drops=3)
        case "copies":
            made = sections.Step(name=name, copies=3)
        case "large":
            made = sections.Step(name=name, ballast=40_000)
        case "step":
            made = sections.Step(name=name)
    flow.add_routine(made, name, **options)
    flow.connect(last, "out", name, "message")


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    kinds = st.sampled_from(KINDS)
    drawn = draw(st.lists(st.tuples(kinds, st.integers(1, 2), st.booleans()), min_size=1, max_size=3))
    made: list[Section] = []
    before = 1
    for kind, wanted, wants_order in drawn:
        workers = 1 if kind == "batch" or (kind == "tally" and wanted == 1) else wanted
        is_single = before == 1 and kind not in {"batch", "diamond", "cycle"}
        made.append(Section(kind, workers, ordered=wants_order and is_single))
        before = 1 if kind == "diamond" else workers
    jobs = draw(st.lists(st.integers(0, 60), min_size=1, max_size=3))
    paused = draw(st.sets(st.integers(0, len(jobs) - 1), max_size=len(jobs) - 1))
    return Chain(tuple(made), tuple(jobs), frozenset(paused))
