"""Here is what the supervisor of a running flow tells whoever listens: changes of its jobs and processes, and
figures.
"""

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import monotonic_ns
from typing import Any

import zmq

from routilux.clock import wall
from routilux.hookevents import (
    JOB,
    ROUTINE,
    STATS,
    DeadLettered,
    Debugged,
    FlowStats,
    Held,
    HookEvent,
    JobChanged,
    Pressed,
    ProcessChanged,
    ProcessFigures,
)
from routilux.ipc.arena import OwnSection
from routilux.ipc.publish import PUBLISH_NS, Publisher
from routilux.jobs import JobState
from routilux.lifecycle import ExecutionStatus
from routilux.plan import SUPERVISOR, Plan
from routilux.reports import DeathReport, failure_of
from routilux.supervisor.ledger import Ledger

log = logging.getLogger("routilux.supervisor")

AWAITED_NS = 5_000_000_000
"""For so long after its start a flow, or a successor of a worker, keeps what it has to tell for whoever is
about to listen.
"""
SHARE = 20
"""Where figures take long to read, they are published so rarely that this is but a part in so many."""
LOOK_NS = PUBLISH_NS // 2
"""Between two looks at a busy flow."""
MOST_NOTED = 10_000
"""Events between two turns; instead of more, listeners are told all jobs anew."""


class Publishing:
    """The hook events of one supervisor. Whoever holds its lock may note one; its thread publishes them.

    With nobody listening, all that it costs is to look at `is_heard`.
    """

    def __init__(
        self,
        context: "zmq.Context[Any]",
        directory: Path,
        plan: Plan,
        ledger: Ledger,
        own: OwnSection,
        *,
        is_watched: bool,
    ) -> None:
        """`is_watched`: somebody will listen soon, and is to hear of the first moments, too."""
        self.directory = directory
        self._publisher = Publisher(context, directory, process=SUPERVISOR, epoch=1)
        self.socket = self._publisher.socket
        self._heard_by = 0
        self._own = own
        if is_watched:
            self._heard_by = self._expect()
        self.is_heard = is_watched
        self.began_at = wall()
        self.ended = self.failed = 0
        """Jobs, since the flow was started."""
        self.restarts: Counter[int] = Counter()
        self.started_at = {SUPERVISOR: self.began_at}
        """Per process, in Unix seconds."""
        self._plan = plan
        self._ledger = ledger
        self._noted: list[HookEvent] = []
        self._is_cut = False
        self._states: dict[int, str] = {}
        self._due = 0

    # ---- what happens -------------------------------------------------------------------------------------

    def job(self, job: JobState) -> None:
        """The job has begun, was paused or resumed, or is traced."""
        if self.is_heard:
            self._note(job_changed(job))

    def end(self, job: JobState) -> None:
        """The job has ended."""
        self.ended += 1
        self.failed += job.status is ExecutionStatus.FAILED
        if self.is_heard:
            self._note(job_changed(job))

    def process(self, index: int, change: str, pid: int, *, how: str = "", attempt: int = 0) -> None:
        """Something has become of a worker; see ProcessChanged."""
        if change in ("started", "restarted"):
            self.started_at[index] = wall()
            self._states[index] = "starting"
        self.restarts[index] += change == "died"
        if self.is_heard:
            known = self._plan.processes[index]
            self._note(
                ProcessChanged(
                    monotonic_ns(), index, known.node, known.replica, change, pid, how=how, attempt=attempt
                )
            )

    def succeeds(self) -> None:
        """A worker is about to be started again: whoever listens to us will listen to it, too."""
        if self._publisher.wants[ROUTINE]:
            self._expect()

    def _expect(self) -> int:
        """Let workers to whom nobody listens yet keep what they have to tell; until when."""
        until = monotonic_ns() + AWAITED_NS
        self._own.words[self._own.index(self._own.section.words["heard_by"])] = until
        return until

    def letter(self, job: JobState, dead: DeathReport, how: str, attempts: int) -> None:
        """A message was given up."""
        if self.is_heard:
            at = monotonic_ns()
            self._note(DeadLettered(at, job.job_id, dead.routine, dead.slot, dead.message_id, how, attempts))

    def pressed(self, what: str, *, job_id: str = "", routine: str = "") -> None:
        """See Pressed."""
        if self.is_heard:
            self._note(Pressed(monotonic_ns(), job_id, routine, what))

    def debugging(self, event: Held | Debugged) -> None:
        """Something is held, or is no more."""
        if self.is_heard:
            self._note(event)

    def _note(self, event: HookEvent) -> None:
        if len(self._noted) < MOST_NOTED:
            self._noted.append(event)
        else:
            self._is_cut = True

    # ---- the supervisor's thread --------------------------------------------------------------------------

    def nap(self, *, is_busy: bool) -> float | None:
        """Seconds until figures are to be read; None if nobody listens. A busy flow is looked at in between
        all the same, and then halfway: so that nobody wakes for the figures alone.
        """
        if not self._publisher.is_heard:
            return None
        left = max(0, self._due - monotonic_ns())
        return (left % LOOK_NS if is_busy else left) / 1e9

    def publish(self, figures: Callable[[], FlowStats]) -> None:
        """See who listens, and tell what was noted, and the figures if it is time; whoever has just come is
        told of all jobs under way first.
        """
        try:
            self._publish(figures)
        except Exception:  # whoever listens must not be the end of a flow
            log.exception("what flow %r has done could not be told", self._plan.flow)

    def _publish(self, figures: Callable[[], FlowStats]) -> None:
        has_come = self._publisher.look()
        self.is_heard = self._publisher.is_heard or monotonic_ns() < self._heard_by
        if not self._publisher.is_heard:
            if not self.is_heard:
                self._noted.clear()
            return
        noted, self._noted = self._noted, []
        if has_come or self._is_cut:
            self._is_cut = False
            noted += [job_changed(account.job) for account in self._ledger.accounts.values()]
        if noted and self._publisher.wants[JOB]:
            self._publisher.publish(JOB, noted)
        if has_come or monotonic_ns() >= self._due:
            self._tell_figures(figures)

    def _tell_figures(self, figures: Callable[[], FlowStats]) -> None:
        began = monotonic_ns()
        read = figures()
        for process in read.processes:
            self._compare(process)
        if self._publisher.wants[STATS]:
            self._publisher.publish(STATS, [read])
        ended = monotonic_ns()
        due = ended + SHARE * (ended - began)
        self._due = due - due % PUBLISH_NS + PUBLISH_NS

    def _compare(self, now: ProcessFigures) -> None:
        """What becomes of a worker by itself shows in its figures alone."""
        before, self._states[now.process] = self._states.get(now.process, now.state), now.state
        if before == "starting" and now.state in ("idle", "running"):
            self.process(now.process, "ready", now.pid)
        elif now.state == "suspect" != before:
            self.process(now.process, "suspect", now.pid, how="a signal has stopped it")


def job_changed(job: JobState) -> JobChanged:
    """What there is to say of a job as it stands."""
    return JobChanged(
        monotonic_ns(),
        job.job_id,
        job.status,
        job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        error=None if job.error is None else failure_of(job.error),
        counters={name: dict(found) for name, found in job.counters.items()} if job.ended else {},
        metadata=job.metadata,
        is_traced=job.is_traced,
    )
