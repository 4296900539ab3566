"""Here is work: what a worker has done for one job since it was told last, as far as no event of its own
tells of it.
"""

from collections.abc import Iterable, Sequence

from routilux.hookevents import Committed
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.layout import WORD
from routilux.plan import SUPERVISOR
from routilux.worker.jobs import SLOT_MASK, JobTable

COUNTED = ("activations", "errors", "skipped")
"""Counters that lie one after the other, see COUNTERS in ipc/layout.py."""


class Work:
    """As it grows; in the end it is told as Committed."""

    __slots__ = (
        "_after",
        "_before",
        "_places",
        "_words",
        "declined",
        "emitted",
        "job_id",
        "number",
        "reason",
        "received",
        "runs",
        "shown",
        "waiting",
    )

    def __init__(self, number: int, job_id: str, words: memoryview, places: Sequence[int]) -> None:
        """`places` are those of the job's counters: activations, errors, skipped."""
        self.number = number
        self.job_id = job_id
        self._words = words
        self._places = places
        self._before = self._counted()
        self._after: list[int] = []
        """Once its slot is another's."""
        self.shown = [0, 0, 0]
        """Of these counters, what is told by itself."""
        self.runs: list[tuple[int, int, int]] = []
        """When activations began, when they ended, and how many they were."""
        self.received: dict[int, int] = {}
        self.emitted: dict[int, int] = {}
        self.declined = self.waiting = 0
        self.reason = ""

    def _counted(self) -> list[int]:
        return [self._words[at] for at in self._places]

    def close(self) -> None:
        """From here on the counters are those of another job."""
        self._after = self._counted()

    def decline(self, times: int, waiting: int, reason: str) -> None:
        """So often the policy has declined what waits, the last time before so many messages."""
        self.declined += times
        self.waiting, self.reason = waiting, reason

    def show(self, activations: int, errors: int, skipped: int) -> None:
        """So much of what the counters grow by is told by itself."""
        for at, count in enumerate((activations, errors, skipped)):
            self.shown[at] += count

    def told(self, now: int) -> Committed | None:
        """All of it; None if there is nothing to tell, or the job is not known. Only after a commit."""
        counts = zip(self._after or self._counted(), self._before, self.shown, strict=True)
        activations, errors, skipped = (after - before - shown for after, before, shown in counts)
        has_counted = activations or errors or skipped
        if not self.job_id or not (has_counted or self.received or self.emitted or self.declined):
            return None
        began, ended, idle = span(self.runs) if self.runs else (now, now, 0)
        return Committed(
            self.job_id,
            began,
            ended,
            activations,
            errors,
            skipped,
            self.received,
            self.emitted,
            self.declined,
            self.reason,
            self.waiting,
            idle,
        )


class Works:
    """Those of all jobs, by their slots."""

    def __init__(self, arena: Arena, own: OwnSection, jobs: JobTable) -> None:
        self._jobs = jobs
        self._words = own.words
        self._shared = arena.words
        self._traced = arena.layout.sections[SUPERVISOR].words["traced"] // WORD
        self._first = own.index(own.section.words[COUNTED[0]])
        self._slots = arena.layout.jobs
        self._works: dict[int, Work] = {}
        self._former: list[Work] = []
        """Of jobs whose slot has gone to another since."""
        self.whole: list[int] = []
        """The slots of jobs that somebody wants to see as a whole: they are told after each commit."""

    def __len__(self) -> int:
        return len(self._works) + len(self._former)

    def get(self, number: int) -> Work | None:
        """That of the job, if there is any."""
        work = self._works.get(number & SLOT_MASK)
        return work if work is not None and work.number == number else None

    def open(self, number: int) -> Work:
        """A new one for the job, before anything is counted for it in this transaction."""
        job, slot = self._jobs.find(number), number & SLOT_MASK
        if (former := self._works.get(slot)) is not None:
            former.close()
            self._former.append(former)
        places = range(self._first + slot, self._first + len(COUNTED) * self._slots, self._slots)
        work = self._works[slot] = Work(number, "" if job is None else job.job_id, self._words, places)
        if self._shared[self._traced + slot]:
            self.whole.append(slot)
        return work

    def take(self) -> list[Work]:
        """All of them, which begin anew. Only between two transactions."""
        found = [*self._former, *self._works.values()]
        self._former.clear()
        self._works.clear()
        self.whole.clear()
        return found

    def take_whole(self) -> list[Work]:
        """Those that are told after this commit."""
        found = [work for slot in self.whole if (work := self._works.pop(slot, None)) is not None]
        self.whole.clear()
        return found


def span(runs: Iterable[tuple[int, int, int]]) -> tuple[int, int, int]:
    """When the first of the runs began, when the last one ended, and how long nothing ran in between."""
    (first, ended, _), *others = runs
    idle = 0
    for began, until, _ in others:
        idle += max(0, began - ended)
        ended = until
    return first, ended, idle
