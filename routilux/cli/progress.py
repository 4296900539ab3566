"""Here is the progress of a job, a line per routine: alive on a terminal, plain at the end elsewhere."""

import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table

from routilux.clock import monotonic
from routilux.flow import Flow
from routilux.jobs import JobState
from routilux.lifecycle import ExecutionStatus

RATE_SECONDS = 2.0
"""The time over which a rate is taken while the job runs."""

Counters = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Line:
    """What there is to say of one routine; `rate` is in activations per second."""

    routine: str
    workers: int
    activations: int
    rate: float
    errors: int
    skipped: int
    unused: int

    def __str__(self) -> str:
        parts = [
            counted(self.workers, "worker"),
            counted(self.activations, "activation"),
            f"{self.rate:,.1f}/s",
            counted(self.errors, "error"),
            f"{self.skipped:,} skipped",
        ]
        if self.unused:
            parts.append(f"{counted(self.unused, 'message')} unused")
        return f"{self.routine}: {', '.join(parts)}"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def lines(workers: Mapping[str, int], now: Counters, before: Counters, seconds: float) -> list[Line]:
    """One line per routine; rates are over the seconds between the two counts."""
    return [
        Line(
            routine=name,
            workers=number,
            activations=now[name]["activations"],
            rate=(now[name]["activations"] - before.get(name, {}).get("activations", 0)) / max(seconds, 1e-9),
            errors=now[name]["errors"],
            skipped=now[name]["skipped"],
            unused=now[name]["unused"],
        )
        for name, number in workers.items()
        if name in now
    ]


def seconds(job: JobState) -> float:
    """How long the job has run, from its start to its end."""
    return max(0.0, (job.finished_at or 0.0) - (job.started_at or 0.0))


def totals(workers: Mapping[str, int], job: JobState) -> list[Line]:
    """The lines of a job that has ended."""
    return lines(workers, job.counters, {}, seconds(job))


def crew(flow: Flow, wanted: Mapping[str, int], engine: str) -> dict[str, int]:
    """How many workers each routine has."""
    return {
        name: 1 if engine == "inline" else wanted.get(name, node.workers) for name, node in flow.nodes.items()
    }


class Quiet:
    """No progress: there is no terminal to show it on. Says each thing once."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def refresh(self) -> None:
        """Nothing moves here."""

    def say(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            with suppress(OSError):  # whoever read it is gone
                print(line, file=sys.stderr, flush=True)

    def stop(self) -> None:
        """Nothing to put in order."""


class Moving(Quiet):
    """A table on standard error that follows a job."""

    def __init__(self, live: Live, job: Callable[[], JobState | None], workers: Mapping[str, int]) -> None:
        super().__init__()
        self._live = live
        self._job = job
        self._workers = workers
        self._history: deque[tuple[float, Counters]] = deque()

    def refresh(self) -> None:
        job = self._job()
        if job is None or job.status is ExecutionStatus.PENDING:
            return
        with suppress(OSError):  # the terminal is gone
            self._live.update(_table(self._lines(job)), refresh=True)

    def _lines(self, job: JobState) -> list[Line]:
        if job.ended:
            return totals(self._workers, job)
        now, counters = monotonic(), job.counters
        self._history.append((now, counters))
        while len(self._history) > 1 and now - self._history[1][0] >= RATE_SECONDS:
            self._history.popleft()
        then, before = self._history[0]
        return lines(self._workers, counters, before, now - then)

    def say(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            with suppress(OSError):
                self._live.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def stop(self) -> None:
        self.refresh()
        with suppress(OSError):
            self._live.stop()


@contextmanager
def shown(job: Callable[[], JobState | None], workers: Mapping[str, int]) -> Iterator[Quiet]:
    """The view of a job that suits standard error."""
    if not sys.stderr.isatty():
        yield Quiet()
        return
    with Live(console=Console(stderr=True), auto_refresh=False) as live:
        yield Moving(live, job, workers)


def _table(found: list[Line]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("routine")
    for column in ("workers", "activations", "per second", "errors", "skipped", "unused"):
        table.add_column(column, justify="right")
    for line in found:
        numbers = (
            line.workers,
            line.activations,
            f"{line.rate:,.1f}",
            line.errors,
            line.skipped,
            line.unused,
        )
        table.add_row(
            line.routine, *(number if isinstance(number, str) else f"{number:,}" for number in numbers)
        )
    return table
