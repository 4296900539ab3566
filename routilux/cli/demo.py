"""Here is the demo: one flow, with one worker and with two at the routine that burns CPU, in turns."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, BinaryIO, Literal

import msgspec

from routilux.cli import progress, results
from routilux.cli.attendance import Drain, attend
from routilux.cli.interrupts import Interrupts
from routilux.cli.target import TargetError, load
from routilux.cli.watching import tell_link
from routilux.clock import monotonic
from routilux.errors import JobCancelled
from routilux.flow import Flow
from routilux.jobs import Output
from routilux.monitoring import Wish
from routilux.runtime import Runtime

ROUNDS = 3
"""Each is a run with one worker, then one with two: a machine is not equally fast all the time."""
ROUTINE = "measure"
EXAMPLE = "source_metrics.py"
PLACES = (Path(__file__).parents[1] / "_examples", Path(__file__).parents[2] / "examples")
"""Where the examples lie in a wheel, and in a checkout."""
ROWS = 12


class Comparison(msgspec.Struct):
    """What the demo has found. Durations in seconds, from exec to the result in warm processes."""

    table: list[dict[str, Any]]
    seconds: dict[int, list[float]]
    cores: int
    is_equal: bool

    @property
    def medians(self) -> dict[int, float]:
        return {workers: median(times) for workers, times in self.seconds.items()}

    @property
    def ratio(self) -> float:
        """How much faster two workers are than one: the median over the rounds."""
        return median(one / two for one, two in zip(self.seconds[1], self.seconds[2], strict=True))


def run(
    interrupts: Interrupts, directory: Path | None, say: Callable[[str], None], monitor: Wish | Literal[False]
) -> Comparison | None:
    """Run the turns; None when they were interrupted."""
    place = _example()
    flow = load(f"{place}:flow")
    runtimes = {
        workers: Runtime(workers={ROUTINE: workers}, monitor=monitor if workers == 1 else False)
        for workers in (1, 2)
    }
    tell_link(runtimes[1])  # one monitor finds both
    # All wait in here while the processes start: a run over a handful of files is not counted.
    small = str(place.parent)

    def work() -> Comparison | None:
        for runtime in runtimes.values():
            runtime.run(flow, directory=small)
        seconds: dict[int, list[float]] = {workers: [] for workers in runtimes}
        tables = []
        for workers in (1, 2) * ROUNDS:
            if interrupts.seen:
                return None
            table, took = _timed(runtimes[workers], flow, directory)
            seconds[workers].append(took)
            tables.append(table)
            say(f"{progress.counted(workers, 'worker').rjust(9)}: {took:6.2f} s")
        return Comparison(tables[0], seconds, _cores(), all(table == tables[0] for table in tables))

    say(f"flow {flow.name!r}: walk -> {ROUTINE} -> summary, over {directory or 'the standard library'}")
    try:
        return attend(interrupts, list(runtimes.values()), work, progress.Quiet(), Drain(is_of_use=False))
    except JobCancelled:
        return None


def _timed(runtime: Runtime, flow: Flow, directory: Path | None) -> tuple[list[dict[str, Any]], float]:
    began = monotonic()
    table: list[dict[str, Any]] = runtime.run(flow, directory=str(directory) if directory else None)
    return table, monotonic() - began


def _example() -> Path:
    for folder in PLACES:
        if (path := folder / EXAMPLE).is_file():
            return path
    raise TargetError(f"the example {EXAMPLE!r} is not installed: run the demo from a wheel or a checkout")


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def show(found: Comparison) -> None:
    """The figures in short, the times, and how to go on."""
    fields = ("package", "files", "lines", "functions", "complexity", "most_complex")
    rows = [*found.table[: ROWS - 1], found.table[-1]] if len(found.table) > ROWS else found.table
    short = [{field: row[field] for field in fields} for row in rows]
    results.show([Output("summary", "table", short, "")])
    if len(rows) < len(found.table):
        print(f"({len(found.table) - len(rows):,} more packages are part of the total.)")
    times, rounds = found.medians, len(found.seconds[1])
    print(f"Medians of {rounds} runs each, in turns, from exec to the result, processes started before:")
    print(f"  1 worker   {times[1]:6.2f} s")
    print(f"  2 workers  {times[2]:6.2f} s")
    print(f"  2 workers are {found.ratio:.2f} times as fast as 1 (median of the {rounds} rounds).")
    print(_verdict(found))
    print(f"Next: read {_example()}, or try it: routilux run {_example()}:flow --workers {ROUTINE}=2")
    sys.stdout.flush()


def _verdict(found: Comparison) -> str:
    same = (
        "All runs gave the same table."
        if found.is_equal
        else "The runs gave DIFFERENT tables: please report it."
    )
    if found.cores == 1:
        return f"This process may use one core only, so a second worker cannot gain anything here. {same}"
    return f"This process may use {found.cores} cores. {same}"


def write_json(found: Comparison, file: BinaryIO) -> None:
    record = {
        "table": found.table,
        "seconds": {str(workers): times for workers, times in found.seconds.items()},
        "medians": {str(workers): seconds for workers, seconds in found.medians.items()},
        "ratio": found.ratio,
        "cores": found.cores,
        "tables_equal": found.is_equal,
    }
    file.write(msgspec.json.encode(record) + b"\n")
    file.flush()
