"""Here is the local engine: one process per worker, messages in shared memory."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path

from routilux.clock import Deadline
from routilux.debug.breakpoints import Breakpoint
from routilux.debug.session import DebugControl
from routilux.engine import CHANGED, Running, Settings
from routilux.errors import ClosedError, FlowError, RoutiluxError
from routilux.flow import Flow
from routilux.ipc.codec import Encoder
from routilux.ipc.endpoints import PREFIX
from routilux.ipc.lanes import LARGE
from routilux.ipc.layout import Layout
from routilux.jobs import JobState
from routilux.plan import plan
from routilux.statedir import StateDirectory, forget
from routilux.submission import Seed, encoded_part
from routilux.supervisor.kept import Ground, Kept, new_ground, old_ground
from routilux.supervisor.reception import Encoded, Reception
from routilux.supervisor.supervisor import Supervisor


class LocalEngine:
    """Keeps a supervisor for each flow it has run; the processes stay warm until the flow, or the engine, is
    stopped.
    """

    def __init__(
        self,
        settings: Settings,
        workers: Mapping[str, int],
        place: Callable[[], Path],
        state: StateDirectory | None = None,
    ) -> None:
        self._runtime_place = place
        self._state = state
        self._settings = settings
        self._workers = dict(workers)
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._running: dict[Flow, Supervisor] = {}
        self._all: set[Supervisor] = set()
        self._closed = False

    def open(self, flow: Flow) -> None:
        """See Engine. A flow that runs already has been checked."""
        running = self._running.get(flow)
        if running is None:
            flow.check(self._workers)
        elif running.version != flow.version:
            raise FlowError(CHANGED.format(flow.name))

    def _supervisor(self, flow: Flow) -> Supervisor:
        """The supervisor of the flow; started now if need be."""
        with self._lock:
            if self._closed:
                raise ClosedError("the runtime is closed: make a new one")
            supervisor = self._running.get(flow)
            if supervisor is None or supervisor.is_closed:
                kept = None
                if self._state is not None:
                    kept = Kept(self._state.new_flow(flow.name), self._state.lock)
                place = self._place()
                wanted = plan(flow, self._workers)
                layout = Layout(wanted, self._settings.max_pending, self._settings.heap)
                try:
                    ground = new_ground(flow, wanted, layout, place, kept, hooks=self._settings.hooks)
                except BaseException:
                    if kept is not None:
                        forget(kept.folder)
                    raise
                supervisor = self._made(ground, place, kept)
                supervisor.start()
            return supervisor

    def _place(self) -> Path:
        """A folder for the sockets of one flow; not there yet."""
        return self._runtime_place() / str(next(self._numbers))

    def _made(self, ground: Ground, place: Path, kept: Kept | None) -> Supervisor:
        self._settings.hooks.tell("on_flow_start", ground.flow.name)
        worker_id = f"{place.parent.name.removeprefix(PREFIX)}-{place.name}"
        supervisor = Supervisor(ground, self._settings, place, self._forget, worker_id=worker_id, kept=kept)
        self._running[ground.flow] = supervisor
        self._all = {known for known in self._all if not known.is_gone} | {supervisor}
        return supervisor

    def resume(self, admit: Callable[[JobState], None]) -> list[JobState]:
        """Go on with the flows of the state directory; their jobs. Raises RoutiluxError for one that cannot
        be taken up, before any is started.
        """
        if self._state is None:
            return []
        with self._lock:
            grounds = []
            for folder in self._state.flows():
                kept, place = Kept(folder, self._state.lock), self._place()
                if kept.is_resumed:
                    grounds.append((old_ground(place, kept, hooks=self._settings.hooks), place, kept))
                else:  # nothing had begun
                    forget(folder)
            supervisors: list[Supervisor] = []
            try:
                supervisors.extend(self._made(*ground) for ground in grounds)
                jobs = [job for supervisor in supervisors for job in supervisor.resumed]
                for job in jobs:
                    admit(job)
            finally:  # one that was made has to be started to be closed
                for supervisor in supervisors:
                    supervisor.start()
        return jobs

    def _forget(self, supervisor: Supervisor) -> None:
        """The flow has ended by itself: the next submission starts it anew."""
        if self._running.get(supervisor.flow) is supervisor:
            del self._running[supervisor.flow]
        self._settings.hooks.tell("on_flow_end", supervisor.flow.name)

    def job(self, flow: Flow, job_id: str) -> JobState:
        return JobState(job_id, flow.name, self._supervisor(flow).reception)

    def submit(
        self,
        job: JobState,
        seeds: list[Seed],
        deadline: Deadline,
        *,
        paused: bool,
        is_open: bool,
        patience: Deadline | None = None,
        breakpoints: Sequence[Breakpoint] = (),
    ) -> None:
        _reception_of(job).submit(
            job,
            encoded(seeds),
            deadline,
            paused=paused,
            is_open=is_open,
            patience=patience,
            breakpoints=breakpoints,
        )

    def debugger(self, flow: Flow) -> DebugControl:
        return self._supervisor(flow).reception.debugger

    def feed(self, job: JobState, seeds: Iterable[Seed]) -> bool:
        return _reception_of(job).feed(job, encoded(seeds))

    def seal(self, job: JobState) -> None:
        _reception_of(job).seal(job)

    def stop(self, flow: Flow, grace: float | None) -> None:
        with self._lock:
            self._running.pop(flow, None)
            supervisors = [known for known in self._all if known.flow is flow]
        for supervisor in supervisors:  # one that has failed may still be taking leave
            supervisor.close(grace)

    def begin_stop(self, flow: Flow) -> None:
        with self._lock:
            supervisor = self._running.pop(flow, None)
        if supervisor is not None:
            supervisor.begin_close()

    def start(self, flow: Flow) -> None:
        self._supervisor(flow)

    def running(self) -> list[Running]:
        return [supervisor.describe() for supervisor in list(self._running.values())]

    def drain(self) -> None:
        for supervisor in list(self._running.values()):
            supervisor.reception.drain()

    def close(self, grace: float | None, *, keeps: bool = False) -> None:
        with self._lock:
            self._closed = True
            supervisors = list(self._all)
        for supervisor in supervisors:
            supervisor.begin_close(grace, keeps=keeps)
        for supervisor in supervisors:
            supervisor.close(grace)
        state, self._state = self._state, None
        if state is not None:
            state.close()


class _OfThread(threading.local):
    """What each submitter's thread has of its own."""

    def __init__(self) -> None:
        self.encode = Encoder(LARGE).encode


_own = _OfThread()


def encoded(seeds: Iterable[Seed]) -> list[Encoded]:
    """Encode payloads in the submitter's thread; raises PayloadError naming routine and slot."""
    encode = _own.encode
    return [(seed, encoded_part(seed, encode)) for seed in seeds]


def _reception_of(job: JobState) -> Reception:
    control = job.control
    if not isinstance(control, Reception):
        raise RoutiluxError(f"job {job.job_id!r} belongs to another runtime")
    return control
