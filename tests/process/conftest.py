"""Here is the rule of this folder, whoever starts processes ends them, and what many of its tests share."""

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
