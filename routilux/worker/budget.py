"""Here is the rate budget of events: a bucket that fills with tokens as time passes."""


class TokenBucket:
    """At most `burst` tokens, `rate` more of them each second; full at first. Time is given, in ns."""

    __slots__ = ("_burst_ns", "_each_ns", "_full_at")

    def __init__(self, rate: float, burst: float) -> None:
        self._each_ns = int(1e9 / rate)
        self._burst_ns = int(burst * self._each_ns)
        self._full_at = 0

    def take(self, now: int, count: int = 1) -> bool:
        """Take so many tokens, if there are as many."""
        full_at = max(self._full_at, now) + count * self._each_ns
        if full_at > now + self._burst_ns:
            return False
        self._full_at = full_at
        return True

    def has_one(self, now: int) -> bool:
        """Whether there is a token."""
        return max(self._full_at, now) + self._each_ns <= now + self._burst_ns
