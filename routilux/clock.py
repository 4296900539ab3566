"""The clocks of the runtime: every deadline and every wait reads its time here."""

import resource
import time
from dataclasses import dataclass

monotonic = time.monotonic
wall = time.time

_OF_THREAD = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock, or never."""

    at: float | None

    @classmethod
    def after(cls, seconds: float | None) -> "Deadline":
        """The moment `seconds` from now; None is never."""
        return cls(None if seconds is None else monotonic() + max(0.0, seconds))

    def left(self) -> float | None:
        """Seconds that remain, not below 0; None without a deadline."""
        return None if self.at is None else max(0.0, self.at - monotonic())

    @property
    def passed(self) -> bool:
        return self.at is not None and monotonic() >= self.at


def preemptions() -> int:
    """How often this thread has had to give its processor to another."""
    return resource.getrusage(_OF_THREAD).ru_nivcsw


def pause(seconds: float) -> None:
    """Let time pass, where that is the point: between two attempts."""
    time.sleep(seconds)
