"""Here is work: what a worker has done for one job since it was told last, as far as no event of its own
tells of it.
"""

from collections.abc import Iterable, Sequence

from routilux.hookevents import Committed


class Work:
    """As it grows; in the end it is told as Committed."""

    __slots__ = (
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
        self._before = [words[at] for at in places]
        self.shown = [0, 0, 0]
        """Of these counters, what is told by itself."""
        self.runs: list[tuple[int, int, int]] = []
        """When activations began, when they ended, and how many they were."""
        self.received: dict[int, int] = {}
        self.emitted: dict[int, int] = {}
        self.declined = self.waiting = 0
        self.reason = ""

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
        activations, errors, skipped = (
            self._words[at] - before - shown
            for at, before, shown in zip(self._places, self._before, self.shown, strict=True)
        )
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


def span(runs: Iterable[tuple[int, int, int]]) -> tuple[int, int, int]:
    """When the first of the runs began, when the last one ended, and how long nothing ran in between."""
    (first, ended, _), *others = runs
    idle = 0
    for began, until, _ in others:
        idle += max(0, began - ended)
        ended = until
    return first, ended, idle
