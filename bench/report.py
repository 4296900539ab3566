"""Here is the report: tables of every row with its spread, every target with what it came to."""

from collections.abc import Iterable, Mapping
from statistics import median

from bench.results import Case, Results, Row, Verdict, judge, ratios

LEVEL = 0.03
"""Closer to 1 than that, nobody is called ahead."""


def report(results: Results, plots: Mapping[str, str]) -> str:
    """As Markdown; `plots` has the path of a picture by the key of its case or its workload."""
    parts = [heading(results), "" if results.is_smoke else targets(results.cases)]
    parts += [section(case, plots.get(case.key)) for case in results.cases]
    return "\n\n".join(filter(None, (*parts, missing(results), versions(results), how(results)))) + "\n"


def heading(results: Results) -> str:
    machine = results.machine
    lines = ["# Benchmarks: Routilux and its peers", ""]
    if results.is_smoke:
        lines += ["**A smoke run: it says that everything runs, its figures mean nothing.**", ""]
    if results.is_interrupted:
        lines += ["**The run was interrupted: rounds and workloads are missing.**", ""]
    lines += [
        f"Made by `python -m bench` from `results.json`: {results.started}, {results.seconds:,.0f} s.",
        "How to read it, and what to choose when: [performance](../docs/performance.md).",
        "",
        f"- {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB; {machine['system']}",
        f"- {machine['python']}, Routilux {machine['routilux']} at {machine['commit']}",
        f"- load average when it began: {', '.join(map(str, machine['load_at_start']))}; {loads(results)}",
    ]
    return "\n".join(lines)


def loads(results: Results) -> str:
    found = [each.load for case in results.cases for row in case.rows for each in row.rounds]
    if not found:
        return "nothing was measured"
    return f"before the measurements {min(found):.1f} to {max(found):.1f}, median {median(found):.1f}"


# ---- targets -----------------------------------------------------------------------------------------------


def targets(cases: Iterable[Case]) -> str:
    lines = [target_line(case, judge(case, target)) for case in cases for target in case.targets]
    if not lines:
        return ""
    head = ["## Targets", "", "| workload | row | target | found | met |", "|---|---|---|---:|---|"]
    return "\n".join(head + lines)


def target_line(case: Case, verdict: Verdict) -> str:
    target = verdict.target
    sign = "≤" if verdict.is_less_better else "≥"
    what = f"{sign} {number(target.bound)}"
    if target.against:
        what += f" × {' or '.join(target.against)}"
    else:
        what += f" {case.unit if target.figure == 'value' else FIGURES[target.figure]}"
    if target.stretch is not None:
        what += f" (stretch {number(target.stretch)})"
    row = target.row if target.figure == "value" else f"{target.row}, {FIGURES[target.figure]}"
    found = "–" if verdict.found is None else number(verdict.found)
    if verdict.rival and len(target.against) > 1:
        found += f" ({verdict.rival})"
    return f"| {case.key} | {row} | {what} | {found} | {outcome(verdict)} |"


FIGURES = {
    "worker_mb": "MB unshared in the largest worker",
    "worker_anonymous_mb": "MB of it anonymous",
    "unshared_mb": "MB unshared in all",
    "memory_mb": "MB anonymous in all",
    "p99": "p99",
    "rate": "messages/s",
    "processes": "processes",
    "longest_task_ms": "ms longest task",
    "longest_frame_ms": "ms longest frame",
    "share": "part of the cores' time that the items get",
    "item_us": "µs an item itself takes",
}
"""What a measurement tells beside its value."""


def outcome(verdict: Verdict) -> str:
    if verdict.found is None:
        return "not measured"
    if verdict.meets(verdict.target.stretch):
        return "met, stretch too"
    if verdict.meets(verdict.target.bound):
        return "met"
    return "not met, a stretch" if verdict.target.is_stretch else "**not met**"


# ---- one case ----------------------------------------------------------------------------------------------


