"""Here is what a worker does between two activations: commit, ring whom it concerns, make room, sleep."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns

from routilux.clock import monotonic
from routilux.errors import ArenaFull
from routilux.ipc import crash
from routilux.ipc.asleep import Nap, Sleepers
from routilux.ipc.balance import Balance
from routilux.ipc.blobs import BlobWriter, Pins
from routilux.ipc.channels import window
from routilux.ipc.codec import EncodeError
from routilux.ipc.commit import Transaction
from routilux.ipc.lanes import LaneWriter
from routilux.ipc.records import Kind, Records
from routilux.ipc.sockets import Bell, Doorbells, groups
from routilux.ipc.turns import Turns
from routilux.plan import SUPERVISOR
from routilux.worker.activation import Activations
from routilux.worker.care import Care
from routilux.worker.context import WorkerContext
from routilux.worker.intake import Inlet
from routilux.worker.jobs import JobTable
from routilux.worker.loader import Loader
from routilux.worker.look import Look
from routilux.worker.outputs import Outputs
from routilux.worker.quiet import Quiet
from routilux.worker.replay import Replays
from routilux.worker.rest import REST_SECONDS, Rest
from routilux.worker.state import States
from routilux.worker.tap import Tap

RESCAN_SECONDS = 0.1
"""How long a worker sleeps without a doorbell before it looks at its lanes all the same."""

LIGHT = 4
"""Messages in a row after which a worker looks for an answer before it sleeps, at most."""


@dataclass(frozen=True)
class Parts:
    """Everything the loop works with; made by the worker's entry."""

    routine: str
    inlets: list[Inlet]
    windowed: frozenset[int]
    """Lanes whose producer gives only a little work ahead: it always learns how far we are."""
    inner: frozenset[int]
    outputs: Outputs
    jobs: JobTable
    loader: Loader
    pins: Pins
    blobs: BlobWriter
    tx: Transaction
    balance: Balance
    bells: Doorbells
    sleepers: Sleepers
    context: WorkerContext
    activations: Activations
    records: Records
    states: States
    turns: Turns
    replays: Replays
    care: Care
    tap: Tap
    slot_names: tuple[str, ...]
    is_source: bool
    most_held: int
    """Bytes that one job may have waiting at one process."""
    quota: int
    """Where, in the arena, the supervisor says how often our quota has been doubled."""
    way: Callable[[int], str]
    """What the connection of a lane is called."""


