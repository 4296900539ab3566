"""Here is what the monitor's tests share: a folder of their own for runtimes, the watch over strays."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _leaves_nothing_behind(no_strays: None) -> None:
    """Asked for by every test of the folder."""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory for temporary files, short and empty: no other runtime is seen."""
    tmp_path_factory.getbasetemp()  # where `tmp_path` lies is decided once, and outlives this folder
    with tempfile.TemporaryDirectory() as path:
        monkeypatch.setattr(tempfile, "tempdir", path)
        monkeypatch.setenv("TMPDIR", path)
        yield Path(path)
