"""Here is how the contestants of a workload are measured: one after the other, round by round.

Each is started anew for each round, so that nothing else of the benchmarks is on the machine while it is
measured; warmed up with a part of its work; measured; ended. Every other round goes backwards, so that
nobody always follows the same neighbour. Ratios are formed within a round.
"""

import json
import os
from time import monotonic
from typing import Any

from bench.arena import SCRIPT, TO_START, Contestant, ContestFailed, marked_memory, started
from bench.environments import PACKAGES
from bench.plans import Entry, Plan
from bench.results import Case, Round, Row

TO_MEASURE = 120.0


class Match:
    """One workload and its contestants, as far as they have got."""

    def __init__(
        self,
        plan: Plan,
        entries: tuple[Entry, ...],
        pythons: dict[str, str],
        missing: dict[str, str],
        loops: int,
        *,
        smoke: bool,
    ) -> None:
        self.plan = plan
        self.is_smoke = smoke
        self.entries = entries
        self.pythons = pythons
        self.loops = loops
        count = plan.smoke_count if smoke else plan.count
        self.rows = {
            entry.name: Row(
                entry.name,
                entry.peer,
                entry.setting,
                max(1, int(count * entry.share)),
                failure=missing.get(entry.peer, ""),
            )
            for entry in entries
        }

    def round(self, number: int) -> None:
        for entry in self.entries[:: 1 if number % 2 else -1]:
            row = self.rows[entry.name]
            if not row.failure and number <= (entry.rounds or number):
                self._measure(entry, row, number)

    def _measure(self, entry: Entry, row: Row, number: int) -> None:
        load = os.getloadavg()[0]
        began = monotonic()
        try:
            found = self._found(entry, row)
        except ContestFailed as error:
            row.failure = f"round {number}: {error}"
            print(f"  {entry.name}: {row.failure}", flush=True)
            return
        value = float(found.pop("value"))
        row.rounds.append(Round(number, value, round(load, 2), found))
        print(
            f"  {entry.name}: {value:,.4g} {self.plan.unit} ({monotonic() - began:.1f} s in all)", flush=True
        )

    def _found(self, entry: Entry, row: Row) -> dict[str, Any]:
        if entry.call.endswith(".py"):
            return first_result(self.pythons[entry.peer], entry, row)
        options = dict(entry.options) | {"packages": PACKAGES[entry.peer]}
        if self.plan.item_seconds:
            options["loops"] = self.loops
        arguments = [str(SCRIPT), entry.call, json.dumps(options)]
        with started(self.pythons[entry.peer], arguments) as contestant:
            row.versions = contestant.answer("ready", TO_START)
            if self.plan.warm_up and not self.is_smoke:
                contestant.measure(max(2, int(row.count * self.plan.warm_up)), TO_MEASURE)
            return contestant.measure(row.count, TO_MEASURE)

    def case(self) -> Case:
        plan = self.plan
        return Case(
            plan.key,
            plan.title,
            plan.unit,
            plan.is_less_better,
            plan.reference,
            list(self.rows.values()),
            list(plan.targets),
            plan.note,
            plan.curve,
        )


def first_result(python: str, entry: Entry, row: Row) -> dict[str, Any]:
    """Seconds until a script prints what it has found, and what all its processes hold by then."""
    began = monotonic()
    with started(python, [str(SCRIPT.with_name("contestants") / entry.call)]) as script:
        line = script.answer("first", TO_START)
        seconds = monotonic() - began
        if line["result"] != 42:
            raise ContestFailed(f"the first result is {line['result']}, not 42")
        row.versions = line["versions"]
        return {"value": seconds} | memory_of(script)


def memory_of(script: Contestant) -> dict[str, Any]:
    """MB: unshared in all, and of the largest worker, which is any process but the script's own."""
    sizes = marked_memory(script.mark)
    main = sizes.pop(script.process.pid, (0.0, 0.0))
    return {
        "unshared_mb": main[0] + sum(unshared for unshared, _ in sizes.values()),
        "worker_mb": max((unshared for unshared, _ in sizes.values()), default=0.0),
        "worker_anonymous_mb": max((anonymous for _, anonymous in sizes.values()), default=0.0),
        "processes": len(sizes) + 1,
    }
