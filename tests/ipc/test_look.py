"""A worker looks a little longer before it sleeps, as long as that pays."""

from __future__ import annotations

import pytest

from routilux.worker import look
from routilux.worker.look import MOST_SKIPPED, RUNG, Look


class Lane:
    """Something waits in it once it has been looked at so often, if ever."""

    def __init__(self, at: int | None) -> None:
        self.at = at
        self.looks = 0

    @property
    def waiting(self) -> int:
        self.looks += 1
        return int(self.at is not None and self.looks >= self.at)


@pytest.fixture(autouse=True)
def ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine whose stores are seen in their order."""
    monkeypatch.setattr(look, "MAY_LOOK", True)


def forget_nothing() -> None:
    pass


def test_a_look_ends_when_something_is_published() -> None:
    lane = Lane(3)
    assert Look([lane], forget_nothing).pays()
    assert lane.looks == 3


def test_a_look_at_nothing_ends() -> None:
    assert not Look([Lane(None)], forget_nothing).pays()


def test_after_a_look_that_did_not_pay_one_is_left_out() -> None:
    lane = Lane(None)
    tried = Look([lane], forget_nothing)
    tried.pays()
    before, lane.at = lane.looks, 0
    assert not tried.pays()
    assert lane.looks == before
    assert tried.pays()


def test_looks_that_never_pay_are_rare() -> None:
    lane, looked = Lane(None), 0
    tried = Look([lane], forget_nothing)
    for _ in range(20 * MOST_SKIPPED):
        before = lane.looks
        tried.pays()
        looked += lane.looks > before
    assert looked < 30


def test_needless_doorbells_are_taken_in_now_and_then() -> None:
    forgotten: list[None] = []
    tried = Look([Lane(0)], lambda: forgotten.append(None))
    assert all(tried.pays() for _ in range(2 * RUNG))
    assert len(forgotten) == 2


def test_where_stores_are_not_ordered_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "MAY_LOOK", False)
    assert not Look([Lane(0)], forget_nothing).pays()
