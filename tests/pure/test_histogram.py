"""Facts about the histogram of durations."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from routilux.histogram import bounds, bucket, quantile

NS = st.integers(0, 1 << 62)


@given(NS)
def test_a_duration_lies_within_the_bounds_of_its_bucket(ns: int) -> None:
    low, high = bounds(bucket(ns))
    assert low <= ns < high


@given(st.integers(0, 250))
def test_buckets_join_without_a_gap(number: int) -> None:
    assert bounds(number)[1] == bounds(number + 1)[0]


@given(NS, NS)
def test_a_longer_duration_is_in_no_lower_bucket(a: int, b: int) -> None:
    assert (a <= b) <= (bucket(a) <= bucket(b))


@given(st.integers(8, 1 << 62))
def test_a_bucket_is_no_wider_than_a_quarter_of_what_it_holds(ns: int) -> None:
    low, high = bounds(bucket(ns))
    assert high - low <= low / 4


@given(st.lists(st.integers(8, 1 << 50), min_size=1, max_size=50), st.floats(0.01, 1))
def test_a_quantile_lies_in_the_bucket_of_the_one_that_it_is(values: list[int], q: float) -> None:
    buckets = Counter(map(bucket, values))
    at = quantile(buckets, q)
    low = bounds(bucket(sorted(values)[min(len(values) - 1, int(q * len(values) * 0.999999))]))[0]
    assert low * 0.999999 <= at <= bounds(max(buckets))[1]


def test_nothing_has_no_quantile() -> None:
    assert quantile({}, 0.5) == 0.0
