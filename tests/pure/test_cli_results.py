"""How outputs look: to people, and to programs."""

import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routilux import ExecutionStatus, JobCancelled, JobFailed, JobState, Output
from routilux.cli import results


def shown(*payloads: Any, event: str = "output") -> str:
    file = io.StringIO()
    results.show([Output("stage", event, payload, "") for payload in payloads], file)
    return file.getvalue()


def cells(text: str) -> list[list[str]]:
    """The words of each line that has any."""
    return [line.split() for line in text.splitlines() if line.split() and "─" not in line]


def test_a_list_of_like_dicts_is_a_table() -> None:
    table = shown([{"name": "a", "n": 1}, {"name": "b", "n": 22}])
    assert cells(table) == [["stage.output"], ["name", "n"], ["a", "1"], ["b", "22"]]


def test_several_like_dicts_of_one_event_share_a_table() -> None:
    assert shown({"n": 1}, {"n": 2}) == shown([{"n": 1}, {"n": 2}])


def test_a_dict_has_a_row_per_field() -> None:
    assert cells(shown({"path": "x.png", "bytes": 12345})) == [
        ["stage.output"],
        ["field", "value"],
        ["path", "x.png"],
        ["bytes", "12,345"],
    ]


def test_anything_else_is_written_as_python_does() -> None:
    assert shown(["a", 1], None, {}, []) == (
        "stage.output: ['a', 1]\nstage.output: None\nstage.output: {}\nstage.output: []\n"
    )


def test_dicts_with_different_keys_make_no_table() -> None:
    assert shown([{"a": 1}, {"b": 2}]) == "stage.output: [{'a': 1}, {'b': 2}]\n"


def test_a_long_table_is_cut_before_its_last_row_and_says_so() -> None:
    text = shown([{"n": n} for n in range(100)])
    numbers = [row[0] for row in cells(text) if row[0].isdigit()]
    assert numbers == [*map(str, range(39)), "99"]
    assert text.endswith("… and 60 more rows before the last; --json gives all\n")


def test_many_outputs_are_cut_and_counted() -> None:
    text = shown(*range(50))
    assert text.splitlines()[-2:] == ["stage.output: 39", "… and 10 more outputs; --json gives all"]


def test_many_outputs_are_read_one_by_one() -> None:
    alive: set[int] = set()

    def numbers() -> Iterator[Output]:
        for n in range(10_000):
            alive.add(n)
            yield Output("a", "output", [n], "")

    results.show(numbers(), io.StringIO())
    assert len(alive) == 10_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "True"),
        (8080, "8080"),
        (1234567, "1,234,567"),
        (1234.5678, "1,234.57"),
        (b"abc", "bytes of 3 B"),
        (np.zeros((1080, 1920, 3), np.uint8), "array 1080×1920×3 uint8"),
        (np.float64(0.5), "0.5"),
        ("é\x1b[31m", repr("é\x1b[31m")),
        ("x" * 500, "'" + "x" * 198 + "…"),
    ],
)
def test_a_value_is_brief(value: object, text: str) -> None:
    assert results.brief(value) == text


def test_a_cell_cannot_move_the_cursor_nor_use_markup() -> None:
    text = shown([{"a": "\x1b[2J[red]x[/red]\n"}] * 2)
    assert r"\x1b[2J[red]x[/red]\n" in text
    assert "\x1b" not in text


class Ended(JobState):
    """A job that has ended, with these outputs."""

    def __init__(self, payloads: Iterable[Any], error: Exception | None = None) -> None:
        super().__init__("job-1", "flow", None)  # type: ignore[arg-type]  # no engine has it
        self.found = [Output("stage", "output", payload, "") for payload in payloads]
        self.status = ExecutionStatus.COMPLETED if error is None else ExecutionStatus.FAILED
        self.error = error  # type: ignore[assignment]  # one of ours in each test
        self.started_at, self.finished_at = 100.0, 101.5
        self._counted = lambda: {"stage": {"activations": 1}}

    def outputs(self) -> Iterator[Output]:
        yield from self.found
        if self.error is not None:
            raise self.error


def written(job: JobState) -> Any:
    file = io.BytesIO()
    results.write_json(job, file)
    assert file.getvalue().count(b"\n") == 1
    return json.loads(file.getvalue())


def test_json_is_one_object_on_one_line() -> None:
    assert written(Ended([{"n": 1}, [2]])) == {
        "job_id": "job-1",
        "status": "completed",
        "seconds": 1.5,
        "results": [
            {"routine": "stage", "event": "output", "payload": {"n": 1}},
            {"routine": "stage", "event": "output", "payload": [2]},
        ],
        "counters": {"stage": {"activations": 1}},
        "error": None,
    }


def test_json_of_a_failed_job_has_its_error_and_what_came_before() -> None:
    error = JobFailed("it failed", routine="stage", cause_type="ValueError", traceback="Traceback ...")
    found = written(Ended([1], error))
    assert [result["payload"] for result in found["results"]] == [1]
    assert found["error"] == {
        "type": "JobFailed",
        "message": "it failed",
        "routine": "stage",
        "cause": "ValueError",
        "traceback": "Traceback ...",
    }


def test_json_has_all_rows() -> None:
    (result,) = written(Ended([[{"n": n} for n in range(100)]]))["results"]
    assert len(result["payload"]) == 100


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (object, "<class 'object'>"),
        ({"x": np.arange(3)}, {"x": "array([0, 1, 2])"}),
        ({(1, 2): 3}, {"(1, 2)": 3}),
        ("\ud800", "'\\ud800'"),
        (2**70, 2**70),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
        ((1, "a"), [1, "a"]),
    ],
)
def test_what_json_cannot_say_is_written_as_python_does(payload: object, expected: object) -> None:
    (result,) = written(Ended([payload]))["results"]
    assert result["payload"] == expected


ATOMS = st.none() | st.text() | st.integers() | st.floats() | st.binary()
KEYS = st.text() | st.integers() | st.tuples(st.text(), st.booleans())


@given(st.recursive(ATOMS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)))
def test_any_payload_can_be_shown_and_written(payload: object) -> None:
    shown(payload)
    written(Ended([payload]))


def test_the_error_of_a_job_ends_its_outputs_quietly() -> None:
    assert [output.payload for output in results.outputs(Ended([1, 2], JobCancelled("cut short")))] == [1, 2]
