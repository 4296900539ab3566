"""Here is the tap: what a worker tells of its work, to the user's hooks and to whoever has subscribed.

The loop asks `is_on`, once per activation or run of activations, and does nothing else while nobody listens.
While somebody does, most activations are but counted and timed, and told as sums a few times a second; those
that are told by themselves, or shown to the user's hooks, take the longer ways, see `is_near`.
"""

from collections.abc import Mapping, Sequence
from time import perf_counter_ns
from typing import Any

from routilux.holds import HookedRoutine
from routilux.hookevents import ROUTINE, STATS, Activated, Failed, Failure, HookEvent, MessageRef
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.commit import Transaction
from routilux.ipc.layout import WORD
from routilux.ipc.publish import MOST as ENVELOPE
from routilux.ipc.publish import PUBLISH_NS, Publisher
from routilux.plan import SUPERVISOR
from routilux.policies import Inbox, Taken
from routilux.reports import describe
from routilux.worker.activation import Activations
from routilux.worker.budget import TokenBucket
from routilux.worker.figures import Figures
from routilux.worker.intake import Batch
from routilux.worker.jobs import JobTable, WorkerJob
from routilux.worker.logs import Lines
from routilux.worker.outputs import EventOutput, Outputs
from routilux.worker.trace import MOST, Running, Trace
from routilux.worker.waiting import Arrival, Attempt
from routilux.worker.work import Work, Works

