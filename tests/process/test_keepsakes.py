"""Whoever keeps views of large payloads is told so on standard error, and nobody else is."""

from __future__ import annotations

import pytest

from process.flows import payloads
from routilux import Flow, Routine, Runtime

TIMEOUT = 50.0


def said(capfd: pytest.CaptureFixture[str], keeper: Routine, times: int = 1) -> list[str]:
    """What the workers write while 60 large arrays go through the keeper."""
    flow = Flow("kept").pipe(payloads.Frames(), "frames").pipe(keeper, "keeper")
    with Runtime() as runtime:
        for _ in range(times):
            runtime.exec(flow, n=60).results(TIMEOUT)
    return capfd.readouterr().err.splitlines()


def test_a_view_that_is_kept_is_reported_once(capfd: pytest.CaptureFixture[str]) -> None:
    (line,) = said(capfd, payloads.Keeps(kept=1, part=True), times=2)
    assert "routine 'keeper' keeps views of large payloads (1 of them, 65," in line


@pytest.mark.parametrize("keeper", [payloads.KeepsLast(kept=2), payloads.KeepsCopies(), payloads.Waits()])
def test_nobody_else_is_reported(capfd: pytest.CaptureFixture[str], keeper: Routine) -> None:
    assert said(capfd, keeper) == []
