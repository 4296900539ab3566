"""For minutes, with a death every two seconds, nothing is wrong and nothing grows."""

from __future__ import annotations

import pytest

from faults.soak import soak


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_ten_minutes_of_deaths_change_no_result_and_keep_nothing() -> None:
    assert soak(10.0, seed=1) == 0
