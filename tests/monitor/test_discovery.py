"""Only this user's own runtimes are found, and only while they run."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from monitor.fakeruntime import FakeRuntime
from routilux.commands import INTRODUCTION
from routilux.ipc.endpoints import PREFIX
from routilux_monitor.discovery import running


def test_running_runtimes_are_found_by_their_introduction(folder: Path) -> None:
    with FakeRuntime("one") as one, FakeRuntime("two") as two:
        found = running()
        assert {name: f.directory for name, f in found.items()} == {"one": one.path, "two": two.path}
        assert found["one"].introduction == one.introduction
    assert running() == {}


def test_a_directory_that_others_may_enter_is_no_runtime(folder: Path) -> None:
    with FakeRuntime() as runtime:
        runtime.path.chmod(0o755)
        assert running() == {}


def test_a_link_to_a_runtime_is_no_runtime(folder: Path, tmp_path: Path) -> None:
    with FakeRuntime() as runtime:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / f"{PREFIX}link").symlink_to(runtime.path)
        assert running(elsewhere) == {}


def test_another_users_directory_is_no_runtime(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeRuntime():
        assert len(running()) == 1
        mine = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: mine + 1)
        assert running() == {}


@pytest.mark.parametrize("said", [b"", b"{", b'{"runtime_id": 7}', b"[]", b"x" * 100_000])
def test_an_introduction_that_cannot_be_read_is_left_out(folder: Path, said: bytes) -> None:
    with FakeRuntime() as runtime:
        (runtime.path / INTRODUCTION).write_bytes(said)
        assert running() == {}


def test_an_introduction_that_is_a_pipe_does_not_hold_us_up(folder: Path) -> None:
    with FakeRuntime() as runtime:
        (runtime.path / INTRODUCTION).unlink()
        os.mkfifo(runtime.path / INTRODUCTION)
        assert running() == {}


def test_what_a_killed_runtime_left_is_no_runtime(folder: Path) -> None:
    left = folder / f"{PREFIX}x"
    left.mkdir(mode=stat.S_IRWXU)
    (left / "lock").touch()
    (left / INTRODUCTION).write_bytes(b'{"runtime_id": "x", "pid": 1, "started_at": 1.0, "version": "0"}')
    assert running() == {}


def test_a_flow_that_starts_shows(folder: Path) -> None:
    with FakeRuntime("one") as runtime:
        before = running()["one"].changed
        (runtime.path / "00000").mkdir()
        assert running()["one"].changed != before
