"""Here are jobs as their submitter holds them: state, end, and what came out."""

import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from os import PathLike
from typing import Any, NamedTuple, Protocol

from routilux import clock
from routilux.debug.recorder import Recording
from routilux.debug.session import Breakpoints, DebugControl, Session
from routilux.errors import DeadlineExceeded, JobCancelled, RoutiluxError
from routilux.flow import Flow
from routilux.ipc.codec import Decoder, length, split
from routilux.lifecycle import ExecutionStatus, Happening, advance
from routilux.logring import LogEntry, LogRing
from routilux.spool import Spool


class Output(NamedTuple):
    """What an event that is connected to nothing has emitted."""

    routine: str
    event: str
    payload: Any
    message_id: str


CUT_SHORT = "job {!r} was cut short: its sources were stopped, and what they had sent was worked off"


class Source(NamedTuple):
    """Where a batch of outputs comes from."""

    routine: str
    event: str
    place: str
    is_large: bool


class _OfThread(threading.local):
    """What each reader's thread has of its own: to make a decoder takes longer than to decode."""

    def __init__(self) -> None:
        self.decoder = Decoder()


_own = _OfThread()


def open_batch(job_id: str) -> Callable[[Source, bytes], list[Output]]:
    """How a job's spooled batches become outputs; in the thread that reads them."""

    def opened(source: Source, data: bytes) -> list[Output]:
        decoder = _own.decoder
        payloads = [decoder.decode_large(memoryview(data))] if source.is_large else decoder.decode_batch(data)
        return [
            Output(source.routine, source.event, payload, f"{job_id}/{source.place}:{index}")
            for index, payload in enumerate(payloads)
        ]

    return opened


Counters = dict[str, dict[str, int]]
"""Per routine, what its workers have counted for a job."""


class JobControl(Protocol):
    """What an engine does to a job at its submitter's wish."""

    flow: Flow
    worker_id: str
    """Which start of the flow it is."""

    @property
    def debugger(self) -> DebugControl: ...
    def cancel(self, job: "JobState", error: RoutiluxError) -> None: ...
    def pause(self, job: "JobState") -> None: ...
    def resume(self, job: "JobState") -> None: ...
    def counters(self, job: "JobState") -> Callable[[], Counters]:
        """What has been counted until now, to be worked out once somebody asks."""

    def shared_data(self, job: "JobState") -> dict[str, bytes]: ...
    def drained(self, job: "JobState") -> None: ...
    def workers(self) -> dict[str, int]: ...
    def await_logs(self) -> None:
        """Wait, a second at most, for the lines that are on their way."""

    def trace(self, job: "JobState", *, is_on: bool) -> None: ...


class Recorder(Protocol):
    """Whoever is told what becomes of a job. It may make its caller wait, but not for the job."""

    def changed(self, job: "JobState") -> None:
        """The job has begun, was paused or resumed, or has ended; told before anybody who waits is woken."""

    def put(self, job: "JobState", source: Source, data: bytes) -> None:
        """A batch of outputs has come out, for `open_batch`."""


