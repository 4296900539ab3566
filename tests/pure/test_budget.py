"""Facts about the rate budget of events."""

from hypothesis import given
from hypothesis import strategies as st

from routilux.worker.budget import TokenBucket

SECOND = 1_000_000_000


def test_a_full_bucket_gives_its_burst_and_no_more() -> None:
    bucket = TokenBucket(rate=10, burst=5)
    assert [bucket.take(SECOND) for _ in range(7)] == [True] * 5 + [False] * 2


def test_an_empty_bucket_fills_at_its_rate() -> None:
    bucket = TokenBucket(rate=10, burst=5)
    while bucket.take(SECOND):
        pass
    later = SECOND + SECOND // 10
    assert [bucket.take(later) for _ in range(2)] == [True, False]


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket = TokenBucket(rate=10, burst=5)
    bucket.take(SECOND)
    assert sum(bucket.take(1000 * SECOND) for _ in range(20)) == 5


def test_what_needs_more_than_is_left_takes_nothing() -> None:
    bucket = TokenBucket(rate=10, burst=5)
    assert [bucket.take(SECOND, count) for count in (6, 3, 3, 2, 1)] == [False, True, False, True, False]


@given(st.lists(st.integers(0, SECOND), max_size=200), st.integers(1, 1000), st.integers(1, 50))
def test_a_span_of_time_gets_at_most_its_rate_and_one_burst(steps: list[int], rate: int, burst: int) -> None:
    bucket, now, taken = TokenBucket(rate, burst), SECOND, 0
    for step in steps:
        now += step
        taken += bucket.take(now)
    assert taken <= burst + (now - SECOND) * rate / SECOND * 1.001 + 1
