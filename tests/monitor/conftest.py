"""Here is what the monitor's tests share: the watch over strays."""

import pytest


@pytest.fixture(autouse=True)
def _leaves_nothing_behind(no_strays: None) -> None:
    """Asked for by every test of the folder."""
