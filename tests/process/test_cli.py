"""The command line as a user has it: real processes, exit codes, signals."""

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from process.command import DEADLINE, Command, commands, draining, ended, last_line, wait_for, with_any_job

EXAMPLE = Path(__file__).parents[2] / "examples" / "source_metrics.py"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Command]:
    with commands(tmp_path) as run:
        yield run


# --- what comes out ---


@pytest.mark.parametrize("engine", ["local", "inline"])
def test_a_completed_job_shows_lines_and_result_and_nothing_on_standard_error(
    start: Command, engine: str
) -> None:
    code, out, err = ended(start("run", "flows.py:halves", "-p", "n=5", "--engine", engine))
    assert (code, err) == (0, "")
    progress, result = out.splitlines()
    assert progress.startswith("only: 1 worker, 1 activation, ")
    assert result == "only.output: 2.5"


def test_json_is_all_there_is_on_standard_output(start: Command) -> None:
    code, out, err = ended(start("run", "flows:halves", "-p", "n=5", "-w", "only=2", "--json"))
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["status"] == "completed"
    assert found["results"] == [{"routine": "only", "event": "output", "payload": 2.5}]
    assert found["counters"]["only"]["activations"] == 1
    assert found["error"] is None


def test_a_table_is_shown_for_a_list_of_dicts(start: Command) -> None:
    code, out, _ = ended(start("run", "flows.py:picks", "-p", "n=8"))
    assert code == 0
    assert last_line(out).split() == ["8", "4"]


def test_a_failed_job_has_the_routines_own_traceback_and_exit_code_1(start: Command) -> None:
    code, out, err = ended(start("run", "flows.py:picks", "-p", "n=3"))
    assert code == 1
    assert "picks.output" not in out
    assert with_any_job(err).startswith(
        "error: routine 'only' of job 'JOB' raised ValueError: 3 is odd\n\nTraceback"
    )
    assert "routilux/" not in err


def test_json_of_a_failed_job_has_the_error(start: Command) -> None:
    code, out, err = ended(start("run", "flows.py:picks", "-p", "n=3", "--json"))
    found = json.loads(out)
    assert code == 1
    assert found["status"] == "failed"
    assert found["error"]["cause"] == "ValueError"
    assert err.startswith("error: routine 'only'")


def test_a_job_that_takes_too_long_fails(start: Command) -> None:
    code, _, err = ended(start("run", "flows.py:endless", "--timeout", "0.5"))
    assert code == 1
    assert with_any_job(err) == "error: job 'JOB' did not end within its timeout; it was stopped\n"


def test_the_command_line_is_not_imported_by_workers(start: Command) -> None:
    _, out, _ = ended(start("run", "flows.py:loaded", "-p", "n=1"))
    assert last_line(out) == "only.output: []"


def test_on_a_terminal_the_progress_moves_and_the_cursor_comes_back(start: Command, tmp_path: Path) -> None:
    master, terminal = os.openpty()
    process = start("run", "flows.py:endless", "--json", "--drain", "60", stderr=terminal)
    os.close(terminal)
    wait_for(tmp_path / "started", process)
    process.send_signal(signal.SIGINT)
    screen = everything(master)
    code, out, _ = ended(process)
    assert code == 130
    assert json.loads(out)["status"] == "cancelled"
    assert "per second" in screen
    assert draining(60).strip() in screen
    assert screen.rindex(SHOW_CURSOR) > screen.rindex(HIDE_CURSOR)


def everything(terminal: int) -> str:
    """What is written to a terminal until nobody has it open any more."""
    read = bytearray()
    with contextlib.suppress(OSError):  # EIO is its end
        while chunk := os.read(terminal, 65536):
            read += chunk
    os.close(terminal)
    return read.decode()


def test_the_example_has_the_same_figures_inline_and_in_processes(start: Command) -> None:
    arguments = ("run", f"{EXAMPLE}:flow", "-p", f"directory={EXAMPLE.parents[1] / 'tests'}", "--json")
    inline = json.loads(ended(start(*arguments, "--engine", "inline"))[1])
    local = json.loads(ended(start(*arguments, "-w", "measure=3"))[1])
    assert inline["results"] == local["results"]
    assert inline["counters"] == local["counters"]


