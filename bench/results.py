"""Here is what a run of the benchmarks has found, as it lies in results.json."""

from pathlib import Path
from statistics import median
from typing import Any

import msgspec

FORMAT = 1


class Round(msgspec.Struct):
    """What one contestant came to in one round; `load` is the load average of a minute just before."""

    number: int
    value: float
    load: float
    more: dict[str, Any] = {}

    def figure(self, name: str) -> float:
        return self.value if name == "value" else float(self.more[name])


class Row(msgspec.Struct):
    """One contestant at one workload; `failure` says why rounds are missing."""

    name: str
    peer: str
    setting: str
    count: int
    versions: dict[str, str] = {}
    rounds: list[Round] = []
    failure: str = ""

    def figures(self, name: str = "value") -> list[float]:
        return [each.figure(name) for each in self.rounds]

    def median(self, name: str = "value") -> float:
        return median(self.figures(name))


class Target(msgspec.Struct):
    """What a row of ours shall come to: a ratio to the best of some rows, or without them a figure.

    Where less is better, the bound is an upper one. `figure` is another one than the row's value.
    """

    row: str
    bound: float
    against: tuple[str, ...] = ()
    stretch: float | None = None
    figure: str = "value"
    is_less_better: bool | None = None
    """None: as the case says."""
    is_stretch: bool = False
    """The bound itself is one to reach for."""


class Case(msgspec.Struct):
    """A workload with one size of payload: its rows, measured in turns."""

    key: str
    title: str
    unit: str
    is_less_better: bool
    reference: str
    """The row that the others are compared with."""
    rows: list[Row]
    targets: list[Target] = []
    note: str = ""
    curve: str = ""
    """What the rows differ in, if they are points of a curve."""

    def row(self, name: str) -> Row:
        return next(row for row in self.rows if row.name == name)


class Results(msgspec.Struct):
    machine: dict[str, Any]
    started: str
    seconds: float
    rounds: int
    is_smoke: bool
    cases: list[Case]
    missing: dict[str, str] = {}
    """Peers that could not be had, and why."""
    is_interrupted: bool = False
    format: int = FORMAT

    def save(self, path: Path) -> None:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")

    @classmethod
    def load(cls, path: Path) -> "Results":
        return msgspec.json.decode(path.read_bytes(), type=cls)


def ratios(row: Row, other: Row, figure: str = "value") -> list[float]:
    """Of `row` to `other`, round by round, as far as both have got."""
    others = {each.number: each.figure(figure) for each in other.rounds}
    return [
        each.figure(figure) / others[each.number]
        for each in row.rounds
        if others.get(each.number) and each.figure(figure)
    ]


class Verdict(msgspec.Struct):
    """What became of a target; `found` is None where nothing could be compared."""

    target: Target
    is_less_better: bool
    found: float | None = None
    rival: str = ""

    def meets(self, bound: float | None) -> bool:
        if self.found is None or bound is None:
            return False
        return self.found <= bound if self.is_less_better else self.found >= bound


def judge(case: Case, target: Target) -> Verdict:
    """The ratio to the best of the rows it is set against, or the figure itself."""
    is_less = case.is_less_better if target.is_less_better is None else target.is_less_better
    verdict = Verdict(target, is_less)
    ours = next((row for row in case.rows if row.name == target.row and row.rounds), None)
    if ours is None:
        return verdict
    if not target.against:
        verdict.found = ours.median(target.figure)
        return verdict
    rivals = [row for row in case.rows if row.name in target.against and ratios(ours, row)]
    if rivals:
        best = (min if is_less else max)(rivals, key=lambda row: row.median(target.figure))
        verdict.found, verdict.rival = median(ratios(ours, best, target.figure)), best.name
    return verdict
