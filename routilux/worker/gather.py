"""Here is the loop of a routine whose policy gathers: messages wait in the inbox of their job until the
policy accepts them.

A message that the policy has declined is retired: it needs a new one to become usable, and a token at the
job's end makes the policy give up what it holds. Only what a timer will release stays active.
"""

from dataclasses import dataclass
from typing import Any

from routilux.clock import monotonic
from routilux.policies import Inbox, Taken
from routilux.worker.intake import Batch, Undecodable
from routilux.worker.jobs import SLOT_MASK, WorkerJob
from routilux.worker.loop import RESCAN_SECONDS, Loop, Parts


@dataclass(slots=True)
class Arrival:
    """A message in an inbox."""

    value: Any
    origin: int
    arrived: float


class GatherLoop(Loop):
    """The loop of every policy but the immediate one."""

    def __init__(
        self, parts: Parts, words: memoryview, service: int, orders: tuple[memoryview, int, int]
    ) -> None:
        super().__init__(parts, words, service, orders)
        self.busy: dict[int, WorkerJob] = {}

    def take(self) -> int | None:
        got = self.receive()
        ran = 0
        for slot, job in list(self.busy.items()):
            ran += self.work_on(job)
            if not (job.unretired or job.tokens):
                del self.busy[slot]
        return None if self.p.tx.is_empty and not (got or ran) else ran

    def receive(self) -> bool:
        """Move what lies in the lanes into the inboxes; whether there was anything."""
        p = self.p
        got = 0
        for inlet in p.inlets:
            while got < self.limit + 64 and (batch := inlet.next(p.jobs.is_held)):
                got += 1
                job = self.busy[batch.job & SLOT_MASK] = p.jobs.get(batch.job)
                if p.jobs.is_over(batch.job):
                    p.tx.retire(job.slot, batch.left)
                elif batch.is_token:
                    job.tokens += 1
                    job.final = True
                else:
                    self.put(job, batch)
                inlet.use(batch, batch.count)
        return bool(got)

    def inbox_of(self, job: WorkerJob) -> Inbox:
        if job.inbox is None:  # an empty one is false, too
            job.inbox = self.p.jobs.new_inbox(job)
        return job.inbox

    def put(self, job: WorkerJob, batch: Batch) -> None:
        p, now = self.p, monotonic()
        inbox = self.inbox_of(job)
        job.unretired += batch.left
        job.held_bytes += batch.nbytes
        p.context.at, p.context.batch = job, batch
        for value in batch.values(p.loader)[batch.used :]:
            try:
                if type(value) is Undecodable:
                    value.reject()
                inbox.put(batch.slot, Arrival(value, batch.origin, now))
            except (Exception, SystemExit) as error:  # a key function is the user's code  # noqa: BLE001
                p.activations.failed(job, error, p.outputs.marks())
        if job.held_bytes > p.most_held and len(inbox):
            self.overflow(job, inbox)

    def overflow(self, job: WorkerJob, inbox: Inbox) -> None:
        held = ", ".join(
            f"{len(rest):,} in slot {name!r}"
            for name, rest in zip(self.p.slot_names, inbox.rest(), strict=True)
        )
        message = (
            f"the activation policy holds back more than {self.p.most_held >> 20} MiB of one job ({held}): "
            "let it accept smaller batches, or feed the slot that it waits for"
        )
        self.p.activations.give_up(job, MemoryError(message))

    def work_on(self, job: WorkerJob) -> int:
        """Run what the policy of one job accepts; how many activations."""
        p, inbox = self.p, self.inbox_of(job)
        if p.jobs.is_over(job.number):
            self.forget(job)
            return 0
        if p.jobs.is_held(job.number):
            return 0
        ran, settled = 0, False
        while ran < self.limit and not p.outputs.waiting and not job.failed:
            taken = self.choose(job, inbox)
            if taken is None:
                settled = True
                break
            if not ran:
                p.tx.begin()
            ran += 1
            self.activate(job, taken)
        if job.failed:
            self.forget(job)
            return ran
        if settled and job.tokens:
            ran += self.flush_final(job, inbox)
        self.retire(job, inbox, settled=settled)
        return ran

    def choose(self, job: WorkerJob, inbox: Inbox) -> Taken | None:
        try:
            return inbox.take(now=monotonic(), final=job.final)
        except (Exception, SystemExit) as error:  # a policy may be the user's code  # noqa: BLE001
            self.p.activations.give_up(job, error)
            return None

    def activate(self, job: WorkerJob, taken: Taken) -> None:
        p = self.p
        if taken.many:
            args: list[Any] = [[message.value for message in slot] for slot in taken.slots]
        else:
            args = [slot[0].value if slot else None for slot in taken.slots]
        origin = max((message.origin for slot in taken.slots for message in slot), default=0)
        steps = p.activations.run(job, None, args, taken.message)
        if steps is not None:
            self.drive(steps, job, origin)
        p.tx.count("activations", job.slot, 1)
        p.outputs.close(p.tx, job.number, origin)

    def flush_final(self, job: WorkerJob, inbox: Inbox) -> int:
        """Nothing more can come: what is left is reported as unused, and `finish` runs."""
        p = self.p
        unused = len(inbox)
        if unused:
            p.tx.count("unused", job.slot, unused)
            job.inbox = self.p.jobs.new_inbox(job)
        steps = p.activations.finish(job)
        if steps is not None:
            self.drive(steps, job, 0)
        p.outputs.close(p.tx, job.number, 0)
        p.tx.retire(job.slot, job.tokens)
        job.tokens = 0
        return 1

    def retire(self, job: WorkerJob, inbox: Inbox, *, settled: bool) -> None:
        """Messages that only a new one, or the token, can make usable need not keep the job from being
        quiet.
        """
        held = len(inbox)
        remain = 0 if settled and not self.timed else min(held, job.unretired)
        self.p.tx.retire(job.slot, job.unretired - remain)
        job.unretired = remain
        if not held:
            job.held_bytes = 0

    def forget(self, job: WorkerJob) -> None:
        """The job is over: what waits here is used up without a run."""
        if job.unretired or job.tokens:
            self.p.tx.retire(job.slot, job.unretired + job.tokens)
        job.unretired = job.tokens = job.held_bytes = 0
        job.inbox = self.p.jobs.new_inbox(job)

    def wait(self, seconds: float = RESCAN_SECONDS) -> None:
        if self.timed:
            now = monotonic()
            due = [
                at
                for job in self.busy.values()
                if job.inbox is not None and (at := job.inbox.due()) is not None
            ]
            seconds = max(0.0, min([seconds, *(at - now for at in due)]))
        super().wait(seconds)
