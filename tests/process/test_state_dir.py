"""The state directory of a durable runtime: who holds it, what lies in it, and what is wrong with it."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from pathlib import Path

import pytest

from faults.lasting import held
from faults.stories import tell
from routilux import FlowError, RoutiluxError, Runtime, statedir
from routilux.errors import StoreError
from routilux.statedir import LOCK

pytestmark = pytest.mark.one_python

TIMEOUT = 40.0
DIES = "Runtime(state_dir=state).exec(held(), n=40, job_id='a'); die()"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def killed(state: Path) -> Path:
    """The folder of a flow whose processes were killed."""
    tell(state, DIES)
    (folder,) = (state / "flows").iterdir()
    return folder


def files(state: Path) -> list[str]:
    return sorted(path.name for path in state.rglob("*"))


def is_exact(state: Path) -> bool:
    with Runtime.resume(state) as runtime:
        return [job.results(TIMEOUT) for job in runtime.resumed] == [list(range(0, 80, 2))]


# --- who holds it ---


def test_a_directory_in_use_is_refused_at_once_and_its_process_named(state: Path) -> None:
    message = f"is in use by process {os.getpid()}: close that"
    with Runtime(state_dir=state):
        with pytest.raises(RoutiluxError, match=message):
            Runtime(state_dir=state)
        with pytest.raises(RoutiluxError, match=message):
            Runtime.resume(state)


def test_an_unfinished_run_is_not_overwritten(state: Path, killed: Path) -> None:
    with pytest.raises(RoutiluxError, match=f"unfinished run of {killed.name}: go on with Runtime.resume"):
        Runtime(state_dir=state)
    assert is_exact(state)


def test_a_process_of_an_earlier_run_that_stays_is_named(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = """
runtime = Runtime(state_dir=state)
runtime.exec(held(), n=40, job_id="a")
lock = runtime._engine._state.lock
quiet = subprocess.DEVNULL
print(subprocess.Popen(["sleep", "60"], pass_fds=[lock], stdout=quiet, stderr=quiet).pid, flush=True)
die()
"""
    pid = int(tell(state, story))
    monkeypatch.setattr(statedir, "PATIENCE", 0.2)
    try:
        with pytest.raises(RoutiluxError, match=rf"workers of an earlier run \(process {pid}\)"):
            Runtime.resume(state)
    finally:
        os.kill(pid, signal.SIGKILL)
    monkeypatch.undo()
    assert is_exact(state)


def test_only_the_lock_file_is_left_after_a_clean_end(state: Path) -> None:
    with Runtime(state_dir=state) as runtime:
        assert runtime.exec(held(), n=10).results(TIMEOUT) == list(range(0, 20, 2))
    assert files(state) == [LOCK]
    with Runtime.resume(state) as runtime:
        assert runtime.resumed == []


def test_a_suspended_runtime_without_jobs_leaves_nothing_to_resume(state: Path) -> None:
    runtime = Runtime(state_dir=state)
    runtime.exec(held(), n=10).wait(TIMEOUT)
    runtime.suspend()
    assert files(state) == [LOCK]


# --- what is wrong with it ---


def test_what_is_no_state_directory_is_not_made_one(tmp_path: Path) -> None:
    with pytest.raises(RoutiluxError, match=r"is no state directory: there is no run.lock in it"):
        Runtime.resume(tmp_path)
    assert files(tmp_path) == []


def test_a_path_that_can_be_no_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RoutiluxError, match=r"file/state' cannot be a state directory: Not a directory"):
        Runtime(state_dir=tmp_path / "file" / "state")


def test_only_the_local_engine_is_durable(state: Path) -> None:
    with pytest.raises(FlowError, match="only the local engine is durable"):
        Runtime(engine="inline", state_dir=state)
    assert not state.exists()


def test_another_format_is_named_and_left_alone(state: Path, killed: Path) -> None:
    story = "try: Runtime.resume(state)\nexcept RoutiluxError as error: print(error)"
    message = tell(state, story, ROUTILUX_RING="1024")
    assert re.search(r"was left by another Routilux .*1024\]\): resume it there", message)
    assert is_exact(state)


def test_a_damaged_file_is_named_and_the_others_are_left_alone(state: Path, killed: Path) -> None:
    Runtime.resume(state).suspend()  # what SQLite had in its log is in the file now
    for name in ("arena", "journal.sqlite", "run.pickle"):
        (killed / name).rename(state / name)
        (killed / name).write_bytes(b"x" * 4096)
        with pytest.raises(RoutiluxError, match=re.escape(str(killed / name))):
            Runtime.resume(state)
        (state / name).replace(killed / name)
    assert is_exact(state)


def test_a_journal_that_cannot_be_taken_up_is_one_error_and_can_be_repaired(
    state: Path, killed: Path
) -> None:
    rename(killed, "letters", "gone")
    with pytest.raises(StoreError, match="no such table: letters"):
        Runtime.resume(state)
    rename(killed, "gone", "letters")
    assert is_exact(state)


def rename(folder: Path, table: str, name: str) -> None:
    db = sqlite3.connect(folder / "journal.sqlite")
    db.execute(f"ALTER TABLE {table} RENAME TO {name}")
    db.close()


def test_a_flow_whose_end_was_cut_short_is_given_up(state: Path, killed: Path) -> None:
    (killed / "run.pickle").unlink()  # as far as a process came that was killed while it cleared away
    with Runtime.resume(state) as runtime:
        assert runtime.resumed == []
    assert files(state) == [LOCK]


def test_a_disk_without_room_for_the_arena_is_one_error_and_leaves_nothing(state: Path) -> None:
    story = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
with Runtime(state_dir=state) as runtime:
    try:
        runtime.exec(held(), n=10)
    except RoutiluxError as error:
        print(error)
"""
    assert "cannot hold a durable flow" in tell(state, story)
    assert files(state) == [LOCK]


def test_a_disk_that_fills_up_suspends_the_flow(state: Path) -> None:
    story = """
import resource
with Runtime(state_dir=state) as runtime:
    job = runtime.exec(held(), n=4_000, job_id="a")
    until(has_done(job, "careful", 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    try:
        job.results(40)
    except RoutiluxError as error:
        print(type(error).__name__, error)
"""
    message = tell(state, story)
    assert message.startswith(StoreError.__name__)
    assert "its jobs are suspended and can be resumed" in message
    with Runtime.resume(state) as runtime:
        assert [job.results(TIMEOUT) for job in runtime.resumed] == [list(range(0, 8_000, 2))]
