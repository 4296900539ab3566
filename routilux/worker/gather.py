"""Here is the loop of a routine whose policy gathers: messages wait in the inbox of their job until the
policy accepts them.

A message that the policy has declined is retired: it needs a new one to become usable, and a token at the
job's end makes the policy give up what it holds. Only what a timer will release stays active.
"""

from typing import Any

from routilux.clock import monotonic
from routilux.errors import RoutineCrashed
from routilux.ipc.lanes import MARK, STEP
from routilux.ipc.layout import Order
from routilux.ipc.records import Kind, Record
from routilux.policies import Inbox, Taken
from routilux.worker.care import key_of_input
from routilux.worker.commits import RESCAN_SECONDS, Parts
from routilux.worker.gathered import GatheredMessages
from routilux.worker.intake import Batch, Inlet
from routilux.worker.jobs import SLOT_MASK, WorkerJob
from routilux.worker.loader import Undecodable
from routilux.worker.over import JobOver
from routilux.worker.waiting import Arrival, Attempt, Unit

QUOTA = 4 << 20
"""Bytes of one lane that a policy may hold back before its producer has to wait; the supervisor doubles it
for a process that starves.
"""
MOST_INPUTS = 1000
"""Of one activation, that are named as the cause of what a debugger looks at."""
NOTHING = Taken([], many=False, message=None)
"""What `finish` is given."""


class GatherLoop(GatheredMessages):
    """The loop of every policy but the immediate one."""

    def __init__(self, parts: Parts, orders: tuple[memoryview, int, int]) -> None:
        super().__init__(parts, orders)
        self.busy: dict[int, WorkerJob] = {}
        self.at_hand: list[Arrival] = []
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
                elif batch.is_token:
                    inlet.keep(batch, Kind.TOKEN)
                    self.tell_final(job, inlet, batch)
                else:
                    job.unretired += batch.left
                    self.put(job, inlet, batch)
                    inlet.take(batch)
        return bool(got)

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
                    p.tap.arrive(job, arrival, p.slot_names[batch.slot])
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
        limit = self.most
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

    def activate(self, job: WorkerJob, attempt: Attempt) -> None:
        p, taken = self.p, attempt.taken
        args = taken.arguments
        self.at_hand = attempt.messages
        origin = max((message.origin for message in self.at_hand), default=0)
        self.begin_attempt(attempt)
        gate = self.gate
        if p.care.forbids(self.key()):
            for message in self.at_hand:
                self.bury(job, message.unit.batch, message.index)
        elif (gate.watch is None and not self.is_awaited()) or self.is_let_in(job, args):
            if p.tap.is_on:
                p.tap.begin_gathered(job, self.at_hand, attempt)
            steps = p.activations.run(job, self.batch_at_hand(), args, taken.message)
            if steps is not None:
                self.drive(steps, job, origin)
        self.end_activation(job)
        p.tx.count("activations", job.slot, 0 if attempt.failures else 1)
        if self.is_put_off(attempt):
            job.postponed.append(attempt)
            job.postponed.sort(key=lambda each: each.due)
            self.wake(job, self.at_hand)
            self.at_hand = []
            if p.tap.is_on:
                p.tap.end(job, {}, 1)
            return
        p.outputs.close(p.tx, job.number, origin)
        if p.tap.is_on:
            p.tap.end(job, {at: len(slot) for at, slot in enumerate(taken.slots) if slot}, 1)
        self.retire_used(job, sum(not message.unit.is_parked for message in self.at_hand))
        for message in self.at_hand:
            self.use(job, message)
        self.at_hand = []

    def input_at_hand(self) -> Any:
        values = [message.value for message in self.at_hand]
        return values[0] if len(values) == 1 else values

    def inputs(self) -> list[str]:
        batches = ((message.unit.batch, message.index) for message in self.at_hand[:MOST_INPUTS])
        return [batch.message_id(index) for batch, index in batches if not batch.is_token]

    def replace_input(self, payload: bytes) -> None:
        """Refused by the supervisor."""

    def is_awaited(self) -> bool:
        """Whether a debugger waits for one of the messages at hand to arrive."""
        return any(message.unit.batch.frame.flags & STEP for message in self.at_hand)

    def is_let_in(self, job: WorkerJob, args: list[Any]) -> bool:
        """Whether the activation may run: a debugger may hold it, change its arguments, or drop them."""
        watch, p, is_awaited = self.gate.open(), self.p, self.is_awaited()
        if not (is_awaited or watch.watches_activations):
            return True
        p.context.at, p.context.batch = job, self.batch_at_hand()
        p.activations.again = None
        given = args[0] if len(args) == 1 else dict(zip(p.slot_names, args, strict=True))
        parents = self.inputs()
        try:
            release = watch.activation(job, given, parents, is_awaited=is_awaited)
        except JobOver:
            p.activations.was_cut = True
            return False
        if release is not None and release.action == "edit":
            changed = watch.edited(release, given)
            args[:] = [changed] if len(args) == 1 else [changed[name] for name in p.slot_names]
        return release is None or release.action != "drop"

    def begin_attempt(self, attempt: Attempt) -> None:
        self.p.care.begin(self.key(), alone=True)
        if self.gate.words[self.gate.word] != self.gate.seen:
            self.gate.look()
        self.p.activations.failures = attempt.failures
        if self.stopwatch is not None:
            self.stopwatch.start()
        if self.at_hand:
            first = self.at_hand[0]
            self.begin_activation(first.unit.batch, first.index)
            self.p.activations.failures = attempt.failures

    def is_put_off(self, attempt: Attempt) -> bool:
        """Whether what has just been run has failed and is to be tried again."""
        delay, self.p.activations.again = self.p.activations.again, None
        if delay is None:
            return False
        attempt.failures += 1
        attempt.due = monotonic() + delay
        return True

    def wake(self, job: WorkerJob, messages: list[Arrival]) -> None:
        """What will be used without a new message is active again, each record as a whole."""
        for unit in {message.unit for message in messages if message.unit.is_parked}:
            unit.is_parked = False
            self.changed[unit] = job
            self.p.tx.create(job.slot, len(unit.waiting))
            job.unretired += len(unit.waiting)

    def retire_used(self, job: WorkerJob, messages: int) -> None:
        """Those of a parked unit are retired already: what is left unretired is what the records say."""
        self.p.tx.retire(job.slot, messages)
        job.unretired -= messages

    def present(self) -> object:
        return self.at_hand

    def restore_present(self, present: Any) -> None:
        self.at_hand = present

    def batch_at_hand(self) -> Batch | None:
        """Where the first message comes from: it names the activation."""
        if not self.at_hand:
            return None
        self.p.context.index = self.at_hand[0].index
        return self.at_hand[0].unit.batch

    def key(self) -> int:
        if not self.at_hand:
            return key_of_input(0, 0, 0)
        first = self.at_hand[0]
        return first.unit.batch.key(first.index)

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
