"""Here are the samples of a recording: copies of what comes by, sent to the supervisor without a wait."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from routilux import clock
from routilux.debug.holds import Sample
from routilux.debug.recordings import MOST_BYTES
from routilux.debug.rules import Rule
from routilux.ipc.codec import in_one_piece
from routilux.ipc.control import Ask, Asker
from routilux.worker.context import WorkerContext
from routilux.worker.outputs import EventOutput


class Samples:
    """What the recordings of one worker take: of each at most MOST_BYTES, and as many messages as its hit
    condition says.
    """

    def __init__(
        self, process: int, asker: Asker, context: WorkerContext, inputs: Callable[[], Sequence[str]]
    ) -> None:
        self._process = process
        self._asker = asker
        self._context = context
        self._inputs = inputs

    def take(self, rule: Rule, job: int, value: Any, output: EventOutput, way: tuple[int, int]) -> None:
        """Copy the message at hand, which is on its `way`: event and connection, by their numbers."""
        context, part = self._context, output.encode(value)
        size = len(part) if isinstance(part, bytes) else part.nbytes
        is_taken = rule.sampled + size <= MOST_BYTES
        event, connection = way
        sample = Sample(
            process=self._process,
            event=event,
            connection=connection,
            message_id=context.message_place,
            parents=tuple(self._inputs()),
            origin=0 if context.batch is None else context.batch.origin,
            at=clock.wall(),
            missed=rule.missed,
            size=size,
            is_typed=output.is_typed,
            payload=in_one_piece(part) if is_taken else b"",
        )
        ask = Ask(0, job, "sample", rule.breakpoint.breakpoint_id, msgspec.msgpack.encode(sample))
        if not self._asker.note(ask):
            rule.missed += 1
            return
        rule.missed = 0
        rule.sampled += size if is_taken else 0
