"""Here is how instants and durations are said."""

from datetime import UTC, datetime


def seconds(at: float) -> int:
    """Whole seconds of Unix time."""
    return max(0, int(at))


def maybe_seconds(at: float | None) -> int | None:
    return None if at is None else seconds(at)


def iso(at: float) -> str:
    """ISO 8601 with zone, to the microsecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")


def maybe_iso(at: float | None) -> str | None:
    return None if at is None else iso(at)


def of_ns(ns: float) -> float:
    """Seconds."""
    return ns / 1e9


def between(start: float | None, end: float | None) -> float | None:
    """Seconds from one instant to the other, if both are known."""
    return None if start is None or end is None else max(0.0, end - start)
