"""Here is the Runtime, what a user holds: it takes submissions, lists jobs, and leaves nothing behind."""

import atexit
import contextlib
import logging
import os
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from routilux.admission import Admission
from routilux.clock import Deadline
from routilux.deadletters import DeadLetter, DeadLetters
from routilux.debug.attachment import check_attachable
from routilux.debug.breakpoints import Breakpoint, validated
from routilux.debug.session import Breakpoints
from routilux.engine import Settings
from routilux.engines.choice import new_engine, quarter_of_memory
from routilux.errors import DeadlineExceeded, FlowError
from routilux.flow import Flow
from routilux.frontdesk.premises import Premises
from routilux.hooks import ExecutionHooks, as_hooks
from routilux.jobs import JobState
from routilux.jobstore import JobStore
from routilux.lifecycle import ExecutionStatus
from routilux.limits import is_amount, is_count
from routilux.registry import FlowRegistry
from routilux.statedir import StateDirectory
from routilux.streaming import streamed
from routilux.submission import entry_seeds, seeder, slot_seed

if TYPE_CHECKING:
    from routilux.frontdesk.house import House
    from routilux.monitoring import Monitor, Wish

log = logging.getLogger("routilux.runtime")

INTERRUPTED = 0.3
"""Seconds that workers get to leave by themselves when the runtime is left by an exception."""


