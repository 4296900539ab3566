"""Here is the list of breakpoints that a supervisor keeps: what is set for a flow and for its jobs."""

from itertools import count
from typing import Any

import msgspec

from routilux.configuration import nearest
from routilux.debug.breakpoints import MOST, SETTABLE, Breakpoint, as_breakpoint, validated
from routilux.debug.rules import Entry, Rules, concerns, rules_of_submissions
from routilux.errors import BreakpointError, BreakpointNotFound
from routilux.flow import Flow
from routilux.graph import Connection
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.layout import BREAKPOINT_COUNTERS, BREAKPOINT_ROWS
from routilux.ipc.table import HitCounts, TableWriter, counted
from routilux.plan import Plan

_HITS = BREAKPOINT_COUNTERS.index("hits")


class BreakTable:
    """Whoever uses it holds the supervisor's lock."""

    def __init__(self, flow: Flow, plan: Plan, arena: Arena, own: OwnSection) -> None:
        self._flow = flow
        self._processes = [process.index for process in plan.processes]
        self._arena = arena
        self._writer = TableWriter(own)
        self._counts = HitCounts(own)
        self._entries: dict[str, Entry] = {}
        self._bases: dict[str, list[list[int]]] = {}
        self._former: dict[tuple[int, str], Breakpoint] = {}
        self.faults: dict[str, str] = {}
        """Why a condition could not be answered, the last that was told."""
        self._rows = count()
        self._names = count(1)
        self.submissions = Rules()
        """What is to be looked for as submissions are put into slots."""
        if own.words[own.index(own.section.words["breakpoints"])]:  # of an earlier supervisor
            self._publish({})

    def add(self, number: int | None, job_id: str | None, given: Any) -> Breakpoint:
        """Set one, for a job or for all. Raises BreakpointError."""
        return self.put(number, job_id, validated(self._flow, given))

    def put(self, number: int | None, job_id: str | None, wanted: Breakpoint) -> Breakpoint:
        """As `add`, of one that is validated."""
        if len(self._entries) >= MOST:
            raise BreakpointError(f"flow {self._flow.name!r} has {MOST} breakpoints already: remove some")
        free = (each for number in self._names if (each := f"bp-{number}") not in self._entries)
        name = wanted.breakpoint_id or next(free)
        if name in self._entries:
            raise BreakpointError(f"there is a breakpoint {name!r} already: give this one another id")
        wanted = msgspec.structs.replace(wanted, breakpoint_id=name, job_id=job_id)
        self._put(name, number, wanted)
        return wanted

    def _put(self, name: str, number: int | None, wanted: Breakpoint) -> None:
        row = next(self._rows) % BREAKPOINT_ROWS
        while any(entry.row == row for entry in self._entries.values()):
            row = next(self._rows) % BREAKPOINT_ROWS
        base = self._row(row)
        before = {
            process: its[_HITS] for process, its in zip(self._processes, base, strict=True) if its[_HITS]
        }
        self._publish({**self._entries, name: Entry(row, number, wanted, before)})
        self._bases[name] = base

    def update(self, job_id: str | None, name: str, changes: dict[str, Any]) -> Breakpoint:
        """Change some fields; what it has come to is kept."""
        entry = self.find(job_id, name)
        if unknown := [each for each in changes if each not in SETTABLE]:
            raise BreakpointError(f"{unknown[0]!r} cannot be changed: {nearest(unknown[0], SETTABLE)}")
        present = {each: getattr(entry.breakpoint, each) for each in SETTABLE}
        wanted = validated(self._flow, as_breakpoint({**present, **changes}))
        wanted = msgspec.structs.replace(wanted, breakpoint_id=name, job_id=entry.breakpoint.job_id)
        self._publish({**self._entries, name: msgspec.structs.replace(entry, breakpoint=wanted)})
        return self.counted(wanted)

    def remove(self, job_id: str | None, name: str) -> None:
        self.find(job_id, name)
        self._publish({each: entry for each, entry in self._entries.items() if each != name})
        del self._bases[name]

    def forget(self, number: int) -> bool:
        """The job is gone, and its breakpoints with it; whether there were any."""
        gone = [name for name, entry in self._entries.items() if entry.job == number]
        self._former.update({(number, name): self._entries[name].breakpoint for name in gone})
        if gone:
            self._publish({name: entry for name, entry in self._entries.items() if name not in gone})
        for name in gone:
            del self._bases[name]
        while len(self._former) > MOST:
            del self._former[next(iter(self._former))]
        return bool(gone)

    def former(self, number: int, name: str) -> Breakpoint | None:
        """The one of that id that was forgotten with its job, unless it is long ago."""
        return self._former.get((number, name))

    def find(self, job_id: str | None, name: str) -> Entry:
        """The one of that id, of the job or of the flow. Raises BreakpointError."""
        entry = self._entries.get(name)
        if entry is None or (job_id is not None and entry.breakpoint.job_id not in (None, job_id)):
            known = [each.breakpoint_id for each in self.all(job_id)]
            raise BreakpointNotFound(f"there is no breakpoint {name!r}: {nearest(name, known)}")
        return entry

    def known(self, name: str) -> Breakpoint | None:
        """The one of that id, if it is still set and enabled."""
        entry = self._entries.get(name)
        return None if entry is None or not entry.breakpoint.enabled else entry.breakpoint

    def guarding(self, number: int, place: Connection) -> Breakpoint | None:
        """The one for which messages of the job on that connection wait before their routine."""
        for entry in self._entries.values():
            wanted = entry.breakpoint
            is_one = wanted.enabled and wanted.suspend == "message" and entry.job in (None, number)
            if is_one and concerns(wanted, place):
                return wanted
        return None

    def renew(self) -> None:
        """Let every worker look at the table again."""
        self._publish(self._entries)

    def all(self, job_id: str | None) -> list[Breakpoint]:
        """Those that concern a job, or all, with what they have come to."""
        return [
            self.counted(entry.breakpoint)
            for entry in self._entries.values()
            if job_id is None or entry.breakpoint.job_id in (None, job_id)
        ]

    def counted(self, wanted: Breakpoint) -> Breakpoint:
        """With what it has come to at all processes."""
        name = wanted.breakpoint_id
        now, base = self._row(self._entries[name].row), self._bases[name]
        sums = [sum(column) for column in zip(*now, strict=True)]
        before = [sum(column) for column in zip(*base, strict=True)]
        evaluations, hits, faults, cost = (a - b for a, b in zip(sums, before, strict=True))
        return msgspec.structs.replace(
            wanted,
            evaluations=evaluations,
            hit_count=hits,
            condition_errors=faults,
            cost_us=cost / 1000,
            last_error=self.faults.get(name, ""),
        )

    def count_submissions(self) -> None:
        """What submissions have run into is known to everybody."""
        for rule in self.submissions.all:
            self._counts.write(rule.row, rule.counts)

    def _row(self, row: int) -> list[list[int]]:
        return [counted(self._arena, process, row) for process in self._processes]

    def _publish(self, entries: dict[str, Entry]) -> None:
        self._writer.write(msgspec.msgpack.encode(tuple(entries.values())))
        self._entries = entries
        self.faults = {name: fault for name, fault in self.faults.items() if name in entries}
        self.count_submissions()
        known = {rule.row: rule for rule in self.submissions.all}
        self.submissions = rules_of_submissions(entries.values(), known, self._counts.read)
