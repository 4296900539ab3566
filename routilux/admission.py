"""Here is admission: how a submission becomes a job of a runtime."""

import logging
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from routilux.clock import Deadline
from routilux.configuration import nearest
from routilux.deadletters import DeadLetter
from routilux.debug.breakpoints import Breakpoint
from routilux.engine import Engine
from routilux.errors import ClosedError, FlowError, RoutiluxError
from routilux.flow import Flow
from routilux.hooks import NO_HOOKS, Hooks
from routilux.joblist import JobList
from routilux.jobs import JobState
from routilux.jobstore import JobStore
from routilux.lifecycle import ExecutionStatus
from routilux.registry import FlowRegistry
from routilux.submission import Sealed, Seed, checked_metadata, slot_seed

log = logging.getLogger("routilux.runtime")


class Admission:
    """Lets jobs in until it is closed, or drains. May be used from several threads."""

    def __init__(
        self, engine: Engine, workers: Mapping[str, int], job_store: JobStore | None, hooks: Hooks
    ) -> None:
        self._hooks = hooks
        self.jobs = JobList()
        self.is_closed = False
        self.is_draining = False
        self._engine = engine
        self._workers = dict(workers)
        self._job_store = job_store
        self._lock = threading.Lock()
        self._flows: weakref.WeakSet[Flow] = weakref.WeakSet()
        self._forgotten: weakref.WeakSet[Flow] = weakref.WeakSet()
        self._requeued: weakref.WeakKeyDictionary[DeadLetter, JobState] = weakref.WeakKeyDictionary()

    def open(self, flow: Flow | str) -> Flow:
        """The flow, once all that can be known beforehand to be wrong with it is known not to be."""
        found = self._flow(flow)
        if unknown := [name for name in self._workers if name not in found.nodes]:
            raise FlowError(
                *(
                    f"workers: flow {found.name!r} has no routine {n!r}: {nearest(n, found.nodes)}"
                    for n in unknown
                )
            )
        self._engine.open(found)
        if found not in self._flows or found in self._forgotten:
            with self._lock:
                self._flows.add(found)
                self._forgotten.discard(found)
        return found

    def _flow(self, flow: Flow | str) -> Flow:
        if self.is_closed:
            raise ClosedError("the runtime is closed: make a new one")
        if self.is_draining:
            raise ClosedError("the runtime is draining: it takes no more jobs")
        found = FlowRegistry.get_instance().get_by_name(flow) if isinstance(flow, str) else flow
        if not isinstance(found, Flow):
            raise FlowError(f"expected a Flow or the name of a registered one, not {type(found).__name__}")
        return found

    def submit(
        self,
        flow: Flow,
        seeds: list[Seed],
        *,
        job_id: str | None = None,
        timeout: float | None = None,
        paused: bool = False,
        is_open: bool = False,
        metadata: Mapping[str, Any] | None = None,
        trace: bool = False,
        patience: float | None = None,
        breakpoints: Sequence[Breakpoint] = (),
    ) -> JobState:
        """Begin a job of a flow that is open. Raises Busy if it finds no place in `timeout`, or in `patience`
        seconds.
        """
        deadline = Deadline.after(timeout)
        known_by = {} if metadata is None else checked_metadata(metadata)
        job = self._engine.job(flow, self.jobs.job_id(job_id))
        job.metadata, job.is_traced = known_by, trace
        self.admit(job)
        wait = None if patience is None else Deadline.after(patience)
        try:
            self._engine.submit(
                job,
                seeds,
                deadline,
                paused=paused,
                is_open=is_open,
                patience=wait,
                breakpoints=breakpoints,
            )
        except BaseException:
            self.jobs.remove(job)
            raise
        return job

    def admit(self, job: JobState) -> None:
        """From here on the job is one of ours."""
        if job.ended:  # before it was resumed; its id may be that of a later one
            self.jobs.remember(job)
            return
        if self._job_store is not None:
            self._job_store.check()
            job.record_in(self._job_store)
        if self._hooks is not NO_HOOKS:
            job.when_changed(self._tell)
        self.jobs.add(job)

    def _tell(self, job: JobState, before: ExecutionStatus) -> None:
        """What the user's hooks learn of a job."""
        if before is ExecutionStatus.PENDING:
            self._hooks.tell("on_job_start", job.job_id)
        if job.ended:
            self._hooks.tell("on_job_end", job.job_id, str(job.status), job.error)

    def take_up(self, jobs: list[JobState]) -> None:
        """They have been admitted, after an earlier runtime had begun them."""
        self.jobs.resumed = jobs
        self._flows.update(job.control.flow for job in jobs)

    def requeue(
        self,
        letter: DeadLetter,
        flow: Flow | str | None,
        timeout: float | None,
        patience: float | None = None,
    ) -> JobState:
        """See Runtime.requeue."""
        found = self.open(self._known(letter.flow) if flow is None else flow)
        again = self._requeued.get(letter)
        if again is not None and not again.ended:
            raise RoutiluxError(f"dead letter {letter.id} is on its way already, in job {again.job_id!r}")
        seed = slot_seed(found, letter.routine, letter.slot, None)
        node = found.nodes[letter.routine]
        wanted = getattr(node.routine.slots[letter.slot], "type", None)
        is_decoded = node.key is not None or wanted is not None
        payload = letter.revived(wanted) if is_decoded else Sealed(*letter.encoded())
        job = self.submit(found, [replace(seed, payload=payload)], timeout=timeout, patience=patience)
        self._requeued[letter] = job
        job.when_ended(lambda: _settle(letter, job))
        return job

    def _known(self, name: str) -> Flow | str:
        """The flow of that name that has been run here, else the name."""
        with self._lock:
            known = [flow for flow in self._flows if flow.name == name]
        if len(known) > 1:
            raise FlowError(f"this runtime has run {len(known)} flows named {name!r}: pass flow=...")
        return known[0] if known else name

    def flows(self) -> list[Flow]:
        """Those that were run here, and those that are registered; none that is forgotten."""
        with self._lock:
            known = dict.fromkeys([*self._flows, *FlowRegistry.get_instance().list_all().values()])
            return [flow for flow in known if flow not in self._forgotten]

    def forget(self, flow: Flow) -> None:
        """It is none of our flows any more, until it is opened again. It stays registered: that is for its
        program, and other runtimes of it.
        """
        with self._lock:
            self._forgotten.add(flow)

    def is_forgotten(self, flow: Flow) -> bool:
        return flow in self._forgotten


def _settle(letter: DeadLetter, job: JobState) -> None:
    """A letter that was sent again is done with, if its job came to its end."""
    if job.status is ExecutionStatus.COMPLETED:
        try:
            letter.discard()
        except RoutiluxError as error:
            log.warning("job %r is complete, but its dead letter stays: %s", job.job_id, error)
