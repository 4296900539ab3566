"""Here is the loop of a routine that takes each message by itself: nothing is copied, and many share a
commit.
"""

from typing import Any

from routilux.errors import RoutineCrashed
from routilux.holds import HookedRoutine
from routilux.ipc.channels import NO_TURN, Turn
from routilux.ipc.lanes import GUARDED, MARK, STEP
from routilux.ipc.records import Record
from routilux.worker.intake import MUCH, Batch, Inlet
from routilux.worker.jobs import WorkerJob
from routilux.worker.loader import Undecodable
from routilux.worker.loop import Loop
from routilux.worker.over import JobOver

HELD = STEP | GUARDED


class ImmediateLoop(Loop):
    """The loop of a routine that takes each message by itself."""

    batch: Batch
    inlet: Inlet
    """Where the batch comes from."""
    replacement: bytes | None = None
    """What the activation at hand is to be tried again on, encoded, if not on the same."""
    settled = 0
    """Messages of the batch at hand that were used up while one behind them was held."""

    def present(self) -> object:
        return self.batch, self.inlet, self.settled

    def restore_present(self, present: Any) -> None:
        self.batch, self.inlet, self.settled = present

    def restore(self, record: Record, inlet: Inlet) -> None:
        """After a crash: what the record says is aside again."""
        inlet.restore(record)

    def take(self) -> int | None:
        p = self.p
        limit = self.most
        ran, busy, order, gate = 0, False, p.jobs.order, self.gate
        before = -1
        while before < ran < limit:
            before = ran if self.is_merging else limit
            for inlet in (*self.inner, *self.inlets):
                while ran < limit and (batch := inlet.next(order)) and p.outputs.write(p.tx):
                    if gate.has_to_say and gate.watches(batch.job):
                        if busy:  # it has a commit of its own
                            limit = ran
                            break
                        limit = 1
                    if not busy:
                        p.care.begin(batch.key(batch.used), alone=limit == 1)
                    busy = True
                    ran += self.consume(inlet, batch, min(batch.left, limit - ran, p.outputs.fill))
                    if inlet.owed >= MUCH:
                        limit = ran
                busy |= inlet.changed
        for group in (self.inner, self.inlets):
            if busy and len(group) > 1:
                group.append(group.pop(0))
        return ran if busy else None

    def consume(self, inlet: Inlet, batch: Batch, most: int) -> int:
        """Use up to `most` messages of the batch; how many ran."""
        p, job = self.p, self.p.jobs.get(batch.job)
        if p.jobs.is_over(batch.job) or batch.frame.flags & MARK:
            p.tx.retire(job.slot, batch.left)
            inlet.use(batch, batch.count)
            return 0
        self.batch, self.inlet = batch, inlet
        if p.tap.is_on and p.tap.hooked is not None and self.is_stopped(p.tap.hooked, job, batch):
            return 0
        self.begin_activation(batch, batch.used)
        watch = self.gate.watch
        may_be_held = (watch is not None and watch.is_single) or batch.frame.flags & HELD
        if may_be_held and not self.is_let_in(job, batch):
            return self.leave(job, 1, is_told=False)
        if p.care.is_taken and p.care.forbids(self.key()):
            done = self.refuse(job, batch)
        elif batch.is_token:
            if p.tap.is_on:
                p.tap.begin(job, batch, 1, None)
            self.finish(job, batch)
            done = 1
        else:
            if p.tap.is_on:
                most = p.tap.begin(job, batch, most, self.values_at_hand(batch))
            done = self.run_batch(job, batch, most)
            new = done - self.settled
            used = 0 if p.activations.again is not None else new
            p.tx.run(job.slot, 0 if batch.failures else new, used)
        return self.leave(job, done, is_told=p.tap.is_on)

    def leave(self, job: WorkerJob, done: int, *, is_told: bool) -> int:
        """So many messages of the batch at hand have been run, `settled` of them are used up already."""
        p, batch = self.p, self.batch
        self.end_activation(job)
        left, self.settled = done - self.settled, 0
        if (delay := p.activations.again) is not None:
            p.activations.again = None
            replacement, self.replacement = self.replacement, None
            self.inlet.postpone(batch, batch.used, delay, replacement)
            if is_told:
                p.tap.end(job, {}, 0 if batch.is_token else done)
            return done
        p.tx.retire(job.slot, left)
        p.outputs.close(p.tx, job.number, batch.origin, self.answered(left))
        self.inlet.use(batch, batch.used + left)
        if is_told:
            p.tap.end(job, {} if batch.is_token else {batch.slot: done}, 0 if batch.is_token else done)
        return done

    def input_at_hand(self) -> Any:
        batch, index = self.batch, self.p.context.index
        return None if batch.is_token else batch.values(self.p.loader)[index]

    def inputs(self) -> list[str]:
        return [] if self.batch.is_token else [self.batch.message_id(self.p.context.index)]

    def replace_input(self, payload: bytes) -> None:
        self.replacement = payload

    def settle_batch(self) -> None:
        p, batch = self.p, self.batch
        done = p.context.index - batch.used
        job = p.context.at
        if done <= 0 or job is None:
            return
        p.tx.run(job.slot, 0 if batch.failures else done, done)
        p.tx.retire(job.slot, done)
        p.outputs.close(p.tx, job.number, batch.origin, self.answered(done))
        self.inlet.use(batch, batch.used + done)
        self.settled += done

    def is_let_in(self, job: WorkerJob, batch: Batch) -> bool:
        """Whether the next message may run: a debugger may hold it, change it, or drop it."""
        watch, at, p = self.gate.open(), batch.used, self.p
        is_awaited = bool(batch.frame.flags & STEP)
        if batch.frame.flags & GUARDED:
            said = watch.guarded.let_in(batch)
            if said.action == "drop":
                return False
            is_awaited |= bool(said.step)
        if batch.is_token or not (is_awaited or watch.watches_activations):
            return True
        values = batch.values(p.loader)
        if type(values[at]) is Undecodable:
            return True
        p.activations.begin(job, batch)
        p.context.index = at
        try:
            release = watch.activation(job, values[at], [batch.message_id(at)], is_awaited=is_awaited)
        except JobOver:
            p.activations.was_cut = True
            return False
        if release is not None:
            values[at] = watch.edited(release, values[at])
        return release is None or release.action != "drop"

    def is_stopped(self, hooked: HookedRoutine, job: WorkerJob, batch: Batch) -> bool:
        """Whether the user's hooks hold the job before its next message is run."""
        values = self.values_at_hand(batch)
        if values is None or batch.failures:
            return False
        ((slot, value),) = values.items()
        return hooked.stops(job, slot, value, self.key())

    def values_at_hand(self, batch: Batch) -> dict[str, Any] | None:
        """What the user's hooks are shown of the next message."""
        if self.p.tap.hooked is None or batch.is_token:
            return None
        value = batch.values(self.p.loader)[batch.used]
        return None if type(value) is Undecodable else {self.p.slot_names[batch.slot]: value}

    def answered(self, done: int) -> Turn:
        """The place in the order of the inputs at hand, `done` of which are used up."""
        tag = self.batch.frame.tag
        return Turn(tag + self.batch.used, done) if tag and self.p.outputs.is_ordered else NO_TURN

    def run_batch(self, job: WorkerJob, batch: Batch, most: int) -> int:
        """Run some of the batch's messages; how many."""
        p, start = self.p, batch.used
        values = batch.values(p.loader)
        if p.activations.logic is not None:
            return p.activations.run_fast(job, batch, values, start, start + most)
        self.activate(job, batch, values[start])
        return 1

    def refuse(self, job: WorkerJob, batch: Batch) -> int:
        if batch.is_token:
            message = "finish() has killed its process again and again"
            self.p.activations.give_up(job, RoutineCrashed(message))
        else:
            self.bury(job, batch, batch.used)
        return 1

    def key(self) -> int:
        return self.batch.key(self.batch.used)

    def activate(self, job: WorkerJob, batch: Batch, value: object) -> None:
        p = self.p
        args: list[object] = [None] * len(p.slot_names)
        args[batch.slot] = value
        p.context.index = batch.used
        steps = p.activations.run(job, batch, args, p.slot_names[batch.slot])
        if steps is not None:
            self.drive(steps, job, batch.origin)

    def finish(self, job: WorkerJob, token: Batch) -> None:
        job.final = True
        self.p.jobs.note_final(self.p.tx, job)
        steps = self.p.activations.finish(job, token)
        if steps is not None:
            self.drive(steps, job, 0)
        self.p.outputs.close(self.p.tx, job.number, 0)
