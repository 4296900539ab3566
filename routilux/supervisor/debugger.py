"""Here is the debugger of a running flow: what is held, who may let it go on, and what was done.

A held worker has asked a question on the control line, which is answered when somebody says how to go on. A
held submission waits here. Whoever calls holds no lock; all is done under the supervisor's.
"""

import threading
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import msgspec

from routilux import clock
from routilux.clock import monotonic
from routilux.debug.ancestry import Ancestry, Names
from routilux.debug.breakpoints import Breakpoint
from routilux.debug.follower import Follower
from routilux.debug.holds import Release, Report, orders
from routilux.debug.notes import Notes
from routilux.debug.recordings import Recorded
from routilux.debug.session import KEEP, HoldInfo, Note
from routilux.errors import BreakpointError, DeadlineExceeded
from routilux.ipc.codec import Decoder, Encoder
from routilux.ipc.control import Answer, Ask
from routilux.ipc.lanes import LARGE
from routilux.ipc.layout import Order
from routilux.jobs import JobState
from routilux.lifecycle import ExecutionStatus
from routilux.submission import encoded_part, slot_seed
from routilux.supervisor import attaching, holdnews
from routilux.supervisor.breaktable import BreakTable
from routilux.supervisor.clients import REMEMBERED
from routilux.supervisor.desk import SLOT_MASK
from routilux.supervisor.docket import Docket
from routilux.supervisor.edits import edited_input, encoded, fitting
from routilux.supervisor.guardroom import GuardRoom
from routilux.supervisor.heldprocesses import HeldProcesses
from routilux.supervisor.ledger import Account
from routilux.supervisor.recordings import Recordings, of_hold
from routilux.supervisor.waitingroom import Held, WaitingRoom

LEASE = 30.0
ON_MESSAGE = ("resume", "drop", "edit")
ON_ERROR = ("resume", "retry", "skip", "fail")
ENDED = "job {!r} has ended: there is nothing to debug any more"


