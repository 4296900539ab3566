"""Here is the supervisor's desk: its end of the lanes, where submissions go out and outputs come in."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from routilux.flow import Flow
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.asleep import Sleepers
from routilux.ipc.blobs import REFERENCE, Blob, BlobWriter, Pins
from routilux.ipc.channels import NO_TURN, Channel, Part, Segment, Turn, segments
from routilux.ipc.codec import Large, batch, split
from routilux.ipc.commit import Transaction
from routilux.ipc.lanes import BLOB, TOKEN, Frame, LaneReader, LaneWriter
from routilux.ipc.layout import RING, WORD
from routilux.ipc.records import Records
from routilux.ipc.sockets import Bell, Doorbells
from routilux.ipc.turns import Turns
from routilux.jobs import Source
from routilux.keys import by_key, key_of
from routilux.plan import SUPERVISOR, Plan
from routilux.submission import Seed

SLOT_MASK = 0xFFFF


class Letter(NamedTuple):
    """A frame from a worker, copied out of shared memory."""

    process: int
    lane: int
    frame: Frame
    data: bytes
    row: int
    """The row of tags by whose order it is taken, or -1."""

    def reports(self) -> list[bytes]:
        """The reports in it, each a message of its own."""
        return [self.data] if self.frame.flags & BLOB else list(split(self.data))

    def source(self, plan: Plan, flow: Flow) -> "Source":
        """Where the outputs in it come from."""
        node = plan.processes[self.process].node
        event = flow.nodes[node].routine.event_names[self.frame.port]
        return Source(node, event, f"{self.lane}:{self.frame.position}", bool(self.frame.flags & BLOB))


class Desk:
    """Process 0 of the plan. Whoever uses it holds the supervisor's lock."""

    def __init__(
        self, flow: Flow, plan: Plan, arena: Arena, own: OwnSection, bells: Doorbells, *, is_durable: bool
    ) -> None:
        self.turns = Turns(own, plan.tag_rows[SUPERVISOR], arena.layout.jobs)
        self._flow = flow
        self._plan = plan
        self._arena = arena
        self._own = own
        self._bells = bells
        self._sleepers = Sleepers(arena)
        self.tx = Transaction(own)
        self.blobs = BlobWriter(arena, own)
        self._records = Records(own, self.blobs.heap, Pins(own)) if is_durable else None
        self._readers = [LaneReader(arena, own, lane) for lane in plan.inbound[SUPERVISOR]]
        writers = {lane.consumer: LaneWriter(arena, own, lane) for lane in plan.outbound[SUPERVISOR]}
        service = [section.words["service_ns"] // WORD for section in arena.layout.sections]

        def service_ns(process: int) -> int:
            return arena.words[service[process]]

        self._numbered = {
            plan.processes[process].node: writer.plan.numbered
            for process, writer in writers.items()
            if writer.plan.numbered >= 0
        }

        def channel(*processes: int) -> Channel:
            lanes = [writers[process] for process in processes]
            return Channel(lanes, service_ns, is_numbered=lanes[0].plan.numbered >= 0)

        self._direct = {process: channel(process) for process in writers}
        workers = {name: plan.workers_of(name) for name in flow.nodes}
        self._keyed = {
            name: (node.key, workers[name])
            for name, node in flow.nodes.items()
            if node.key is not None and len(workers[name]) > 1
        }
        self._shared = {name: channel(*workers[name]) for name in flow.nodes}
        self._writers = writers
        self._channels = (*self._shared.values(), *self._direct.values())
        self._written: dict[LaneWriter, None] = {}
        """Lanes that were written to since the last commit."""
        self._moved: set[LaneReader] = set()
        self._rung: list[tuple[int, Bell, int, int]] = []
        self.uncommitted = 0
        """Messages submitted since the last commit."""

    # ---- out ----------------------------------------------------------------------------------------------

    def put(self, number: int, seed: Seed, part: bytes | Large, origin: int) -> None:
        """As `submit`, of a message that none of its job will share a frame with: it need not wait where
        nothing is in its way.
        """
        if isinstance(part, bytes) and seed.routine not in self._numbered:
            at = origin if self._plan.tracks_origin else 0
            lane = self._channel(seed).put(Frame(number, seed.slot, 1, batch([part]), 0, 0, at))
            if lane is not None:
                self._written[lane] = None
                self.tx.create(number & SLOT_MASK, 1)
                self.uncommitted += 1
                return
        self.submit(number, seed, part, origin)

    def submit(self, number: int, seed: Seed, part: bytes | Large, origin: int, flags: int = 0) -> None:
        """Count one message and let it wait for room in the lanes of its routine. Raises ArenaFull before
        anything is counted.
        """
        stored = part if isinstance(part, bytes) else self._store(part)
        turn = NO_TURN
        if (row := self._numbered.get(seed.routine, -1)) >= 0:
            turn = Turn(self.turns.next(row, number), is_numbered=True)
            self.turns.advance(self.tx, row, number, 1)
        origin = origin if self._plan.tracks_origin else 0
        self._channel(seed).push(Segment(number, seed.slot, [stored], flags=flags, origin=origin, turn=turn))
        if isinstance(stored, Blob):
            self.blobs.sent(stored)
        self.tx.create(number & SLOT_MASK, 1)
        self.uncommitted += 1

    def take_up(self, is_over: Callable[[int], bool]) -> None:
        """What an earlier supervisor had waiting for room waits again."""
        self.turns.restore(is_over)
        found = self._records.restore() if self._records is not None else []
        self.blobs.restore(self._writers.values())
        for record in found:
            self._channels[record.lane].restore(record, self.blobs)
        self.blobs.restored()

    def has_room(self, nbytes: int) -> bool:
        """Whether a large payload finds room now."""
        return self.blobs.has_room(nbytes)

    def _store(self, large: Large) -> Part:
        blob, room = self.blobs.room(large.nbytes)
        with room:
            large.write(room)
        return blob

    def _channel(self, seed: Seed) -> Channel:
        if (keyed := self._keyed.get(seed.routine)) is None:
            return self._shared[seed.routine]
        key, workers = keyed
        return self._direct[workers[by_key(key_of(key, seed.payload), len(workers))]]

    def token(self, number: int, process: int) -> None:
        """Tell one worker that nothing more of the job can come."""
        for segment in segments(number, 0, [b""], flags=TOKEN):
            self._direct[process].push(segment)
        self.tx.create(number & SLOT_MASK, 1)

    @property
    def waiting(self) -> int:
        """Messages that wait for room."""
        return sum(len(channel) for channel in self._channels if channel)

    def drop(self, is_dropped: Callable[[int], bool]) -> set[int]:
        """Forget what waits for jobs that are over; their slots."""
        slots: set[int] = set()
        for channel in self._channels:
            if channel:
                for number, count in channel.drop(is_dropped).items():
                    self.tx.retire(number & SLOT_MASK, count)
                    slots.add(number & SLOT_MASK)
        return slots

    # ---- in -----------------------------------------------------------------------------------------------

    def collect(self) -> Iterator[Letter]:
        """All frames that workers have published for us; each is retired with the next commit."""
        for reader in self._readers:
            before, has_large = reader.position, False
            while (frame := reader.head()) is not None:
                row = reader.plan.merged
                row = row + frame.port if row >= 0 else -1
                yield Letter(reader.producer, reader.plan.index, frame, self._copy(frame), row)
                has_large |= bool(frame.flags & BLOB)
                reader.use(frame, frame.messages)
            if reader.position != before:
                self._moved.add(reader)
            if has_large or reader.position - before > RING // 4:
                self._rung.append((reader.producer, Bell.CREDIT, reader.plan.index, reader.position))

    def _copy(self, frame: Frame) -> bytes:
        if frame.flags & BLOB:
            address, size = REFERENCE.unpack(frame.payload)
            return bytes(self._arena.data[address : address + size])
        return bytes(frame.payload)

    def commit(self) -> None:
        """Publish what there is room for, pass what was collected, ring whom it concerns. Nothing to do costs
        little.
        """
        self.uncommitted = 0
        for channel in self._channels:
            if channel:
                self._written.update(dict.fromkeys(channel.pump()))
        for lane in self._written:
            self.tx.published[lane.published] = lane.position
            self.tx.late[lane.sent] = lane.total
            self._rung.append((lane.consumer, Bell.PUBLISHED, lane.plan.index, lane.position))
        self._written.clear()
        if self._records is not None:
            for number, channel in enumerate(self._channels):
                channel.store(number, self.tx, self._records)
        consumed = {reader.consumed: reader.mark for reader in self._readers if reader in self._moved}
        self._moved.clear()
        if consumed or not self.tx.is_empty:
            self.tx.commit(consumed)
            for channel in self._channels:
                channel.settle()
            if self._records is not None:
                self._records.settle()
        for peer, kind, number, position in self._rung:
            if kind is Bell.PUBLISHED and not self._sleepers.must_be_rung(peer):
                continue
            self._bells.ring(peer, kind, number, position)
        self._rung.clear()

    def close(self) -> None:
        """Let go of the shared memory; the desk is of no use afterwards."""
        for channel in self._direct.values():
            for writer in channel.lanes:
                writer.close()

    def tell(self, order: str) -> None:
        """Give all workers an order: "drain" or "exit"."""
        self._own.words[self._own.index(self._own.section.words[order])] = 1
        self.ring_all()

    def ring_all(self) -> None:
        """Let every worker look at what the supervisor's words say."""
        for process in self._direct:
            self._bells.ring(process, Bell.STATUS)
