"""Here are the figures of a worker: how long its activations took, in all and per job, ever since somebody
has first listened.
"""

from collections import Counter
from collections.abc import Iterable

from routilux.histogram import bucket
from routilux.hookevents import Durations, WorkerStats

REPEATED_NS = 2_000_000_000
"""For so long the figures of a job that does nothing any more are repeated."""
MOST_QUIET = 500
"""Jobs that do nothing and whose figures are remembered; those of others begin anew if they go on."""


class Timings:
    """A histogram of durations as it grows."""

    __slots__ = ("buckets", "count", "longest", "shortest", "total")

    def __init__(self) -> None:
        self.count = self.total = self.shortest = self.longest = 0
        self.buckets: Counter[int] = Counter()

    def add(self, each_ns: int, count: int, at: int) -> None:
        """`count` activations took `each_ns` nanoseconds on average, whose bucket is `at`."""
        if each_ns < self.shortest or not self.count:
            self.shortest = each_ns
        self.longest = max(self.longest, each_ns)
        self.count += count
        self.total += each_ns * count
        self.buckets[at] += count

    def told(self) -> Durations:
        return Durations(self.count, self.total, self.shortest, self.longest, dict(self.buckets))


class Figures:
    """All timings of this incarnation."""

    def __init__(self) -> None:
        self._all = Timings()
        self._jobs: dict[str, tuple[Timings, int]] = {}
        """By job, with the time of its last activation."""
        self._quiet: dict[str, Timings] = {}
        """Of jobs that are not told any more, unless they go on: the last ones that became quiet."""
        self.is_news = True

    def add(self, job_id: str, runs: Iterable[tuple[int, int, int]]) -> None:
        """Runs of activations: when each began and ended, and how many it was of."""
        timings = None
        for began, ended, count in runs:
            if not count:
                continue
            if timings is None:
                kept = self._jobs.get(job_id)
                timings = kept[0] if kept is not None else self._quiet.pop(job_id, Timings())
                self.is_news = True
            each = (ended - began) // count
            at = bucket(each)
            self._all.add(each, count, at)
            timings.add(each, count, at)
            self._jobs[job_id] = timings, ended

    def told(self, now: int, *, activations: int, dropped: int, log_dropped: int) -> WorkerStats:
        """All of it, for a subscriber. Jobs that have had no activation for a while are told no more."""
        jobs = {name: timings.told() for name, (timings, _) in self._jobs.items()}
        for name in [name for name, (_, at) in self._jobs.items() if at + REPEATED_NS <= now]:
            self._quiet[name] = self._jobs.pop(name)[0]
        while len(self._quiet) > MOST_QUIET:
            del self._quiet[next(iter(self._quiet))]
        self.is_news = bool(self._jobs)
        return WorkerStats(activations, self._all.told(), jobs, dropped, log_dropped)