BEAT_NS = 25_000_000
"""Between two looks at who listens, while there is nothing to publish; what comes after a while without
anything does not wait longer either.
"""
BUDGET = 5, 100
"""Activations a second that have an event of their own, and how many may come at once."""
LARGE_BUDGET = 20_000, 50_000
"""The same of the jobs that somebody wants to see as a whole."""
MOST_KEPT = 8192
"""Events that are kept for whoever is about to listen."""
FAILURES = 100, 500
"""Of exceptions."""
VERDICTS = {"stop": "failed", "skip": "skipped", "continue": "continued", "retry": "retried"}
REASON = 200
"""Characters of what a policy says."""


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
        self._outputs = outputs
        self._activations = activations
        self._tx = tx
        self._shared = arena.words
        self._traced = arena.layout.sections[SUPERVISOR].words["traced"] // WORD
        self._heard_by = arena.layout.sections[SUPERVISOR].words["heard_by"] // WORD
        self._figures = Figures()
        self._budgets = TokenBucket(*BUDGET), TokenBucket(*LARGE_BUDGET)
        self._failures = TokenBucket(*FAILURES)
        self._previews = TokenBucket(*BUDGET), TokenBucket(*LARGE_BUDGET)
        self._dropped = 0
        self._next_stats = self._next_send = 0
        self._works = Works(arena, own, jobs)
        self._declined: dict[int, tuple[int, int, str]] = {}
        """By job, how often its policy has declined since the last commit, before how many messages, why."""
        self._pending: list[HookEvent] = []
        self._outbox: list[HookEvent] = []
        self._began = 0
        self._status = "completed"
        self._error: BaseException | None = None
        self._is_heard = self._is_awaited = self._wants_trace = False
        self._was_cut = False
        self.spent = 0
        """Nanoseconds of this transaction that went into looking at it."""
        self._job: WorkerJob | None = None

    # ---- who listens --------------------------------------------------------------------------------------

    def beat(self, now: int) -> None:
        """Look who listens, and publish what there is; called whenever `next_beat` has come."""
        publisher = self._publisher
        has_come = publisher.look()
        self._is_awaited = not publisher.is_heard and now < self._shared[self._heard_by]
        self._is_heard = publisher.is_heard or self._is_awaited
        if not self.is_on:
            self._job = None  # what is under way, if anything, has begun unheard
        self.is_on = self._is_heard or self.hooked is not None
        if (is_wanted := publisher.wants[ROUTINE] or self._is_awaited) != self._wants_trace:
            self._attend(is_wanted=is_wanted)
        self.is_near = self.hooked is not None or (self._wants_trace and self._budgets[0].has_one(now))
        if now >= self._next_send or self._has_much:
            self._send(now)
        if publisher.wants[STATS] and (has_come or (now >= self._next_stats and self._figures.is_news)):
            self._next_stats = now - now % PUBLISH_NS + PUBLISH_NS
            activations, lost = self._tx.activations, self.lines.dropped
            told = self._figures.told(now, activations=activations, dropped=self._dropped, log_dropped=lost)
            publisher.publish(STATS, [told])
        self.next_beat = max(self._next_send, now - now % BEAT_NS + BEAT_NS)

    @property
    def _has_collected(self) -> bool:
        return bool(self._outbox or self._works or self.lines.waiting)

    @property
    def _has_much(self) -> bool:
        return len(self._outbox) + len(self._works) >= ENVELOPE and not self._is_awaited

    def _send(self, now: int) -> None:
        """Publish what has been collected."""
        if self._has_collected:
            self._next_send = now - now % PUBLISH_NS + PUBLISH_NS
        self.sum_up()
        if self._is_awaited:
            self._keep()
            return
        if self._outbox:
            self._publisher.publish(ROUTINE, self._outbox)
            self._outbox.clear()
        self.lines.flush(self._publisher)

    def _keep(self) -> None:
        """Whoever will listen is to hear of the first moments, too, as far as that is not too much."""
        surplus = self._outbox[: max(0, len(self._outbox) - MOST_KEPT)]
        self._dropped += sum(isinstance(event, Activated) for event in surplus)
        del self._outbox[: len(surplus)]
        self.lines.send()

    def sum_up(self) -> None:
        """All that was done since it was told last is committed: that is to be told, whatever comes next."""
        for work in self._works.take():
            self._tell(work)

    def _tell(self, work: Work) -> None:
        """What was done for a job since it was told last. Only between two transactions."""
        self._figures.add(work.job_id, work.runs)
        if not self._wants_trace:
            return
        self._dropped += sum(activations for _, _, activations in work.runs)
        if (told := work.told(perf_counter_ns())) is not None:
            self._outbox.append(told)

    def _attend(self, *, is_wanted: bool) -> None:
        """The first of those who want activations has come, or the last of them has gone."""
        self._wants_trace = False
        self.sum_up()  # what was done before is nothing to him who has come
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
        """The process ends in the middle of a transaction, which has not happened: see `sum_up`."""
        self._works.take()

    # ---- activations --------------------------------------------------------------------------------------

    def begin(self, job: WorkerJob, batch: Batch, most: int, values: Mapping[str, Any] | None) -> int:
        """Immediate logic is about to run on up to `most` messages of the batch; on how many it may."""
        if not (self.is_near or self._shared[self._traced + job.slot]):
            self._begin_quickly(job)
            return most
        now = self._begin(job, values)
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
        now = self._begin(job, None if is_finish or self.hooked is None else self._values(attempt))
        if self._may_trace(job, now):
            running = self._open(job, now, 1 + attempt.failures, is_finish=is_finish)
            if not is_finish:
                running.reason = attempt.taken.why[:REASON]
                running.inputs = tuple(self.trace.copies.together(map(_told, messages[:MOST]), now))

    def _begin_quickly(self, job: WorkerJob) -> None:
        """What begins is but counted and timed."""
        if self._is_heard:
            self._work_for(job.number)
        self.trace.running = None  # what is left in its middle for this one has an event of its own
        self._job, self._began = job, perf_counter_ns()

    def _begin(self, job: WorkerJob, values: Mapping[str, Any] | None) -> int:
        self._begin_quickly(job)
        now = self._began
        self._status, self._error = "completed", None
        self._was_cut = self._activations.was_cut
        if self.hooked is not None and values is not None:
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
        if self._job is not job:  # it was given up, or somebody has begun to listen in its middle
            if self._is_heard:
                self._work_for(job.number)  # it counts all the same
            return
        now, self._job = perf_counter_ns(), None
        if self.trace.running is None and self._is_heard:
            work = self._work_for(job.number)
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
        return self._works.get(number) or self._open_work(number)

    def _open_work(self, number: int) -> Work:
        """Before anything is counted for the job in this transaction."""
        work = self._works.open(number)
        self.has_news |= bool(self._works.whole)
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
        for work in self._works.take_whole():
            self._tell(work)
        self.has_news = self.trace.placement.expects_more
        if self._has_much:
            self.next_beat = 0


def _told(arrival: Arrival) -> MessageRef:
    batch = arrival.unit.batch
    return arrival.told or MessageRef(batch.message_id(arrival.index), batch.slot, arrival.origin)
