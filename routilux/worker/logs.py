"""Here are the lines that a worker's routine logs and prints, on their way to the supervisor and to whoever
has subscribed.
"""

import threading
from time import monotonic_ns, time_ns

from routilux.hookevents import LOG, LogLine
from routilux.ipc.arena import OwnSection
from routilux.ipc.loglines import LogBatch, LogSender
from routilux.ipc.publish import Publisher
from routilux.worker.context import WorkerContext

BATCH = 64
"""Lines that are sent together."""
MOST = 10_000
"""Lines that may wait between two looks; what exceeds them is dropped."""
MOST_UNHEARD = 500
"""As many as a monitor keeps of a flow; older ones are forgotten."""
AT_ONCE_NS = 20_000_000
"""A line after such a pause is sent at once: it may be the last before a crash."""


class Lines:
    """Collects lines, and sends them in batches, from the thread of the loop alone."""

    def __init__(self, routine: str, replica: int, process: int, own: OwnSection, sender: LogSender) -> None:
        self.dropped = 0
        self._routine = routine
        self._replica = replica
        self._process = process
        self.context: WorkerContext | None = None
        """Knows the job at hand, once there can be one."""
        self._thread = threading.get_ident()
        self._words = own.words
        self._logged = own.index(own.section.words["logged"])
        self.fresh: list[tuple[int, LogLine]] = []
        """Those that have not been sent, each with the number of its job."""
        self._unpublished: list[LogLine] = []
        self._unheard: list[LogLine] = []
        """Those of no job, which has them nowhere else, from times when nobody listened."""
        self._sent_at = 0
        self._sender = sender
        self._lock = threading.Lock()

    @property
    def waiting(self) -> bool:
        return bool(self.fresh or self._unpublished)

    def take(self, level: str, text: str) -> None:
        """See Capture. May be called in any thread."""
        at, now = None if self.context is None else self.context.at, monotonic_ns()
        number, job_id = (0, "") if at is None else (at.number, at.job_id)
        with self._lock:
            if len(self.fresh) >= MOST:
                self.dropped += 1
                return
            self.fresh.append((number, LogLine(now, self._routine, self._replica, job_id, level, text)))
            is_due = len(self.fresh) >= BATCH or now - self._sent_at > AT_ONCE_NS
        if is_due and threading.get_ident() == self._thread:
            self.send()

    def send(self) -> None:
        """To the supervisor; never waits. What finds no room is dropped."""
        with self._lock:
            lines, self.fresh = self.fresh, []
        if not lines:
            return
        self._sent_at = monotonic_ns()
        for start in range(0, len(lines), BATCH):
            jobs, part = zip(*lines[start : start + BATCH], strict=True)
            wall = time_ns() - self._sent_at
            number = self._words[self._logged] + 1
            if self._sender.send(LogBatch(self._process, number, wall, self.dropped, jobs, part)):
                self._words[self._logged] = number
            else:
                self.dropped += len(part)
        self._unpublished += [line for _, line in lines[: MOST - len(self._unpublished)]]

    def close(self) -> None:
        """The process ends: what there is goes out."""
        self.send()
        self._sender.close()

    def flush(self, publisher: Publisher) -> None:
        """Send what there is, and publish it. What is no job's waits for somebody who listens."""
        if self.fresh:
            self.send()
        if not publisher.wants[LOG]:
            self._unheard += [line for line in self._unpublished if not line.job_id]
            del self._unheard[:-MOST_UNHEARD]
        elif lines := self._unheard + self._unpublished:
            publisher.publish(LOG, lines)
            self._unheard.clear()
        self._unpublished.clear()
