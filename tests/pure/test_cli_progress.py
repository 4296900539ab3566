"""What is said of each routine."""

from routilux import Flow, routine
from routilux.cli.progress import Line, crew, lines

NOW = {"a": {"activations": 1500, "errors": 1, "skipped": 0, "unused": 0}}
BEFORE = {"a": {"activations": 500, "errors": 0, "skipped": 0, "unused": 0}}


def test_a_rate_is_what_was_done_between_two_counts() -> None:
    assert lines({"a": 2}, NOW, BEFORE, 2.0) == [Line("a", 2, 1500, 500.0, 1, 0, 0)]


def test_a_rate_over_no_time_is_no_error() -> None:
    (line,) = lines({"a": 1}, BEFORE, BEFORE, 0.0)
    assert line.rate == 0.0


def test_a_plain_line_names_everything() -> None:
    line = Line("a", 2, 1500, 500.0, 1, 0, 0)
    assert str(line) == "a: 2 workers, 1,500 activations, 500.0/s, 1 error, 0 skipped"


def test_unused_messages_are_said_only_when_there_are_some() -> None:
    assert str(Line("a", 1, 1, 1.0, 0, 0, 3)).endswith("0 skipped, 3 messages unused")


def test_wanted_workers_count_for_more_than_those_of_the_flow() -> None:
    flow = Flow()
    flow.add_routine(routine(lambda n: n), "a", workers=2)
    flow.add_routine(routine(lambda n: n), "b", workers=2)
    assert crew(flow, {"a": 3}, "local") == {"a": 3, "b": 2}
    assert crew(flow, {"a": 3}, "inline") == {"a": 1, "b": 1}
