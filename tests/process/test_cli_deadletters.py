"""`routilux dead-letters` as a user has it: real processes, exit codes, a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from process.command import with_any_job
from routilux.deadletters import Body, Cause, DeadLetters
from routilux.ipc.codec import Encoder

pytestmark = pytest.mark.one_python

FLOWS = """
import os

from routilux import Flow, routine


@routine
def half(n):
    if n == 13:
        os._exit(7)
    return n / 2


halves = Flow("halves").pipe(half)
others = Flow("halves").pipe(half, "other")
"""
DEADLINE = 60.0

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def store(tmp_path: Path) -> DeadLetters:
    """Letters 1 and 2 hold 10 and 13; they are where a command that runs in the folder finds them."""
    letters = DeadLetters(tmp_path / "dead.sqlite")
    for job, number in (("job-1", 10), ("job-2", 13)):
        payload = Encoder().encode(number)
        assert isinstance(payload, bytes)
        body = Body("half", "n", "submission", "0:0:0", is_large=False, payload=payload)
        letters.add("halves", job, body, Cause("exited with code 7", 3))
    return letters


@pytest.fixture
def command(tmp_path: Path) -> Command:
    (tmp_path / "flows.py").write_text(FLOWS, encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        ended = subprocess.run(
            [sys.executable, "-m", "routilux", "dead-letters", *arguments, "--store", "dead.sqlite"],
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


def test_letters_are_listed_in_a_table(command: Command, store: DeadLetters) -> None:
    code, out, err = command("list")
    heads, first, second = rows(out)
    assert (code, err, heads[0], heads[-1]) == (0, "", "id", "payload")
    assert (first[0], first[3:6], first[-1]) == ("1", ["halves", "job-1", "half.n"], "10")
    assert second[0] == "2"


def test_the_list_in_json_is_a_letter_on_a_line(command: Command, store: DeadLetters) -> None:
    _, out, _ = command("list", "--json", "--job", "job-2", "--flow", "halves")
    (found,) = (json.loads(line) for line in out.splitlines())
    assert (found["id"], found["attempts"], found["reason"]) == (2, 3, "exited with code 7")
    assert (found["connection"], found["preview"], found["traceback"]) == ("submission", "13", "")


def test_one_letter_is_shown_with_all_that_is_known(command: Command, store: DeadLetters) -> None:
    code, out, _ = command("show", "2")
    assert code == 0
    assert ["reason", "exited", "with", "code", "7"] in rows(out)
    assert ["preview", "13"] in rows(out)
    assert json.loads(command("show", "2", "--json")[1])["id"] == 2


def test_a_requeued_letter_shows_what_comes_out_and_is_gone(command: Command, store: DeadLetters) -> None:
    code, out, err = command("requeue", "flows.py:halves", "1")
    assert (code, err) == (0, "")
    assert with_any_job(out).splitlines()[0] == "letter 1 is JOB, completed"
    assert out.splitlines()[-1] == "half.output: 5"
    assert [letter.id for letter in store.all()] == [2]


def test_a_letter_that_kills_again_is_a_new_letter(command: Command, store: DeadLetters) -> None:
    code, out, _ = command("requeue", "flows.py:halves", "2", "--json")
    assert (code, json.loads(out)["status"], json.loads(out)["results"]) == (0, "completed", [])
    assert [(letter.id, letter.payload) for letter in store.all()] == [(1, 10), (3, 13)]


def test_what_could_be_requeued_is_shown_before_the_error(command: Command, store: DeadLetters) -> None:
    code, out, err = command("requeue", "flows.py:halves", "1", "9")
    assert (code, out.splitlines()[-1]) == (1, "half.output: 5")
    assert err == "error: there is no dead letter 9 in 'dead.sqlite' (any more)\n"


def test_a_letter_stays_when_the_flow_has_no_such_routine(command: Command, store: DeadLetters) -> None:
    code, _, err = command("requeue", "flows.py:others", "1")
    assert (code, err.startswith("error: flow 'halves' has no routine 'half'")) == (1, True)
    assert len(store.all()) == 2


@pytest.mark.parametrize(
    ("arguments", "said", "left"),
    [
        (["1"], "discarded 1 letter\n", [2]),
        (["--all", "--job", "job-2"], "discarded 1 letter\n", [1]),
        (["--all"], "discarded 2 letters\n", []),
    ],
)
def test_letters_are_discarded_by_id_or_all_at_once(
    command: Command, store: DeadLetters, arguments: list[str], said: str, left: list[int]
) -> None:
    assert command("discard", *arguments) == (0, said, "")
    assert [letter.id for letter in store.all()] == left


def test_to_discard_a_letter_that_is_not_there_is_an_error(command: Command, store: DeadLetters) -> None:
    assert command("discard", "2", "5") == (
        1,
        "discarded 1 letter\n",
        "error: there is no dead letter 5 in 'dead.sqlite'\n",
    )


@pytest.mark.parametrize(
    "arguments", [["discard"], ["discard", "1", "--all"], ["show"], ["list", "--limit", "0"]]
)
def test_wrong_usage_has_exit_code_2_and_changes_nothing(
    command: Command, store: DeadLetters, arguments: list[str]
) -> None:
    code, out, err = command(*arguments)
    assert (code, out, "Usage: routilux dead-letters" in err) == (2, "", True)
    assert len(store.all()) == 2


def test_a_store_that_is_not_there_is_not_made(command: Command, tmp_path: Path) -> None:
    assert command("list") == (1, "", "error: there is no file 'dead.sqlite'\n")
    assert not (tmp_path / "dead.sqlite").exists()
