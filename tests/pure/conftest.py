"""Here is what the tests of the inline engine share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from routilux import Runtime


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(engine="inline") as made:
        yield made