class JobState:
    """One submission to a flow and everything it causes. Every job ends: completed, failed or cancelled.

    `started_at` and `finished_at` are Unix seconds; `errors` holds what `on_error="skip"` and `"continue"`
    have let pass (the first hundred per process); `error` is why the job failed or was cancelled. `metadata`
    is what it was submitted with; whether it `is_traced`, `trace` changes.
    """

    def __init__(self, job_id: str, flow_name: str, control: JobControl) -> None:
        self.job_id = job_id
        self.flow_name = flow_name
        self.metadata: dict[str, Any] = {}
        self.is_traced = False
        self.created_at = clock.wall()
        self.status = ExecutionStatus.PENDING
        self.ended = False
        """Whether it is at its end, whichever."""
        self.error: RoutiluxError | None = None
        self.errors: list[RoutiluxError] = []
        self.started_at: float | None = None
        self.finished_at: float | None = None
        self.control = control
        self.recorder: Recorder | None = None
        self._log: LogRing | None = None
        self.is_traced = False
        self._spool: Spool[Source, Output] = Spool(open_batch(job_id))
        self._changed = threading.Condition()
        self._callbacks: list[Callable[[], None]] = []
        self._counted: Callable[[], Counters] | None = None
        self._readers = 0
        self._watcher: Callable[[JobState, ExecutionStatus], None] | None = None

    def __repr__(self) -> str:
        return f"<JobState {self.job_id!r} of {self.flow_name!r}: {self.status}>"

    @property
    def counters(self) -> Mapping[str, Mapping[str, int]]:
        """Per routine: activations, errors, skipped, unused (messages no activation took), as of now."""
        return self.counted()

    @property
    def counted(self) -> Callable[[], Counters]:
        """What works its counters out, as they are now."""
        return self._counted if self._counted is not None else self.control.counters(self)

    @property
    def log(self) -> LogRing:
        """What its routines have logged; made when it is first asked for, since most jobs log nothing."""
        with self._changed:
            if self._log is None:
                self._log = LogRing()
            return self._log

    # ---- for the submitter --------------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> "JobState":
        """Wait until the job has ended, however; at most `timeout` seconds, then DeadlineExceeded. Returns
        the job.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.ended, timeout):
                message = (
                    f"job {self.job_id!r} has not ended within {timeout:g} seconds; "
                    "it goes on, and can be cancelled"
                )
                raise DeadlineExceeded(message)
        return self

    def result(self, timeout: float | None = None) -> Any:
        """The only output; None when there was none. Raises why the job failed, or DeadlineExceeded."""
        results = self.results(timeout)
        if len(results) > 1:
            message = f"job {self.job_id!r} has {len(results):,} outputs, not one: use results() or outputs()"
            raise RoutiluxError(message)
        return results[0] if results else None

    def results(self, timeout: float | None = None) -> list[Any]:
        """The payloads of all outputs that `outputs()` has not handed out, in the order of their arrival."""
        self.wait(timeout)
        if self.error is not None:
            raise self.error
        return [output.payload for output in self._spool.read(consume=False)]

    def outputs(self) -> Iterator[Output]:
        """Each output as it comes, until the job has ended; raises why it failed. What was handed out is
        forgotten.
        """
        with self._changed:
            self._readers += 1
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: bool(self._spool) or self.ended)
                    ended = self.ended
                yield from self._spool.read(consume=True)
                self.control.drained(self)
                if ended and not self._spool:
                    break
            if self.error is not None:
                raise self.error
        finally:
            with self._changed:
                self._readers -= 1

    def cancel(self) -> None:
        """End the job now: waiting messages are dropped, a running activation runs to its end for nothing.
        Idempotent.
        """
        self.control.cancel(self, JobCancelled(f"job {self.job_id!r} was cancelled"))

    def pause(self) -> None:
        """No new activation starts for this job until `resume`; other jobs go on."""
        self.control.pause(self)

    def resume(self) -> None:
        self.control.resume(self)

    @property
    def breakpoints(self) -> Breakpoints:
        """The breakpoints that concern this job: list them, add, update and remove some."""
        return Breakpoints(self.control.debugger, self)

    def session(self) -> Session:
        """What is held of this job, and how to look at it and let it go on."""
        return Session(self.control.debugger, self)

    def record(
        self, place: str | Mapping[str, Any], path: str | PathLike[str], /, **options: Any
    ) -> Recording:
        """Begin to record messages of this job, to a file; as `breakpoints.record`, which has the options."""
        return self.breakpoints.record(place, path, **options)

    def logs(self) -> list[LogEntry]:
        """What the job's routines have logged and printed so far, in the order of time: the last 10,000
        lines or 1 MiB of them. `log.dropped` counts the lines before them, and those that were lost on their
        way.
        """
        self.control.await_logs()
        return self.log.entries()

    def trace(self, *, is_on: bool = True) -> None:
        """Let each activation be published from now on, as far as the larger budget of traced jobs goes,
        instead of a sample.
        """
        self.is_traced = is_on
        self.control.trace(self, is_on=is_on)

    def __await__(self) -> Generator[Any, None, "JobState"]:
        """Wait as `wait()` does, without holding up the event loop."""
        import asyncio  # noqa: PLC0415 - 20 ms that a process which awaits nothing need not spend

        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            if not future.done():
                future.set_result(None)

        def ended() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle)

        self.when_ended(ended)
        yield from future.__await__()
        return self

    # ---- for the engines ----------------------------------------------------------------------------------

    def when_ended(self, callback: Callable[[], None]) -> None:
        """Call `callback` once the job has ended, from whichever thread ends it and before anybody who waits
        is woken; at once if it has. It must neither raise nor wait for the job.
        """
        with self._changed:
            if not self.ended:
                self._callbacks.append(callback)
                return
        callback()

    def when_changed(self, watcher: "Callable[[JobState, ExecutionStatus], None]") -> None:
        """Call `watcher` at each change of status, with the one before; as `when_ended` calls, and never for
        what had happened before.
        """
        self._watcher = watcher

    def revive(
        self,
        status: ExecutionStatus,
        started_at: float | None,
        finished_at: float | None,
        error: RoutiluxError | None,
        counters: Counters | None,
    ) -> None:
        """It stands where an earlier runtime has left it."""
        self.status, self.ended = status, status.ended
        self.started_at, self.finished_at = started_at, finished_at
        self.error, self._counted = error, None if counters is None else lambda: counters

    def record_in(self, recorder: Recorder) -> None:
        """Whatever becomes of it is told there from now on; of one that was revived, all that it has put out
        too.
        """
        self.recorder = recorder
        if self.status is not ExecutionStatus.PENDING:
            recorder.changed(self)
            for source, data in self._spool.batches():
                recorder.put(self, source, data)

    def happen(self, happening: Happening, error: RoutiluxError | None = None) -> None:
        """Go to the next status of the table; the end wakes everybody who waits."""
        status = advance(self.status, happening)
        ends = status.ended
        counted = self.control.counters(self) if ends else None
        with self._changed:
            before, self.status, self.ended = self.status, status, ends
            if self.started_at is None and self.status is ExecutionStatus.RUNNING:
                self.started_at = clock.wall()
            if ends:
                self.error = error
                self.finished_at = clock.wall()
                self._counted = counted
            if self.recorder is not None:
                self.recorder.changed(self)
            if self._watcher is not None:
                self._watcher(self, before)
            if ends:
                callbacks, self._callbacks = self._callbacks, []
                for callback in callbacks:
                    callback()
            self._changed.notify_all()

    def put(self, source: Source, data: bytes) -> None:
        """A batch of outputs has come out of the flow; `notify` tells who waits for it."""
        self._spool.put(source, data, 1 if source.is_large else length(data))
        if self.recorder is not None:
            self.recorder.put(self, source, data)

    def notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def peek(self, offset: int, limit: int, most: int) -> Iterator[tuple[Source, int, bytes, int]]:
        """What has come out and was not handed out, from the one at `offset` on: its source, its place in its
        batch, its encoding, cut after `most` bytes, and how long it is.
        """
        at = 0
        for source, count, read in self._spool.heads():
            if at + count > offset and limit > 0:
                data, size = read(most if source.is_large else None)
                parts = [(data, size)]
                if not source.is_large:  # none, if it was handed out meanwhile
                    parts = [(part[:most], len(part)) for part in split(data)] if data else []
                for index, (part, size) in enumerate(parts):
                    if offset <= at + index < offset + limit:
                        yield source, index, part, size
            at += count
            if at >= offset + limit:
                return

    @property
    def outputs_waiting(self) -> int:
        """Messages that came out and were not handed out."""
        return self._spool.total

    @property
    def spooled(self) -> int:
        """Bytes of outputs that nobody has taken yet."""
        return self._spool.nbytes

    @property
    def has_reader(self) -> bool:
        """Whether somebody takes outputs out while the job runs."""
        return self._readers > 0
