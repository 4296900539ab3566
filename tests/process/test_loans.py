"""Lent arrays arrive like any others, on every connection, and leave no memory behind."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from process.flows import loans
from routilux import Flow, Routine, Runtime

TIMEOUT = 50.0
MIB = 1 << 20


def fan_out(lender: Routine, on_error: Any = "stop") -> Flow:
    flow = Flow("lent", on_error=on_error)
    flow.add_routine(loans.numbers, "numbers")
    flow.add_routine(lender, "lender")
    flow.add_routine(loans.Sums(), "one", workers=2)
    flow.add_routine(loans.Sums(), "other")
    flow.connect("numbers", "output", "lender", "number")
    flow.connect("lender", "frame", "one", "frame")
    flow.connect("lender", "frame", "other", "frame")
    return flow


def results(runtime: Runtime, flow: Flow, count: int) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for output in runtime.exec(flow, count=count).outputs():
        payload: Any = output.payload
        if isinstance(payload, dict):
            assert (payload["inner"] == payload["number"]).all()
            payload = (payload["number"], payload["changed"])
        found.setdefault(output.routine, []).append(payload)
    return {name: sorted(payloads) for name, payloads in found.items()}


def expected(numbers: list[int]) -> dict[str, list[Any]]:
    sums = [(number, 1_000_000 * number, False) for number in numbers]
    return {"lender": [(number, []) for number in numbers], "one": sums, "other": sums}


@pytest.mark.parametrize("engine", ["local", "inline"])
@pytest.mark.parametrize("kept", [0, 3])
def test_lent_arrays_arrive_on_every_connection_and_out_of_the_flow(engine: Any, kept: int) -> None:
    with Runtime(engine=engine, heap=48 * MIB) as runtime:
        assert results(runtime, fan_out(loans.Lends(kept=kept)), 100) == expected([*range(100)])


def test_what_was_lent_for_nothing_is_given_back() -> None:
    with Runtime(heap=48 * MIB) as runtime:
        flow = fan_out(loans.LendsAndFails(), "skip")
        assert results(runtime, flow, 100) == expected([*range(0, 100, 2)])


def test_a_death_with_loans_under_way_loses_and_leaks_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "routilux.supervisor")
    with Runtime(heap=48 * MIB) as runtime:
        flow = fan_out(loans.LendsAndDies(marker=str(tmp_path / "died")))
        assert results(runtime, flow, 100) == expected([*range(100)])
    assert (tmp_path / "died").exists()


def test_a_generator_of_more_than_the_heap_completes() -> None:
    flow = Flow("turns").pipe(loans.LendsInTurn()).pipe(loans.Sums())
    with Runtime(heap=48 * MIB) as runtime:
        found = runtime.exec(flow, count=100).results(TIMEOUT)
    assert found == [(number, 1_000_000 * number, False) for number in range(100)]


def test_a_sent_loan_is_read_only_and_can_be_sent_again() -> None:
    flow = Flow("again").pipe(loans.WritesAfterwards(), "lender")
    flow.add_routine(loans.Sums(), "sums")
    flow.connect("lender", "frame", "sums", "frame")
    with Runtime() as runtime:
        outputs = list(runtime.exec(flow, number=3).outputs())
    assert [o.payload for o in outputs if o.routine == "lender"] == ["assignment destination is read-only"]
    assert [o.payload for o in outputs if o.routine == "sums"] == 2 * [(3, 3_000_000, False)]
