"""Here are the plots of a run: points with their spread for rivals, a line for what grows."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bench.results import Case, Results, Row

COLOURS = {"routilux": "#1f6feb", "bare": "#2da44e"}
OTHERS = "#7d8590"
WIDE, LINE = 8.0, 0.3
"""Inches: of a picture, and of a bar for a row in it."""


def draw(results: Results, folder: Path) -> dict[str, str]:
    """A picture per case as SVG; their paths beside the report, by case."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for case in results.cases:
        rows = [row for row in case.rows if row.rounds]
        if rows:
            figure = _curve(case, rows) if case.curve else _points(case, rows)
            path = folder / f"{case.key}.svg"
            figure.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None})
            found[case.key] = f"{folder.name}/{path.name}"
    return found


def _points(case: Case, rows: list[Row]) -> Figure:
    rows = sorted(rows, key=Row.median, reverse=case.is_less_better)
    figure = Figure(figsize=(WIDE, 1.0 + LINE * len(rows)))
    axes = figure.subplots()
    for row in rows:
        colour = COLOURS.get(row.peer, OTHERS)
        axes.errorbar([row.median()], [row.name], xerr=_spread([row]), fmt="o", capsize=3, color=colour)
    axes.grid(axis="x", which="major", lw=0.4)
    axes.set_xscale("log")
    axes.set_xlabel(f"{case.unit}, {'less' if case.is_less_better else 'more'} is better; median, min, max")
    axes.set_title(case.title, loc="left", fontsize=10)
    _tidy(axes)
    return figure


def _curve(case: Case, rows: list[Row]) -> Figure:
    figure = Figure(figsize=(WIDE, 3.2))
    axes = figure.subplots()
    names = [row.name for row in rows]
    axes.errorbar(names, [row.median() for row in rows], yerr=_spread(rows), marker="o", capsize=3)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(case.unit)
    axes.set_xlabel(f"{case.curve}; median, min, max")
    axes.set_title(case.title, loc="left", fontsize=10)
    _tidy(axes)
    return figure


def _spread(rows: list[Row]) -> list[list[float]]:
    """How far below and above the median the rounds reach."""
    return [
        [row.median() - min(row.figures()) for row in rows],
        [max(row.figures()) - row.median() for row in rows],
    ]


def _tidy(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
