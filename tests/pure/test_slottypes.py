"""What a slot with a type takes, and what it says of a value that it does not take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, Protocol, TypedDict

import msgspec
import numpy as np
import pytest

from routilux import Flow, FlowError, PayloadError, Routine, Runtime
from routilux.slottypes import ITEMS, Demand, checker, demands, refuser


@dataclass
class Point:
    x: int
    y: float = 0.5
    tags: list[str] | None = None


class Tree(msgspec.Struct):
    size: int
    children: list[Tree] = []


class Row(TypedDict):
    name: str
    note: NotRequired[str]


class Pair(NamedTuple):
    left: int
    right: Any = None


@dataclass
class Vague:
    """One annotation names nothing that there is."""

    whatever: Nowhere  # type: ignore[name-defined]  # noqa: F821


class Silent(Protocol):
    def call(self) -> None: ...


class Bag:
    pass


UserId = NewType("UserId", int)


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        (int, 5),
        (int, True),
        (float, 1),
        (complex, 1.5),
        (None, None),
        (object, Bag()),
        (Any, Bag()),
        (Bag, Bag()),
        (UserId, 3),
        (Annotated[int, "metres"], 3),
        (int | None, None),
        (Literal["a", 1], "a"),
        (dict[str, int], {"a": 1}),
        (Mapping[str, Sequence[int]], {"a": (1,)}),
        (list[float], [1, 2.0]),
        (tuple[int, str], (1, "a")),
        (tuple[int, ...], ()),
        (set[int], {1}),
        (np.ndarray, np.zeros(2)),
        (np.ndarray[Any, np.dtype[np.float64]], np.zeros(2)),
        (Callable[[int], int], abs),
        (Point, Point(1, 2)),
        (Point, Point(1, tags=["a"])),
        (Tree, Tree(1, [Tree(2)])),
        (Row, {"name": "a"}),
        (Row, {"name": "a", "note": "b"}),
        (Pair, Pair(1, object())),
        (Vague, Vague(1)),
    ],
    ids=lambda each: str(each).partition(" object at ")[0],  # the same in each process of the tests
)
def test_what_fits_is_taken(wanted: Any, value: object) -> None:
    assert checker(wanted)(value) is None


@pytest.mark.parametrize(
    ("wanted", "value", "path", "needed", "got"),
    [
        (int, "a", "", "int", "str"),
        (int, 1.0, "", "int", "float"),
        (None, 0, "", "NoneType", "int"),
        (int | None, "a", "", "int | None", "str"),
        (Literal["a", 1], True, "", "typing.Literal['a', 1]", "bool"),
        (list[float], (1.0,), "", "list", "tuple"),
        (list[float], [1.0, "a"], "[1]", "float", "str"),
        (dict[str, int], {"a": None}, "['a']", "int", "NoneType"),
        (dict[str, int], {1: 1}, ".keys()[0]", "str", "int"),
        (tuple[int, str], (1,), "its length", "tuple of 2", "tuple of 1"),
        (list[int] | None, [None], "[0]", "int", "NoneType"),
        (np.ndarray, [1], "", "ndarray", "list"),
        (Point, Tree(1), "", "Point", "Tree"),
        (Point, Point("a"), ".x", "int", "str"),  # type: ignore[arg-type]
        (Point, Point(1, tags=["a", 1]), ".tags[1]", "str", "int"),  # type: ignore[list-item]
        (Tree, Tree(1, [Tree(None)]), ".children[0].size", "int", "NoneType"),  # type: ignore[arg-type]
        (Row, {}, "['name']", "a value", "nothing"),
        (Row, {"name": "a", "size": 1}, "['size']", "nothing", "a value"),
        (Row, {"name": 1}, "['name']", "str", "int"),
        (Pair, (1, 2), "", "Pair", "tuple"),
        (Pair, Pair("a"), ".left", "int", "str"),  # type: ignore[arg-type]
    ],
    ids=str,
)
def test_what_does_not_fit_is_described(wanted: Any, value: object, path: str, needed: str, got: str) -> None:
    assert checker(wanted)(value) == (path, needed, got)


def test_only_the_first_items_are_looked_at() -> None:
    assert checker(list[int])([*range(ITEMS - 1), "a"])
    assert checker(list[int])([*range(ITEMS), "a"]) is None


def test_a_value_that_holds_itself_is_for_the_codec_to_judge() -> None:
    tree = Tree(1)
    tree.children.append(tree)
    assert refuser(Demand("r", "s", Tree))(tree) is None


def test_the_refusal_names_slot_routine_and_both_types() -> None:
    assert refuser(Demand("count", "word", str))(5) == "slot 'word' of routine 'count' takes str"
    assert refuser(Demand("count", "at", Point))(Point(None)) == (  # type: ignore[arg-type]
        "slot 'at' of routine 'count' takes Point, but at .x this one has NoneType instead of int"
    )


@pytest.mark.parametrize("wanted", [5, "int", Silent, list["Point"], dict[str, Silent]])
def test_what_is_no_type_to_check_against_is_refused_before_anything_starts(wanted: Any) -> None:
    flow = Flow("odd").pipe(taking(wanted), "odd")
    (fault,) = flow.validate()
    assert fault.where == "odd"
    assert "its slot 'value' has a type that values cannot be checked against" in fault.message
    with Runtime(engine="inline") as runtime, pytest.raises(FlowError):
        runtime.exec(flow, value=1)


def taking(wanted: Any) -> Routine:
    made = Routine()
    made.add_slot("value", type=wanted)
    made.add_event("out")
    return made.set_logic(lambda self, value: self.emit("out", value))


def test_only_connections_to_slots_with_a_type_demand_something() -> None:
    flow = Flow().pipe(taking(None), "first").pipe(taking(None), "second").pipe(taking(int), "third")
    assert demands(flow) == {1: Demand("third", "value", int)}


def test_a_submission_is_checked_where_it_is_made() -> None:
    flow = Flow().pipe(taking(int), "first").pipe(taking(str), "second")
    with Runtime(engine="inline") as runtime:
        with pytest.raises(
            PayloadError, match=r"cannot send a str to routine 'first': slot 'value' .* takes int"
        ):
            runtime.exec(flow, value="a")
        with pytest.raises(PayloadError, match="routine 'second'"):
            runtime.post(flow, "second", "value", 5)
        assert runtime.jobs() == []
        with pytest.raises(PayloadError, match="cannot send a str"):
            list(runtime.stream(flow, ["a"]))