class Debugger(HeldProcesses):
    """The DebugControl of the jobs of one flow."""

    def __init__(
        self,
        docket: Docket,
        table: BreakTable,
        room: threading.Condition,
        rouse: Callable[[], None],
        *,
        allow_attach: bool = False,
    ) -> None:
        super().__init__(docket, room, rouse, allow_attach=allow_attach)
        self.lease = LEASE
        self.table = table
        self._names = count(1)
        self._attempts: dict[tuple[int, int, str], int] = {}
        self._is_draining = False
        self.recordings = Recordings(docket, table, room, rouse)
        self.guards = GuardRoom(docket, table, self._hold)
        self.waiting = WaitingRoom(
            docket, table, self._hold, Notes(self._note_line), self.recordings.submitted
        )

    # ---- breakpoints --------------------------------------------------------------------------------------

    def add(self, job: JobState | None, wanted: Breakpoint | Mapping[str, Any]) -> Breakpoint:
        with self._room:
            number, job_id = None, None
            if job is not None:
                number, job_id = self._account(job).number, job.job_id
            found = self.table.add(number, job_id, wanted)
            self._clients.note(job, "add breakpoint", found.breakpoint_id)
            self._docket.desk.ring_all()
            return found

    def update(self, job: JobState | None, breakpoint_id: str, changes: Mapping[str, Any]) -> Breakpoint:
        with self._room:
            found = self.table.update(_id_of(job), breakpoint_id, dict(changes))
            self._clients.note(job, "update breakpoint", breakpoint_id)
            self._docket.desk.ring_all()
            return found

    def remove(self, job: JobState | None, breakpoint_id: str) -> None:
        with self._room:
            self.table.remove(_id_of(job), breakpoint_id)
            self._clients.note(job, "remove breakpoint", breakpoint_id)
            for held in [each for each in self._holds.values() if each.report.breakpoint_id == breakpoint_id]:
                self._let_go(held, Release(), "removed")
            self._docket.desk.ring_all()
        self._rouse()

    def breakpoints(self, job: JobState | None) -> list[Breakpoint]:
        with self._room:
            found = self.table.all(_id_of(job))
            held = [each.report.breakpoint_id for each in self._holds.values() if not each.guard]
            return [  # a hit is counted by its process once it is over
                msgspec.structs.replace(each, hit_count=each.hit_count + held.count(each.breakpoint_id))
                for each in found
            ]

    # ---- what is held -------------------------------------------------------------------------------------

    def holds(self, job: JobState, *, renews: bool = True) -> list[HoldInfo]:
        with self._room:
            if renews:
                self._clients.renew(job)
            return self._of(job)

    def _of(self, job: JobState) -> list[HoldInfo]:
        mine = [each for each in self._holds.values() if each.job is job and not job.ended]
        return [holdnews.info_of(each, self._docket) for each in mine]

    def wait(self, job: JobState, timeout: float | None) -> list[HoldInfo]:
        """As `holds`, as soon as there is one."""
        with self._room:
            self._clients.renew(job)
            if not self._room.wait_for(lambda: bool(self._of(job)) or job.ended, timeout):
                raise DeadlineExceeded(f"nothing of job {job.job_id!r} was held within {timeout:g} seconds")
            found = self._of(job)
            if not found:
                raise BreakpointError(ENDED.format(job.job_id))
            return found

    def release(self, job: JobState, hold_id: str, release: Release, payload: Any = None) -> None:
        """Let it go on. Raises BreakpointError if it has already."""
        with self._room:
            held = self._find(job, hold_id)
            wanted = ON_ERROR if held.report.type == "error" else ON_MESSAGE
            if release.action not in wanted:
                raise BreakpointError(
                    f"{release.action!r} is nothing for what is held at {held.report.type!r}: "
                    f"there are {', '.join(wanted)}"
                )
            if release.action == "edit":
                held.value = fitting(self._docket.flow, held.report, held.routine, payload)
                release = Release("edit", encoded(held.value, "the message"), release.step)
            elif release.action == "retry" and payload is not KEEP:
                release = Release(
                    "retry", edited_input(self._docket.flow, held.report, held.routine, payload)
                )
            self._clients.note(job, (release.step and f"step {release.step}") or release.action, hold_id)
            self._let_go(held, release, release.step and f"step {release.step}")
        self._rouse()

    def saved(self, job: JobState, hold_id: str) -> Recorded:
        """What is held as a recorded message. Raises BreakpointError for what is none."""
        with self._room:
            held = self._find(job, hold_id)
            return of_hold(held, holdnews.info_of(held, self._docket), self._docket.flow)

    def follower(self, job: JobState) -> Follower:
        names = Names.of_plan(self._docket.flow, self._docket.plan)
        return Follower(self._docket.publishing.directory, Ancestry(names, job.job_id))

    def read(self, report: Report) -> Any:
        return Decoder().decode_large(memoryview(report.payload or b""))

    def inject(self, job: JobState, routine: str, slot: str, payload: Any) -> None:
        """A message more, for any slot."""
        seed = slot_seed(self._docket.flow, routine, slot, payload)
        part = encoded_part(seed, Encoder(LARGE).encode)
        with self._room:
            account = self._account(job)
            self._clients.note(job, "inject", f"{routine}.{slot}")
            self._docket.publishing.debugging(holdnews.injected(job.job_id, routine, slot, payload))
            self._docket.desk.submit(account.number, seed, part, 0)
            self._docket.desk.commit()
        self._rouse()

    # ---- for the supervisor's thread ----------------------------------------------------------------------

    def asked(self, peer: bytes, ask: Ask) -> Answer | None:  # noqa: PLR0911 - one for each question
        """A worker holds a message, or shows something meanwhile, or has noted a line."""
        account = self._docket.ledger.accounts.get(ask.job & SLOT_MASK)
        is_over = account is None or account.number != ask.job or account.job.ended
        if ask.what in ("fault", "note"):
            if ask.what == "fault" and self.table.known(ask.key) is not None:
                self.table.faults[ask.key] = ask.value.decode(errors="replace")
            elif ask.what == "note":
                self._note_line(ask.job, ask.key, ask.value)
            return None
        if ask.what == "attached":
            for held in [each for each in self._holds.values() if each.peer == peer]:
                if attaching.heard(self._clients, held, ask.key):
                    self._let_go(held, Release())
            return None
        if account is None or is_over:
            return Answer(ask.number, is_over=True)
        if ask.what == "guarded":
            return self.guards.asked(account, ask)
        if ask.what == "shown":
            return self._shown(peer, ask)
        report = msgspec.msgpack.decode(ask.value, type=Report)
        if self._is_draining or (report.breakpoint_id and self._is_vain(report.breakpoint_id)):
            return Answer(ask.number, value=orders.encode(Release()))
        key = (report.process, report.key, report.breakpoint_id)
        self._attempts[key] = self._attempts.get(key, 0) + 1
        while len(self._attempts) > REMEMBERED:
            del self._attempts[next(iter(self._attempts))]
        routine = self._docket.plan.processes[report.process].node
        self._hold(Held("", account.job, account, report, routine, peer, ask.number, self._attempts[key]))
        return None

    def _is_vain(self, breakpoint_id: str) -> bool:
        """Whether the breakpoint is no more, or its one shot is spent; if this is the shot, it is now."""
        found = self.table.known(breakpoint_id)
        if found is not None and found.one_shot:
            self.table.update(None, breakpoint_id, {"enabled": False})
            self._docket.desk.ring_all()
        return found is None

    def _note_line(self, job: int, breakpoint_id: str, line: bytes) -> bool:
        """A log point has written a line; the job may have ended since."""
        state, found = self._docket.ledger.job(job), self.table.known(breakpoint_id)
        if found is None:
            found = self.table.former(job, breakpoint_id)
        elif self._is_vain(breakpoint_id):
            found = None
        if state is not None and found is not None:
            routine = found.routine_id or found.source_routine_id or ""
            note = Note(clock.wall(), breakpoint_id, routine, line.decode(errors="replace"))
            self._clients.of(state).notes.append(note)
        return True

    def lost(self, process: int) -> None:
        """The process has died: what it held is run again, and then held again."""
        for held in [each for each in self._holds.values() if each.report.process == process and each.peer]:
            del self._holds[held.hold_id]
            self._unsuspend(held)
            self._docket.publishing.debugging(holdnews.ended(held, "died", self._docket))
        self._room.notify_all()

    def forget(self, account: Account) -> None:
        """The job has ended: whoever is held notices that by itself."""
        if self._holds:
            for held in [each for each in self._holds.values() if each.account is account]:
                del self._holds[held.hold_id]
                self._docket.publishing.debugging(holdnews.ended(held, "ended", self._docket))
        self.waiting.forget(account)
        self.guards.forget(account)
        account.is_suspended = False
        self.recordings.ended(account)
        self.table.forget(account.number)
        self._room.notify_all()

    def left(self) -> float | None:
        """Seconds until something goes on by itself; None if nothing will."""
        now = monotonic()
        found = [
            self._due(held) - now for held in self._holds.values() if not self._clients.of(held.job).attached
        ]
        found += [left for left in [self.recordings.left()] if left is not None]
        return max(0.0, min(found)) if found else None

    def let_forgotten_go(self) -> None:
        """What nobody debugs any more goes on."""
        self.recordings.look()
        now = monotonic()
        for held in list(self._holds.values()):
            if not self._clients.of(held.job).attached and self._due(held) <= now:
                self._clients.note(held.job, "auto-resume", held.hold_id, renews=False)
                self._let_go(held, Release(), "auto-resume")

    def drain(self) -> None:
        """Everything is to come to its end: what is held goes on, and nothing is held any more."""
        self._is_draining = self.waiting.is_open = self.guards.is_open = True
        for held in list(self._holds.values()):
            if held.hold_id in self._holds:
                self._clients.note(held.job, "drain", held.hold_id, renews=False)
                self._let_go(held, Release(), "drain")

    def _due(self, held: Held) -> float:
        return max(held.at, self._clients.of(held.job).seen) + self.lease

    # ---- holding and letting go ---------------------------------------------------------------------------

    def _hold(self, held: Held) -> None:
        held.hold_id = f"hold-{next(self._names)}"
        held.at, held.since = monotonic(), clock.wall()
        self._holds[held.hold_id] = held
        found = self.table.known(held.report.breakpoint_id) if held.report.breakpoint_id else None
        if found is not None and found.suspend == "job":
            held.suspends = held.account.is_suspended = True
            self._docket.ledger.order(held.account, Order.HOLD)
            self._docket.desk.ring_all()
        self._docket.publishing.debugging(holdnews.begun(held, holdnews.info_of(held, self._docket)))
        self._room.notify_all()

    def _let_go(self, held: Held, release: Release, how: str = "") -> None:
        """`how` is what it is called, if not as the release."""
        del self._holds[held.hold_id]
        self._unsuspend(held)
        self._docket.publishing.debugging(holdnews.ended(held, how or release.action, self._docket))
        if held.guard:
            self.guards.let_go(held, release)
        elif held.peer is None:
            self.waiting.let_go(held, release)
        else:
            self._let_process_go(held.peer, held, release)
        self._room.notify_all()

    def _unsuspend(self, held: Held) -> None:
        """A job that was stopped for what was held goes on once nothing of that is left."""
        account = held.account
        if not held.suspends or any(e.suspends and e.account is account for e in self._holds.values()):
            return
        account.is_suspended = False
        if account.job.status is ExecutionStatus.RUNNING and not account.is_throttled:
            self._docket.ledger.order(account, Order.RUN)
            self._docket.suspects.add(account.slot)
            self._docket.desk.ring_all()

    def _account(self, job: JobState) -> Account:
        account = self._docket.ledger.find(job)
        if account is None or job.ended:
            raise BreakpointError(ENDED.format(job.job_id))
        return account


def _id_of(job: JobState | None) -> str | None:
    return None if job is None else job.job_id
