"""Here is the supervisor of one running flow: a thread that spawns its processes, collects outputs and sees
jobs end.

What a submitter does (submit, feed, cancel) happens in its own thread, see reception.py; what the processes
do is answered by the supervisor's thread.
"""

import logging
import select
import threading
from collections.abc import Callable
from itertools import chain
from math import ceil
from pathlib import Path

import zmq

from routilux.clock import Deadline, monotonic
from routilux.engine import Running, Settings
from routilux.errors import ClosedError, RoutiluxError, RoutineCrashed, StoreError
from routilux.ipc.arena import OwnSection
from routilux.ipc.control import Answer, Answerer, Ask
from routilux.ipc.loglines import LogReceiver
from routilux.ipc.sockets import Bell, Doorbells, slots
from routilux.jobs import JobState
from routilux.lifecycle import Happening
from routilux.plan import SUPERVISOR
from routilux.supervisor.attaching import interpreter_options
from routilux.supervisor.breaktable import BreakTable
from routilux.supervisor.crew import Crew
from routilux.supervisor.debugger import Debugger
from routilux.supervisor.desk import SLOT_MASK, Desk
from routilux.supervisor.docket import Docket
from routilux.supervisor.figures import Figures
from routilux.supervisor.journal import Journal
from routilux.supervisor.kept import Ground, Kept
from routilux.supervisor.ledger import Ledger
from routilux.supervisor.logdesk import LogDesk
from routilux.supervisor.publishing import Publishing
from routilux.supervisor.quotas import Quotas
from routilux.supervisor.reception import TICK, Reception
from routilux.supervisor.recovery import Recovery
from routilux.supervisor.resumption import take_up
from routilux.supervisor.rouser import Rouser
from routilux.supervisor.stopped import Stopped
from routilux.supervisor.succession import Succession
from routilux.supervisor.timeouts import Timeouts
from routilux.supervisor.watchdog import Watchdog

log = logging.getLogger("routilux.supervisor")

SOON = 0.001
"""Seconds to the next look at a job that seemed to be at its end; each further one takes twice as long."""


