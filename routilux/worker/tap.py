"""Here is the tap: what a worker tells of its work, to the user's hooks and to whoever has subscribed.

The loop asks `is_on`, once per activation or run of activations, and does nothing else while nobody listens.
While somebody does, most activations are but counted and timed, and told as sums a few times a second; those
that are told by themselves, or shown to the user's hooks, take the longer ways, see `is_near`.
"""

from collections.abc import Mapping, Sequence
from time import perf_counter_ns
from typing import Any

from routilux.holds import HookedRoutine
from routilux.hookevents import ROUTINE, STATS, Failed, Failure, HookEvent, MessageRef
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.commit import Transaction
from routilux.ipc.layout import WORD
from routilux.ipc.publish import FIGURES_NS, PUBLISH_NS, Publisher
from routilux.ipc.publish import MOST as ENVELOPE
from routilux.plan import SUPERVISOR
from routilux.policies import Inbox, Taken
from routilux.reports import describe
from routilux.worker.activation import Activations
from routilux.worker.budget import TokenBucket
from routilux.worker.figures import Figures
from routilux.worker.intake import Batch
from routilux.worker.jobs import SLOT_MASK, JobTable, WorkerJob
from routilux.worker.logs import Lines
from routilux.worker.outputs import EventOutput, Outputs
from routilux.worker.trace import MOST, Running, Trace
from routilux.worker.waiting import Arrival, Attempt
from routilux.worker.work import Work

BEAT_NS = 25_000_000
"""Between two looks at who listens, while there is nothing to publish; what comes after a while without
anything does not wait longer either.
"""
BUDGET = 5, 100
"""Activations a second that have an event of their own, and how many may come at once."""
LARGE_BUDGET = 20_000, 50_000
"""The same of the jobs that somebody wants to see as a whole."""
FAILURES = 100, 500
"""Of exceptions."""
VERDICTS = {"stop": "failed", "skip": "skipped", "continue": "continued", "retry": "retried"}
REASON = 200
"""Characters of what a policy says."""
TOLD = ("activations", "errors", "skipped")
"""Counters that lie one after the other, see COUNTERS."""


