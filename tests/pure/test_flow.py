"""How a flow is built and drawn."""

from __future__ import annotations

from typing import Any

import pytest

from pure.madeflows import HTTPParser, chain, double, pair, source
from routilux.errors import FlowError
from routilux.flow import Flow, retry
from routilux.strategies import OnError

# --- building ---


def test_a_sound_flow_has_no_faults() -> None:
    flow = chain(source, double, double)
    assert flow.validate() == []
    flow.check()


def test_a_routine_is_named_after_its_class_or_function() -> None:
    flow = Flow()
    assert flow.add_routine(HTTPParser) == "http_parser"
    assert flow.add_routine(double) == "double"
    assert flow.add_routine(lambda a: a, "plain.function-1") == "plain.function-1"
    assert list(flow.nodes) == ["http_parser", "double", "plain.function-1"]


def test_a_name_is_given_once() -> None:
    flow = Flow("words")
    flow.add_routine(double)
    with pytest.raises(FlowError, match="flow 'words' has a routine 'double' already"):
        flow.add_routine(double)


@pytest.mark.parametrize("name", ["", "1st", "a b", "a->b", 3])
def test_an_unfit_name_is_refused(name: Any) -> None:
    with pytest.raises(FlowError, match="cannot name a routine"):
        Flow().add_routine(double, name)
    with pytest.raises(FlowError, match="cannot name a flow"):
        Flow(name)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *[("workers", value) for value in (0, -1, True, 1.0, "2")],
        ("max_activations", 0),
        ("max_rss_mb", -1),
        ("timeout", 0),
        ("ordered", "yes"),
        ("key", 3),
        ("key", ""),
        ("on_error", "explode"),
        ("wrokers", 2),
    ],
)
def test_an_unfit_option_is_named_and_adds_nothing(option: str, value: Any) -> None:
    flow = Flow()
    with pytest.raises(FlowError, match=option):
        flow.add_routine(double, **{option: value})
    assert not flow.nodes


def test_what_is_no_routine_is_refused() -> None:
    with pytest.raises(FlowError, match="'words' is no routine"):
        Flow().add_routine("words")  # type: ignore[arg-type]  # that is the test


def test_a_routine_without_strategy_has_that_of_its_flow() -> None:
    flow = Flow(on_error="skip")
    flow.add_routine(double, "a")
    flow.add_routine(double, "b", on_error=retry(3, backoff=1, then="continue"))
    assert flow.nodes["a"].on_error == OnError("skip")
    assert flow.nodes["b"].on_error == OnError("continue", retries=3, backoff=1)


def test_a_retry_waits_twice_as_long_each_time_and_ends() -> None:
    assert [retry(3, backoff=0.5).delay(failures) for failures in range(1, 5)] == [0.5, 1, 2, None]
    assert OnError("stop").delay(1) is None


@pytest.mark.parametrize("arguments", [(0,), (True,), (1, -1), (1, 0, "explode"), (1, 0, retry(1))])
def test_an_unfit_retry_is_refused(arguments: Any) -> None:
    with pytest.raises(FlowError):
        retry(*arguments)


def test_a_connection_may_name_what_is_added_later() -> None:
    flow = Flow()
    connection = flow.connect("source", "output", "double", "value")
    flow.add_routine(source)
    flow.add_routine(double)
    assert connection.id == "source.output->double.value"
    assert flow.validate() == []


def test_a_pipe_connects_one_after_the_other() -> None:
    flow = Flow().pipe(source).pipe(double, workers=2).pipe(HTTPParser)
    assert [c.id for c in flow.connections] == [
        "source.output->double.value",
        "double.output->http_parser.raw",
    ]
    assert flow.nodes["double"].workers == 2


def test_a_pipe_that_cannot_tell_the_port_adds_nothing() -> None:
    flow = Flow().pipe(HTTPParser)
    with pytest.raises(
        FlowError, match=r"which event of 'http_parser' to connect, it has 2: use add_routine\(\)"
    ):
        flow.pipe(double)
    with pytest.raises(FlowError, match="which slot of 'pair'"):
        Flow().pipe(source).pipe(pair)
    assert list(flow.nodes) == ["http_parser"]


def test_the_entry_is_the_routine_that_nothing_leads_to() -> None:
    assert chain(source, double).entry() == "r0"
    assert chain(source, double).entry("r1") == "r1"


def test_an_entry_that_cannot_be_told_must_be_passed() -> None:
    flow = Flow("two")
    flow.add_routine(double, "a")
    flow.add_routine(double, "b")
    with pytest.raises(FlowError, match=r"'two' has 2 routines without incoming.*\(a, b\): pass entry="):
        flow.entry()
    flow.connect("a", "output", "b", "value")
    flow.connect("b", "output", "a", "value")
    with pytest.raises(FlowError, match="every routine of flow 'two' has incoming"):
        flow.entry()
    with pytest.raises(FlowError, match="no routine 'c'"):
        flow.entry("c")


# --- diagrams ---


def test_a_mermaid_diagram_shows_routines_workers_and_ports() -> None:
    assert chain(source, double, workers=2).diagram() == (
        'flowchart LR\n    r0["r0"]\n    r1["r1 x2"]\n    r0 -->|"output → value"| r1\n'
    )


def test_a_dot_diagram_shows_the_same() -> None:
    text = chain(source, double, workers=2).diagram("dot")
    assert 'r1 [label="r1 x2"];' in text
    assert 'r0 -> r1 [label="output → value"];' in text


def test_another_style_is_refused() -> None:
    with pytest.raises(FlowError, match='choose "mermaid" or "dot"'):
        Flow().diagram("svg")  # type: ignore[arg-type]  # that is the test
