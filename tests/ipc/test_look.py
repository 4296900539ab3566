"""A worker looks a little longer before it sleeps, as long as that pays."""

from __future__ import annotations

from itertools import count

import pytest

from routilux.worker import look
from routilux.worker.look import LOOK_NS, MOST_SKIPPED, Look


class Lanes:
    """The words of two lanes; something is published in the second when its word is read so often."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.reads = 0

    def __getitem__(self, place: int) -> int:
        self.reads += place == 1
        return int(place == 1 and self.at is not None and self.reads >= self.at)


def looking(lanes: Lanes) -> Look:
    """A look that has seen what there is."""
    looks = Look(lanes, [0, 1])
    looks.has_news()
    return looks


@pytest.fixture(autouse=True)
def ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time goes on with each look at the clock; the machine keeps the order of stores."""
    monkeypatch.setattr(look, "KEEPS_ORDER", True)
    monkeypatch.setattr(look, "perf_counter_ns", count(0, LOOK_NS // 10).__next__)


def test_what_has_been_seen_is_no_news() -> None:
    lanes = Lanes(at=3)
    looks = looking(lanes)
    assert [looks.has_news() for _ in range(3)] == [False, True, False]


def test_a_look_ends_when_something_is_published() -> None:
    lanes = Lanes(at=4)
    assert looking(lanes).pays()
    assert lanes.reads == 4


def test_a_look_at_nothing_ends() -> None:
    lanes = Lanes()
    assert not looking(lanes).pays()
    assert 5 < lanes.reads < 20


def test_a_look_ends_when_others_need_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "LOOK_NS", 1000 * LOOK_NS)
    monkeypatch.setattr(look, "perf_counter_ns", count(0, look.BUSY_NS + 1).__next__)
    lanes = Lanes()
    assert not looking(lanes).pays()
    assert lanes.reads < 5


def test_after_a_look_that_did_not_pay_one_is_left_out() -> None:
    lanes = Lanes()
    looks = looking(lanes)
    looks.pays()
    lanes.at = before = lanes.reads
    assert not looks.pays()
    assert lanes.reads == before
    assert looks.pays()


def test_looks_that_never_pay_are_rare() -> None:
    lanes, looked = Lanes(), 0
    looks = looking(lanes)
    for _ in range(20 * MOST_SKIPPED):
        before = lanes.reads
        looks.pays()
        looked += lanes.reads > before
    assert looked < 30


def test_where_stores_are_not_ordered_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "KEEPS_ORDER", False)
    lanes = Lanes()
    looks = looking(lanes)
    before = lanes.reads
    assert not looks.pays()
    assert lanes.reads == before


def test_who_is_called_looks_although_that_has_not_paid() -> None:
    lanes = Lanes()
    looks = looking(lanes)
    looks.pays()
    lanes.at = lanes.reads + 3
    assert looks.pays(is_called=True)
