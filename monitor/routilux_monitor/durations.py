"""Here are durations of several processes and incarnations as one."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from routilux.hookevents import Durations


def merged(parts: Iterable[Durations]) -> Durations:
    """All of them together."""
    found = [part for part in parts if part.count]
    if len(found) == 1:
        return found[0]
    buckets: dict[int, int] = {}
    for part in found:
        for number, count in part.buckets.items():
            buckets[number] = buckets.get(number, 0) + count
    return Durations(
        sum(part.count for part in found),
        sum(part.total for part in found),
        min((part.shortest for part in found), default=0),
        max((part.longest for part in found), default=0),
        buckets,
    )


@dataclass
class Sum:
    """Figures that each process repeats, and begins anew with each incarnation, or when it had forgotten
    them: the last of each count.
    """

    ended: Durations | None = None
    """Of what was before the present ones began."""
    latest: dict[int, tuple[int, Durations]] = field(default_factory=dict)
    """Per process its epoch and what it has said last."""

    def told(self, process: int, epoch: int, durations: Durations) -> Durations:
        """All together, now that `process` has said this."""
        before = self.latest.get(process)
        if before is None or epoch >= before[0]:
            if before is not None and (epoch > before[0] or durations.count < before[1].count):
                self.ended = merged([before[1], *([self.ended] if self.ended is not None else [])])
            self.latest[process] = (epoch, durations)
        last = [durations for _, durations in self.latest.values()]
        return merged([*last, self.ended] if self.ended is not None else last)