class Supervisor:
    """One flow under way: its arena, its crew, its jobs. Make it, `start` it, and `close` it in the end."""

    def __init__(
        self,
        ground: Ground,
        settings: Settings,
        directory: Path,
        on_end: Callable[["Supervisor"], None],
        *,
        worker_id: str,
        kept: Kept | None = None,
    ) -> None:
        flow = self.flow = ground.flow
        self.version, self._directory = flow.version, directory
        self.plan = ground.plan
        self._settings = settings
        self._on_end = on_end
        self._kept = kept
        self._keeps = False
        journal = None if kept is None else kept.journal
        directory.mkdir(mode=0o700)
        self._arena = ground.arena
        self._own = OwnSection(self._arena, SUPERVISOR)
        self._recovery = Recovery(self._arena, journal)
        if kept is not None and kept.is_resumed:
            self._recovery.recover_all(self.plan)
        self._bells = Doorbells(directory, SUPERVISOR)
        for process in self.plan.processes[1:]:
            self._bells.connect(process.index)
        self._answerer = Answerer(directory)
        lock = None if kept is None else kept.lock
        self._crew = Crew(
            self.plan,
            self._arena,
            ground.boots,
            ground.seed,
            lock,
            hooks=settings.hooks,
            options=interpreter_options(allow_attach=settings.allow_attach),
        )
        self._desk = Desk(
            flow, self.plan, self._arena, self._own, self._bells, is_durable=journal is not None
        )
        self._ledger = Ledger(self._arena, self._own)
        self._timeouts = Timeouts(flow, self.plan, self._arena)
        self._stopped = Stopped(settings.stop_limit)
        self._quotas = Quotas(self.plan, self._arena, self._own)
        self._watchdog = Watchdog(self.plan, self._arena)
        self._publishing = Publishing(
            self._bells.context,
            directory,
            self.plan,
            self._ledger,
            self._own,
            is_watched=settings.is_watched,
        )
        self._figures = Figures(
            flow, self.plan, self._arena, self._ledger, self._crew, self._stopped, self._publishing
        )
        self._again, self._looked = TICK, 0.0
        self._lock = threading.RLock()
        self._rouser = Rouser(self._lock)
        self._room = threading.Condition(self._lock)
        self._docket = Docket(
            flow,
            self.plan,
            settings,
            self._ledger,
            self._desk,
            self._crew,
            self._publishing,
            changed=self._changed,
            failed=self._fail,
            pauses=lambda job: self.reception.pause(job),  # noqa: PLW0108 - it is made below
            journal=journal,
        )
        table = BreakTable(flow, self.plan, self._arena, self._own)
        self._debugger = Debugger(
            self._docket, table, self._room, self._rouser.rouse, allow_attach=settings.allow_attach
        )
        self._docket.gone = self._debugger.forget
        self._logs = LogDesk(LogReceiver(self._bells.context, directory), self._arena, self._ledger)
        self._succession = Succession(self._docket, self._recovery, self._logs, self._debugger)
        self.reception = Reception(
            self._docket, self._debugger, self._room, self._rouser.rouse, self._logs, worker_id=worker_id
        )
        self.resumed: list[JobState] = []
        """The jobs that an earlier supervisor has left, the ended ones among them."""
        if journal is not None and kept is not None and kept.is_resumed:
            self._take_up(journal)
        self._thread = threading.Thread(target=self._run, name=f"routilux-{flow.name}", daemon=True)

    def _take_up(self, journal: Journal) -> None:
        try:
            with self._lock:
                self.resumed = take_up(self._docket, journal, self.reception)
        except BaseException:
            self._keeps = True
            self._let_go()
            raise

    def start(self) -> None:
        self._thread.start()

    # ---- submitters ---------------------------------------------------------------------------------------

    @property
    def is_closed(self) -> bool:
        return self.reception.is_closed

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left of it."""
        return self.reception.closing is not None and not self._thread.is_alive()

    def describe(self) -> Running:
        """What there is to say of the flow under way."""
        with self._lock:
            return self._figures.running(self.reception, self._directory)

    def begin_close(self, grace: float | None = None, *, keeps: bool = False) -> None:
        """Cancel what still runs and ask the workers to leave within `grace` seconds; those that have not are
        killed. A durable flow that is to be kept can be taken up later.
        """
        deadline = Deadline.after(self._settings.grace if grace is None else grace)
        with self._lock:
            self._keeps |= keeps and self._kept is not None and bool(self._ledger.accounts)
            if self.reception.closing is None or (self.reception.closing.at or 0.0) > (deadline.at or 0.0):
                self.reception.closing = deadline
            self._room.notify_all()
        self._rouser.rouse()

    def close(self, grace: float | None = None) -> None:
        """As `begin_close`, and wait until nothing is left."""
        self.begin_close(grace)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _changed(self) -> None:
        self._room.notify_all()
        self._rouser.rouse()

    # ---- the thread ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._crew.spawn()
            for index, member in self._crew.members.items():
                self._publishing.process(index, "started", member.pid)
            self._watch()
        except RoutineCrashed as error:
            self._fail(error)
        except StoreError as error:  # the journal: what is under way must not go on without it, and is kept
            self._keeps = True
            self._fail(StoreError(f"{error}; its jobs are suspended and can be resumed"))
        except Exception as error:
            log.exception("the supervisor of flow %r has failed", self.flow.name)
            self._fail(RoutiluxError(f"the supervisor of flow {self.flow.name!r} has failed: {error!r}"))
        finally:
            self._leave()

    def _watch(self) -> None:
        while self.reception.closing is None and self.reception.failure is None:
            poller = zmq.Poller()
            poller.register(self._bells.pull, zmq.POLLIN)
            poller.register(self._answerer.socket, zmq.POLLIN)
            poller.register(self._publishing.socket, zmq.POLLIN)
            poller.register(self._logs.socket, zmq.POLLIN)
            sentinels = set(self._crew.sentinels())
            for fd in (self._rouser.fd, *sentinels):
                poller.register(fd, zmq.POLLIN)
            self._watch_crew(poller, sentinels)

    def _watch_crew(self, poller: zmq.Poller, sentinels: set[int]) -> None:
        """Take turns until the crew has changed."""
        with self._lock:
            nap = self._nap()
        while self.reception.closing is None and self.reception.failure is None:
            events = dict(poller.poll(ceil(nap * 1000)))
            with self._lock:
                if self._rouser.fd in events:
                    self._rouser.heed()
                if self._answerer.socket in events:
                    self._answerer.answer(self._answer)
                if self._logs.socket in events:
                    self._logs.collect()
                self._turn(everything=not events or monotonic() > self._looked + TICK)
                self._debugger.let_forgotten_go()
                self._debugger.tell(self._answerer.tell)
                for index in self._quotas.look():
                    self._bells.ring(index, Bell.STATUS)
                    self._publishing.pressed("quota", routine=self.plan.processes[index].node)
                for index, how in chain(
                    self._timeouts.overdue(), self._stopped.over_limit(self._crew.pids())
                ):
                    self._succession.end(index, how)
                if self._watchdog.stands_still():
                    self._docket.give_up(self._watchdog.diagnosis())
                if not events or self._succession.is_awaited or sentinels & events.keys():
                    self._look_after_crew()
                if self._publishing.is_heard or self._publishing.socket in events:
                    self._publishing.publish(self._figures.read)
                nap = self._nap()
            if sentinels != set(self._crew.sentinels()):
                return

    def _answer(self, peer: bytes, ask: Ask) -> Answer | None:
        if ask.what == "sample":
            self._debugger.recordings.heard(ask)
            return None
        if ask.what in ("hold", "shown", "note", "fault", "guarded", "attached"):
            return self._debugger.asked(peer, ask)
        return self._docket.answer(ask)

    def _nap(self) -> float:
        """How long there is nothing to look at by itself."""
        accounts = self._ledger.accounts
        deadlines = [
            left
            for account in self._ledger.timed.values()
            if not account.job.ended and (left := account.deadline.left()) is not None
        ]
        respawns = self._succession.left()
        holds = [left for left in [self._debugger.left()] if left is not None]
        looks = [self._timeouts.nap] if accounts and self._timeouts.nap is not None else []
        if (until_published := self._publishing.nap(is_busy=bool(accounts))) is not None:
            looks.append(until_published)
        return min([self._again if accounts else 1.0, *deadlines, *respawns, *holds, *looks])

    def _turn(self, *, everything: bool) -> None:
        """Answer what has happened since the last turn. Readers are woken last: they compete with us for the
        interpreter.
        """
        touched = {
            slot
            for bell in self._bells.rung()
            if bell.kind == Bell.QUIET
            for slot in slots(bell.number, bell.position)
        }
        has_more: dict[JobState, None] = {}
        for letter in self._desk.collect():
            touched.add(letter.frame.job & SLOT_MASK)
            if (job := self._docket.receive(letter)) is not None:
                has_more[job] = None
        touched |= self._docket.suspects | self._desk.drop(self._docket.is_over)
        self._docket.suspects.clear()
        self._docket.write()
        self._desk.commit()
        self._docket.check_deadlines()
        accounts = self._ledger.accounts
        touched &= accounts.keys()
        if everything:  # a bell may have been lost, with the worker that rang it
            self._looked = monotonic()
        for slot in list(accounts) if everything else touched:
            self._docket.settle(accounts[slot])
        self._docket.release()
        # A worker may tell that a job is quiet just before another has stored the last of its counters.
        self._again = SOON if touched & accounts.keys() else min(2 * self._again, TICK)
        self._room.notify_all()
        for job in has_more:
            if not job.ended:  # its end has woken them
                job.notify()

    # ---- the crew -----------------------------------------------------------------------------------------

    def _look_after_crew(self) -> None:
        """Reap and recover the workers that have died; spawn those again whose time has come."""
        for index, how in self._crew.dead():
            self._turn(everything=False)  # it may have told why
            if self.reception.failure is None:
                self._succession.recover(index, how)
        self._succession.respawn()

    def _fail(self, error: RoutiluxError) -> None:
        """No job of this flow can go on."""
        with self._lock:
            if self.reception.failure is not None:
                return
            self.reception.failure = error
            for account in list(self._ledger.accounts.values()):
                if not account.job.ended:
                    account.job.happen(Happening.FAIL, error)
                    self._publishing.end(account.job)
            self._room.notify_all()

    def _leave(self) -> None:
        """Ask, wait, kill, reap; then let go of everything. Afterwards nothing of the flow is left."""
        with self._lock:
            for account in list(self._ledger.accounts.values()):
                if not account.job.ended:
                    what = "suspended: it can be resumed" if self._keeps else "stopped"
                    message = f"the flow of job {account.job.job_id!r} was {what}"
                    account.job.happen(Happening.CANCEL, ClosedError(message))
                    self._publishing.end(account.job)
            self._debugger.recordings.close()
            self._publishing.publish(self._figures.read)
            self._desk.tell("exit")
            self._on_end(self)
        self._see_off()
        with self._lock:
            self.reception.closing = self.reception.closing or Deadline(monotonic())
            self._room.notify_all()
            self._let_go()

    def _let_go(self) -> None:
        """Nothing is held any more; sockets that nobody closes would hold up the end of the process."""
        self._bells.close()
        self._answerer.close()
        self._desk.close()
        self._crew.close()
        self._own.close()
        self._arena.close()
        if self._kept is not None:
            self._kept.close(forgets=not self._keeps)
        self._rouser.close()

    def _see_off(self) -> None:
        """Wait for the workers to leave; kill those that have not when the time is up, which a second `close`
        may shorten.
        """
        failed = Deadline.after(min(self._settings.grace, 1.0))
        poller = select.poll()
        for fd in (self._rouser.fd, *self._crew.sentinels()):
            poller.register(fd, select.POLLIN)
        while not self._crew.is_gone:
            left = (self.reception.closing or failed).left() or 0.0
            if left <= 0:
                self._crew.kill()
                break
            for fd, _ in poller.poll(ceil(min(left, TICK) * 1000)):
                if fd == self._rouser.fd:
                    self._rouser.heed()
                else:
                    poller.unregister(fd)
        self._crew.reap()
