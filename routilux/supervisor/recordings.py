"""Here are the recordings of a running flow: what each has taken so far, and when it is over.

A recording is a breakpoint that lets everything pass. Workers send copies of what they come upon, and never
wait for it; what has found no room on its way is counted.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from routilux import clock
from routilux.clock import Deadline
from routilux.debug.breakpoints import Breakpoint, recording
from routilux.debug.holds import Sample
from routilux.debug.recordings import Limits, Recorded, Take
from routilux.debug.session import HoldInfo
from routilux.errors import BreakpointError, DeadlineExceeded
from routilux.flow import Flow
from routilux.ipc.codec import Decoder, Encoder, Large, in_one_piece
from routilux.ipc.control import Ask
from routilux.ipc.lanes import LARGE
from routilux.ipc.typed import TypedEncoder
from routilux.jobs import JobState
from routilux.routing import routes
from routilux.slottypes import demand_of
from routilux.supervisor.breaktable import BreakTable
from routilux.supervisor.docket import Docket
from routilux.supervisor.ledger import Account
from routilux.supervisor.waitingroom import Held

MOST = 8
"""Recordings of one flow that are under way, or wait for whoever takes them."""
ARRIVAL = 1.0
"""Seconds that a sample has to arrive once its job has ended."""
KEPT = 60.0
"""Seconds that a recording is kept for whoever takes it, once it is over or asked for no more."""


@dataclass(eq=False)
class Running:
    """One recording."""

    place: Breakpoint
    job: JobState | None
    limits: Limits
    until: Deadline
    messages: list[Recorded] = field(default_factory=list)
    nbytes: int = 0
    skipped: int = 0
    due: int | None = None
    """How many messages there have been, once its job has ended."""
    reason: str = ""
    kept: Deadline = field(default_factory=lambda: Deadline.after(KEPT))

    @property
    def arrived(self) -> int:
        return len(self.messages) + self.skipped


class Recordings:
    """Its public methods take the lock, those for the supervisor's thread are called under it."""

    def __init__(
        self, docket: Docket, table: BreakTable, room: threading.Condition, rouse: Callable[[], None]
    ) -> None:
        self._docket = docket
        self._table = table
        self._room = room
        self._rouse = rouse
        self._routes = routes(docket.flow)
        self._running: dict[str, Running] = {}

    # ---- for whoever records ------------------------------------------------------------------------------

    def start(
        self, job: JobState | None, place: str | Mapping[str, Any], condition: str | None, limits: Limits
    ) -> str:
        """Record what comes by, of one job or of all; its id. Raises BreakpointError."""
        wanted = recording(self._docket.flow, place, condition, limits.count)
        with self._room:
            account = None if job is None else self._docket.ledger.find(job)
            if job is not None and (account is None or job.ended):
                raise BreakpointError(f"job {job.job_id!r} has ended: there is nothing to record any more")
            if len(self._running) >= MOST:
                raise BreakpointError(f"{MOST} recordings of this flow are under way: end some")
            number, job_id = (None, None) if account is None else (account.number, account.job.job_id)
            made = self._table.put(number, job_id, wanted)
            self._running[made.breakpoint_id] = Running(made, job, limits, Deadline.after(limits.seconds))
            self._docket.desk.ring_all()
        self._rouse()
        return made.breakpoint_id

    def take(self, recording_id: str, offset: int = 0) -> Take:
        """What it has by now, from that message on."""
        with self._room:
            return self._taken(self._find(recording_id), offset)

    def wait(self, recording_id: str, timeout: float | None) -> None:
        """Until it is over. Raises DeadlineExceeded."""
        with self._room:
            found = self._find(recording_id)
            if not self._room.wait_for(lambda: bool(found.reason), timeout):
                raise DeadlineExceeded(
                    f"{len(found.messages)} of {found.limits.count} messages were recorded within "
                    f"{timeout:g} seconds; it goes on"
                )

    def end(self, recording_id: str) -> None:
        """It is to take no more; what it has is kept for a while."""
        with self._room:
            self._end(self._find(recording_id), "stopped")

    def stop(self, recording_id: str) -> Take:
        """End it, if it is not over; what it has. It is forgotten."""
        with self._room:
            found = self._find(recording_id)
            self._end(found, "stopped")
            return self._taken(self._running.pop(recording_id), 0)

    def _find(self, recording_id: str) -> Running:
        found = self._running.get(recording_id)
        if found is None:
            raise BreakpointError(f"there is no recording {recording_id!r} (any more)")
        found.kept = Deadline.after(KEPT)
        return found

    def _taken(self, found: Running, offset: int) -> Take:
        return Take(tuple(found.messages[offset:]), found.skipped, found.reason)

    # ---- for the supervisor's thread ----------------------------------------------------------------------

    def heard(self, ask: Ask) -> None:
        """A worker has sent a copy."""
        found = self._running.get(ask.key)
        if found is None or found.reason:
            return
        sample = msgspec.msgpack.decode(ask.value, type=Sample)
        found.skipped += sample.missed
        self._put(found, sample.size, lambda: self._of_sample(sample, self._job_id(ask.job)))

    def submitted(self, breakpoint_id: str, account: Account, way: tuple[str, str], value: Any) -> None:
        """A submission is on its way to that routine and slot."""
        found = self._running.get(breakpoint_id)
        if found is not None and not found.reason:
            payload, is_typed = encoded(self._docket.flow, way, value)
            record = Recorded(
                flow=self._docket.flow.name,
                job_id=account.job.job_id,
                routine=way[0],
                slot=way[1],
                connection_id="submission",
                at=clock.wall(),
                is_typed=is_typed,
                payload=payload,
            )
            self._put(found, len(payload), lambda: record)

    def _put(self, found: Running, size: int, make: Callable[[], Recorded | None]) -> None:
        """Keep one message, if it fits and was sent at all; one too many ends it."""
        record = make() if found.nbytes + size <= found.limits.nbytes else None
        if record is not None:
            found.messages.append(record)
            found.nbytes += size
            if len(found.messages) >= found.limits.count:
                self._end(found, "count")
        elif size > found.limits.nbytes:
            found.skipped += 1
        else:
            self._end(found, "bytes")

    def ended(self, account: Account) -> None:
        """The job has ended; its breakpoints are about to be forgotten."""
        for found in self._running.values():
            if found.job is account.job and not found.reason:
                found.due = self._table.counted(found.place).hit_count
                found.until = Deadline.after(ARRIVAL)

    def look(self) -> None:
        """End what is over by now, and forget what nobody has asked for."""
        for name, found in list(self._running.items()):
            if not found.reason:
                if found.due is not None and (found.arrived >= found.due or found.until.passed):
                    self._end(found, "ended")
                elif found.due is None and self._table.known(name) is None:
                    self._end(found, "stopped")
                elif found.until.passed:
                    self._end(found, "time")
            elif found.kept.passed:
                del self._running[name]

    def left(self) -> float | None:
        """Seconds until there is something to look at."""
        waits = [each.kept.left() if each.reason else each.until.left() for each in self._running.values()]
        found = [each for each in waits if each is not None]
        return max(0.0, min(found)) if found else None

    def close(self) -> None:
        """The flow is over."""
        for found in self._running.values():
            self._end(found, "ended")

    def _end(self, found: Running, reason: str) -> None:
        if found.reason:
            return
        name = found.place.breakpoint_id
        seen = found.due
        if self._table.known(name) is not None:
            seen = self._table.counted(found.place).hit_count
            self._table.remove(None, name)
            self._docket.desk.ring_all()
        if reason not in ("count", "bytes") and seen is not None:
            found.skipped = max(found.skipped, seen - len(found.messages))
        found.reason, found.kept = reason, Deadline.after(KEPT)
        self._room.notify_all()

    # ---- messages -----------------------------------------------------------------------------------------

    def _job_id(self, number: int) -> str:
        job = self._docket.ledger.job(number)
        return "" if job is None else job.job_id

    def _of_sample(self, sample: Sample, job_id: str) -> Recorded | None:
        """None if the payload was not sent."""
        if not sample.payload:
            return None
        flow, process = self._docket.flow, self._docket.plan.processes[sample.process]
        event = flow.nodes[process.node].routine.event_names[sample.event]
        leads = self._routes[process.node, event]
        if sample.connection >= 0:
            leads = (flow.connections[sample.connection],)
        only = leads[0] if len(leads) == 1 else None
        return Recorded(
            flow=flow.name,
            job_id=job_id,
            routine="" if only is None else only.target,
            slot="" if only is None else only.slot,
            connection_id="" if only is None else only.id,
            source=process.node,
            event=event,
            message_id=sample.message_id,
            parents=sample.parents,
            origin=sample.origin,
            at=sample.at,
            replica=process.replica,
            is_typed=sample.is_typed,
            payload=sample.payload,
        )


