"""Here is the fault campaign: every scenario, over and over, while its workers die, until so many have died.

    PYTHONPATH=tests python -m faults.campaign --deaths 500 --seed 1

Each line names the seed that repeats its deaths (when they strike at random moments, as nearly as the machine
lets it). The exit code is 1 when a result was wrong. `ROUTILUX_RING=1024` makes all lanes tiny.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path

from faults.crashes import Reaper, restarts, supervisor_of, until_ready
from faults.scenarios import SCENARIOS, Counters, Leak, Scenario, found
from routilux import RoutiluxError, Runtime
from routilux.ipc import crash
from routilux.ipc.layout import RING

MODES = {"points": 3, "random": 10, "all": 10}
"""Kinds of death, and how many times the usual size of its job makes a run long enough for them."""
PROBABILITY = 0.004
TIMEOUT = 300.0


@dataclass
class Figures:
    """What a campaign has come to."""

    runs: int = 0
    messages: int = 0
    deaths: Counter[str] = field(default_factory=Counter)
    """By mode."""
    points: Counter[str] = field(default_factory=Counter)
    """At each named crash point."""
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        points = "".join(f"\n  at {point}: {hits}" for point, hits in sorted(self.points.items()))
        modes = ", ".join(f"{mode}: {deaths}" for mode, deaths in self.deaths.items())
        wrong = "".join(f"\n  {line}" for line in self.wrong)
        return (
            f"{self.deaths.total()} deaths of workers ({modes}) in {self.runs} runs of "
            f"{self.messages} activations, ring of {RING} bytes, {self.seconds:.0f} s{points}\n"
            f"{len(self.wrong)} wrong results{wrong}"
        )


@cache
def expected(scenario: Scenario, n: int) -> tuple[object, Counters]:
    """The digest and the counters of a run in which nobody can die."""
    with Runtime(engine="inline") as runtime:
        digest, counters = found(scenario, runtime.exec(scenario.flow, n=n), TIMEOUT)
    return digest, {node: {**each, "dead": 0} for node, each in counters.items()}


def trial(
    name: str,
    mode: str,
    seed: str,
    log: Path,
    *,
    probability: float = PROBABILITY,
    size: float | None = None,
) -> tuple[int, int]:
    """Run one scenario, `size` times as large as usual, while its workers die; how many have, and its
    activations. AssertionError if anything differs from a run without deaths.
    """
    scenario = SCENARIOS[name]
    n = int(scenario.n * (MODES[mode] if size is None else size))
    digest, counters = expected(scenario, n)
    asked = f"any:{probability}:{seed}" if mode == "points" else ""
    os.environ.update({crash.VARIABLE: asked, crash.LOG: str(log)})
    runtime = Runtime()
    try:
        job = runtime.exec(scenario.flow, n=n)
        supervisor = supervisor_of(runtime, scenario.flow)
        if mode == "random":
            Reaper(supervisor, hash_of(seed), spared=[scenario.source]).until_ended([job], most=30)
        elif mode == "all":
            for _ in range(2):  # a third time would be what a flow gives its source up for
                until_ready(supervisor)
                Reaper(supervisor, 0).kill_all()
        try:
            assert found(scenario, job, TIMEOUT) == (digest, counters)
        except RoutiluxError as error:
            raise AssertionError(f"the job has failed: {error}") from error
        assert job.errors == []
        return restarts(supervisor), sum(each["activations"] for each in counters.values())
    finally:
        runtime.close(grace=1.0)
        os.environ.update({crash.VARIABLE: "", crash.LOG: ""})


def hash_of(seed: str) -> int:
    """A number for the seed, the same in every process."""
    return int.from_bytes(seed.encode(), "big")


def campaign(deaths: int, seed: int, modes: tuple[str, ...] = tuple(MODES)) -> Iterator[tuple[str, Figures]]:
    """Run the scenarios in turn until so many workers have died; after each run, what to say of it."""
    figures, began = Figures(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rc-") as folder:
        log = Path(folder) / "points"
        for number in count():
            for name in SCENARIOS:
                mode = modes[(number + list(SCENARIOS).index(name)) % len(modes)]
                text = f"{seed}/{number}/{name}"
                line = run(figures, name, mode, text, log)
                figures.points = Counter(log.read_text("ascii").split() if log.exists() else ())
                figures.seconds = time.monotonic() - began
                yield line, figures
                if figures.deaths.total() >= deaths:
                    return


def run(figures: Figures, name: str, mode: str, seed: str, log: Path) -> str:
    """One trial, added to the figures."""
    figures.runs += 1
    try:
        died, activations = trial(name, mode, seed, log)
    except (AssertionError, Leak) as error:
        reason = f"{mode} {seed}: {str(error)[:500]}"
        figures.wrong.append(reason)
        return f"WRONG {reason}"
    figures.deaths[mode] += died
    figures.messages += activations
    return f"exact {mode} {seed}: {died} deaths"


def main() -> int:
    parser = argparse.ArgumentParser(prog="faults.campaign")
    parser.add_argument("--deaths", type=int, default=500, help="end when so many workers have died")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mode", choices=[*MODES], action="append", help="kinds of death; all unless given")
    options = parser.parse_args()
    logging.getLogger("routilux.supervisor").setLevel(logging.ERROR)  # a restart is a warning
    warnings.simplefilter("error")
    figures = Figures()
    for line, after in campaign(options.deaths, options.seed, tuple(options.mode or MODES)):
        figures = after
        sys.stdout.write(f"{figures.deaths.total():5} {line}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{figures}\n")
    return 1 if figures.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
