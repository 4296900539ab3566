"""`routilux jobs` as a user has it: real processes, exit codes, a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from routilux import Flow, Runtime, routine

pytestmark = pytest.mark.one_python

DEADLINE = 60.0

Command = Callable[..., tuple[int, str, str]]


@routine
def numbers(count: int) -> Iterator[int]:
    yield from range(count)


@routine
def inverse(number: int) -> float:
    return 1 / number


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs `routilux jobs` where a store holds a job that has failed, and a later one that has not."""
    with Runtime(engine="inline", job_store=tmp_path / "jobs.sqlite") as runtime:
        runtime.exec(Flow("strict").pipe(numbers).pipe(inverse), count=3, job_id="bad")
        runtime.exec(Flow("lenient", on_error="skip").pipe(numbers).pipe(inverse), count=60, job_id="good")

    def run(*arguments: str, store: str = "jobs.sqlite") -> tuple[int, str, str]:
        ended = subprocess.run(
            [sys.executable, "-m", "routilux", "jobs", *arguments, "--store", store],
            cwd=tmp_path,
            env=os.environ | {"NO_COLOR": "1", "COLUMNS": "100"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        return ended.returncode, ended.stdout, ended.stderr

    return run


def rows(out: str) -> list[list[str]]:
    return [line.split() for line in out.splitlines() if line.strip() and "─" not in line]


def test_jobs_are_listed_in_a_table_the_newest_first(command: Command) -> None:
    code, out, err = command("list")
    heads, first, second = rows(out)
    assert (code, err, heads[0], heads[-1]) == (0, "", "number", "error")
    assert (first[:4], second[:4]) == (
        ["2", "good", "lenient", "completed"],
        ["1", "bad", "strict", "failed"],
    )
    assert out.rstrip().endswith("raised ZeroDivisionError: division by zero")


TOMORROW = (datetime.now().astimezone() + timedelta(days=1)).strftime("%Y-%m-%d")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([], ["good", "bad"]),
        (["--limit", "1"], ["good"]),
        (["--status", "failed"], ["bad"]),
        (["--flow", "lenient"], ["good"]),
        (["--job", "bad"], ["bad"]),
        (["--since", TOMORROW], []),
        (["--since", "2020-01-02T03:04:05", "--until", TOMORROW], ["good", "bad"]),
    ],
)
def test_the_list_in_json_is_a_job_on_a_line_and_can_be_filtered(
    command: Command, filters: list[str], found: list[str]
) -> None:
    code, out, _ = command("list", "--json", *filters)
    assert (code, [json.loads(line)["job_id"] for line in out.splitlines()]) == (0, found)


def test_a_job_is_shown_with_its_errors_its_counters_and_its_first_outputs(command: Command) -> None:
    code, out, err = command("show", "good")
    assert (code, err) == (0, "")
    assert ["status", "completed"] in rows(out)
    assert ["inverse", "60", "0", "1", "0", "0", "60", "59"] in rows(out)
    assert "passed over: routine 'inverse' of job 'good' raised ZeroDivisionError: division by zero" in out
    assert out.splitlines()[-1] == "… and 19 more outputs; --json gives all"
    assert "inverse.output: 0.5" in out.splitlines()


def test_a_failed_job_is_shown_with_the_routines_traceback(command: Command) -> None:
    _, out, _ = command("show", "1")
    assert (
        "error: routine 'inverse' of job 'bad' raised ZeroDivisionError: division by zero\nTraceback" in out
    )
    assert "return 1 / number" in out


def test_a_job_in_json_has_everything(command: Command) -> None:
    found = json.loads(command("show", "good", "--json")[1])
    assert (found["number"], found["status"], found["error"]) == (2, "completed", None)
    assert [error["cause"] for error in found["errors"]] == ["ZeroDivisionError"]
    assert (len(found["outputs"]), found["outputs"][1]["preview"]) == (59, "0.5")


def test_a_job_or_a_store_that_is_not_there_is_one_line_and_exit_code_1(
    command: Command, tmp_path: Path
) -> None:
    assert command("show", "none") == (1, "", "error: there is no job 'none' in 'jobs.sqlite'\n")
    assert command("list", store="none.sqlite") == (1, "", "error: there is no file 'none.sqlite'\n")
    assert not (tmp_path / "none.sqlite").exists()


@pytest.mark.parametrize("arguments", [["show"], ["list", "--status", "done"], ["list", "--since", "noon"]])
def test_wrong_usage_has_exit_code_2(command: Command, arguments: list[str]) -> None:
    code, out, err = command(*arguments)
    assert (code, out, "Usage: routilux jobs" in err) == (2, "", True)


def test_a_list_that_is_cut_says_so(command: Command) -> None:
    assert command("list", "--limit", "1")[1].endswith("… and more than these 1; --limit lists more\n")
    assert "--limit" not in command("list", "--limit", "2")[1]