class Commits:
    """The part of the loop that runs no user code."""

    def __init__(self, parts: Parts) -> None:
        self.p = parts
        own = parts.records.own
        self._words = own.words
        self._service = own.index(own.section.words["service_ns"])
        self._nap = Nap(own)
        self._look = Look(parts.sleepers.words, [inlet.reader.published for inlet in parts.inlets])
        self._rest = Rest(parts.sleepers)
        self.quiet = Quiet(parts.balance, parts.jobs.current, self.name_quiet)
        self._has_worked = False
        """Whether there was anything to do since we last slept,"""
        self._taken = 0
        """and how many messages that was, since we last looked for more."""
        self.ended = False
        """Whether the transaction has another activation in it than the one at hand."""

    def commit(self, *, whole: bool = True) -> None:
        """Make everything since the last commit happen, then ring whom it concerns.

        Not `whole`: in the middle of an activation. Its inputs stay in use, and its state is not saved.
        """
        p = self.p
        if whole and (p.states.touched or p.jobs.gone):
            self.save_states()
        self.ended = False
        written = p.outputs.pump(p.tx)
        if p.loader.leases or p.pins.held:
            p.loader.settle([inlet.unpassed for inlet in p.inlets])
        changed = [inlet for inlet in p.inlets if inlet.changed]
        p.tx.note_ended(self.quiet.slots)
        self.carry_out(changed, written)
        for inlet in changed:
            self.credit(inlet)
        if self.quiet.slots and not any(inlet.reader.waiting for inlet in p.inlets):
            self.quiet.tell()
        if p.pins.held:
            p.pins.sweep()

    def carry_out(self, changed: list[Inlet], written: list[LaneWriter]) -> None:
        """The transaction itself, with what the pending store must keep; then ring whom it concerns, before
        anything else.
        """
        p = self.p
        p.outputs.store(p.tx, p.records)
        if p.tap.lines.fresh:  # whoever waits for the job's end reads its log then
            p.tap.lines.send()
        consumed: dict[int, int] = {}
        for inlet in changed:
            reader = inlet.reader
            p.tx.late[reader.taken] = reader.total
            self._taken += reader.total - self._words[reader.taken]
            consumed[reader.consumed] = reader.mark
        self._has_worked = True
        p.tx.commit(consumed)
        self.ring(written)
        if p.tap.has_news:
            p.tap.committed()
        p.outputs.settle()
        p.records.settle()
        p.states.settle()
        p.replays.settle()
        if p.records.nbytes and (p.records.nbytes > p.most_held or p.records.is_nearly_full):
            self.overflow()

    def overflow(self) -> None:
        """One job has so much waiting here that it fails."""
        p = self.p
        number, nbytes = next(iter(p.records.by_job.most_common(1)), (0, 0))
        job = p.jobs.find(number)
        if job is None or p.jobs.is_over(number) or not (nbytes > p.most_held or p.records.is_nearly_full):
            return
        parts = p.records.waiting(number).most_common()
        waiting = ", ".join(f"{self.where(kind, lane)}: {part:,}" for (kind, lane), part in parts)
        message = (
            f"job {job.job_id!r} has {nbytes:,} bytes waiting at routine {p.routine!r}, more than it may "
            f"({waiting}): let the flow make fewer messages than it uses up, feed the slot that its policy "
            "waits for, or raise Runtime(heap=...)"
        )
        p.activations.give_up(job, MemoryError(message))

    def where(self, kind: int, lane: int) -> str:
        """What a user calls the place where a record of the pending store waits."""
        if kind == Kind.WAITING:
            return f"for room in {self.p.way(self.p.outputs.channels[lane].lanes[0].plan.index)}"
        return f"from {self.p.way(lane)}"

    def save_states(self) -> None:
        """What was assigned to `self.state` is saved with this commit."""
        p = self.p
        for number, state in list(p.states.touched.items()):
            if number in p.jobs.suspended:  # it would be saved as it is in the middle of an activation
                continue
            del p.states.touched[number]
            job = p.jobs.find(number)
            if job is None:  # it has ended meanwhile, and its slot may be another's
                continue
            try:
                p.states.save(p.tx, state)
            except (EncodeError, ArenaFull) as error:
                p.activations.give_up(job, error)
        for job in p.jobs.gone:
            p.states.forget(p.tx, job.number)
            p.turns.forget(p.tx, job.number)
            p.jobs.forget(p.tx, job)
        p.jobs.gone.clear()

    def ring(self, written: list[LaneWriter]) -> None:
        """Line 14: after this a loss does no harm."""
        if crash.PLAN:
            crash.here("ring.before")
        for lane in written:
            if self.p.sleepers.must_be_rung(lane.consumer):
                self.p.bells.ring(lane.consumer, Bell.PUBLISHED, lane.plan.index, lane.position)

    def credit(self, inlet: Inlet) -> None:
        """Tell the producer that there is room, if it sleeps and may be waiting for some."""
        reader = inlet.reader
        inlet.changed = False
        if inlet.owes_credit or (reader.plan.index in self.p.windowed and self.is_half_done(inlet)):
            inlet.owed = 0
            inlet.passed_from = reader.position
            if self.p.sleepers.must_be_rung(reader.producer):
                self.p.bells.ring(reader.producer, Bell.CREDIT, reader.plan.index, reader.position)

    def is_half_done(self, inlet: Inlet) -> bool:
        """Whether a producer that gives a little work ahead can give more."""
        has_passed = inlet.reader.position > inlet.passed_from
        return has_passed and 2 * inlet.reader.unused <= window(self._words[self._service]) + 1

    def send(self) -> bool:
        """Move what waits for room into the lanes; whether anything moved."""
        p = self.p
        dropped = [channel.drop(p.jobs.is_over) for channel in p.outputs.channels if channel]
        for job, count in (item for jobs in dropped for item in jobs.items()):
            p.tx.retire(job & 0xFFFF, count)
        written = p.outputs.pump(p.tx)
        if not written and not any(dropped):
            return False
        p.tx.note_ended(self.quiet.slots)
        self.carry_out([], written)
        self.quiet.tell()
        return True

    def name_quiet(self, slots: set[int]) -> None:
        """Tell the supervisor of jobs that may have come to their end."""
        for group, bits in groups(slots).items():
            self.p.bells.ring(SUPERVISOR, Bell.QUIET, group, bits)

    def relieve(self) -> bool:
        """A worker that waits for room empties its lanes in a cycle, so that the cycle always moves."""
        moved = [
            inlet for inlet in self.p.inlets if inlet.reader.plan.index in self.p.inner and inlet.relieve()
        ]
        if not moved:
            return False
        self.carry_out(moved, [])
        for inlet in moved:
            self.credit(inlet)
        return True

    def wait(self, seconds: float = RESCAN_SECONDS) -> None:
        """Sleep until somebody rings, or at most `seconds`."""
        p = self.p
        p.care.end()
        if self._look.has_news() or self._is_answered():
            return
        due = self.due()
        if due and not p.outputs.waiting:
            seconds = min(seconds, min(due) - monotonic())
        if self.quiet.slots and (again := self.quiet.due) is not None:
            seconds = min(seconds, again - monotonic())
        if self._has_given_ahead() and self._rest.pays(has_worked=self._has_worked):
            is_rung = self._take_rest(seconds)
        elif self._falls_asleep(due):
            # to look for more bells costs a call of the system: only after one that was for nothing
            is_rung = p.bells.wait(p.tap.patience(max(0.0, seconds)), forget=not self._has_worked)
            self._nap.end()
        else:
            return
        self._has_worked = False
        self._rest.wake()
        self._look.has_news()  # what has come by now is seen with the next step
        if self.quiet.slots:
            self.quiet.tell()
        if (now := perf_counter_ns()) >= p.tap.next_beat:
            p.tap.beat(now)
        if not is_rung and p.jobs.prune():
            self.commit()
        if p.pins.held:
            p.pins.sweep()

    def _has_given_ahead(self) -> bool:
        """Whether whatever waits for room does so before workers that have enough to do meanwhile."""
        return all(len(channel.lanes) > 1 for channel in self.p.outputs.channels if channel)

    def _take_rest(self, seconds: float) -> bool:
        """Let what there is to do gather for a while; whether somebody has ended it."""
        p = self.p
        self._nap.rest()
        seconds = max(0.0, min(seconds, REST_SECONDS))
        is_rung = p.bells.wait(seconds)
        self._nap.end()
        self._rest.end(is_rung=is_rung)
        return is_rung

    def _falls_asleep(self, due: list[float]) -> bool:
        """Say that we sleep; False if there is something to do after all."""
        p = self.p
        for process in p.sleepers.passed_over():
            p.bells.ring(process, Bell.PUBLISHED)
        self._nap.begin(int(min(due) * 1e9) if due else 1)
        if self._look.has_news() or (p.outputs.waiting and self.send()):
            self._nap.end()
            return False
        return True

    def _is_answered(self) -> bool:
        """Whether something comes before we would be asleep. Not looked for under load: what comes meanwhile
        is worked off together, which is cheaper.
        """
        taken, self._taken = self._taken, 0
        if not 0 < taken <= LIGHT or self.quiet.slots or self.p.outputs.waiting:
            return False
        return self._look.pays()

    def due(self) -> list[float]:
        """When the passing of time will give us something to do, on the monotonic clock."""
        inlets, order = self.p.inlets, self.p.jobs.order
        return [at / 1e9 for inlet in inlets if inlet.retries and (at := inlet.due(order)) is not None]
