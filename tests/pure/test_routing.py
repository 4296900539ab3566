"""Where emissions go, level by level and key by key."""

from __future__ import annotations

from enum import IntEnum
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routilux.errors import KeyRefusedError
from routilux.flow import Flow
from routilux.graph import Connection
from routilux.routine import Routine
from routilux.routing import by_key, components, inner, key_of, least, levels, outputs, routes

Edges = list[tuple[int, int]]
edges = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20)


def graph(edges: Edges, size: int = 8) -> Flow:
    flow = Flow()
    for number in range(size):
        routine = Routine()
        routine.add_slot("x")
        routine.add_event("y")
        flow.add_routine(routine, f"r{number}")
    for source, target in edges:
        flow.connect(f"r{source}", "y", f"r{target}", "x")
    return flow


def reachable(edges: Edges, start: int) -> set[int]:
    found, ahead = set[int](), [start]
    while ahead:
        at = ahead.pop()
        new = {target for source, target in edges if source == at} - found
        found |= new
        ahead += new
    return found


def level_of(flow: Flow) -> dict[str, int]:
    return {name: number for number, names in enumerate(levels(flow)) for name in names}


# --- levels and cycles ---


@given(edges)
def test_a_connection_leads_to_a_later_level_or_lies_in_a_cycle(edges: Edges) -> None:
    flow = graph(edges)
    level, cyclic = level_of(flow), inner(flow)
    for connection in flow.connections:
        if connection in cyclic:
            assert level[connection.source] == level[connection.target]
        else:
            assert level[connection.source] < level[connection.target]


@given(edges)
def test_a_connection_is_inner_when_its_source_can_be_reached_from_its_target(edges: Edges) -> None:
    expected = {
        Connection(f"r{source}", "y", f"r{target}", "x")
        for source, target in edges
        if source == target or source in reachable(edges, target)
    }
    assert inner(graph(edges)) == expected


@given(edges)
def test_every_routine_is_in_one_component_and_one_level(edges: Edges) -> None:
    flow = graph(edges)
    names = sorted(flow.nodes)
    assert sorted(name for part in components(flow) for name in part) == names
    assert sorted(name for level in levels(flow) for name in level) == names


def test_a_level_is_the_longest_way_to_it() -> None:
    assert levels(graph([(0, 1), (1, 2), (0, 2), (3, 2)], size=4)) == [["r0", "r3"], ["r1"], ["r2"]]


def test_a_long_chain_needs_no_recursion() -> None:
    assert len(levels(graph([(n, n + 1) for n in range(2999)], size=3000))) == 3000


def test_an_empty_flow_has_no_levels() -> None:
    assert levels(Flow()) == []


# --- routes ---


@given(edges)
def test_an_event_is_an_output_exactly_when_it_has_no_route(edges: Edges) -> None:
    flow = graph(edges)
    assert set(outputs(flow)) == {event for event, connections in routes(flow).items() if not connections}
    assert [c for found in routes(flow).values() for c in found] == sorted(
        flow.connections, key=lambda c: list(flow.nodes).index(c.source)
    )


# --- which worker ---


@given(st.lists(st.integers(0, 5), min_size=1))
def test_least_is_the_first_of_the_least_busy(outstanding: list[int]) -> None:
    chosen = least(outstanding)
    assert outstanding[chosen] == min(outstanding)
    assert min(outstanding) not in outstanding[:chosen]


plain = st.one_of(st.text(), st.binary(), st.integers(), st.characters(categories=["Cs"]))
keys = st.recursive(plain, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=5)


@given(keys, st.integers(1, 64))
def test_a_key_leads_to_one_of_the_workers_and_always_the_same(key: Any, n: int) -> None:
    assert by_key(key, n) == by_key(key, n)
    assert 0 <= by_key(key, n) < n


class Color(IntEnum):
    RED = 1


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, Color.RED), ((0, "a"), (False, "a"))])
def test_equal_keys_lead_to_the_same_worker(one: Any, other: Any) -> None:
    assert one == other
    assert by_key(one, 2**32) == by_key(other, 2**32)


@pytest.mark.parametrize(
    ("one", "other"), [(1, "1"), ("a", b"a"), (("a", "b"), ("ab",)), (("a",), "a"), ((1, 2), (12,))]
)
def test_different_keys_are_told_apart(one: Any, other: Any) -> None:
    assert by_key(one, 2**32) != by_key(other, 2**32)


@pytest.mark.parametrize(
    ("key", "canonical"),
    [("é", b"s2:\xc3\xa9"), (b"a", b"b1:a"), (-12, b"i3:-12"), (("a", 1), b"t8:s1:ai1:1")],
)
def test_the_worker_of_a_key_is_the_same_in_every_release(key: Any, canonical: bytes) -> None:
    assert by_key(key, 1000) == crc32(canonical) % 1000


@pytest.mark.parametrize("key", [None, 1.0, ["a"], ("a", None)])
def test_what_is_no_key_is_refused(key: Any) -> None:
    with pytest.raises(KeyRefusedError, match="a str, bytes, int or a tuple of them"):
        by_key(key, 2)


def test_a_key_is_found_by_field_name_or_callable() -> None:
    assert key_of("frame", {"frame": 3}) == 3
    assert key_of("real", 4) == 4
    assert key_of(len, "abc") == 3
    with pytest.raises(KeyRefusedError, match="key 'frame': a payload of type str has no such field"):
        key_of("frame", "abc")
