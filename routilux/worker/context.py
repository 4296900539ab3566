"""Here is what a routine sees of the runtime while it runs in a worker: its job, its state, its events."""

import logging
from collections.abc import Callable, MutableMapping
from typing import Any, cast

from routilux.context import JobView
from routilux.worker.intake import Batch
from routilux.worker.jobs import WorkerJob
from routilux.worker.outputs import Outputs


class WorkerContext:
    """The Context of the one routine of this process; the loop keeps it pointed at the message at hand."""

    def __init__(self, routine: str, outputs: Outputs) -> None:
        self.log = logging.getLogger(f"routilux.routine.{routine}")
        self.cursor: Any = None
        self.at: WorkerJob | None = None
        self.batch: Batch | None = None
        self.index = 0
        self.flusher: Callable[[object], None] | None = None
        self.hooked: Callable[[str, Callable[[object], None]], Callable[[object], None]] | None = None
        """Puts the user's hook before an event's `emit`."""
        self._outputs = outputs

    def emitter(self, event: int, /) -> Callable[[object], None]:
        made = self._outputs.events[event]
        return made.emit if self.hooked is None else self.hooked(made.name, made.emit)

    @property
    def job(self) -> JobView:
        return cast("JobView", self._job)

    @property
    def _job(self) -> WorkerJob:
        if self.at is None:
            message = "no job is at hand here: setup() and teardown() run once per process, outside any job"
            raise RuntimeError(message)
        return self.at

    @property
    def state(self) -> MutableMapping[str, Any]:
        return self._job.state

    @property
    def message_id(self) -> str:
        return f"{self._job.job_id}/{self.message_place or 'finish'}"

    @property
    def message_place(self) -> str:
        """The id of the message at hand within its job; empty if there is none."""
        return self.batch.message_id(self.index) if self.batch is not None else ""

    def flush(self, cursor: Any = None) -> None:
        """Commit what the activation has emitted so far, and wait for room if the consumers are behind."""
        if self.flusher is not None:
            self.flusher(cursor)

    def loan(self, event: int, shape: Any, dtype: Any) -> Any:  # noqa: ARG002 - any event may be given it
        """An array to fill and emit: from 4 KiB on it lies in shared memory. Raises ArenaFull."""
        return self._outputs.loans.array(shape, dtype)
