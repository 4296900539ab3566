"""Here is what a routine sees of the runtime while it runs in a worker: its job, its state, its events."""

import logging
from collections.abc import Callable, Iterator, MutableMapping
from operator import length_hint
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
        self._index = 0
        self._values: list[Any] = []
        self._messages: Iterator[Any] | None = None
        self.flusher: Callable[[object], None] | None = None
        self.hooked: Callable[[str, Callable[[object], None]], Callable[[object], None]] | None = None
        """Puts the user's hook before an event's `emit`."""
        self._outputs = outputs

    @property
    def index(self) -> int:
        """The place of the message at hand in its batch."""
        return self._index if self._messages is None else self._index - length_hint(self._messages)

    @index.setter
    def index(self, index: int) -> None:
        self._index, self._messages = index, None

    def through(self, values: list[Any], start: int, stop: int) -> Iterator[Any]:
        """The messages from `start` to `stop` of the batch: whichever is taken last is at hand. To note the
        place of each would cost more than to tell it from how many are left.
        """
        self._values = values[start:stop]
        self._index, self._messages = stop - 1, iter(self._values)
        return self._messages

    def stop_here(self) -> None:
        """No other message is taken after the one at hand."""
        if self._messages is not None:
            self._index, left = self.index, length_hint(self._messages)
            del self._values[len(self._values) - left :]

    def leave(self) -> None:
        """No job is at hand from here on."""
        self.at = self.batch = None

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
