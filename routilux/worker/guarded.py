"""Here are guarded messages: a debugger holds each of them aside, before its routine, while all else goes on.

Whoever emitted it has gone on. It waits among what its receiver has set aside, as what belongs to a held job
does, and those of its job that came by the same lane wait behind it; so it outlives its receiver, and order
is kept. What is said of it is the supervisor's to remember: the answer is the same on every attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from routilux.debug.holds import Release, Report, orders
from routilux.debug.looking import sendable
from routilux.ipc.codec import Decoder
from routilux.ipc.control import Ask, Asker

if TYPE_CHECKING:
    from routilux.plan import LanePlan
    from routilux.worker.intake import Batch
    from routilux.worker.jobs import JobTable
    from routilux.worker.loader import Loader


class Guarded:
    """What one worker knows of the guarded messages that have come to it."""

    def __init__(
        self,
        process: int,
        lanes: Sequence[LanePlan],
        asker: Asker,
        *,
        jobs: JobTable,
        loader: Loader,
        generation: Callable[[], int],
    ) -> None:
        """`generation` is that of the table of breakpoints: it changes when something is said."""
        self._process = process
        self._lanes = lanes
        self._asker = asker
        self._jobs = jobs
        self._loader = loader
        self._generation = generation
        self._asked: dict[int, tuple[int, int]] = {}
        """By its key, the job of a message that is held, and in which generation we have asked about it."""
        self._said: dict[int, Release] = {}

    def holds(self, batch: Batch) -> bool:
        """Whether the message has to wait still."""
        key = batch.key(0)
        if key in self._said:
            return False
        generation = self._generation()
        if self._asked.get(key) == (batch.job, generation):
            return True
        report = b""
        if key not in self._asked:
            self._forget()
            report = msgspec.msgpack.encode(self._report(batch, key))
        release = self._ask(batch, key, report)
        if release is None:
            self._asked[key] = batch.job, generation
            return True
        self._said[key] = release
        return False

    def _forget(self) -> None:
        """Messages of jobs that are over are not asked about again."""
        for key in [key for key, (job, _) in self._asked.items() if self._jobs.is_over(job)]:
            del self._asked[key]
            self._said.pop(key, None)

    def _ask(self, batch: Batch, key: int, report: bytes) -> Release | None:
        def is_in_vain() -> bool:
            return self._jobs.must_exit or self._jobs.is_over(batch.job)

        ask = Ask(0, batch.job, "guarded", f"{self._process}:{key}", report)
        answer = self._asker.ask(ask, is_in_vain)
        if answer is None or answer.value is None:
            return None
        order = orders.decode(answer.value)
        return order if isinstance(order, Release) else None

    def _report(self, batch: Batch, key: int) -> Report:
        lane, message = self._lanes[batch.lane], batch.message_id(0)
        payload, said = sendable(batch.values(self._loader)[0])
        batch.forget()  # it may wait for long, and a view would keep its memory
        return Report(
            breakpoint_id="",
            type="",
            process=lane.producer,
            key=key,
            message_id=message,
            parents=(message,),
            connection=-1 if lane.connection is None else lane.connection,
            payload=payload,
            shown=said,
            origin=batch.origin,
        )

    def let_in(self, batch: Batch) -> Release:
        """What was said of the message, which is about to be used; it is changed as was said."""
        key = batch.key(0)
        self._asked.pop(key, None)
        release = self._said.pop(key, None) or self._ask(batch, key, b"") or Release()
        if release.action == "edit":
            values: list[Any] = batch.values(self._loader)
            values[0] = Decoder().decode_large(memoryview(release.payload or b""))
        return release
