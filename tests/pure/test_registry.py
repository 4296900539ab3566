"""The flows a process knows by name."""

from __future__ import annotations

import pytest

from routilux.errors import FlowError
from routilux.flow import Flow
from routilux.registry import FlowRegistry


def test_a_flow_is_found_by_its_name() -> None:
    registry, flow = FlowRegistry(), Flow("words")
    registry.register_by_name("words", flow)
    assert registry.get_by_name("words") is flow


def test_an_unknown_name_gets_the_nearest() -> None:
    registry = FlowRegistry()
    registry.register_by_name("wordcount", Flow())
    with pytest.raises(FlowError, match="'wordcuont': did you mean 'wordcount'"):
        registry.get_by_name("wordcuont")


def test_a_name_is_taken_by_another_flow_only_when_asked() -> None:
    registry, flow = FlowRegistry(), Flow()
    registry.register_by_name("words", flow)
    registry.register_by_name("words", flow)
    with pytest.raises(FlowError, match="another flow is registered as 'words'"):
        registry.register_by_name("words", Flow())
    registry.register_by_name("words", Flow(), replace=True)
    assert registry.get_by_name("words") is not flow


def test_the_list_is_the_callers_own() -> None:
    registry = FlowRegistry()
    registry.register_by_name("words", Flow())
    registry.list_all().clear()
    assert list(registry.list_all()) == ["words"]


def test_a_process_has_one_registry() -> None:
    assert FlowRegistry.get_instance() is FlowRegistry.get_instance()
