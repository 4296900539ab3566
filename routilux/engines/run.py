"""Here is one job of the inline engine: the routines that have something to do, one activation at a time."""

import threading
from collections.abc import Callable
from typing import Any

from routilux.capture import Capture
from routilux.clock import Deadline, monotonic
from routilux.debug.session import DebugControl
from routilux.engines.activations import InlineActivations
from routilux.engines.host import Hosted, Message, SharedValues, View, frozen
from routilux.errors import BreakpointError, ClosedError, DeadlineExceeded, JobCancelled, RoutiluxError
from routilux.flow import Flow
from routilux.invoke import Steps
from routilux.ipc.codec import Encoder
from routilux.jobs import CUT_SHORT, Counters, JobState
from routilux.lifecycle import ExecutionStatus, Happening
from routilux.policies import Inbox, Taken
from routilux.submission import Seed, encoded_part

NO_DEBUGGER = (
    "the inline engine runs in your own thread, so nothing of it can be held while you look: step through it "
    "with breakpoint() or your editor's debugger, or set breakpoints with Runtime(engine='local')"
)


class InlineJob(InlineActivations):
    """One job under way; the JobControl of its JobState."""

    on_drained: Callable[[], None]
    worker_id = ""

    def __init__(
        self,
        flow: Flow,
        nodes: dict[str, Hosted],
        levels: list[list[Hosted]],
        downstream_first: list[Hosted],
        *,
        lock: threading.RLock,
        max_output: int,
    ) -> None:
        super().__init__(flow, nodes, max_output=max_output)
        self._levels = levels
        self._order = downstream_first
        self._lock: Any = lock
        self._data = SharedValues()
        self._deadline = Deadline(None)
        self._level = 0
        self._is_open = False
        self._origin = 0

    @property
    def debugger(self) -> DebugControl:
        raise BreakpointError(NO_DEBUGGER)

    # ---- what the submitter does --------------------------------------------------------------------------

    def begin(self, seeds: list[Seed], deadline: Deadline, *, paused: bool, is_open: bool) -> None:
        self._deadline = deadline
        self._is_open = is_open
        for name, node in self._nodes.items():
            view = View(self.job.job_id, self._data, None, hold=self._hold)
            view.inbox = None if node.policy.immediate else node.policy.inbox(node.slot_names, view)
            self._views[name] = view
        self.job.happen(Happening.PAUSE if paused else Happening.START)
        try:
            self._inject(seeds)
        except RoutiluxError as error:
            self._end(Happening.FAIL, error)
            raise
        self._run()

    def feed(self, seeds: list[Seed]) -> bool:
        if self.job.ended:
            return False
        self._inject(seeds)
        self._run()
        return not self.job.ended

    def seal(self) -> None:
        self._is_open = False
        self._run()

    def _inject(self, seeds: list[Seed]) -> None:
        encode = Encoder().encode
        self._origin += 1
        for seed in seeds:
            part = frozen(encoded_part(seed, encode))
            self._put(seed.routine, seed.slot, part, self._origin, "submission")

    def cancel(self, job: JobState, error: RoutiluxError) -> None:
        if not job.ended:
            self._end(Happening.CANCEL, error)

    def abandon(self) -> None:
        """The flow is stopped."""
        if not self.job.ended:
            self._end(Happening.CANCEL, ClosedError(f"the flow of job {self.job.job_id!r} was stopped"))

    def cut(self) -> None:
        """Sources stop; what they have sent is worked off."""
        self._is_cut = True

    def pause(self, job: JobState) -> None:
        if job.status is ExecutionStatus.RUNNING:
            job.happen(Happening.PAUSE)

    def _hold(self) -> None:
        """A hook wants the job to be held."""
        self.pause(self.job)

    def resume(self, job: JobState) -> None:
        """Go on, in this thread."""
        if job.status is ExecutionStatus.PAUSED:
            job.happen(Happening.RESUME)
            self._run()

    def shared_data(self, job: JobState) -> dict[str, bytes]:  # noqa: ARG002 - its only job
        return self._data.encoded

    def drained(self, job: JobState) -> None:  # noqa: ARG002 - its only job
        self.on_drained()

    def counters(self, job: JobState) -> Callable[[], Counters]:  # noqa: ARG002 - its only job
        found = {name: dict(view.counters) for name, view in self._views.items()}
        return lambda: found

    def await_logs(self) -> None:
        """They are there at once."""

    def trace(self, job: JobState, *, is_on: bool) -> None:
        """Nobody can listen to this engine."""

    def workers(self) -> dict[str, int]:
        """As if each routine had a process."""
        return dict.fromkeys(self._nodes, 1)

    # ---- the run ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        """Work until the job has ended, is paused, or waits to be fed."""
        with self._lock, Capture(self._take_line):
            while self.job.status is ExecutionStatus.RUNNING:
                if self._deadline.passed:
                    message = f"job {self.job.job_id!r} did not end within its timeout; it was stopped"
                    self._end(Happening.FAIL, DeadlineExceeded(message))
                elif not (self._step() or self._time_passes() or self._next_level()):
                    break
            for node in self._order:
                node.view = None
            self._at = None

    def _step(self) -> bool:
        """One activation of the routine furthest down that has something to do."""
        for node in self._order:
            view = self._views[node.name]
            if view.running is not None:
                self._advance(node, view)
                return True
            if view.queue:
                self._receive(node, view, view.queue.popleft())
                return True
            has_some = view.held is not None or (view.inbox is not None and len(view.inbox) > 0)
            if has_some and self._take(node, view, monotonic()):
                return True
        return False

    def _time_passes(self) -> bool:
        """Nothing else can happen: what a timer would release is released now."""
        for node in self._order:
            view = self._views[node.name]
            due = view.inbox.due() if view.inbox is not None else None
            if due is not None and self._take(node, view, max(due, monotonic())):
                return True
        return False

    def _next_level(self) -> bool:
        """The job is quiet: the routines of the next level give up what they hold, and finish. After the last
        it has ended.
        """
        if self._is_open:
            return False
        if self._level == len(self._levels):
            self._complete()
            return False
        for node in self._levels[self._level]:
            view = self._views[node.name]
            if not view.is_finished:
                self._flush(node, view)
            if self.job.status is ExecutionStatus.PAUSED:
                return True
        self._level += 1
        return True

    def _complete(self) -> None:
        if self._is_cut:
            self._end(Happening.CANCEL, JobCancelled(CUT_SHORT.format(self.job.job_id)))
        else:
            self._end(Happening.COMPLETE, None)

    def _flush(self, node: Hosted, view: View) -> None:
        view.final = True
        if view.inbox is not None:
            while not self.job.ended and self._take(node, view, monotonic()):
                self._exhaust(node, view)
                if self.job.status is ExecutionStatus.PAUSED:
                    return
            view.counters["unused"] += len(view.inbox)
            view.inbox = node.policy.inbox(node.slot_names, view)
        view.is_finished = True
        if not self.job.ended:
            self._activate(node, view, node.invoker.finish, counted=False)
            self._exhaust(node, view)

    def _exhaust(self, node: Hosted, view: View) -> None:
        while view.running is not None and not self.job.ended:
            self._advance(node, view)

    def _receive(self, node: Hosted, view: View, message: Message) -> None:
        inbox = view.inbox
        if node.is_stopped(view, message):
            view.queue.appendleft(message)
            return

        def accept() -> None:
            loaded = message.load(private=node.copies(message.slot))
            if inbox is not None:
                inbox.put(message.slot, loaded)
                return
            args: list[Any] = [None] * len(node.slot_names)
            args[message.slot] = loaded.value
            self._call(node, view, args, node.slot_names[message.slot], message.origin)

        node.place = message.place
        if inbox is None:
            view.counters["received"] += 1
            self._activate(node, view, accept)
        else:
            self._activate(node, view, accept, counted=False)

    def _chosen(self, node: Hosted, view: View, inbox: Inbox, now: float) -> Taken | None:
        """What the policy takes, if it accepts."""
        taken: list[Taken] = []

        def choose() -> None:
            found = inbox.take(now=now, final=view.final)
            if found is not None:
                taken.append(found)
            if node.hooked is not None:
                node.hooked.answered(view.job_id, inbox, found)

        self._activate(node, view, choose, counted=False)
        return taken[0] if taken else None

    def _take(self, node: Hosted, view: View, now: float) -> bool:
        inbox = view.inbox
        if inbox is None:
            return False
        held, view.held = view.held, None
        chosen = held or self._chosen(node, view, inbox, now)
        if chosen is None:
            return False
        args = chosen.arguments
        given = dict(zip(node.slot_names, args, strict=True))
        if node.hooked is not None and held is None and node.hooked.pauses(view, given):
            view.held = chosen
            return True
        origin = max((message.origin for slot in chosen.slots for message in slot), default=0)
        view.counters["received"] += sum(map(len, chosen.slots))
        node.place = next((message.place for slot in chosen.slots for message in slot), "")  # type: ignore[attr-defined]
        self._activate(node, view, lambda: self._call(node, view, args, chosen.message, origin))
        return True

    def _call(self, node: Hosted, view: View, args: list[Any], message: object, origin: int) -> Steps | None:
        view.origin = origin
        node.tell_start(view, args, message)
        view.running = node.invoker.call(args, message, view)
        return None
