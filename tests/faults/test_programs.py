"""A program that is killed, interrupted or given odd surroundings ends as it should, and leaves nothing."""

from __future__ import annotations

import json
import resource
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import psutil
import pytest

from faults.programs import (
    RUN,
    SMALL,
    descendants,
    ended,
    interrupt,
    program,
    seconds_until_gone,
    until,
    wait_for,
    wait_until_handled,
)
from faults.routines import double
from routilux import Flow, RoutiluxError, Runtime
from routilux.ipc.rundirectory import LONGEST

RUNS = [0, *(pytest.param(attempt, marks=pytest.mark.soak) for attempt in range(1, 20))]


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A short folder for temporary files, of this test alone; it is empty again in the end."""
    tmp_path_factory.getbasetemp()  # pytest's own is not to lie in it
    with tempfile.TemporaryDirectory(prefix="rt-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)
        until(lambda: not list(Path(folder).glob("routilux-*")))


@pytest.mark.parametrize("attempt", RUNS)
@pytest.mark.parametrize("busy", ["python", "c"])
def test_the_workers_of_a_killed_program_are_gone_at_once(
    tmp_path: Path, busy: str, attempt: int, record_property: Callable[[str, object], None]
) -> None:
    with program(tmp_path, ["-c", RUN, busy]) as process:
        wait_for(tmp_path / "started", process)
        workers = descendants(process)
        process.kill()
        record_property("seconds", seconds_until_gone(workers))  # one second is what is promised


@pytest.mark.parametrize("times", [1, 2, 10])
@pytest.mark.parametrize("attempt", RUNS)
def test_ctrl_c_while_it_starts_leaves_no_traceback(tmp_path: Path, times: int, attempt: int) -> None:
    with program(tmp_path, ["-m", "routilux", "run", "flows.py:endless", "--drain", "30"]) as process:
        wait_until_handled(process)
        threading.Event().wait(Random(attempt).uniform(0.0, 1.5))  # any moment of it
        found = descendants(process)
        interrupt(process, times)
        code, _, err = ended(process)
        seconds_until_gone(found)
    assert code == 130
    assert "Traceback" not in err
    assert len(err.splitlines()) <= 1


@pytest.mark.parametrize(("signal_", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_drains_thousands_of_messages_in_flight(
    tmp_path: Path, signal_: signal.Signals, code: int
) -> None:
    with program(
        tmp_path, ["-m", "routilux", "run", "flows.py:endless", "--json", "--drain", "30"]
    ) as process:
        wait_for(tmp_path / "started", process)
        found = descendants(process)
        process.send_signal(signal_)
        got, out, _ = ended(process)
        seconds_until_gone(found)
    told = json.loads(out)
    counters = told["counters"]
    assert (got, told["status"]) == (code, "cancelled")
    assert counters["slowly"]["activations"] == counters["total"]["activations"] > 1000
    assert told["results"][0]["payload"] == 10**12 * counters["total"]["activations"]


@pytest.mark.parametrize(("signal_", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("busy", ["python", "c", "asleep"])
def test_the_second_signal_ends_a_hung_routine(
    tmp_path: Path, busy: str, signal_: signal.Signals, code: int
) -> None:
    command = ["-m", "routilux", "run", f"flows.py:{busy}", "-p", "value=1", "--drain", "60"]
    with program(tmp_path, command) as process:
        wait_for(tmp_path / "started", process)
        found = descendants(process)
        process.send_signal(signal_)
        assert process.stderr is not None
        assert process.stderr.readline().startswith("draining")  # or one may be made of two signals
        process.send_signal(signal_)
        got, _, err = ended(process)
        seconds_until_gone(found)
    assert (got, err) == (code, "")


@pytest.mark.parametrize("busy", ["python", "c", "asleep"])
def test_a_program_that_does_not_handle_sigterm_leaves_nothing(tmp_path: Path, busy: str) -> None:
    with program(tmp_path, ["-c", RUN, busy]) as process:
        wait_for(tmp_path / "started", process)
        found = descendants(process)
        process.terminate()
        assert ended(process)[0] == -signal.SIGTERM
        seconds_until_gone(found)


# --- odd surroundings ---


def test_it_runs_where_nothing_may_be_written_and_nobody_is_at_home(tmp_path: Path) -> None:
    with program(tmp_path, ["-c", SMALL], cwd="/proc", environment={"HOME": None}) as process:
        assert ended(process) == (0, "[0, 2, 4, 6]\n", "")


def test_it_runs_in_folders_with_spaces_and_letters_of_all_kinds(tmp_path: Path, temporary: Path) -> None:
    folder, other = tmp_path / "mit Leerzeichen äöü 漢字", temporary / "t mp ü"
    folder.mkdir()
    other.mkdir()
    (folder / "große Datei.py").write_text(SMALL, encoding="utf-8")
    with program(folder, ["große Datei.py"], environment={"TMPDIR": str(other)}) as process:
        assert ended(process) == (0, "[0, 2, 4, 6]\n", "")


@pytest.mark.parametrize("limit", [64, 24])
def test_few_descriptors_are_enough_or_named(tmp_path: Path, limit: int) -> None:
    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    with program(tmp_path, ["-c", SMALL], prepare=prepare) as process:
        code, out, err = ended(process)
    if limit == 64:
        assert (code, out, err) == (0, "[0, 2, 4, 6]\n", "")
    else:
        assert code == 1
        assert "Too many open files" in err.splitlines()[-1]


@pytest.mark.parametrize("excess", [0, 1, 50])
def test_a_folder_too_long_for_sockets_is_named_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, temporary: Path, excess: int
) -> None:
    longest = LONGEST - len("/routilux-12345678/12345/worker-12345")
    folder = temporary / ("x" * (longest - len(str(temporary)) - 1 + excess))
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with Runtime() as runtime:
        if not excess:
            assert runtime.run(Flow().pipe(double), value=1, timeout=50) == 2
            return
        with pytest.raises(RoutiluxError, match="set TMPDIR to a shorter one"):
            runtime.exec(Flow().pipe(double), value=1)
        assert psutil.Process().children() == []
        assert list(folder.iterdir()) == []
