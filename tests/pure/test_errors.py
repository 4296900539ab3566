"""What the errors promise: who must act, a readable text, and that they survive a process border."""

from __future__ import annotations

import pickle

import pytest

from routilux import errors
from routilux.errors import ArenaFull, DeadlineExceeded, FlowError, JobFailed, PolicyError, RoutiluxError

ERRORS = [
    error for error in vars(errors).values() if isinstance(error, type) and issubclass(error, RoutiluxError)
]


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_survives_pickling(error: type[RoutiluxError]) -> None:
    sent = error("routine 'resize' is gone")
    arrived = pickle.loads(pickle.dumps(sent))
    assert type(arrived) is error
    assert str(arrived) == "routine 'resize' is gone"


def test_a_flow_error_has_a_line_per_fault() -> None:
    error = FlowError("a.b: no such slot", "c: no logic")
    assert error.faults == ("a.b: no such slot", "c: no logic")
    assert str(error).splitlines() == list(error.faults)


def test_a_failed_job_shows_the_traceback_of_the_routine() -> None:
    failed = JobFailed(
        "job 7 failed",
        job_id="7",
        cause_type="ValueError",
        traceback="Trace\nValueError: 3\n",
        routine="parse",
    )
    arrived = pickle.loads(pickle.dumps(failed))
    assert str(arrived) == "job 7 failed\n\nTrace\nValueError: 3"
    assert (arrived.job_id, arrived.cause_type, arrived.routine) == ("7", "ValueError", "parse")


@pytest.mark.parametrize(
    ("error", "builtin"),
    [(DeadlineExceeded, TimeoutError), (ArenaFull, MemoryError), (PolicyError, TypeError)],
)
def test_an_error_with_a_builtin_counterpart_is_caught_by_it(
    error: type[RoutiluxError], builtin: type[Exception]
) -> None:
    with pytest.raises(builtin):
        raise error("message")
