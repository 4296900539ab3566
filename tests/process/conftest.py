"""Here is the rule of this folder, whoever starts processes ends them, and what many of its tests share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from process.gates import Gates
from routilux import Runtime


@pytest.fixture(autouse=True)
def _leaves_nothing_behind(no_strays: None) -> None:
    """Asked for by every test of the folder."""


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """Closed in the end, whatever hangs: leaving it normally would wait for that."""
    made = Runtime()
    yield made
    made.close(grace=1.0)


@pytest.fixture
def gates(tmp_path: Path) -> Gates:
    return Gates(tmp_path)


@pytest.fixture
def own_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Folders of its own, so that runtimes of other sessions are not in sight; a short one, for sockets."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with tempfile.TemporaryDirectory(prefix="rt-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield
