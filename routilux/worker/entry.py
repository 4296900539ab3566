"""Here is where a worker's life begins and ends: map the arena, build the routine, loop, leave."""

import contextlib
import ctypes
import gc
import logging
import os
import pickle
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import msgspec

from routilux.capture import Capture
from routilux.graph import Node
from routilux.holds import HookedRoutine
from routilux.hooks import Hooks
from routilux.ipc import crash
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.asleep import Sleepers
from routilux.ipc.balance import Balance
from routilux.ipc.blobs import BlobWriter, Pins
from routilux.ipc.channels import Channel
from routilux.ipc.codec import Decoder, Encoder, batch
from routilux.ipc.commit import Transaction
from routilux.ipc.control import Asker
from routilux.ipc.lanes import ERROR, LARGE, Frame, LaneReader, LaneWriter
from routilux.ipc.layout import WORD, Layout, Status
from routilux.ipc.loans import Loans
from routilux.ipc.loglines import LogSender
from routilux.ipc.publish import Publisher
from routilux.ipc.records import Kind, Records
from routilux.ipc.sockets import Bell, Doorbells
from routilux.ipc.turns import Turns
from routilux.ipc.typed import TypedDecoder, TypedEncoder, exactness
from routilux.ipc.wire import NO_JOB, Boot, adopt_main
from routilux.plan import SUPERVISOR
from routilux.policies import Join, WholeJob
from routilux.reports import describe
from routilux.routine import Routine
from routilux.slottypes import Demand
from routilux.worker.activation import Activations
from routilux.worker.care import Care
from routilux.worker.commits import Parts
from routilux.worker.context import WorkerContext
from routilux.worker.gate import Gate
from routilux.worker.gather import GatherLoop
from routilux.worker.immediate import ImmediateLoop
from routilux.worker.intake import Inlet
from routilux.worker.jobs import JobTable
from routilux.worker.keepsakes import Keepsakes
from routilux.worker.loader import Loader
from routilux.worker.logs import Lines
from routilux.worker.loop import Loop
from routilux.worker.outputs import EventOutput, Outputs
from routilux.worker.pausing import HoldsJob
from routilux.worker.replay import Replays
from routilux.worker.state import States
from routilux.worker.stopwatch import Stopwatch
from routilux.worker.tap import Tap
from routilux.worker.target import Target
from routilux.worker.wear import Wear

if TYPE_CHECKING:
    from routilux.worker.watch import Watch

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Descriptors of the arena, the boot records and the watched pipe; offset and size of ours; the parent's
    pid; which life of its process this is.
    """
    fd, boots, watch, offset, size, parent, epoch = map(int, arguments[:7])
    die_with(parent, watch)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the supervisor, which drains
    boot: Boot = pickle.loads(os.pread(boots, size, offset))  # noqa: S301 - written by the supervisor that spawned us
    worker = Worker(boot, fd, epoch)
    with Capture(worker.lines.take, every_thread=True):
        code = worker.live()
    worker.leave()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a thread that user code has left behind must not keep the process


def die_with(parent: int, watch: int) -> None:
    """Never outlive the supervisor: the kernel kills us with it, and the end of its pipe ends us too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)

    def watch_pipe() -> None:
        with contextlib.suppress(OSError):
            os.read(watch, 1)
        os._exit(1)

    threading.Thread(target=watch_pipe, name="routilux-watch", daemon=True).start()


class Worker:
    """One incarnation of one process of a plan."""

    def __init__(self, boot: Boot, fd: int, epoch: int) -> None:
        self.boot = boot
        self.epoch = epoch
        self.arena = Arena(Layout(boot.plan, boot.jobs, boot.heap), fd)
        self.own = OwnSection(self.arena, boot.index)
        self.status = self.own.index(self.own.section.words["status"])
        self.bells = Doorbells(boot.directory, boot.index)
        self.asker = Asker(boot.directory)
        self.writers = {
            lane.index: LaneWriter(self.arena, self.own, lane) for lane in boot.plan.outbound[boot.index]
        }
        peers = {lane.consumer for lane in boot.plan.outbound[boot.index]} | {
            lane.producer for lane in boot.plan.inbound[boot.index]
        }
        for peer in sorted(peers | {SUPERVISOR}):
            self.bells.connect(peer)
        self.tx = Transaction(self.own)
        me = boot.plan.processes[boot.index]
        sender = LogSender(self.bells.context, boot.directory)
        self.lines = Lines(me.node, me.replica, boot.index, self.own, sender)
        self.tap: Tap | None = None

    def live(self) -> int:
        """Set up, work, tear down; the exit code. The supervisor is told what goes wrong and where."""
        try:
            node, routine = self.load()
            loop = self.loop(node, routine)
            gc.freeze()  # what is loaded stays: looking through it again and again would delay messages
            routine.setup()
            self.own.words[self.status] = Status.READY
            self.bells.ring(SUPERVISOR, Bell.STATUS, self.boot.index)
            loop.run()
            loop.p.context.leave()
            routine.teardown()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's module, setup() or teardown(), or we
            self.tell(self.boot.plan.processes[self.boot.index].node, error)
            return 1
        self.own.words[self.status] = Status.STOPPED if loop.must_exit else Status.WORN
        return 0

    def leave(self) -> None:
        """Tell what there is to tell, and let go of the sockets."""
        if self.tap is not None:
            self.tap.close()
        self.lines.close()
        self.bells.close()
        self.asker.close()

    def load(self) -> tuple[Node, Routine]:
        """The routine of this process, built from what the supervisor shipped."""
        adopt_main(self.boot.main)
        node: Node = pickle.loads(self.boot.node)  # noqa: S301 - as in main()
        self.keys: dict[int, Any] = pickle.loads(self.boot.keys)  # noqa: S301 - as in main()
        self.demands: dict[int, Demand] = pickle.loads(self.boot.demands)  # noqa: S301 - as in main()
        return node, node.spec.build()

    def loop(self, node: Node, routine: Routine) -> Loop:
        """Wire everything together."""
        blobs, pins = BlobWriter(self.arena, self.own), Pins(self.own)
        records, states = Records(self.own, blobs.heap, pins), States(self.own, blobs.heap)
        plan = self.boot.plan
        turns = Turns(self.own, plan.tag_rows[self.boot.index], self.boot.jobs)
        outputs = self.outputs(node, blobs, turns)
        loader = self.loader(routine, pins)
        context = self.lines.context = WorkerContext(node.name, outputs)
        policy = routine.activation_policy
        incoming = plan.inbound[self.boot.index]
        words = self.arena.layout.sections[SUPERVISOR].words
        jobs = JobTable(self.arena, self.own, policy, routine.slot_names, states=states, asker=self.asker)
        hooked = self.hooked(node, context, jobs)
        routine.bind(context)
        activations = Activations(
            node.name,
            routine.invoker(),
            on_error=node.on_error,
            context=context,
            outputs=outputs,
            tx=self.tx,
        )
        tap = self.tap = self.new_tap(hooked, routine.slot_names, jobs, outputs, activations)
        activations.watcher = tap.failed
        parts = Parts(
            routine=node.name,
            inlets=self.inlets(node, loader, records, turns),
            windowed=frozenset(lane.index for lane in incoming if len(plan.workers_of(node.name)) > 1),
            inner=frozenset(lane.index for lane in incoming if lane.inner),
            outputs=outputs,
            jobs=jobs,
            records=records,
            states=states,
            turns=turns,
            replays=Replays(self.own, blobs.heap, jobs, node.name),
            care=Care(self.own, self.tx),
            loader=loader,
            pins=pins,
            blobs=blobs,
            tx=self.tx,
            balance=Balance(self.arena),
            bells=self.bells,
            sleepers=Sleepers(self.arena),
            context=context,
            activations=activations,
            tap=tap,
            slot_names=routine.slot_names,
            most_held=self.boot.heap,
            quota=words["quota"] // WORD + self.boot.index,
            way=plan.way,
            is_source=not any(lane.connection is not None for lane in incoming),
        )
        kind: Any = ImmediateLoop if policy.immediate else GatherLoop
        loop: Loop = kind(parts, (self.arena.words, words["exit"] // WORD, words["drain"] // WORD))
        loop.timed = policy.timed
        loop.is_bounded = not (policy.timed or isinstance(policy, WholeJob))
        if node.timeout is not None or hooked is not None:
            parts.activations.logic = None  # each message is timed, or told, by itself
        if node.timeout is not None:
            loop.stopwatch = Stopwatch(self.own)
        if node.max_activations is not None or node.max_rss_mb is not None:
            memory = None if node.max_rss_mb is None else node.max_rss_mb * 1e6
            loop.wear = Wear(node.max_activations, memory)
        loop.is_fifo = not isinstance(policy, Join) and not node.on_error.retries
        loop.gate = Gate(self.arena, parts.inlets, lambda: self.watch(loop, routine))
        self.restore(loop)
        return loop

    def watch(self, loop: Loop, routine: Routine) -> "Watch":
        """What looks for breakpoints."""
        from routilux.debug.rules import Place  # noqa: PLC0415 - most workers never need it
        from routilux.worker.surroundings import Surroundings  # noqa: PLC0415 - as above
        from routilux.worker.watch import Watch  # noqa: PLC0415 - as above

        boot, p = self.boot, loop.p
        lines = [[number for number, _ in route.connections] for route in boot.routes]
        connections = {number: boot.connections[number] for line in lines for number in line}
        place = Place(p.routine, p.slot_names, routine.event_names, connections)
        return Watch(
            Surroundings(
                process=boot.index,
                place=place,
                lines=lines,
                own=self.own,
                jobs=p.jobs,
                context=p.context,
                activations=p.activations,
                outputs=p.outputs,
                asker=self.asker,
                routine=routine,
                status=self.status,
                settle=loop.settle_complete,
                stopwatch=lambda: loop.stopwatch,
                input_at_hand=loop.input_at_hand,
                inputs=loop.inputs,
                replace_input=loop.replace_input,
                loader=p.loader,
                lanes=boot.plan.lanes,
                generation=lambda: loop.gate.generation,
                catch_up=loop.gate.catch_up,
            )
        )

    def hooked(self, node: Node, context: WorkerContext, jobs: JobTable) -> HookedRoutine | None:
        """The user's hooks, if there are any."""
        if not self.boot.hooks:
            return None
        hooks: Hooks = pickle.loads(self.boot.hooks)  # noqa: S301 - as in main()
        hooked = HookedRoutine(node.name, hooks, HoldsJob(self.asker, jobs), lambda: context.at)
        context.hooked = hooked.emitter
        return hooked

    def new_tap(
        self,
        hooked: HookedRoutine | None,
        slot_names: tuple[str, ...],
        jobs: JobTable,
        outputs: Outputs,
        activations: Activations,
    ) -> Tap:
        publisher = Publisher(
            self.bells.context, self.boot.directory, process=self.boot.index, epoch=self.epoch
        )
        return Tap(
            self.boot.plan.processes[self.boot.index].node,
            publisher,
            self.lines,
            hooked,
            slot_names=slot_names,
            arena=self.arena,
            own=self.own,
            jobs=jobs,
            outputs=outputs,
            activations=activations,
            tx=self.tx,
        )

    def inlets(self, node: Node, loader: Loader, records: Records, turns: Turns) -> list[Inlet]:
        """All in-lanes; each knows those from the same ordered routine."""
        inlets = [
            Inlet(LaneReader(self.arena, self.own, lane), loader, self.tx, records, turns)
            for lane in self.boot.plan.inbound[self.boot.index]
        ]
        for inlet in inlets:
            row = inlet.reader.plan.merged
            inlet.keeps_order = node.ordered
            inlet.siblings = [other for other in inlets if row >= 0 and other.reader.plan.merged == row]
        return inlets

    def loader(self, routine: Routine, pins: Pins) -> Loader:
        slots = dict(enumerate(map(routine.slots.get, routine.slot_names)))
        copied = [at for at, slot in slots.items() if slot is not None and slot.copy]
        decoder = Decoder()
        typed = {
            at: TypedDecoder(slot.type, decoder)
            for at, slot in slots.items()
            if slot is not None and exactness(slot.type)
        }
        kept = Keepsakes(self.boot.plan.processes[self.boot.index].node, pins, self.tx)
        return Loader(self.arena, decoder, pins, copied=copied, typed=typed, keepsakes=kept)

    def restore(self, loop: Loop) -> None:
        """Take up what an incarnation before this one has left: nothing, if this is the first."""
        p, decoder = loop.p, Decoder()
        p.turns.restore(p.jobs.is_over)
        p.replays.restore()
        saved = dict(p.states.restore(self.boot.jobs))
        found = p.records.restore()
        p.blobs.restore(self.writers.values())
        if crash.PLAN:
            crash.here("restore.middle")
        inlets = {inlet.reader.plan.index: inlet for inlet in p.inlets}
        for number, state in saved.items():
            p.jobs.get(number).state.load(state, decoder)
        for record in found:
            if record.kind == Kind.WAITING:
                p.outputs.channels[record.lane].restore(record, p.blobs)
            else:
                loop.restore(record, inlets[record.lane])
        p.blobs.restored()

    def outputs(self, node: Node, blobs: BlobWriter, turns: Turns) -> Outputs:
        to_supervisor = next(w for w in self.writers.values() if w.consumer == SUPERVISOR)
        supervisor = Channel([to_supervisor], self.service_ns)
        plain, loans = Encoder(LARGE), Loans(blobs)
        events = [
            EventOutput(
                name,
                node.name,
                self.targets(position, supervisor),
                loans,
                encoder=self.encoder(position, plain),
                turns=turns,
            )
            for position, name in enumerate(node.routine.event_names)
        ]
        return Outputs(events, supervisor, loans)

    def encoder(self, event: int, plain: Encoder) -> Encoder | TypedEncoder:
        """What encodes for an event: a checking one if a slot that it is connected to has a type."""
        slots = [self.demands.get(connection) for connection, _ in self.boot.routes[event].connections]
        return TypedEncoder(plain, slots, large=LARGE) if any(slots) else plain

    def targets(self, event: int, supervisor: Channel) -> list[Target]:
        route = self.boot.routes[event]
        if not route.connections:
            return [Target(event, (supervisor,), is_answer=supervisor.lanes[0].plan.merged >= 0)]
        return [self.target(connection, lanes) for connection, lanes in route.connections]

    def target(self, connection: int, lanes: tuple[int, ...]) -> Target:
        writers = [self.writers[lane] for lane in lanes]
        key, plan = self.keys.get(connection), writers[0].plan
        is_numbered = plan.numbered >= 0
        groups = [writers] if key is None or len(writers) == 1 else [[writer] for writer in writers]
        return Target(
            plan.slot,
            tuple(Channel(group, self.service_ns, is_numbered=is_numbered) for group in groups),
            key if len(groups) > 1 else None,
            plan.numbered,
            is_answer=plan.merged >= 0,
        )

    def service_ns(self, process: int) -> int:
        """What a message costs at another process, as it says itself."""
        return self.arena.words[self.arena.layout.sections[process].words["service_ns"] // WORD]

    def tell(self, routine: str, error: BaseException) -> None:
        """Describe to the supervisor why this process cannot go on."""
        lane = next(w for w in self.writers.values() if w.consumer == SUPERVISOR)
        record = batch([msgspec.msgpack.encode(describe(routine, "stop", error))])
        if lane.put(Frame(NO_JOB, 0, 1, record, ERROR)):
            self.tx.published[lane.published] = lane.position
            self.tx.commit({})
        self.bells.ring(SUPERVISOR, Bell.STATUS, self.boot.index)