def test_the_example_counts_a_file_that_cannot_be_parsed(start: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:", encoding="utf-8")
    _, out, _ = ended(start("run", f"{EXAMPLE}:flow", "-p", f"directory={tmp_path}", "--json"))
    total = json.loads(out)["results"][0]["payload"][-1]
    assert (total["files"], total["unparsed"]) == (2, 1)
    # half 1, ticks 2, stuck 2, told 2, modules 3, picky 2, logic 1, finish 1, one 1
    assert (total["functions"], total["complexity"]) == (9, 15)
    assert total["most_complex"] == "flows:modules (3)"


def test_the_example_names_a_directory_that_is_not_there(start: Command) -> None:
    code, _, err = ended(start("run", f"{EXAMPLE}:flow", "-p", "directory=none"))
    assert code == 1
    assert "NotADirectoryError: there is no directory 'none'" in err


# --- what is wrong ---


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.py:flow"], "error: there is no file "),
        (["flows.py:halfs"], "error: 'flows.py' has no 'halfs': did you mean 'halves'?\n"),
        (["flows.py"], "error: 'flows.py' names no flow: write MODULE:FLOW or "),
        (["flows.py:halves"], "error: entry routine 'only' needs a value for its slot: pass n=...\n"),
        (["flows.py:halves", "-p", "m=1"], "error: entry routine 'only' has no slot 'm': "),
        (["flows.py:halves", "-w", "all=2"], "error: --workers all=2: flow 'one' has no routine 'all': "),
        (["flows.py:halves", "--entry", "x"], "error: flow 'one' has no routine 'x': "),
    ],
)
def test_a_target_that_cannot_run_is_one_line_and_exit_code_1(
    start: Command, arguments: list[str], message: str
) -> None:
    code, out, err = ended(start("run", *arguments))
    assert (code, out) == (1, "")
    assert err.startswith(message)
    assert err.count("\n") == 1


def test_each_fault_of_a_flow_has_its_line(start: Command) -> None:
    code, _, err = ended(start("run", "flows.py:faulty"))
    assert code == 1
    assert [line.split(":")[0] for line in err.splitlines()] == ["error", "error"]
    assert "there is no routine 'nobody'" in err
    assert "'half' has no event 'outptu': did you mean 'output'?" in err


def test_an_error_in_the_users_file_is_shown_with_its_line(start: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import no_such_module_here\n", encoding="utf-8")
    code, _, err = ended(start("run", "broken.py:flow"))
    assert code == 1
    assert "ModuleNotFoundError: No module named 'no_such_module_here'" in err
    assert "line 1, in <module>" in err
    assert "routilux/" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "flows.py:halves", "-p", "n"],
        ["run", "flows.py:halves", "-w", "only=0"],
        ["run", "flows.py:halves", "--engine", "threads"],
        ["run", "flows.py:halves", "--timeout", "-1"],
        ["fly"],
    ],
)
def test_wrong_usage_has_exit_code_2(start: Command, arguments: list[str]) -> None:
    code, out, err = ended(start(*arguments))
    assert (code, out) == (2, "")
    assert "Usage: routilux" in err


def test_help_and_version_are_no_errors(start: Command) -> None:
    assert ended(start("--help"))[0::2] == (0, "")
    code, out, err = ended(start("--version"))
    assert (code, err) == (0, "")
    assert out.startswith("routilux ")


def test_a_reader_that_leaves_early_gets_no_traceback(start: Command) -> None:
    process = start("run", "flows.py:halves", "-p", "n=5")
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == ""
    assert process.wait(DEADLINE) != 0


# --- the demo ---


def test_the_demo_compares_one_worker_with_two(start: Command, tmp_path: Path) -> None:
    code, out, err = ended(start("demo", "--directory", str(tmp_path), "--json"))
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["table"][-1]["files"] == 1
    assert found["tables_equal"]
    assert [len(found["seconds"][workers]) for workers in ("1", "2")] == [3, 3]
    assert found["ratio"] > 0


def test_the_demo_says_what_it_has_measured_and_how_to_go_on(start: Command, tmp_path: Path) -> None:
    code, out, err = ended(start("demo", "--directory", str(tmp_path)))
    assert (code, err) == (0, "")
    assert "Medians of 3 runs each, in turns" in out
    assert "2 workers are " in out
    assert "All runs gave the same table." in out
    assert last_line(out).startswith("Next: ")
