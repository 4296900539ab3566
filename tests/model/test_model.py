"""The model finds the data plane sound in small flows, and finds every mistake that is seeded into it."""

from __future__ import annotations

import pytest

from .__main__ import main
from .bugs import Bug
from .catalogue import SEEDED, SOUND, Run
from .litmus import CASES, Case, Machine, may_fail

QUICK = [run for run in SOUND if run.is_quick]
FEW = 200
"""A sound run with fewer states has not let anything happen."""


def name_of(run: Run) -> str:
    return run.name


@pytest.mark.parametrize("run", QUICK, ids=name_of)
def test_a_small_flow_is_sound(run: Run) -> None:
    verdict = run.explore()
    assert verdict.fault == ""
    assert verdict.states > FEW


@pytest.mark.parametrize("run", SEEDED, ids=name_of)
def test_a_seeded_mistake_is_caught_and_nothing_else(run: Run) -> None:
    assert run.explore().fault != ""
    repaired = run.repaired().explore()
    assert repaired.fault == ""
    assert repaired.states > FEW


def test_every_mistake_is_seeded_somewhere() -> None:
    assert {run.setting.bug for run in SEEDED} == set(Bug)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_plain_stores_break_exactly_on_the_machines_named(case: Case) -> None:
    assert {machine for machine in Machine if may_fail(case, machine)} == case.fails_on


def test_the_command_counts_what_was_not_expected(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["only", "created_read_first"]) == 0
    assert capsys.readouterr().out.endswith(" states; 0 unexpected\n")


def test_the_command_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["everything"]) == 2
    assert "usage" in capsys.readouterr().err
