"""An activation that has failed is held: what it was, and what may become of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from process.flows import held
from process.flows.workers import TIMEOUT
from routilux import BreakpointError, Flow, Runtime

pytestmark = pytest.mark.one_python


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """Closed in the end, whatever is held."""
    made = Runtime(heap=1 << 24)
    yield made
    made.close(grace=1.0)


def failing() -> Flow:
    return Flow("failing").pipe(held.count).pipe(held.inverse)


ON_ERROR = {"type": "error", "routine_id": "inverse"}


def test_a_failed_activation_is_held_with_its_traceback_and_locals(runtime: Runtime) -> None:
    job = runtime.exec(failing(), n=2, breakpoints=[ON_ERROR])
    hold = job.session().wait(TIMEOUT)
    assert (hold.type, hold.data) == ("error", 0)
    assert "ZeroDivisionError" in hold.error
    assert ("local", "value", "0") in [(each.scope, each.name, each.text) for each in hold.variables()]
    assert hold.call_stack()[0].text == "return 12 / value"
    hold.retry(4)
    assert job.results(TIMEOUT) == [3.0, 12.0]


def test_a_failed_activation_is_skipped(runtime: Runtime) -> None:
    job = runtime.exec(failing(), n=3, breakpoints=[ON_ERROR])
    job.session().wait(TIMEOUT).skip()
    assert job.results(TIMEOUT) == [12.0, 6.0]


def test_a_failed_activation_that_is_tried_again_is_held_again(runtime: Runtime) -> None:
    job = runtime.exec(failing(), n=3, breakpoints=[ON_ERROR])
    session = job.session()
    session.wait(TIMEOUT).retry()
    hold = session.wait(TIMEOUT)
    with pytest.raises(BreakpointError, match="retry, skip, fail"):
        hold.drop()
    hold.fail()
    assert job.wait(TIMEOUT).status == "failed"
    assert "ZeroDivisionError" in str(job.error)
