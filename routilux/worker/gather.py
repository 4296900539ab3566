"""Here is the loop of a routine whose policy gathers: messages wait in the inbox of their job until the
policy accepts them.

A message that the policy has declined is retired: it needs a new one to become usable, and a token at the
job's end makes the policy give up what it holds. Only what a timer will release stays active.
"""

from routilux.clock import monotonic
from routilux.errors import RoutineCrashed
from routilux.ipc.lanes import GUARDED, MARK
from routilux.ipc.layout import Order
from routilux.ipc.records import Kind, Record
from routilux.policies import Inbox, Taken
from routilux.worker.athand import MessagesAtHand
from routilux.worker.commits import RESCAN_SECONDS, Parts
from routilux.worker.intake import Batch, Inlet
from routilux.worker.jobs import SLOT_MASK, WorkerJob
from routilux.worker.loader import Undecodable
from routilux.worker.waiting import Arrival, Attempt, Unit

QUOTA = 4 << 20
"""Bytes of one lane that a policy may hold back before its producer has to wait; the supervisor doubles it
for a process that starves.
"""
NOTHING = Taken([], many=False, message=None)
"""What `finish` is given."""


class GatherLoop(MessagesAtHand):
    """The loop of every policy but the immediate one."""

    def __init__(self, parts: Parts, orders: tuple[memoryview, int, int]) -> None:
        super().__init__(parts, orders)
        self.busy: dict[int, WorkerJob] = {}
        self.leaves_any = False
        own = parts.records.own
        self._starved = own.index(own.section.words["starved"])
        self._quota = parts.quota

    def take(self) -> int | None:
        p, got = self.p, self.receive()
        ran = 0
        for slot, job in list(self.busy.items()):
            ran += self.work_on(job)
            if not (job.unretired or job.tokens):
                del self.busy[slot]
            if ran and (p.care.is_taken or self.wear):
                break
        idle = self.p.tx.is_empty and not (got or ran)
        self.tell_starved(is_starved=idle and self.leaves_any)
        return None if idle else ran

    def tell_starved(self, *, is_starved: bool) -> None:
        """Let the supervisor know that only a larger quota would give us something to do."""
        words, word = self._words, self._starved
        if words[word] != is_starved:
            words[word] = is_starved

    # ---- in -----------------------------------------------------------------------------------------------

    def receive(self) -> bool:
        """Move what lies in the lanes into the inboxes; whether there was anything."""
        p = self.p
        got = 0
        quota = QUOTA << self._shared[self._quota] if self.is_bounded else p.most_held
        self.leaves_any = False
        for inlet in (*self.inner, *self.inlets):
            if p.records.by_inlet[inlet.reader.plan.index] > quota and not inlet.reader.plan.inner:
                self.leaves_any |= inlet.reader.waiting > 0
                continue
            while got < self.limit + 64 and (batch := inlet.next(p.jobs.order)):
                got += 1
                job = self.busy[batch.job & SLOT_MASK] = p.jobs.get(batch.job)
                if p.jobs.is_over(batch.job) or batch.frame.flags & MARK:
                    p.tx.retire(job.slot, batch.left)
                    inlet.use(batch, batch.count)
                elif batch.frame.flags & GUARDED and self.is_dropped(batch):
                    p.tx.retire(job.slot, 1)
                    inlet.use(batch, 1)
                elif batch.is_token:
                    inlet.keep(batch, Kind.TOKEN)
                    self.tell_final(job, inlet, batch)
                else:
                    job.unretired += batch.left
                    self.put(job, inlet, batch)
                    inlet.take(batch)
        return bool(got)

    def is_dropped(self, batch: Batch) -> bool:
        """What a debugger has said of a guarded message is done."""
        return self.gate.open().guarded.let_in(batch).action == "drop"

    def tell_final(self, job: WorkerJob, inlet: Inlet, batch: Batch) -> None:
        job.tokens.append((inlet, batch))
        job.final = True

    def put(self, job: WorkerJob, inlet: Inlet, batch: Batch) -> None:
        """Bring the messages before the policy."""
        p, now = self.p, monotonic()
        inbox = self.inbox_of(job)
        unit = Unit(inlet, batch)
        self.changed[unit] = job
        job.units.add(unit)
        p.context.at, p.context.batch = job, batch
        for index, value in enumerate(batch.values(p.loader)[batch.used :], batch.used):
            try:
                if type(value) is Undecodable:
                    value.reject()
                arrival = Arrival(value, batch.origin, now, unit, index)
                if p.tap.is_on:
                    p.tap.arrive(job, arrival, p.slot_names[batch.slot], len(inbox))
                inbox.put(batch.slot, arrival)
                unit.waiting[index] = arrival
                self.waiting.add(batch.slot, 1)
            except BaseException as error:  # a key function is the user's code  # noqa: BLE001
                p.activations.reject(job, error, p.outputs.marks())
                self.retire_used(job, 1)
        batch.forget()

    def inbox_of(self, job: WorkerJob) -> Inbox:
        if job.inbox is None:  # an empty one is false, too
            job.inbox = self.p.jobs.new_inbox(job)
        return job.inbox

    # ---- activations --------------------------------------------------------------------------------------

    def work_on(self, job: WorkerJob) -> int:
        """Run what the policy of one job accepts; how many activations."""
        p, inbox = self.p, self.inbox_of(job)
        order = p.jobs.order(job.number)
        if order == Order.DROP:
            self.forget(job)
        if order != Order.RUN:
            return 0
        ran, settled = 0, False
        limit = 1 if self.gate.has_to_say and self.gate.watches(job.number) else self.most
        while ran < limit and p.outputs.write(p.tx) and not job.failed:
            attempt = self.choose(job, inbox)
            if attempt is None:
                settled = True
                break
            if p.tap.hooked is not None and p.tap.stops(job, attempt):
                job.postponed.insert(0, attempt)
                self.wake(job, attempt.messages)
                break
            ran += 1
            self.activate(job, attempt)
        if job.failed:
            self.forget(job)
            return ran
        if settled and job.tokens and not job.postponed:
            ran += self.flush_final(job, inbox)
        self.retire(job, settled=settled)
        return ran

    def choose(self, job: WorkerJob, inbox: Inbox) -> Attempt | None:
        """What to run next: what has failed and is due, else what the policy accepts."""
        if job.postponed and job.postponed[0].due <= monotonic():
            return job.postponed.pop(0)
        try:
            taken = inbox.take(now=monotonic(), final=job.final)
        except BaseException as error:  # a policy may be the user's code  # noqa: BLE001
            self.p.activations.give_up(job, error)
            return None
        if self.p.tap.is_on:
            self.p.tap.answered(job, inbox, taken)
        return None if taken is None else Attempt(taken)

    def flush_final(self, job: WorkerJob, inbox: Inbox) -> int:
        """Nothing more can come: what is left is reported as unused, and `finish` runs."""
        p = self.p
        attempt = job.finish or Attempt(NOTHING)
        if attempt.due > monotonic():
            return 0
        unused = len(inbox)
        if unused:
            p.tx.count("unused", job.slot, unused)
            job.inbox = p.jobs.new_inbox(job)
            self.give_up_waiting(job)
        _, token = job.tokens[0]
        self.at_hand = [Arrival(None, 0, 0.0, Unit(job.tokens[0][0], token), 0)]
        self.begin_attempt(attempt)
        if p.care.forbids(self.key()):
            p.activations.give_up(job, RoutineCrashed("finish() has killed its process again and again"))
        else:
            if p.tap.is_on:
                p.tap.begin_gathered(job, self.at_hand, attempt, is_finish=True)
            if (steps := p.activations.finish(job, token)) is not None:
                self.drive(steps, job, 0)
        self.end_activation(job)
        self.at_hand = []
        job.finish = attempt if self.is_put_off(attempt) else None
        if job.finish is None:
            p.outputs.close(p.tx, job.number, 0)
            self.use_tokens(job)
        if p.tap.is_on:
            p.tap.end(job, {}, 0)
        return 1

    def use_tokens(self, job: WorkerJob) -> None:
        self.p.jobs.note_final(self.p.tx, job)
        self.p.tx.retire(job.slot, len(job.tokens))
        for inlet, batch in job.tokens:
            inlet.use(batch, batch.count)
        job.tokens.clear()

    def retire(self, job: WorkerJob, *, settled: bool) -> None:
        """Messages that only a new one, or the token, can make usable need not keep the job from being
        quiet.
        """
        if settled and not self.timed and job.unretired:
            kept = {message.unit for attempt in job.postponed for message in attempt.messages}
            for unit in job.units - kept:
                if not unit.is_parked and unit.waiting:
                    unit.is_parked = True
                    self.changed[unit] = job
                    self.retire_used(job, len(unit.waiting))

    def forget(self, job: WorkerJob) -> None:
        """The job is over: what waits here is used up without a run."""
        if job.unretired:
            self.p.tx.retire(job.slot, job.unretired)
        self.use_tokens(job)
        self.give_up_waiting(job)
        job.postponed.clear()
        job.finish = None
        job.unretired = 0
        job.inbox = self.p.jobs.new_inbox(job)

    # ---- what is kept -------------------------------------------------------------------------------------

    def commit(self, *, whole: bool = True) -> None:
        """As any commit; what is left in the inboxes goes into the pending store with it."""
        for job in self.p.jobs.gone:
            self.forget(job)
        for unit, job in list(self.changed.items()):
            self.store(unit, job)
        self.changed.clear()
        super().commit(whole=whole)
        self.waiting.store()

    def restore(self, record: Record, inlet: Inlet) -> None:
        """After a crash: what the record says is in its inbox again."""
        batch = inlet.restore(record)
        if record.kind == Kind.ASIDE:  # it comes as any other, once its job runs
            return
        job = self.busy[batch.job & SLOT_MASK] = self.p.jobs.get(batch.job)
        if record.kind == Kind.TOKEN:
            self.tell_final(job, inlet, batch)
            return
        if batch.frame.flags & GUARDED:  # it was let in, perhaps changed
            self.is_dropped(batch)
        self.put(job, inlet, batch)
        unit = next(unit for unit in job.units if unit.batch is batch)
        unit.is_parked = record.is_parked
        if not record.is_parked:
            job.unretired += record.left

    def due(self) -> list[float]:
        """When the passing of time will give us something to do; not for a job that is held."""
        jobs = [job for job in self.busy.values() if self.p.jobs.order(job.number) != Order.HOLD]
        due = super().due()
        due += [each.due for job in jobs for each in (*job.postponed, job.finish) if each is not None]
        if self.timed:
            inboxes = [job.inbox for job in jobs if job.inbox is not None]
            due += [at for inbox in inboxes if (at := inbox.due()) is not None]
        return due

    def wait(self, seconds: float = RESCAN_SECONDS) -> None:
        super().wait(seconds)
        for job in self.p.jobs.over():
            if job.units:
                self.busy[job.slot] = job