class Runtime:
    """Runs flows, and is the only thing to close: leaving `with Runtime()` waits for its jobs, leaving by an
    exception cancels them.

    `engine` is "local" (a process per worker) or "inline" (this process, deterministic). `workers` overrides
    the number of workers of routines, by name. At most `max_pending` jobs of a flow are under way at a time.
    `heap` is how many bytes of large payloads one process may have under way (a quarter of the memory by
    default), `max_output` how many bytes of outputs may wait for a reader before their job fails, `grace` how
    many seconds a worker gets to leave at the end. A worker that a signal has stopped (SIGSTOP) is killed and
    started again after `stop_limit` seconds; one that is busy never is. Messages that kill their process
    again and again end in `dead_letters`: a store, the path of its SQLite file, or None for one in memory.
    What becomes of jobs, and what they put out, is recorded in `job_store`: a store, the path of its SQLite
    file, or None for nowhere. With `state_dir` the runtime is durable: what is under way lies in files of
    that directory, and outlives this process and all workers. `Runtime.resume(state_dir)` goes on with it.
    Leaving a durable runtime by an exception suspends its jobs instead of cancelling them. `hooks` are told
    what happens, see ExecutionHooks. With `monitor`, True or the number of a port, a monitor runs beside it:
    `runtime.monitor.link` is its page. With `allow_attach` an editor's debugger may attach to a held process,
    see `Hold.attach`: it can run anything there. May be used from several threads.
    """

    _default: ClassVar["Runtime | None"] = None
    _default_lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self,
        *,
        engine: Literal["local", "inline"] = "local",
        workers: Mapping[str, int] | None = None,
        max_pending: int = 1000,
        heap: int | None = None,
        max_output: int = 4 << 30,
        grace: float = 5.0,
        stop_limit: float = 10.0,
        dead_letters: str | os.PathLike[str] | DeadLetters | None = None,
        job_store: str | os.PathLike[str] | JobStore | None = None,
        state_dir: str | os.PathLike[str] | StateDirectory | None = None,
        hooks: Sequence[ExecutionHooks] = (),
        monitor: "bool | int | Wish" = False,
        allow_attach: bool = False,
    ) -> None:
        for name, number in (workers or {}).items():
            if not is_count(number):
                raise FlowError(
                    f"workers={{{name!r}: {number!r}}}: give a whole number of processes, 1 or more"
                )
        if not is_count(max_pending) or max_pending > 1 << 16:
            raise FlowError(f"max_pending={max_pending!r}: give a whole number from 1 to 65536")
        if not is_amount(stop_limit):
            raise FlowError(f"stop_limit={stop_limit!r}: give a number of seconds above 0")
        if allow_attach:
            check_attachable(engine)
        self.monitor: Monitor | None = None
        """The monitor beside this runtime, if one was asked for."""
        with contextlib.ExitStack() as undo:
            if monitor is not False:
                from routilux.monitoring import start_monitor  # noqa: PLC0415 - see engines/choice.py

                self.monitor = start_monitor(monitor, engine)
                undo.callback(self.monitor.close)
            self.dead_letters = (
                dead_letters if isinstance(dead_letters, DeadLetters) else DeadLetters(dead_letters)
            )
            self._owns_store = not isinstance(job_store, JobStore)
            self.job_store = (
                job_store if job_store is None or isinstance(job_store, JobStore) else JobStore(job_store)
            )
            if state_dir is not None and engine != "local":
                raise FlowError(f"state_dir={state_dir!r}: only the local engine is durable")
            if state_dir is not None and not isinstance(state_dir, StateDirectory):
                state_dir = StateDirectory(state_dir, resumes=False)
            self._is_durable = state_dir is not None
            memory = heap or quarter_of_memory()
            told = as_hooks(hooks)
            settings = Settings(
                max_pending,
                memory,
                max_output,
                grace,
                stop_limit,
                self.dead_letters,
                told,
                allow_attach=allow_attach,
                is_watched=self.monitor is not None,
            )
            self._premises = Premises(self._house)
            self._engine = new_engine(engine, settings, workers or {}, self._premises.path, state_dir)
            self._admission = Admission(self._engine, workers or {}, self.job_store, told)
            self._is_gone = False
            if self.monitor is not None:
                self._premises.path()
            undo.pop_all()
        _open.add(self)

    @classmethod
    def resume(cls, state_dir: str | os.PathLike[str], **options: Any) -> "Runtime":
        """Go on with what a durable runtime has left in that directory, however it ended; `options` as for
        Runtime. Its jobs are in `resumed`, under their old ids, with all that they had put out so far.

        Waits for workers of the earlier runtime that are still there. Raises RoutiluxError if one is still
        there after ten seconds (naming it), if another runtime holds the directory, or if what lies there
        cannot be taken up here.
        """
        state = StateDirectory(state_dir, resumes=True)
        try:
            runtime = cls(state_dir=state, **options)
        except BaseException:
            state.close()
            raise
        try:
            runtime._admission.take_up(runtime._engine.resume(runtime._admission.admit))
        except BaseException:
            runtime.suspend()
            raise
        return runtime

    @classmethod
    def get_instance(cls) -> "Runtime":
        """The runtime that all of this process share; made when first asked for, closed when the process
        ends.
        """
        with cls._default_lock:
            if cls._default is None or cls._default.is_closed:
                cls._default = cls()
            return cls._default

    @property
    def resumed(self) -> list[JobState]:
        """The jobs that `resume` has found, those that had ended among them."""
        return self._admission.jobs.resumed

    @property
    def is_closed(self) -> bool:
        return self._admission.is_closed

    # ---- submissions --------------------------------------------------------------------------------------

    def exec(
        self,
        flow: Flow | str,
        inputs: Mapping[str, Any] | None = None,
        /,
        *,
        entry: str | None = None,
        job_id: str | None = None,
        timeout: float | None = None,
        start_paused: bool = False,
        metadata: Mapping[str, Any] | None = None,
        trace: bool = False,
        breakpoints: Iterable[Breakpoint | Mapping[str, Any]] = (),
        **slots: Any,
    ) -> JobState:
        """Start a job and return it at once; keywords, and the mapping `inputs`, give one payload per slot of
        the entry routine. Its `breakpoints` are set before its first message is anywhere.

        The entry is the routine without incoming connections, or the one named. The job fails with
        DeadlineExceeded when it has not ended after `timeout` seconds; it is not even admitted, and Busy is
        raised, when no place came free within them. `metadata` is what the job is to be known by, a dict of
        what JSON knows; with `trace` a monitor is told of each activation.
        """
        flow = self._admission.open(flow)
        seeds = entry_seeds(flow, entry, inputs, slots)
        wanted = [validated(flow, each) for each in breakpoints]
        return self._admission.submit(
            flow,
            seeds,
            job_id=job_id,
            timeout=timeout,
            paused=start_paused,
            metadata=metadata,
            trace=trace,
            breakpoints=wanted,
        )

    def breakpoints(self, flow: Flow | str) -> Breakpoints:
        """The breakpoints of a flow, for all of its jobs; its processes are started if they do not run."""
        return Breakpoints(self._engine.debugger(self._admission.open(flow)))

    def run(
        self,
        flow: Flow | str,
        inputs: Mapping[str, Any] | None = None,
        /,
        *,
        timeout: float | None = None,
        **options: Any,
    ) -> Any:
        """`exec` and its `result`: the only output of the flow, or None."""
        return self.exec(flow, inputs, timeout=timeout, **options).result()

    def post(
        self,
        flow: Flow | str,
        routine: str,
        slot: str,
        payload: Any,
        *,
        job_id: str | None = None,
        timeout: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        trace: bool = False,
    ) -> JobState:
        """Start a job with one payload for any slot of any routine; else as `exec`."""
        flow = self._admission.open(flow)
        seeds = [slot_seed(flow, routine, slot, payload)]
        return self._admission.submit(
            flow, seeds, job_id=job_id, timeout=timeout, metadata=metadata, trace=trace
        )

    def requeue(
        self, letter: DeadLetter | int, *, flow: Flow | str | None = None, timeout: float | None = None
    ) -> JobState:
        """Start a job with a dead letter (of any store), or the one of that id in `dead_letters`, for the
        slot it was before. The letter is discarded when the job completes, and stays if it fails.

        The flow is the one given, else the only one of the letter's name that this runtime has run, else the
        one registered under that name. FlowError if the flow has no such routine or slot any more. The
        payload goes as it was encoded; for a routine with `key=`, or a slot with a type, it is decoded here.
        """
        kept = self.dead_letters.get(letter) if isinstance(letter, int) else letter
        return self._admission.requeue(kept, flow, timeout)

    def stream(
        self,
        flow: Flow | str,
        iterable: Iterable[Any],
        *,
        entry: str | None = None,
        slot: str | None = None,
        timeout: float | None = None,
    ) -> Iterator[Any]:
        """One job: each item goes to the entry's slot, each output comes back as soon as there is one, in the
        order of arrival.

        The iterable is advanced in a thread of its own, and not further ahead than there is room for;
        stopping the iteration early cancels the job. Raises why the job failed, or what the iterable raised.
        """
        flow = self._admission.open(flow)
        name = flow.entry(entry)
        names = flow.nodes[name].routine.slot_names
        if slot is None and len(names) > 1:
            raise FlowError(f"entry routine {name!r} has the slots {', '.join(names)}: pass slot=...")
        seed = seeder(flow, name, slot or names[0])
        begin = partial(self._admission.submit, flow, [], timeout=timeout, is_open=True)
        return streamed(self._engine, begin, map(seed, iterable))

    def _house(self) -> "House":
        """What the front desk needs."""
        from routilux.frontdesk.house import House  # noqa: PLC0415 - see Premises

        return House(
            self._engine,
            self._admission,
            self.dead_letters,
            lambda: Runtime._default is self,
            lambda: "" if self.monitor is None else self.monitor.link,
        )

    # ---- what there is ------------------------------------------------------------------------------------

    def jobs(self, status: ExecutionStatus | str | None = None) -> list[JobState]:
        """The jobs under way, and the last ones that have ended and that somebody still holds; of one status
        if named.
        """
        known = self._admission.jobs.all()
        return known if status is None else [job for job in known if job.status == ExecutionStatus(status)]

    def start(self, flow: Flow | str) -> None:
        """Start the processes of a flow, so that its first job need not wait for them."""
        self._engine.start(self._admission.open(flow))

    def stop(self, flow: Flow | str, *, grace: float | None = None) -> None:
        """End the processes of one flow and cancel its jobs; the next submission starts it anew."""
        found = FlowRegistry.get_instance().get_by_name(flow) if isinstance(flow, str) else flow
        self._engine.stop(found, grace)

    def drain(self, timeout: float | None = None) -> None:
        """Take no more jobs, stop the sources, and wait until what is in flight has come to its end."""
        deadline = Deadline.after(timeout)
        self._admission.is_draining = True
        self._engine.drain()
        for job in self._admission.jobs.active():
            job.wait(deadline.left())

    def close(self, *, grace: float | None = None) -> None:
        """Cancel what still runs and leave nothing behind: no process, socket or file. Idempotent.

        A second call, from another thread, while the first one waits shortens its grace. Raises StoreError
        at the very end if the job store could not be written.
        """
        if self._is_gone:
            return
        self._close(grace, keeps=False)

    def suspend(self, *, grace: float | None = None) -> None:
        """As `close`, but of a durable runtime all that is under way stays in its directory, for `resume`."""
        if not self._is_gone:
            self._close(grace, keeps=True)

    def _close(self, grace: float | None, *, keeps: bool) -> None:
        self._admission.is_closed = True
        _open.discard(self)
        with contextlib.ExitStack() as after:
            if self.monitor is not None:
                after.callback(self.monitor.close)
            after.callback(self._premises.close)
            self._engine.close(grace, keeps=keeps and self._is_durable)
        self._is_gone = True
        if self.job_store is not None:
            (self.job_store.stop if self._owns_store else self.job_store.flush)()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._admission.jobs.wait_for_all()
        except BaseException:
            self._leave(INTERRUPTED)
            raise
        if error is None:
            self.close()
        else:
            self._leave(INTERRUPTED)

    def _leave(self, grace: float) -> None:
        """What is under way is cancelled, or suspended where that can be."""
        (self.suspend if self._is_durable else self.close)(grace=grace)


_open: "weakref.WeakSet[Runtime]" = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """A runtime that nobody has closed ends with the process."""
    for runtime in list(_open):
        with contextlib.suppress(DeadlineExceeded):
            runtime._leave(INTERRUPTED)  # noqa: SLF001 - our own
