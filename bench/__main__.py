"""Measures Routilux beside its peers, in turns, and prints one table: python -m bench [--smoke] [w1 ...]."""

import argparse
from contextlib import ExitStack
from statistics import median
from types import ModuleType

from bench import aside, w1, w2, w3, w4

WORKLOADS: dict[str, ModuleType] = {"w1": w1, "w2": w2, "w3": w3, "w4": w4, "aside": aside}
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("workloads", nargs="*", help="all unless given")
    parser.add_argument("--smoke", action="store_true", help="one short round: whether it runs at all")
    arguments = parser.parse_args()
    for name in arguments.workloads or WORKLOADS:
        with ExitStack() as stack:
            measure(WORKLOADS[name], stack, smoke=arguments.smoke)


def measure(workload: ModuleType, stack: ExitStack, *, smoke: bool) -> None:
    """Every contestant once per round, so that a slow minute of the machine hits all; the first round warms
    up.
    """
    contestants = workload.contestants(stack, smoke=smoke)
    rounds = [{name: run() for name, run in contestants.items()} for _ in range(2 if smoke else 1 + ROUNDS)]
    print(f"\n| {workload.TITLE} | {workload.UNIT}, median | best | times Routilux |\n|---|---:|---:|---:|")
    ours = 0.0
    for name in contestants:
        values = [found[name] for found in rounds[1:]]
        value, best = median(values), (min if workload is w4 else max)(values)
        ours = value if "Routilux" in name and "workers=1" not in name else ours
        digits = 0 if value >= 100 else 2
        print(f"| {name} | {value:,.{digits}f} | {best:,.{digits}f} | {value / ours:.2f} |", flush=True)


if __name__ == "__main__":
    main()
