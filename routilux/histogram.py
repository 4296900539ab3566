"""Here is the histogram of durations: four buckets to each doubling, so that a quantile is right within an
eighth.
"""

from collections.abc import Mapping

SPLIT = 2
"""Bits below the highest one that tell buckets of one doubling apart."""


def bucket(ns: int) -> int:
    """The bucket of a duration in nanoseconds."""
    if ns < 1 << SPLIT:
        return max(0, ns)
    shift = ns.bit_length() - SPLIT - 1
    return (shift << SPLIT) + (ns >> shift)


def bounds(number: int) -> tuple[int, int]:
    """The shortest duration of a bucket, and the shortest beyond it."""
    if number < 2 << SPLIT:
        return number, number + 1
    shift = (number >> SPLIT) - 1
    low = ((number & (1 << SPLIT) - 1) + (1 << SPLIT)) << shift
    return low, low + (1 << shift)


def quantile(buckets: Mapping[int, int], q: float) -> float:
    """The duration that a part `q` of all stays below, in nanoseconds; 0.0 if there are none."""
    wanted = q * sum(buckets.values())
    for number in sorted(buckets):
        wanted -= buckets[number]
        if wanted <= 0:
            low, high = bounds(number)
            return low + (high - low) * (1 + wanted / buckets[number]) if buckets[number] else low
    return 0.0
