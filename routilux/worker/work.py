"""Here is work: what a worker has done for one job in one transaction or in several, as far as no event of
its own tells of it.
"""

from routilux.hookevents import Committed


class Work:
    """As it grows; in the end it is told as Committed."""

    __slots__ = (
        "activations",
        "began",
        "declined",
        "emitted",
        "ended",
        "errors",
        "idle",
        "job_id",
        "reason",
        "received",
        "skipped",
        "waiting",
    )

    def __init__(self, job_id: str, began: int) -> None:
        self.job_id = job_id
        self.began = self.ended = began
        self.idle = 0
        """Of that time, what passed between its activations."""
        self.activations = self.errors = self.skipped = 0
        """Less than none, as long as only those are counted that are told by themselves."""
        self.received: dict[int, int] = {}
        self.emitted: dict[int, int] = {}
        self.declined = self.waiting = 0
        self.reason = ""

    @property
    def is_told(self) -> bool:
        """Whether there is anything to tell, of a job that is known."""
        counts = self.activations or self.errors or self.skipped
        return bool(self.job_id and (counts or self.received or self.emitted or self.declined))

    def count(self, activations: int, errors: int, skipped: int) -> None:
        """The routine's counters have grown by so much."""
        self.activations += activations
        self.errors += errors
        self.skipped += skipped

    def go_on(self, began: int, ended: int) -> None:
        """There was more to do in that time."""
        self.idle += max(0, began - self.ended)
        self.ended = ended

    def followed_by(self, later: "Work") -> None:
        """What `later` tells comes to it."""
        self.idle += later.idle
        self.go_on(later.began, later.ended)
        self.count(later.activations, later.errors, later.skipped)
        for mine, its in ((self.received, later.received), (self.emitted, later.emitted)):
            for number, messages in its.items():
                mine[number] = mine.get(number, 0) + messages
        if later.declined:
            self.declined += later.declined
            self.waiting, self.reason = later.waiting, later.reason

    def told(self) -> Committed:
        return Committed(
            self.job_id,
            self.began,
            self.ended,
            self.activations,
            self.errors,
            self.skipped,
            self.received,
            self.emitted,
            self.declined,
            self.reason,
            self.waiting,
            self.idle,
        )
