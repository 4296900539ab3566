"""Here are the messages at hand in a gathering routine: one activation runs on them, and has used them up or
is put off.
"""

from typing import Any

from routilux.clock import monotonic
from routilux.ipc.lanes import STEP
from routilux.worker.care import key_of_input
from routilux.worker.commits import Parts
from routilux.worker.gathered import GatheredMessages
from routilux.worker.intake import Batch
from routilux.worker.jobs import WorkerJob
from routilux.worker.over import JobOver
from routilux.worker.waiting import Arrival, Attempt

MOST_INPUTS = 1000
"""Of one activation, that are named as the cause of what a debugger looks at."""


class MessagesAtHand(GatheredMessages):
    """The part of a gathering loop that runs one activation."""

    def __init__(self, parts: Parts, orders: tuple[memoryview, int, int]) -> None:
        super().__init__(parts, orders)
        self.at_hand: list[Arrival] = []

    def activate(self, job: WorkerJob, attempt: Attempt) -> None:
        p, taken = self.p, attempt.taken
        args = taken.arguments
        self.at_hand = attempt.messages
        origin = max((message.origin for message in self.at_hand), default=0)
        self.begin_attempt(attempt)
        is_watched = self.gate.has_to_say and self.gate.watches(job.number)
        used = 0
        if p.care.forbids(self.key()):
            for message in self.at_hand:
                self.bury(job, message.unit.batch, message.index)
        elif not (is_watched or self.is_awaited()) or self.is_let_in(job, args):
            if p.tap.is_on:
                p.tap.begin_gathered(job, self.at_hand, attempt)
            steps = p.activations.run(job, self.batch_at_hand(), args, taken.message)
            if steps is not None:
                self.drive(steps, job, origin)
            used = sum(map(len, taken.slots))
        self.end_activation(job)
        is_first = not attempt.failures
        is_put_off = self.is_put_off(attempt)
        p.tx.run(job.slot, int(is_first), 0 if is_put_off else used)
        if is_put_off:
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
        p.activations.begin(job, self.batch_at_hand())
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
