"""Here is how the front desk describes what there is: flows, routines, jobs."""

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from routilux.clock import wall
from routilux.commands import ConnectionInfo, FlowInfo, JobInfo, RoutineInfo, SlotInfo
from routilux.engine import Running
from routilux.flow import Flow
from routilux.function import FunctionRoutine
from routilux.graph import Node
from routilux.hookevents import Failure
from routilux.joblist import Ended
from routilux.jobs import JobState
from routilux.reports import failure_of
from routilux.routine import Routine
from routilux.slottypes import name_of
from routilux.submission import logic_of

LONGEST = 2000
"""Characters of a docstring, or of a line about something that is no JSON."""


class Catalogue:
    """The flows that a front desk has seen, by their ids: their names, and a number where one is taken."""

    def __init__(self) -> None:
        self._ids: WeakKeyDictionary[Flow, str] = WeakKeyDictionary()
        self._known: WeakKeyDictionary[Flow, tuple[int, FlowInfo]] = WeakKeyDictionary()

    def see(self, flows: Iterable[Flow]) -> dict[str, Flow]:
        """The flows by their ids, which stay the same."""
        return dict(sorted({self.flow_id(flow): flow for flow in flows}.items()))

    def flow_id(self, flow: Flow) -> str:
        """The id of a flow, given now if it has none."""
        if (known := self._ids.get(flow)) is not None:
            return known
        taken = set(self._ids.values())
        names = (flow.name if n == 1 else f"{flow.name}#{n}" for n in range(1, len(taken) + 2))
        found = self._ids[flow] = next(name for name in names if name not in taken)
        return found

    def info(self, flow: Flow, running: Running | None) -> FlowInfo:
        """All about a flow."""
        known = self._known.get(flow)
        if known is None or known[0] != flow.version:
            known = self._known[flow] = flow.version, self._made(flow, known and known[1])
        if running is None:
            return known[1]
        return msgspec.structs.replace(
            known[1],
            worker_id=running.worker_id,
            started_at=running.started_at,
            directory=str(running.directory),
            processes=running.processes,
            jobs_processed=running.ended,
            jobs_failed=running.failed,
            state=running.state,
        )

    def _made(self, flow: Flow, before: FlowInfo | None) -> FlowInfo:
        now = wall()
        return FlowInfo(
            self.flow_id(flow),
            tuple(map(_routine, flow.nodes.values())),
            tuple(ConnectionInfo(c.id, c.source, c.event, c.target, c.slot) for c in flow.connections),
            now if before is None else before.created_at,
            now,
        )


def _routine(node: Node) -> RoutineInfo:
    routine, logic = node.routine, logic_of(node)
    return RoutineInfo(
        node.name,
        getattr(routine, "__name__", "") or type(routine).__name__,
        _line(routine.activation_policy),
        tuple(
            SlotInfo(name, "" if port.type is None else name_of(port.type))
            for name, port in routine.slots.items()
        ),
        routine.event_names,
        {name: _plain(value) for name, value in routine.config.items()},
        node.workers,
        node.ordered,
        "" if node.key is None else node.key if isinstance(node.key, str) else _line(node.key),
        node.on_error.action if not node.on_error.retries else _line(node.on_error),
        doc=_doc(routine, logic),
        source=_source(logic),
    )


def _doc(routine: Routine, logic: object) -> str:
    """What its author says of it."""
    kind = type(routine)
    docs = [logic.__doc__, None if kind.__module__ == FunctionRoutine.__module__ else kind.__doc__]
    return inspect.cleandoc(next(filter(None, docs), ""))[:LONGEST]


def _plain(value: object) -> Any:
    """The value as JSON has it, or a line about it."""
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        return _line(value)
    return msgspec.json.decode(encoded) if len(encoded) <= LONGEST else _line(value)


def _line(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # the user's __repr__  # noqa: BLE001
        text = f"<{type(value).__qualname__}>"
    return text[:LONGEST].encode(errors="backslashreplace").decode()


def _source(logic: object) -> str:
    code = getattr(inspect.unwrap(logic) if callable(logic) else logic, "__code__", None)
    return "" if code is None else f"{Path(code.co_filename)}:{code.co_firstlineno}"


def job_info(job: JobState, flow_id: str) -> JobInfo:
    """A job that somebody holds."""
    failure = Failure("", "") if job.error is None else failure_of(job.error)
    return JobInfo(
        job.job_id,
        flow_id,
        job.control.worker_id,
        job.status,
        job.created_at,
        job.started_at,
        job.finished_at,
        error=failure.message,
        error_type=failure.type,
        traceback=failure.traceback,
        routine=failure.routine,
        metadata=job.metadata,
        counters={name: dict(found) for name, found in job.counters.items()},
        outputs=job.outputs_waiting,
        is_traced=job.is_traced,
    )


def ended_info(ended: Ended, flow_id: str) -> JobInfo:
    """A job that has ended."""
    failure, job = ended.failure or Failure("", ""), ended.job()
    return JobInfo(
        ended.job_id,
        flow_id,
        ended.worker_id,
        ended.status,
        ended.created_at,
        ended.started_at,
        ended.finished_at,
        error=failure.message,
        error_type=failure.type,
        traceback=failure.traceback,
        routine=failure.routine,
        metadata=ended.metadata,
        counters=ended.counted(),
        outputs=0 if job is None else job.outputs_waiting,
        is_traced=job is not None and job.is_traced,
    )
