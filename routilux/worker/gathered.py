"""Here is what a gathering routine keeps of the messages in its inboxes, so that a successor has them."""

from routilux.ipc.lanes import BLOB
from routilux.ipc.records import Kind
from routilux.worker.commits import Parts
from routilux.worker.jobs import WorkerJob
from routilux.worker.loop import Loop
from routilux.worker.waiting import Arrival, Unit, WaitingCounts


class GatheredMessages(Loop):
    """The part of a gathering loop that stores what waits."""

    def __init__(self, parts: Parts, orders: tuple[memoryview, int, int]) -> None:
        super().__init__(parts, orders)
        self.changed: dict[Unit, WorkerJob] = {}
        self.waiting = WaitingCounts(parts.records.own)

    def use(self, job: WorkerJob, message: Arrival) -> None:
        del message.unit.waiting[message.index]
        self.waiting.add(message.unit.batch.slot, -1)
        self.changed[message.unit] = job

    def give_up_waiting(self, job: WorkerJob) -> None:
        """Nothing that waits in the inbox will be used."""
        for unit in job.units:
            self.waiting.add(unit.batch.slot, -len(unit.waiting))
            unit.waiting.clear()
            self.changed[unit] = job

    def store(self, unit: Unit, job: WorkerJob) -> None:
        tx, records, batch = self.p.tx, self.p.records, unit.batch
        is_tail = bool(unit.waiting) and next(iter(unit.waiting)) == batch.count - len(unit.waiting)
        if batch.row is not None:
            if is_tail:
                records.change(tx, batch.row, len(unit.waiting), parked=unit.is_parked)
            else:
                records.drop(tx, batch.row)
                batch.row = None
                self.store_apart(unit, job)
        elif is_tail:
            batch.row = self.record(unit, len(unit.waiting))
        else:
            self.store_apart(unit, job)
        if not unit.waiting:
            job.units.discard(unit)

    def store_apart(self, unit: Unit, job: WorkerJob) -> None:
        """A policy that takes messages from the middle of a frame gets a record for each of those that are
        left.
        """
        parts = unit.batch.parts() if unit.waiting else []
        for index, arrival in list(unit.waiting.items()):
            alone = Unit(unit.inlet, unit.batch.only(index, parts[index]), is_parked=unit.is_parked)
            arrival.unit, arrival.index = alone, 0
            alone.waiting[0] = arrival
            alone.batch.row = self.record(alone, 1)
            job.units.add(alone)
        unit.waiting.clear()

    def record(self, unit: Unit, left: int) -> int:
        batch = unit.batch
        row = self.p.records.add(
            self.p.tx,
            Kind.INBOX,
            batch.lane,
            batch.frame._replace(port=batch.slot),
            left=left,
            first=batch.first,
            parked=unit.is_parked,
            holds=bool(batch.frame.flags & BLOB),
        )
        # The lane is passed now. What may be taken from the middle has to be told apart later.
        batch.frame = batch.frame._replace(payload=b"" if self.is_fifo else bytes(batch.frame.payload))
        return row
