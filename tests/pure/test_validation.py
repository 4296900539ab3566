"""Every fault that validate finds in a flow."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock
from typing import Any

import pytest

from pure.madeflows import chain, coded, double, faults, pair, source
from routilux import policies
from routilux.errors import FlowError
from routilux.flow import Flow
from routilux.function import routine
from routilux.routine import Event, Routine, Slot

# --- faults of the graph ---


def test_an_empty_flow_is_a_fault() -> None:
    assert faults(Flow("words")) == ["flow 'words': has no routine: call add_routine() first"]


def test_every_unknown_name_is_reported_with_the_nearest() -> None:
    flow = chain(source, double)
    flow.connect("r0", "outptu", "r1", "vlaue")
    flow.connect("r3", "output", "r1", "value")
    assert faults(flow) == [
        "r0.outptu->r1.vlaue: 'r0' has no event 'outptu': did you mean 'output'?",
        "r0.outptu->r1.vlaue: 'r1' has no slot 'vlaue': did you mean 'value'?",
        "r3.output->r1.value: there is no routine 'r3': there are 'r0', 'r1'",
    ]


def test_a_connection_made_twice_is_a_fault() -> None:
    flow = chain(source, double)
    flow.connect("r0", "output", "r1", "value")
    assert faults(flow) == ["r0.output->r1.value: is connected 2 times: connect it once"]


def test_a_slot_that_nothing_feeds_is_a_fault_behind_an_entry() -> None:
    flow = chain(source)
    flow.add_routine(pair)
    flow.connect("r0", "output", "pair", "left")
    assert faults(flow) == [
        "pair: nothing feeds its slot 'right': connect an event to it, or remove the slot"
    ]


def test_a_cycle_is_entered_through_its_free_slot() -> None:
    flow = Flow()
    flow.add_routine(routine(policy=policies.immediate())(lambda seed, back: seed or back), "turn")
    flow.connect("turn", "output", "turn", "back")
    assert flow.validate() == []


def test_an_isolated_routine_is_no_fault() -> None:
    flow = chain(source, double)
    flow.add_routine(pair)
    assert flow.validate() == []


def test_a_type_that_no_message_can_have_is_a_fault() -> None:
    class Text(Routine):
        out: Event[str] = Event()

        def logic(self) -> None: ...

    class Number(Routine):
        value = Slot(type=int)

        def logic(self, value: int) -> None: ...

    assert faults(chain(Text(), Number())) == ["r0.out->r1.value: emits str, but the slot takes int"]


# --- faults of a routine ---


class Silent(Routine):
    pass


class AsyncLogic(Routine):
    a = Slot()

    async def logic(self, a: int) -> None: ...


class AsyncFinish(Routine):
    a = Slot()

    def logic(self, a: int) -> None: ...
    async def finish(self) -> None: ...


class NoPolicy(Routine):
    a = Slot()
    policy = 3  # type: ignore[assignment]  # that is the test

    def logic(self, a: int) -> None: ...


@pytest.mark.parametrize(
    ("routine", "fault"),
    [
        (Silent(), "has no logic"),
        (AsyncLogic(), "its logic is async"),
        (AsyncFinish(), "its finish is async"),
        (NoPolicy(), "3 is no activation policy"),
        (coded(lambda self: None), r"takes 0 positional arguments \(\), but there are 1 slots \(s0\)"),
        (coded(lambda a, b: None), r"takes 2 positional arguments \(a, b\), but there are 1 slots \(s0\)"),
        (coded(lambda a, b, c=0: None, slots=4), "but there are 4 slots"),
        (coded(lambda job, a: None), "after the parameters of its slots"),
        (coded(lambda a, *, limit: None), "'limit' has no value"),
        (routine(lambda a, *, limit: None), r"'limit' has no value.*configure\(limit=...\)"),
        (
            coded(source.__wrapped__, events=2),
            "its logic yields, which needs exactly one event, but it has 2",
        ),
        (coded(lambda a: a).set_finish(lambda a: a), "its finish takes arguments"),
    ],
)
def test_logic_that_cannot_run_is_a_fault(routine: Routine, fault: str) -> None:
    flow = Flow()
    flow.add_routine(routine, "r")
    with pytest.raises(FlowError, match=f"^r: .*{fault}"):
        flow.check()


@pytest.mark.parametrize(
    "logic",
    [lambda *a: None, lambda a, b=1: None, lambda a, policy_message: None, lambda self, a, *, job: None],
)
def test_logic_that_takes_one_argument_per_slot_is_sound(logic: Callable[..., object]) -> None:
    assert chain(coded(logic)).validate() == []


class Held(Routine):
    a = Slot()
    lock: Any = None

    def logic(self, a: int) -> None: ...


def test_what_cannot_be_shipped_is_named() -> None:
    lock = Lock()
    built = coded(lambda a: lock.locked())
    for unfit, name in (
        (Held(lock=lock), "its configuration 'lock' is of type lock"),
        (built, "the variable 'lock' used by .* is of type lock"),
        (routine(lambda a: lock.locked()), "the variable 'lock' used by"),
    ):
        with pytest.raises(FlowError, match=rf"^r0: cannot be sent to a worker: {name}.*setup\(\)"):
            chain(unfit).check()


def test_a_class_and_a_key_that_cannot_be_shipped_are_named() -> None:
    lock = Lock()

    class Guarded(Routine):
        a = Slot()
        guard = lock

        def logic(self, a: int) -> None: ...

    assert "the class attribute 'guard' is of type lock" in faults(chain(Guarded()))[0]
    (fault,) = faults(chain(double, workers=2, key=lambda value: lock.locked()))
    assert "the variable 'lock' used by" in fault


# --- order, keys and partners ---


def test_ordered_needs_one_connection_from_one_process_and_the_immediate_policy() -> None:
    batches = coded(lambda a: a).set_activation_policy(policies.batch_size(2))
    flow = Flow()
    flow.add_routine(source, "a", workers=2)
    flow.add_routine(source, "b")
    flow.add_routine(batches, "c", ordered=True, workers=2)
    flow.connect("a", "output", "c", "s0")
    flow.connect("b", "output", "c", "s0")
    assert faults(flow) == [
        "c: ordered=True needs one incoming connection, but there are 2",
        "c: ordered=True needs its inputs from one process, but 'a' has 2 workers",
        "c: ordered=True needs the immediate policy, not BatchSize(n=2, drop_rest=False)",
    ]
    assert chain(source, double, ordered=True, workers=2).validate() == []


def test_a_key_for_one_worker_is_a_warning() -> None:
    assert faults(chain(source, double, key="real"), "warning") == [
        "r1: key= chooses among workers, but there is one: add workers=, or leave out key="
    ]


def test_partners_shared_among_workers_are_a_warning_unless_there_is_a_key() -> None:
    joined = coded(lambda a, b: None, slots=2).set_activation_policy(policies.join("real"))
    assert "add key=" in faults(chain(joined, workers=2), "warning")[0]
    assert faults(chain(joined, workers=2, key="real"), "warning") == []


def test_pairs_by_arrival_behind_several_workers_are_a_warning() -> None:
    flow = Flow()
    flow.add_routine(source, workers=2)
    flow.add_routine(double)
    flow.add_routine(pair)
    flow.connect("source", "output", "double", "value")
    flow.connect("source", "output", "pair", "left")
    flow.connect("double", "output", "pair", "right")
    (warning,) = faults(flow, "warning")
    assert warning.startswith(
        "pair: pairs messages by arrival, but the workers of 'source' before it overtake"
    )


def test_check_raises_the_errors_and_logs_the_warnings(caplog: pytest.LogCaptureFixture) -> None:
    flow = chain(source, double, key="real")
    flow.connect("r0", "output", "r1", "value")
    with caplog.at_level(logging.WARNING, "routilux.flow"), pytest.raises(FlowError) as raised:
        flow.check()
    assert len(raised.value.faults) == 1
    assert "r1: key=" in caplog.text