def section(case: Case, plot: str | None) -> str:
    better = "less is better" if case.is_less_better else "more is better"
    lines = [f"## {case.title}", "", f"{case.unit}: {better}. {case.note}".rstrip(), ""]
    if plot:
        lines += [f"![{case.title}]({plot})", ""]
    figures = [name for name in FIGURES if any(name in each.more for row in case.rows for each in row.rounds)]
    reference = next((row for row in case.rows if row.name == case.reference), None)
    lines += table(case, reference, figures)
    return "\n".join(lines)


def table(case: Case, reference: Row | None, figures: list[str]) -> list[str]:
    head = ["", "median", "min", "max", *(FIGURES[name] for name in figures)]
    head += [f"{case.reference} against it", "rounds", "setting"]
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (3 + len(figures))}---|---:|---|"]
    return lines + [f"| {' | '.join(cells(case, row, reference, figures))} |" for row in ordered(case)]


def ordered(case: Case) -> list[Row]:
    """The best first, those without a figure last; points of a curve as they are."""
    if case.curve:
        return case.rows
    done = sorted((row for row in case.rows if row.rounds), key=Row.median, reverse=not case.is_less_better)
    return done + [row for row in case.rows if not row.rounds]


def cells(case: Case, row: Row, reference: Row | None, figures: list[str]) -> list[str]:
    name = f"**{row.name}**" if row.peer == "routilux" else row.name
    if not row.rounds:
        return [name, *["–"] * (4 + len(figures)), "0", row.failure or "no round of it"]
    values = row.figures()
    more = [number(row.median(each)) if each in row.rounds[0].more else "–" for each in figures]
    found = [number(median(values)), number(min(values)), number(max(values)), *more]
    compared = against(case, row, reference)
    note = f"{row.setting}; **then it failed: {row.failure}**" if row.failure else row.setting
    return [name, *found, compared, str(len(values)), note]


def against(case: Case, row: Row, reference: Row | None) -> str:
    """How the reference does beside this row: median and spread of the rounds' ratios, and who is ahead."""
    if reference is None or row is reference:
        return "1"
    found = ratios(reference, row)
    if not found:
        return "–"
    middle = median(found)
    told = f"{middle:.2f} ({min(found):.2f}–{max(found):.2f})"
    if row.peer in {"bare", "routilux"}:  # a limit, or ourselves: no rival
        return told
    gains = [1 / ratio if case.is_less_better else ratio for ratio in found]
    return f"{told} {word(gains)}"


def word(gains: list[float]) -> str:
    """Nobody is called behind us by luck: for that every round has to say so."""
    middle = median(gains)
    if middle < 1 - LEVEL:
        return "**behind**"
    if middle <= 1 + LEVEL:
        return "level"
    return "ahead" if min(gains) > 1 else "undecided"


def number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


# ---- the rest ----------------------------------------------------------------------------------------------


def missing(results: Results) -> str:
    lines = [f"- {peer}: {reason}" for peer, reason in sorted(results.missing.items())]
    return "\n".join(["## Not measured", "", *lines]) if lines else ""


def versions(results: Results) -> str:
    """What was installed for whom."""
    found: dict[str, dict[str, str]] = {}
    for row in (row for case in results.cases for row in case.rows):
        found.setdefault(row.peer, {}).update(row.versions)
    lines = [
        f"- {peer}: {', '.join(f'{name} {version}' for name, version in sorted(packages.items()))}"
        for peer, packages in sorted(found.items())
        if packages
    ]
    return "\n".join(["## Versions", "", *lines])


def how(results: Results) -> str:
    return f"""## How it was measured

- Contestants take turns: every one once per round, each started anew, warmed up with a tenth of its work (all
  of it where a monitor is beside), and ended before the next. Every other round goes backwards. Rounds:
  {results.rounds}, and four times as many where the tables say so.
- Each does the same work on the same payload, and the sum of what arrives is checked.
- A ratio is formed within a round. The table has the median of the ratios, and in brackets the least and the
  greatest. "Behind" is where the peer did better. Limits and rows of our own have no such word.
- A peer that crashed, hung or could not be installed is a row with the reason."""
