"""Here is the rule of this folder: whoever starts processes ends them."""

import pytest


@pytest.fixture(autouse=True)
def _leaves_nothing_behind(no_strays: None) -> None:
    """Asked for by every test of the folder."""
