"""Here are the figures of a running flow: what its processes, connections and jobs have come to, as shared
memory says.
"""

import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from routilux.engine import Running
from routilux.flow import Flow
from routilux.hookevents import ConnectionFigures, FlowStats, JobFigures, ProcessFigures
from routilux.ipc.arena import Arena
from routilux.ipc.lanes import USED_BITS
from routilux.ipc.layout import COUNTERS, RING, WAITING_SLOTS, WORD, Section, Status
from routilux.lifecycle import ExecutionStatus
from routilux.plan import SUPERVISOR, Plan
from routilux.supervisor.crew import Crew
from routilux.supervisor.ledger import VISIBLE, Account, Ledger
from routilux.supervisor.publishing import Publishing
from routilux.supervisor.reception import Reception
from routilux.supervisor.stopped import Stopped

PLACES = [(name, COUNTERS.index(name)) for name in VISIBLE]
MOST_JOBS = 1000
"""Jobs under way whose figures are read."""
MOST_ROWS = 4096
"""Of a process's pending store."""


@dataclass(frozen=True)
class Figures:
    """Whoever reads them holds the supervisor's lock."""

    flow: Flow
    plan: Plan
    arena: Arena
    ledger: Ledger
    crew: Crew
    stopped: Stopped
    publishing: Publishing

    def read(self) -> FlowStats:
        """All of them."""
        return FlowStats(
            tuple(self._process(index) for index in range(len(self.plan.processes))),
            self._connections(),
            self._jobs(),
            self._waiting(),
            self.publishing.ended,
            self.publishing.failed,
        )

    def running(self, reception: Reception, directory: Path) -> Running:
        """What there is to say of the flow as a whole."""
        status = [a.job.status for a in self.ledger.accounts.values() if not a.job.ended]
        state = "running"
        if reception.is_closed:
            state = "stopped"
        elif reception.is_draining:
            state = "draining"
        elif status and all(each is ExecutionStatus.PAUSED for each in status):
            state = "paused"
        return Running(
            self.flow,
            reception.worker_id,
            self.publishing.began_at,
            directory,
            len(self.plan.processes),
            self.publishing.ended,
            self.publishing.failed,
            state,
        )

    # ---- processes ----------------------------------------------------------------------------------------

    def _process(self, index: int) -> ProcessFigures:
        known, section = self.plan.processes[index], self.arena.layout.sections[index]
        member = self.crew.members.get(index)
        return ProcessFigures(
            index,
            known.node,
            known.replica,
            os.getpid() if index == SUPERVISOR else 0 if member is None else member.pid,
            "running" if index == SUPERVISOR else self.state(index),
            self.publishing.restarts[index],
            self.publishing.started_at.get(index, 0.0),
            sum(self._row(section, "activations", 0, self.ledger.slots)),
            sum(self._row(section, "errors", 0, self.ledger.slots)),
            pending_bytes=self._pending(section),
            heap_bytes=self._word(section, "heap_top"),
            epoch=self.crew.lives.get(index, 0),
        )

    def state(self, index: int) -> str:
        """What a worker is at."""
        section = self.arena.layout.sections[index]
        if index not in self.crew.members:
            return "dead"
        if index in self.stopped.suspects:
            return "suspect"
        match self._word(section, "status"):
            case Status.STARTING:
                return "starting"
            case Status.READY:
                return "idle" if self._word(section, "idle") else "running"
            case Status.HELD:
                return "held"
            case _:
                return "stopped"

    def _pending(self, section: Section) -> int:
        """Bytes in the pending store."""
        used = min(self._word(section, "rows_used"), MOST_ROWS)

        def column(name: str) -> list[int]:
            start = section.words[name] // WORD
            return self.arena.words[start : start + used].tolist()

        return sum(size for live, size in zip(column("live"), column("record_size"), strict=True) if live)

    def _waiting(self) -> dict[str, dict[str, int]]:
        """Per routine and slot, what waits before its policy."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for process in self.plan.processes[1:]:
            start = self.arena.layout.sections[process.index].words["waiting"] // WORD
            names = self.flow.nodes[process.node].routine.slot_names
            counts = self.arena.words[start : start + WAITING_SLOTS]
            for name, count in zip(names, counts, strict=False):
                if count:
                    found[process.node][name] += count
        return {routine: dict(slots) for routine, slots in found.items()}

    def _word(self, section: Section, name: str) -> int:
        return self.arena.words[section.words[name] // WORD]

    def _row(self, section: Section, name: str, first: int, stop: int) -> list[int]:
        """One counter of the job slots from `first` on."""
        start = section.words[name] // WORD
        return self.arena.words[start + first : start + stop].tolist()

    # ---- connections --------------------------------------------------------------------------------------

    def _connections(self) -> tuple[ConnectionFigures, ...]:
        """All connections, then the ways from submitters."""
        sent: Counter[int] = Counter()
        used: Counter[int] = Counter()
        lies: Counter[int] = Counter()
        holds: Counter[int] = Counter()
        order = {name: -1 - position for position, name in enumerate(self.flow.nodes)}
        sections, words = self.arena.layout.sections, self.arena.words
        for lane in self.plan.lanes:
            if lane.consumer == SUPERVISOR:
                continue
            number = lane.connection
            if number is None:
                number = order[self.plan.processes[lane.consumer].node]
            producer, consumer = sections[lane.producer], sections[lane.consumer]
            used[number] += words[consumer.used[lane.index] // WORD]
            sent[number] += words[producer.sent[lane.index] // WORD]
            consumed = words[consumer.consumed[lane.index] // WORD] >> USED_BITS
            published = words[producer.published[lane.index] // WORD]
            lies[number] += max(0, published - consumed)
            holds[number] += RING
        numbers = [*range(len(self.flow.connections)), *order.values()]
        return tuple(ConnectionFigures(n, sent[n], used[n], lies[n], holds[n]) for n in numbers)

    # ---- jobs ---------------------------------------------------------------------------------------------

    def _jobs(self) -> tuple[JobFigures, ...]:
        """The jobs under way that began last."""
        accounts = [a for a in islice(reversed(self.ledger.accounts.values()), MOST_JOBS) if not a.job.ended]
        if not accounts:
            return ()
        first, last = min(a.slot for a in accounts), max(a.slot for a in accounts)
        rows = {
            name: [self._row(section, name, first, last + 1) for section in self.arena.layout.sections]
            for name in ("retired", "created", *VISIBLE)  # in this order: see Ledger.is_quiet
        }
        return tuple(self._job(account, account.slot - first, rows) for account in reversed(accounts))

    def _job(self, account: Account, at: int, rows: dict[str, list[list[int]]]) -> JobFigures:
        """`rows` has the job's counters at that place."""
        counters = {name: dict.fromkeys(VISIBLE, 0) for name in self.flow.nodes}
        for process in self.plan.processes[1:]:
            mine = counters[process.node]
            for name, place in PLACES:
                mine[name] += rows[name][process.index][at] - account.base[process.index][place]
        created, retired = (sum(row[at] for row in rows[name]) for name in ("created", "retired"))
        return JobFigures(account.job.job_id, account.job.status, counters, max(0, created - retired))
