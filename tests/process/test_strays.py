"""The watch over strays is itself a net: these tests throw things at it."""

import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import psutil
import pytest

import strays

pytestmark = pytest.mark.one_python

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
NAMED = r"process \d+: .*time\.sleep\(60\)"
ORPHANER = "import subprocess, sys; print(subprocess.Popen(sys.argv[1:], stdout=-3, stderr=-3).pid)"
HOLDER = "import os, sys; os.open(sys.argv[1], 0); print(flush=True); sys.stdin.read()"


def test_a_test_that_leaves_nothing_passes() -> None:
    with strays.watch(patience=0.0):
        subprocess.run([sys.executable, "-c", ""], check=True)


def begun(pid: int) -> int:
    """The process, once it has its own command line; the kernel shows none for a moment."""
    process, moment = psutil.Process(pid), threading.Event()
    assert any(process.cmdline() or moment.wait(0.01) for _ in range(1000))
    return pid


def sleeper() -> subprocess.Popen[bytes]:
    child = subprocess.Popen(SLEEPER)
    begun(child.pid)
    return child


def orphaned() -> int:
    return begun(int(subprocess.check_output([sys.executable, "-c", ORPHANER, *SLEEPER])))


def test_a_child_left_running_is_named_killed_and_reaped() -> None:
    with pytest.raises(strays.LeftBehind, match=NAMED), strays.watch(patience=0.0):
        child = sleeper()
    assert not psutil.pid_exists(child.pid)
    child.wait(timeout=10)


def test_an_orphan_is_named_and_killed() -> None:
    with pytest.raises(strays.LeftBehind, match=NAMED), strays.watch(patience=0.0):
        orphan = orphaned()
    assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE


def test_a_child_that_nobody_reaped_is_a_stray() -> None:
    before = strays.belongings()
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    left = strays.belongings() - before
    assert str(left) == f"process {child.pid}: a zombie, since nobody reaped it"
    child.wait(timeout=10)


def test_a_child_that_ends_in_time_is_no_stray() -> None:
    with strays.watch(patience=10.0):
        child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=-1)
        ended = threading.Thread(target=child.communicate)
        ended.start()
    ended.join()


def test_a_folder_left_by_a_runtime_is_named_and_removed() -> None:
    with pytest.raises(strays.LeftBehind, match=r"file .*routilux-"), strays.watch(patience=0.0):
        folder = Path(tempfile.mkdtemp(prefix="routilux-"))
    assert not folder.exists()


def test_a_folder_held_by_somebody_else_is_left_alone(tmp_path: Path) -> None:
    stranger = {name: value for name, value in os.environ.items() if name != strays.MARK}
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, env=stranger) as process:
        assert process.stdout
        process.stdout.readline()
        held = strays.holdings(process.pid)
        process.communicate()
    assert str(tmp_path) in held


def test_a_socket_left_open_is_named() -> None:
    with pytest.raises(strays.LeftBehind, match=r"descriptor \d+: socket:"), strays.watch(patience=0.0):
        left = socket.socket()
    left.close()


def test_what_was_there_before_is_none_of_our_business() -> None:
    with socket.socket(), strays.watch(patience=0.0):
        pass
