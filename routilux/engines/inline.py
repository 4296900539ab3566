"""Here is the inline engine: a whole flow in this process, one activation at a time, the same way every time.

It defines what is right: other engines are compared with it, and a plain debugger can step through it. A job
runs in the thread that submits, feeds or resumes it. Messages go through the codec as everywhere, and the
routine furthest down the flow that has something to do goes first, so that little waits.
"""

import threading
from collections.abc import Callable, Iterable, Sequence

from routilux.clock import Deadline
from routilux.debug.breakpoints import Breakpoint
from routilux.debug.session import DebugControl
from routilux.engine import CHANGED, UNREAD, Running, Settings
from routilux.engines.host import Hosted
from routilux.engines.run import NO_DEBUGGER, InlineJob
from routilux.errors import BreakpointError, Busy, ClosedError, FlowError, RoutiluxError, RoutineCrashed
from routilux.flow import Flow
from routilux.hooks import Hooks
from routilux.jobs import JobState
from routilux.reports import describe
from routilux.routing import levels
from routilux.submission import Seed


class InlineFlow:
    """The routines of one flow, set up in this process; they serve one job at a time."""

    def __init__(self, flow: Flow, hooks: Hooks) -> None:
        self.flow = flow
        self._hooks = hooks
        self.version = flow.version
        self.lock = threading.RLock()
        self.nodes = {name: Hosted(flow, node, hooks) for name, node in flow.nodes.items()}
        self.levels = [[self.nodes[name] for name in names] for names in levels(flow)]
        self.downstream_first = [node for level in reversed(self.levels) for node in level]

    def close(self) -> None:
        with self.lock:
            for node in self.nodes.values():
                node.routine.teardown()
        self._hooks.tell("on_flow_end", self.flow.name)


class InlineEngine:
    """Runs jobs to their end, or to their pause, before `submit` returns."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._flows: dict[Flow, InlineFlow] = {}
        self._jobs: dict[JobState, InlineJob] = {}
        self._room = threading.Condition()
        self._closed = False

    def open(self, flow: Flow) -> None:
        host = self._flows.get(flow)
        if host is None:
            flow.check()
        elif host.version != flow.version:
            raise FlowError(CHANGED.format(flow.name))

    def job(self, flow: Flow, job_id: str) -> JobState:
        with self._lock:
            if self._closed:
                raise ClosedError("the runtime is closed: make a new one")
            host = self._flows.get(flow) or self._host(flow)
        control = InlineJob(
            host.flow,
            host.nodes,
            host.levels,
            host.downstream_first,
            lock=host.lock,
            max_output=self._settings.max_output,
        )
        control.on_end = self._forget
        control.on_drained = self._wake
        job = JobState(job_id, flow.name, control)
        control.job = job
        return job

    def _host(self, flow: Flow) -> InlineFlow:
        self._settings.hooks.tell("on_flow_start", flow.name)
        try:
            return self._flows.setdefault(flow, InlineFlow(flow, self._settings.hooks))
        except BaseException as error:  # the user's setup()
            report = describe(flow.name, "stop", error)
            message = f"flow {flow.name!r} could not start: {report.type}: {report.message}"
            raise RoutineCrashed(f"{message}\n\n{report.traceback.rstrip()}") from error

    def submit(
        self,
        job: JobState,
        seeds: list[Seed],
        deadline: Deadline,
        *,
        paused: bool,
        is_open: bool,
        patience: Deadline | None = None,  # noqa: ARG002 - there is a place, or there is none
        breakpoints: Sequence[Breakpoint] = (),
    ) -> None:
        run = _of(job)
        if breakpoints:
            raise BreakpointError(NO_DEBUGGER)
        with self._lock:
            if len(self._jobs) >= self._settings.max_pending:
                message = (
                    f"{self._settings.max_pending} jobs are under way already: "
                    "wait for one, or raise max_pending"
                )
                raise Busy(message)
            self._jobs[job] = run
        run.begin(seeds, deadline, paused=paused, is_open=is_open)

    def debugger(self, flow: Flow) -> DebugControl:  # noqa: ARG002 - whichever it is
        raise BreakpointError(NO_DEBUGGER)

    def feed(self, job: JobState, seeds: Iterable[Seed]) -> bool:
        with self._room:
            self._room.wait_for(lambda: job.ended or job.spooled < UNREAD)
        return _of(job).feed(list(seeds))

    def seal(self, job: JobState) -> None:
        _of(job).seal()

    def _forget(self, job: JobState) -> None:
        with self._lock:
            self._jobs.pop(job, None)
        self._wake()

    def _wake(self) -> None:
        with self._room:
            self._room.notify_all()

    def stop(self, flow: Flow, grace: float | None) -> None:  # noqa: ARG002 - nothing to wait for
        with self._lock:
            host = self._flows.pop(flow, None)
            jobs = [run for run in self._jobs.values() if run.flow is flow]
        for run in jobs:
            run.abandon()
        if host is not None:
            host.close()

    def begin_stop(self, flow: Flow) -> None:
        self.stop(flow, None)

    def start(self, flow: Flow) -> None:
        with self._lock:
            if flow not in self._flows:
                self._host(flow)

    def running(self) -> list[Running]:
        """There are no processes."""
        return []

    def drain(self) -> None:
        for run in list(self._jobs.values()):
            run.cut()

    def resume(self, admit: Callable[[JobState], None]) -> list[JobState]:  # noqa: ARG002 - as above
        """It keeps nothing."""
        return []

    def close(self, grace: float | None, *, keeps: bool = False) -> None:  # noqa: ARG002 - as above
        with self._lock:
            self._closed = True
        for flow in list(self._flows):
            self.stop(flow, grace)


def _of(job: JobState) -> InlineJob:
    if not isinstance(job.control, InlineJob):
        raise RoutiluxError(f"job {job.job_id!r} belongs to another runtime")
    return job.control
