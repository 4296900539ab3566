"""Nobody rings a process that looks at its lanes by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from routilux.ipc import asleep
from routilux.ipc.asleep import Nap, Sleepers
from routilux.plan import SUPERVISOR

from .rig import FIRST, SECOND, Rig


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """On a machine whose stores are seen in their order."""
    monkeypatch.setattr(asleep, "KEEPS_ORDER", True)
    with Rig() as rig:
        yield rig


def say(rig: Rig, process: int, idle: int) -> None:
    own = rig.own(process)
    own.words[own.index(own.section.words["idle"])] = idle


def test_who_sleeps_must_be_rung(rig: Rig) -> None:
    say(rig, FIRST, 1)
    assert Sleepers(rig.arena).must_be_rung(FIRST)


def test_who_is_at_work_looks_by_itself(rig: Rig) -> None:
    say(rig, FIRST, 0)
    say(rig, SECOND, 1)
    assert not Sleepers(rig.arena).must_be_rung(FIRST)


def test_who_sleeps_until_a_time_must_be_rung(rig: Rig) -> None:
    say(rig, FIRST, 123_456_789)
    assert Sleepers(rig.arena).must_be_rung(FIRST)


def test_the_supervisor_is_always_rung(rig: Rig) -> None:
    assert Sleepers(rig.arena).must_be_rung(SUPERVISOR)


def test_where_stores_are_not_ordered_everybody_is_rung(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asleep, "KEEPS_ORDER", False)
    say(rig, FIRST, 0)
    assert Sleepers(rig.arena).must_be_rung(FIRST)


def test_one_bell_is_enough_for_a_nap(rig: Rig) -> None:
    nap, sleepers = Nap(rig.own(FIRST)), Sleepers(rig.arena)
    nap.begin(1)
    assert [sleepers.must_be_rung(FIRST) for _ in range(3)] == [True, False, False]


def test_who_has_woken_and_sleeps_again_must_be_rung_again(rig: Rig) -> None:
    nap, sleepers = Nap(rig.own(FIRST)), Sleepers(rig.arena)
    found = []
    for _ in range(2):
        nap.begin(1)
        found.append(sleepers.must_be_rung(FIRST))
        nap.end()
        found.append(sleepers.must_be_rung(FIRST))
    assert found == [True, False, True, False]


def test_each_producer_rings_for_itself(rig: Rig) -> None:
    Nap(rig.own(FIRST)).begin(1)
    assert all(Sleepers(rig.arena).must_be_rung(FIRST) for _ in range(2))
