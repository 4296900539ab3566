"""Here is the stopwatch of an activation: the supervisor reads it, and kills what has run for too long."""

from time import monotonic_ns

from routilux.ipc.arena import OwnSection


class Stopwatch:
    """The word `running_since`: nanoseconds of the monotonic clock, 0 while no activation runs."""

    def __init__(self, own: OwnSection) -> None:
        self._words = own.words
        self._word = own.index(own.section.words["running_since"])
        self.stands_still = False
        """Whether it counts nothing: a debugger steps through the code."""

    def start(self) -> None:
        self._words[self._word] = 0 if self.stands_still else monotonic_ns()

    def stop(self) -> int:
        """How long it has run so far, to `go_on` with."""
        since = self._words[self._word]
        self._words[self._word] = 0
        return monotonic_ns() - since if since else 0

    def go_on(self, ran: int) -> None:
        """The activation at hand runs again, after it had to wait."""
        self._words[self._word] = 0 if self.stands_still else monotonic_ns() - ran
