"""Where all processors are at work, a worker with little to do looks again by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from routilux.ipc import asleep
from routilux.ipc.asleep import Nap, Sleepers
from routilux.worker import rest
from routilux.worker.rest import IN_VAIN, LITTLE_NS, MOST_SKIPPED, Rest

from .rig import FIRST, SECOND, SINK, SOURCE, Rig

WORKERS = SOURCE, FIRST, SECOND, SINK


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """On two processors, where stores are seen in their order and no time is used."""
    monkeypatch.setattr(asleep, "KEEPS_ORDER", True)
    monkeypatch.setattr(rest, "KEEPS_ORDER", True)
    monkeypatch.setattr(rest, "PROCESSORS", 2)
    monkeypatch.setattr(rest, "thread_time_ns", lambda: 0)
    with Rig() as rig:
        yield rig


def asleep_are(rig: Rig, *processes: int) -> None:
    for process in WORKERS:
        nap = Nap(rig.own(process))
        nap.begin(1) if process in processes else nap.end()


def resting(rig: Rig) -> Rest:
    return Rest(Sleepers(rig.arena))


def test_who_has_little_to_do_rests_while_others_have_all_processors(rig: Rig) -> None:
    asleep_are(rig, SOURCE)
    assert resting(rig).pays(has_worked=True)


def test_nobody_rests_while_a_processor_is_free(rig: Rig) -> None:
    asleep_are(rig, SOURCE, SECOND)
    assert not resting(rig).pays(has_worked=True)


def test_others_that_rest_need_no_processor(rig: Rig) -> None:
    asleep_are(rig, SOURCE)
    Nap(rig.own(SECOND)).rest()
    assert not resting(rig).pays(has_worked=True)


def test_who_had_much_to_do_does_not_rest(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "thread_time_ns", lambda: LITTLE_NS + 1)
    assert not resting(rig).pays(has_worked=True)


def test_where_stores_are_not_ordered_nobody_rests(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "KEEPS_ORDER", False)
    assert not resting(rig).pays(has_worked=True)


def test_after_some_rests_in_vain_it_sleeps_until_there_is_work_again(rig: Rig) -> None:
    found = resting(rig)
    said = [found.pays(has_worked=False) for _ in range(IN_VAIN + 2)]
    assert said == [True] * IN_VAIN + [False] * 2
    assert found.pays(has_worked=True)


def test_rests_that_somebody_had_to_end_are_left_out_ever_longer(rig: Rig) -> None:
    found, left_out = resting(rig), []
    for _ in range(8):
        assert found.pays(has_worked=True)
        found.end(is_rung=True)
        left_out.append(0)
        while not found.pays(has_worked=True):
            left_out[-1] += 1
        found.end(is_rung=True)
        for _ in range(min(2 * left_out[-1] + 1, MOST_SKIPPED)):
            assert not found.pays(has_worked=True)
    assert left_out[:3] == [1, 7, 31]
    assert left_out[-1] == MOST_SKIPPED


def test_one_that_has_paid_is_followed_by_others(rig: Rig) -> None:
    found = resting(rig)
    found.end(is_rung=True)
    assert [found.pays(has_worked=True) for _ in range(2)] == [False, True]
    found.end(is_rung=False)
    assert found.pays(has_worked=True)


def test_who_rests_is_not_rung_but_remembered(rig: Rig) -> None:
    Nap(rig.own(FIRST)).rest()
    sleepers = Sleepers(rig.arena)
    assert not sleepers.must_be_rung(FIRST)
    assert sleepers.passed_over() == {FIRST}
    assert sleepers.passed_over() == set()


def test_who_has_looked_by_itself_meanwhile_is_not_rung_for_that(rig: Rig) -> None:
    nap, sleepers = Nap(rig.own(FIRST)), Sleepers(rig.arena)
    nap.rest()
    sleepers.must_be_rung(FIRST)
    nap.end()
    assert sleepers.passed_over() == set()
