"""Facts about the dispatch of a user's hooks."""

import logging
import sys
from typing import Any

import pytest

from routilux.errors import FlowError
from routilux.hooks import NO_HOOKS, ExecutionHooks, Hooks, as_hooks


class Ends(ExecutionHooks):
    def __init__(self) -> None:
        self.ended: list[tuple[str, str]] = []

    def on_job_end(self, job_id: str, status: str, error: Exception | None) -> None:
        self.ended.append((job_id, status))


class Raises(ExecutionHooks):
    def on_job_start(self, job_id: str) -> None:
        raise ValueError(job_id)


class Answers(ExecutionHooks):
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def on_event_emit(self, job_id: str, routine_id: str, event_name: str, value: Any) -> bool | None:
        return self.answer  # type: ignore[no-any-return]


def test_each_of_several_hooks_is_told() -> None:
    one, two = Ends(), Ends()
    Hooks([one, two]).tell("on_job_end", "job-1", "completed", None)
    assert one.ended == two.ended == [("job-1", "completed")]


def test_what_nobody_overrides_has_no_caller() -> None:
    hooks = Hooks([Ends()])
    assert hooks.caller("on_event_emit") is None
    assert hooks.caller("on_job_end") is not None


def test_an_exception_is_logged_once_per_method(caplog: pytest.LogCaptureFixture) -> None:
    hooks = Hooks([Raises()])
    with caplog.at_level(logging.WARNING, "routilux.hooks"):
        for _ in range(3):
            hooks.tell("on_job_start", "job-1")
    assert [record.message for record in caplog.records] == [
        "hook Raises.on_job_start has raised ValueError: job-1 (told once)"
    ]


def test_a_hook_that_wants_to_exit_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Exits(ExecutionHooks):
        def on_job_start(self, job_id: str) -> None:
            sys.exit(5)

    Hooks([Exits()]).tell("on_job_start", "job-1")
    assert "on_job_start has raised SystemExit: 5" in caplog.text


def test_a_hook_that_raises_keeps_no_other_from_being_told() -> None:
    class Both(Raises, Ends):
        pass

    ends = Both()
    hooks = Hooks([Raises(), ends])
    hooks.tell("on_job_start", "job-1")
    hooks.tell("on_job_end", "job-1", "failed", None)
    assert ends.ended == [("job-1", "failed")]


@pytest.mark.parametrize(("answers", "holds"), [([None, False], True), ([True, None], False), ([0], False)])
def test_only_false_itself_holds_an_emission(answers: list[Any], holds: bool) -> None:  # noqa: FBT001
    ask = Hooks([Answers(each) for each in answers]).caller("on_event_emit", holds=False)
    assert ask is not None
    assert ask("job-1", "r", "output", 1) is holds


def test_what_is_no_hooks_is_refused_by_name() -> None:
    with pytest.raises(FlowError, match="an instance, not the class"):
        as_hooks([Ends])
    with pytest.raises(FlowError, match="'print' is no hooks"):
        as_hooks(["print"])
    with pytest.raises(FlowError, match="is to be a list"):
        as_hooks(Ends())  # type: ignore[arg-type] # what somebody may write


def test_no_hooks_are_always_the_same() -> None:
    assert as_hooks([]) is NO_HOOKS