def encoded(flow: Flow, way: tuple[str, str], value: Any) -> tuple[bytes, bool]:
    """A payload for that routine and slot in one piece, and whether it is encoded as the slot's type."""
    plain = Encoder(LARGE)
    encode: Callable[[object], bytes | Large] = plain.encode
    demand = demand_of(flow, *way) if way[1] else None
    is_typed = False
    if demand is not None:
        typed = TypedEncoder(plain, [demand], large=LARGE)
        encode, is_typed = (typed.encode, True) if typed.is_fast else (encode, False)
    return in_one_piece(encode(value)), is_typed


def of_hold(held: Held, info: HoldInfo, flow: Flow) -> Recorded:
    """What is held, for its slot if it has just one. Raises BreakpointError if it is no single message."""
    report = held.report
    if report.payload is None:
        raise BreakpointError(f"{held.hold_id} is too large to travel to a debugger: {report.shown}")
    routine, slot, event = held.routine, held.slot, info.event_name or ""
    if report.event >= 0:
        known = [each for each in flow.connections if each.id == info.connection_id]
        leads = known or routes(flow)[routine, event]
        routine, slot = (leads[0].target, leads[0].slot) if len(leads) == 1 else ("", "")
    elif not slot:
        slot = _only_slot(flow, held)
    payload, is_typed = _retyped(flow, (routine, slot), report.payload)
    return Recorded(
        flow=flow.name,
        job_id=held.job.job_id,
        routine=routine,
        slot=slot,
        connection_id=info.connection_id or ("submission" if held.peer is None else ""),
        source=held.routine if event else "",
        event=event,
        message_id=report.message_id,
        parents=report.parents,
        origin=report.origin,
        at=held.since,
        replica=info.replica,
        error=report.error,
        is_typed=is_typed,
        payload=payload,
    )


def _retyped(flow: Flow, way: tuple[str, str], payload: bytes) -> tuple[bytes, bool]:
    """What travelled to a debugger without regard to its slot's type, encoded as that if it can be."""
    if not way[1] or demand_of(flow, *way) is None:
        return payload, False
    try:
        return encoded(flow, way, Decoder().decode_large(memoryview(payload)))
    except Exception:  # its class may be known to its worker alone  # noqa: BLE001
        return payload, False


def _only_slot(flow: Flow, held: Held) -> str:
    """Of an activation that is held, or has failed."""
    routine = flow.nodes[held.routine].routine
    if not routine.activation_policy.immediate:
        raise BreakpointError(
            f"{held.hold_id} holds routine {held.routine!r}, which runs on several messages at a time: save "
            "them one by one, where they are put in its slots"
        )
    return routine.slot_names[0] if len(routine.slot_names) == 1 else ""
