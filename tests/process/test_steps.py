"""Steps lead from one held message to the next; what is to be seen there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from process.flows import held
from process.flows.workers import TIMEOUT, until
from routilux import Runtime

pytestmark = pytest.mark.one_python


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """Closed in the end, whatever is held."""
    made = Runtime(heap=1 << 24)
    yield made
    made.close(grace=1.0)


def test_steps_lead_from_place_to_place(runtime: Runtime) -> None:
    job = runtime.exec(held.fork(), n=2, breakpoints=[{"routine_id": "double", "one_shot": True}])
    session = job.session()
    hold = session.wait(TIMEOUT)
    assert (hold.type, hold.data) == ("routine", 0)
    hold.step()
    hold = session.wait(TIMEOUT)
    assert (hold.type, hold.event_name, hold.data) == ("event", "output", 0)
    hold.step_over()
    hold = session.wait(TIMEOUT)
    assert (hold.type, hold.routine_id, hold.data) == ("routine", "double", 1)
    hold.step()
    session.wait(TIMEOUT).step_into()
    until(lambda: {hold.routine_id for hold in session.holds} == {"left", "right"})
    assert {hold.data for hold in session.holds} == {2}
    session.resume()
    assert len(job.results(TIMEOUT)) == 4


def test_a_step_into_a_batch_holds_the_activation_that_has_the_message(runtime: Runtime) -> None:
    wanted = {"routine_id": "count", "event_name": "output", "condition": "data == 5"}
    job = runtime.exec(held.batches(), n=8, breakpoints=[wanted])
    session = job.session()
    session.wait(TIMEOUT).step_into()
    hold = session.wait(TIMEOUT)
    assert (hold.routine_id, hold.data) == ("batches", [4, 5, 6, 7])
    hold.resume()
    assert len(job.results(TIMEOUT)) == 2


def test_variables_and_frames_are_those_of_the_user(runtime: Runtime) -> None:
    job = runtime.exec(
        held.sums(), n=3, breakpoints=[{"routine_id": "sums", "event_name": "out", "hit_condition": "== 3"}]
    )
    hold = job.session().wait(TIMEOUT)
    found = {(each.scope, each.name): each.text for each in hold.variables()}
    assert found["local", "value"] == "2"
    assert found["local", "seen"] == "6"
    assert found["configuration", "step"] == "2"
    assert found["state", "seen"] == "6"
    assert found["message", "message"] == "6"
    assert [(frame.function.split(".")[-1], frame.text) for frame in hold.call_stack()] == [
        ("logic", "self.out.emit(seen)")
    ]
    hold.resume()
    job.wait(TIMEOUT)