class Tap:
    """One per worker; see the module."""

    def __init__(
        self,
        routine: str,
        publisher: Publisher,
        lines: Lines,
        hooked: HookedRoutine | None,
        *,
        slot_names: Sequence[str],
        arena: Arena,
        own: OwnSection,
        jobs: JobTable,
        outputs: Outputs,
        activations: Activations,
        tx: Transaction,
    ) -> None:
        self.is_on = self.is_near = hooked is not None
        """Near is who looks at single activations: the user's hooks, and listeners as far as the rate budget
        goes. Of jobs that somebody wants to see as a whole all are looked at.
        """
        self.next_beat = 0
        self.has_news = False
        """Whether the commit at hand makes something certain that is to be told."""
        self.hooked = hooked
        self.trace = Trace(arena.data)
        self.lines = lines
        self._routine = routine
        self._slot_names = slot_names
        self._publisher = publisher
        self._jobs = jobs
        self._outputs = outputs
        self._activations = activations
        self._tx = tx
        self._words = own.words
        self._shared = arena.words
        self._traced = arena.layout.sections[SUPERVISOR].words["traced"] // WORD
        self._figures = Figures()
        self._first = own.index(own.section.words[TOLD[0]])
        self._slots = arena.layout.jobs
        self._budgets = TokenBucket(*BUDGET), TokenBucket(*LARGE_BUDGET)
        self._failures = TokenBucket(*FAILURES)
        self._previews = TokenBucket(*BUDGET), TokenBucket(*LARGE_BUDGET)
        self._dropped = 0
        self._next_stats = self._next_send = 0
        self._works: dict[int, Work] = {}
        """By job slot, since they were told last;"""
        self._whole: list[int] = []
        """in these slots after each commit."""
        self._declined: dict[int, tuple[int, int, str]] = {}
        """By job, how often its policy has declined since the last commit, before how many messages, why."""
        self._pending: list[HookEvent] = []
        self._outbox: list[HookEvent] = []
        self._began = 0
        self._status = "completed"
        self._error: BaseException | None = None
        self._is_heard = self._wants_trace = False
        self._was_cut = False
        self.spent = 0
        """Nanoseconds of this transaction that went into looking at it."""
        self._job: WorkerJob | None = None

    # ---- who listens --------------------------------------------------------------------------------------

    def beat(self, now: int) -> None:
        """Look who listens, and publish what there is; called whenever `next_beat` has come."""
        publisher = self._publisher
        has_come = publisher.look()
        self._is_heard = publisher.is_heard
        self.is_on = self._is_heard or self.hooked is not None
        if publisher.wants[ROUTINE] != self._wants_trace:
            self._attend(is_wanted=publisher.wants[ROUTINE])
        self.is_near = self.hooked is not None or (self._wants_trace and self._budgets[0].has_one(now))
        if now >= self._next_send or self._has_much:
            self._send(now)
        if publisher.wants[STATS] and (has_come or (now >= self._next_stats and self._figures.is_news)):
            self._next_stats = now - now % FIGURES_NS + FIGURES_NS
            activations, lost = self._tx.activations, self.lines.dropped
            told = self._figures.told(now, activations=activations, dropped=self._dropped, log_dropped=lost)
            publisher.publish(STATS, [told])
        self.next_beat = max(self._next_send, now - now % BEAT_NS + BEAT_NS)

    @property
    def _has_collected(self) -> bool:
        return bool(self._outbox or self._works or self.lines.waiting)

    @property
    def _has_much(self) -> bool:
        return len(self._outbox) + len(self._works) >= ENVELOPE

    def _send(self, now: int) -> None:
        """Publish what has been collected."""
        if self._has_collected:
            self._next_send = now - now % PUBLISH_NS + PUBLISH_NS
        for work in self._works.values():
            self._tell(work, now)
        self._works.clear()
        self._whole.clear()
        if self._outbox:
            self._publisher.publish(ROUTINE, self._outbox)
            self._outbox.clear()
        self.lines.flush(self._publisher)

    def _tell(self, work: Work, now: int) -> None:
        """What was done for a job since it was told last. Only between two transactions."""
        self._figures.add(work.job_id, work.runs)
        if not self._wants_trace:
            return
        self._dropped += sum(activations for _, _, activations in work.runs)
        if (told := work.told(now)) is not None:
            self._outbox.append(told)

    def _attend(self, *, is_wanted: bool) -> None:
        """Whoever wants activations has come, or the last of them has gone."""
        self._wants_trace = is_wanted
        self._outputs.watcher = self.closes if is_wanted else None
        if not is_wanted:
            self._pending.clear()
            self._outbox.clear()
            self._declined.clear()
            self.trace.forget()
            self.has_news = False

    def patience(self, seconds: float) -> float:
        """How long to sleep at most: what has been collected does not wait for long."""
        if not self._has_collected:
            return seconds
        return min(seconds, max(BEAT_NS, self._next_send - perf_counter_ns()) / 1e9)

    def close(self) -> None:
        """The process ends: what has been committed goes out."""
        self._next_stats = self._next_send = 0
        self.beat(perf_counter_ns())
        self._publisher.close()

    def withdraw(self) -> None:
        """The process ends in the middle of a transaction, which has not happened."""
        self._works.clear()

    # ---- activations --------------------------------------------------------------------------------------

    def begin(self, job: WorkerJob, batch: Batch, most: int, values: Mapping[str, Any] | None) -> int:
        """Immediate logic is about to run on up to `most` messages of the batch; on how many it may."""
        if not (self.is_near or self._shared[self._traced + job.slot]):
            self._begin_quickly(job)
            return most
        now = self._begin(job, batch.is_token, values)
        if self._may_trace(job, now):
            running = self._open(job, now, 1 + batch.failures, is_finish=batch.is_token)
            if not batch.is_token:
                running.inputs = (self.trace.message(batch, batch.used, now, is_whole=running.is_whole),)
            self._began = perf_counter_ns()
            self.spent += self._began - now
            return 1
        return most

    def stops(self, job: WorkerJob, attempt: Attempt) -> bool:
        """Whether the user's hooks hold the job before the activation; once is enough."""
        if self.hooked is None or attempt.is_let_go or attempt.failures:
            return False
        attempt.is_let_go = self.hooked.pauses(job, self._values(attempt))
        return attempt.is_let_go

    def _values(self, attempt: Attempt) -> dict[str, Any]:
        return dict(zip(self._slot_names, attempt.taken.arguments, strict=True))

    def begin_gathered(
        self, job: WorkerJob, messages: Sequence[Arrival], attempt: Attempt, *, is_finish: bool = False
    ) -> None:
        """Logic, or finish, is about to run on what the policy has chosen."""
        if not (self.is_near or self._shared[self._traced + job.slot]):
            self._begin_quickly(job)
            return
        is_shown = self.hooked is not None and not is_finish
        now = self._begin(job, is_finish, self._values(attempt) if is_shown else None)
        if self._may_trace(job, now):
            running = self._open(job, now, 1 + attempt.failures, is_finish=is_finish)
            message = attempt.taken.message
            running.reason = "" if message is None else str(message)[:REASON]
            if not is_finish:
                running.inputs = tuple(self.trace.copies.together(map(_told, messages[:MOST]), now))

    def _begin_quickly(self, job: WorkerJob) -> None:
        """What begins is but counted and timed."""
        work = self._works.get(job.slot)
        if self._is_heard and (work is None or work.number != job.number):
            self._open_work(job.number)
        self._job, self._began = job, perf_counter_ns()

    def _begin(self, job: WorkerJob, is_finish: bool, values: Mapping[str, Any] | None) -> int:  # noqa: FBT001
        self._begin_quickly(job)
        now = self._began
        self._status, self._error = "completed", None
        self._was_cut = self._activations.was_cut
        self.trace.running = None
        if self.hooked is not None and values is not None and not is_finish:
            self.hooked.start(job.job_id, values)
        return now

    def _may_trace(self, job: WorkerJob, now: int) -> bool:
        if not self._wants_trace:
            return False
        is_whole = self._is_asked_for(job)
        if self._budgets[is_whole].take(now):
            return True
        self.is_near = self.hooked is not None or (self.is_near and is_whole)
        return False

    def _is_asked_for(self, job: WorkerJob) -> bool:
        """Whether somebody wants to see the job as a whole."""
        return bool(self._shared[self._traced + job.slot])

    def _open(self, job: WorkerJob, now: int, attempt: int, *, is_finish: bool) -> Running:
        """Its inputs are still to be told; a finish has none, for the token that calls it is no message."""
        running = Running(job.job_id, now, attempt=attempt, is_whole=self._is_asked_for(job))
        running.is_finish = is_finish
        self.trace.running = running
        return running

    def failed(self, job: WorkerJob, action: str, error: BaseException, message_id: str) -> None:
        """The activation at hand has raised, or something else of the job has gone wrong."""
        now, running = perf_counter_ns(), None
        if self._is_heard:
            self._work_for(job.number)
        if job is self._job:
            self._status, self._error = VERDICTS[action], error
            running = self.trace.running
        if not self._wants_trace or not (running is not None or self._failures.take(now)):
            return
        record = describe(self._routine, action, error)
        failure = Failure(record.type, record.message, record.traceback, self._routine)
        if running is not None:
            running.error = failure
        self.has_news = True
        self._pending.append(Failed(now, job.job_id, action, failure, message_id))

    def end(self, job: WorkerJob, received: Mapping[int, int], activations: int) -> None:
        """The activations at hand are over: so many, which have used so many messages of each slot."""
        if self._job is not job:  # somebody has begun to listen in its middle
            return
        now, self._job = perf_counter_ns(), None
        if self.trace.running is None and self._is_heard:
            work = self._works.get(job.slot)
            if work is None or work.number != job.number:
                work = self._open_work(job.number)
            work.runs.append((self._began, now, activations))
            for slot, count in received.items():
                work.received[slot] = work.received.get(slot, 0) + count
        if self.trace.running is not None or self.hooked is not None:
            self._end(job, received, activations, now)

    def _end(self, job: WorkerJob, received: Mapping[int, int], activations: int, now: int) -> None:
        """They are told by themselves, or shown to the user's hooks."""
        if self._activations.was_cut and not self._was_cut:
            self._status = "cut"
        took = now - self._began
        if (running := self.trace.running) is not None:
            self.has_news = True
            self._figures.add(job.job_id, [(self._began, now, activations)])
            running.status, running.received = self._status, dict(received)
            if not running.is_finish:
                fails, skips = self._status in ("failed", "continued"), self._status == "skipped"
                self._work_for(job.number).show(running.attempt == 1, fails, skips)
            self.trace.end(now)
        if self.hooked is not None and activations:
            self.hooked.end(job.job_id, self._status, took / 1e9, self._error)

    def closes(self, job: int, position: int, event: EventOutput) -> None:
        """What has been emitted on the event is about to go into its channels."""
        if self.trace.running is None:
            emitted = self._work_for(job).emitted
            emitted[position] = emitted.get(position, 0) + len(event.parts)
            return
        began, self.has_news = perf_counter_ns(), True
        self.trace.closes(position, event)
        self.spent += perf_counter_ns() - began

    def _work_for(self, number: int) -> Work:
        work = self._works.get(number & SLOT_MASK)
        return work if work is not None and work.number == number else self._open_work(number)

    def _open_work(self, number: int) -> Work:
        """Before anything is counted for the job in this transaction."""
        job, slot = self._jobs.find(number), number & SLOT_MASK
        if (former := self._works.get(slot)) is not None:  # the counters were those of its job
            self._tell(former, perf_counter_ns())
        places = range(self._first + slot, self._first + len(TOLD) * self._slots, self._slots)
        work = self._works[slot] = Work(number, "" if job is None else job.job_id, self._words, places)
        if self._shared[self._traced + slot]:
            self._whole.append(slot)
            self.has_news = True
        if self._has_much:
            self.next_beat = 0
        return work

    def present(self) -> tuple[Any, ...]:
        """What is known of the activation at hand, to `go_on` with after another."""
        return self._job, self._began, self._status, self._error, self._was_cut, self.trace.running

    def go_on(self, present: tuple[Any, ...]) -> None:
        self._job, self._began, self._status, self._error, self._was_cut, self.trace.running = present

    def arrive(self, job: WorkerJob, arrival: Arrival, slot: str, waiting: int) -> None:
        """A message has come before the policy, where so many wait."""
        is_whole = self._is_asked_for(job)
        if self._wants_trace and (is_whole or self.is_near):
            now = perf_counter_ns()
            if self._previews[is_whole].take(now):
                batch = arrival.unit.batch
                is_copied = is_whole and waiting < MOST  # an activation tells of no more
                arrival.told = self.trace.message(batch, arrival.index, now, is_whole=is_copied)
        if self.hooked is not None:
            self.hooked.receives(job, slot, arrival.value)

    def answered(self, job: WorkerJob, inbox: Inbox, taken: Taken | None) -> None:
        """The policy was asked. What it takes is told with the activation."""
        if self.hooked is not None:
            self.hooked.answered(job.job_id, inbox, taken)
        if taken is None and self._wants_trace and (waiting := len(inbox)):
            reason = "" if inbox.declined is None else str(inbox.declined)[:REASON]
            times = 1 + self._declined.get(job.number, (0, 0, ""))[0]
            self._declined[job.number] = times, waiting, reason
            self.has_news = True

    # ---- commits ------------------------------------------------------------------------------------------

    def committed(self) -> None:
        """What has become certain is to be told; called if there are news."""
        self._outbox += self._pending
        self._pending.clear()
        self._outbox += self.trace.committed()
        for number, (times, waiting, reason) in self._declined.items():
            self._work_for(number).decline(times, waiting, reason)
        self._declined.clear()
        for slot in self._whole:
            if (work := self._works.pop(slot, None)) is not None:
                self._tell(work, perf_counter_ns())
        self._whole.clear()
        self.has_news = self.trace.placement.expects_more
        if self._has_much:
            self.next_beat = 0


def _told(arrival: Arrival) -> MessageRef:
    batch = arrival.unit.batch
    return arrival.told or MessageRef(batch.message_id(arrival.index), batch.slot, arrival.origin)
