"""What a job can go through."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routilux.errors import InternalError
from routilux.lifecycle import TABLE, ExecutionStatus, Happening, InvalidTransition, advance

STATES = list(ExecutionStatus)


@given(st.lists(st.sampled_from(Happening), max_size=12))
def test_nothing_leaves_the_end_of_a_job(happenings: list[Happening]) -> None:
    status = ExecutionStatus.PENDING
    for happening in happenings:
        before = status
        try:
            status = advance(status, happening)
        except InvalidTransition:
            status = before
        assert status == before or not before.ended


@pytest.mark.parametrize("status", [status for status in STATES if not status.ended])
def test_a_job_that_has_not_ended_can_always_fail_and_be_cancelled(status: ExecutionStatus) -> None:
    assert advance(status, Happening.FAIL) is ExecutionStatus.FAILED
    assert advance(status, Happening.CANCEL) is ExecutionStatus.CANCELLED


def test_every_state_can_be_reached() -> None:
    assert {ExecutionStatus.PENDING, *TABLE.values()} == set(STATES)


def test_a_paused_job_goes_on_where_it_was() -> None:
    paused = advance(ExecutionStatus.RUNNING, Happening.PAUSE)
    assert advance(paused, Happening.RESUME) is ExecutionStatus.RUNNING


def test_a_happening_that_the_table_does_not_know_names_both() -> None:
    with pytest.raises(InternalError, match="a job that is completed cannot pause"):
        advance(ExecutionStatus.COMPLETED, Happening.PAUSE)


def test_a_status_travels_as_its_word() -> None:
    assert f"{ExecutionStatus.RUNNING}" == "running"
    assert pickle.loads(pickle.dumps(ExecutionStatus.RUNNING)) is ExecutionStatus.RUNNING
