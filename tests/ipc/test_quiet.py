"""A worker wakes the supervisor for a job's end, and hardly ever for less."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from routilux.ipc.balance import Balance
from routilux.worker import quiet as module
from routilux.worker.quiet import Quiet

from .rig import FIRST, SOURCE, Rig

SLOT = 3


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as rig:
        yield rig


@pytest.fixture
def named() -> list[int]:
    return []


@pytest.fixture
def quiet(rig: Rig, named: list[int]) -> Quiet:
    made = Quiet(Balance(rig.arena), lambda _: 7, named.extend)
    made.slots.add(SLOT)
    return made


def count(rig: Rig, process: int, name: str, number: int) -> None:
    own = rig.own(process)
    own.words[own.index(own.section.words[name]) + SLOT] = number


def test_a_job_is_named_when_its_counters_balance(rig: Rig, quiet: Quiet, named: list[int]) -> None:
    count(rig, SOURCE, "created", 5)
    count(rig, FIRST, "retired", 5)
    quiet.tell()
    assert named == [SLOT]
    assert not quiet.slots


def test_a_job_with_a_message_under_way_is_not_named(rig: Rig, quiet: Quiet, named: list[int]) -> None:
    count(rig, SOURCE, "created", 6)
    count(rig, FIRST, "retired", 5)
    quiet.tell()
    assert named == []
    assert quiet.due is not None


def test_a_job_is_looked_at_again_since_another_may_store_its_counters_late(
    rig: Rig, quiet: Quiet, named: list[int]
) -> None:
    count(rig, FIRST, "created", 1)
    quiet.tell()
    count(rig, FIRST, "retired", 1)
    quiet.tell()
    assert named == [SLOT]


def test_a_job_is_not_looked_at_all_the_time(
    rig: Rig, quiet: Quiet, named: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    count(rig, SOURCE, "created", 1)
    quiet.tell()
    now = 101.0
    quiet.tell()
    count(rig, FIRST, "retired", 1)
    quiet.tell()
    assert named == []
    assert quiet.due == pytest.approx(101.01)
    now = 101.02
    quiet.tell()
    assert named == [SLOT]


def test_who_leaves_names_what_it_has(rig: Rig, quiet: Quiet, named: list[int]) -> None:
    count(rig, SOURCE, "created", 1)
    quiet.tell(is_last=True)
    assert named == [SLOT]
