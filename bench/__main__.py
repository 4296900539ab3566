"""Measures Routilux beside its peers and writes bench/results.json, bench/report.md and bench/plots/.

python -m bench                     everything: 5 rounds, under half an hour; peers are installed if need be
python -m bench w1 w2-8mib          some workloads
python -m bench --peers pyzmq,ray   beside some peers; Routilux always takes part
python -m bench --smoke             a short round beside what is installed anyway: whether it all runs
python -m bench report              report and plots once more, from results.json
"""

import argparse
import signal
import sys
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from types import FrameType

from bench.contestants.work import loops_of
from bench.environments import OWN, REQUIREMENTS, NotInstalled, default_folder, python_of
from bench.machine import machine
from bench.plans import Plan
from bench.report import report
from bench.results import Results
from bench.rounds import Match
from bench.workloads import aside, breakpoints, monitored, page, w1, w2, w3, w4, w5, w6, w7

MODULES = (w1, w2, w3, w4, w5, w6, w7, monitored, breakpoints, page, aside)
PLANS: tuple[Plan, ...] = sum((each.PLANS for each in MODULES), ())
HERE = Path(__file__).resolve().parent
ROUNDS = 5


def main() -> int:
    arguments = parsed()
    signal.signal(signal.SIGTERM, stopped)
    if arguments.workloads == ["report"]:
        return written(Results.load(arguments.output / "results.json"), arguments.output)
    plans = chosen(arguments.workloads)
    if not plans:
        return 2
    results = measured(plans, arguments)
    if arguments.smoke:
        return told(results)
    arguments.output.mkdir(parents=True, exist_ok=True)
    results.save(arguments.output / "results.json")
    return written(results, arguments.output)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", nargs="*", help="w1 ... w7 or one case, as w2-8mib; or report")
    parser.add_argument("--smoke", action="store_true", help="one short round of what needs no installation")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--peers", type=lambda text: set(text.split(",")), help="of: " + ", ".join(peers()))
    parser.add_argument(
        "--environments", type=Path, default=default_folder(), help="where peers are installed"
    )
    parser.add_argument(
        "--python", action="append", default=[], metavar="PEER=PATH", help="an interpreter that has a peer"
    )
    parser.add_argument("--output", type=Path, default=HERE, help="where results and report go")
    arguments = parser.parse_args()
    arguments.python = dict(pair.split("=", 1) for pair in arguments.python)
    if unknown := {*(arguments.peers or ()), *arguments.python} - {*peers()}:
        parser.error(f"there is no peer {', '.join(sorted(unknown))}; there are {', '.join(peers())}")
    if arguments.rounds < 1:
        parser.error("--rounds: give a number above 0")
    return arguments


def peers() -> list[str]:
    return [*OWN, *REQUIREMENTS]


def chosen(names: list[str]) -> list[Plan]:
    known = {name for plan in PLANS for name in (plan.key, plan.workload)}
    if unknown := [name for name in names if name not in known]:
        print(
            f"there is no workload {', '.join(unknown)}; there are {', '.join(sorted(known))}",
            file=sys.stderr,
        )
        return []
    if not names:
        return [plan for plan in PLANS if not plan.is_asked_for]
    return [plan for plan in PLANS if {plan.key, plan.workload} & {*names}]


def measured(plans: list[Plan], arguments: argparse.Namespace) -> Results:
    """All rounds of all plans; what there is by then, if the run is interrupted."""
    began, start = monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    wanted = {"routilux", *(arguments.peers or (OWN if arguments.smoke else peers()))}
    pythons, missing = interpreters(plans, wanted, arguments)
    rounds = 1 if arguments.smoke else arguments.rounds
    found = Results(machine(), start, 0.0, rounds, arguments.smoke, [], missing)
    matches: list[Match] = []
    try:
        for plan in plans:
            entries = tuple(
                e for e in plan.entries if e.peer in wanted and not (arguments.smoke and e.is_big)
            )
            loops = loops_of(plan.item_seconds)
            matches.append(Match(plan, entries, pythons, missing, loops, smoke=arguments.smoke))
            for number in range(1, 1 + (rounds if arguments.smoke else rounds * plan.turns)):
                print(f"{plan.key}, round {number}, after {monotonic() - began:.0f} s", flush=True)
                matches[-1].round(number)
    except (KeyboardInterrupt, SystemExit):
        found.is_interrupted = True
    found.cases = [match.case() for match in matches]
    found.seconds = round(monotonic() - began)
    return found


def interpreters(
    plans: list[Plan], wanted: set[str], arguments: argparse.Namespace
) -> tuple[dict[str, str], dict[str, str]]:
    """The Python of each peer, and of those that have none the reason."""
    pythons, missing = {}, {}
    needed = {entry.peer for plan in plans for entry in plan.entries} & wanted
    for peer in sorted(needed):
        try:
            pythons[peer] = python_of(peer, arguments.environments, arguments.python)
        except NotInstalled as error:
            missing[peer] = f"not installed here: {error}"
            print(f"{peer}: {missing[peer]}", flush=True)
    return pythons, missing


def written(results: Results, output: Path) -> int:
    """The report and, where matplotlib is installed, its plots."""
    plots = {}
    if find_spec("matplotlib"):
        plots = import_module("bench.plots").draw(results, output / "plots")
    else:
        print("no plots: they need matplotlib, pip install 'routilux[bench]'", file=sys.stderr)
    path = output / "report.md"
    path.write_text(report(results, plots))
    print(f"written: {path}")
    return 130 if results.is_interrupted else 0


def told(results: Results) -> int:
    """The report of a smoke run, and whether everybody has come to an end."""
    print(report(results, {}))
    failures = [row for case in results.cases for row in case.rows if row.failure]
    for row in failures:
        print(f"{row.name}: {row.failure}", file=sys.stderr)
    return 1 if failures or results.is_interrupted else 0


def stopped(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
