import sys
from pathlib import Path

import pytest

from bench.arena import ContestFailed, marked, started

ENDLESS = (
    "import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True);"
)
CHILD = "import sys; print('{\"found\": 1}', flush=True); import signal; signal.pause()"


def test_what_a_contestant_says_in_time_is_its_answer() -> None:
    with started(sys.executable, ["-c", 'print(\'{"found": {"value": 7}}\')']) as contestant:
        assert contestant.measure(1, 30.0) == {"value": 7}


def test_a_contestant_that_hangs_fails_by_its_deadline() -> None:
    with (
        pytest.raises(ContestFailed, match=r"no answer within 0\.2 s"),
        started(sys.executable, ["-c", "import signal; signal.pause()"]) as contestant,
    ):
        contestant.answer("found", 0.2)


def test_a_contestant_that_dies_fails_with_its_last_words() -> None:
    with (
        started(sys.executable, ["-c", "raise SystemExit('out of luck')"]) as contestant,
        pytest.raises(ContestFailed, match="exit code 1; out of luck"),
    ):
        contestant.answer("found", 30.0)


def test_a_contestant_may_say_why_it_cannot() -> None:
    with (
        started(sys.executable, ["-c", 'print(\'{"failed": "WrongResult: 1, not 2"}\')']) as contestant,
        pytest.raises(ContestFailed, match="WrongResult: 1, not 2"),
    ):
        contestant.answer("found", 30.0)


def test_nothing_of_a_contestant_outlives_it() -> None:
    program = ENDLESS.format(child=CHILD) + "sys.stdin.read()"
    with started(sys.executable, ["-c", program]) as contestant:
        assert contestant.answer("found", 30.0) == 1  # of the child, in a session of its own
        assert len(list(marked(contestant.mark))) == 2
    assert list(marked(contestant.mark)) == []


def test_the_folder_of_a_contestant_goes_with_it() -> None:
    told = "import json, tempfile; print(json.dumps({'found': tempfile.mkdtemp()}))"
    with started(sys.executable, ["-c", told]) as contestant:
        folder = Path(contestant.answer("found", 30.0))
        assert folder.is_dir()
    assert not folder.exists()


def test_what_a_contestant_left_in_shared_memory_is_swept_away() -> None:
    told = (
        "import json, os, pathlib; left = pathlib.Path(f'/dev/shm/sem.hdr{os.getpid()}-1'); left.touch();"
        "print(json.dumps({'found': str(left)}), flush=True); input()"
    )
    with started(sys.executable, ["-c", told]) as contestant:
        left = Path(contestant.answer("found", 30.0))
        assert left.exists()
    assert not left.exists()
