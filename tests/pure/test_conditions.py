"""Facts about the language of conditions: what it can say."""

import collections
from typing import Any

import numpy as np
import pytest

from pure.orders import Frame, Order, Point, holds
from routilux.debug import guards
from routilux.debug.conditions import check, compile_condition


@pytest.mark.parametrize(
    ("condition", "data"),
    [
        ('data["size"] > 10', {"size": 11}),
        ("size > 10 and user == 'ann'", Order(11)),
        ("number == 3", Frame(3)),
        ("x < y <= 2", Point(1, 2)),
        ("data[0] == 1 and data[-1] == 3", [1, 2, 3]),
        ("job == 'job-1' and routine_id == 'resize'", None),
        ("data is None", None),
        ("flag is not False", {"flag": True}),
        ("user in ('ann', 'bob')", {"user": "ann"}),
        ("'a' in data and 'b' not in data", {"a": 1}),
        ("2 in data", [1, 2]),
        ("'nn' in data", "ann"),
        ("data.get('no', 5) == 5", {}),
        ("(data.get('no') or 7) == 7", {}),
        ("(size if size else 1) == 1", {"size": 0}),
        ("size * 2 + 1 - 3 / 3 == 20 // 1 and -size % 7 == 4", {"size": 10}),
        ("len(data) == 2 and min(data) == 1 and max(1, 2, 3) == 3", [1, 2]),
        ("isnull(a) and isnull(b) and not isnull(c)", {"a": None, "b": float("nan"), "c": 0}),
        ("typename(data) == 'Order'", Order(1)),
        ("startswith(user, 'a') and endswith(user, 'n') and lower('ANN') == user", Order(1)),
        ("abs(size) == 3", {"size": -3}),
        ("dtype == 'float32' and shape[0] == 2 and ndim == 2 and size == 6", np.zeros((2, 3), "f4")),
        ("score > 0.5", {"score": np.float32(0.75)}),
        (
            "tags == {1, 2} and items == [1, [2]] and pair == (1, 2)",
            {"tags": {1, 2}, "items": [1, [2]], "pair": [1, 2]},
        ),
        ("a.b.c == 1", {"a": {"b": {"c": 1}}}),
        ("n == 3", collections.Counter(n=3)),
    ],
)
def test_a_condition_says_of_a_message_whether_it_holds(condition: str, data: Any) -> None:
    assert holds(condition, data) is True


def test_every_holds_each_time_so_many_have_come() -> None:
    test = compile_condition("every(3)")
    assert [test(None, "", "") for _ in range(6)] == [False, False, True, False, False, True]


@pytest.mark.parametrize(
    ("condition", "data"),
    [
        ("data * data * data * data == 0", 1 << 200),
        ("data + 1 == 0", 1 << 300),
        ("data * 3 == ''", "x" * 10),
        ("'a' * 1000000000 == ''", None),
        ("data % 3 == ''", "%1000000000d"),
        ("data + data == ''", "x"),
        ("a == a", {"a": object()}),
        ("5 in data", list(range(1001))),
        ("data == data", [0] * 1001),
        ("data == data", "x" * ((1 << 16) + 1)),
        ("data < 'x'", "x" * ((1 << 16) + 1)),
        ("'x' in data", "y" * ((1 << 16) + 1)),
        ("lower(data) == ''", "y" * ((1 << 16) + 1)),
        ("max(data) == 1", [1] * 1001),
        ("data < data", [1]),
        ("data['x'] == 1", [1]),
        ("data[5] == 1", [1]),
        ("data[data] == 1", {}),
        ("len(data) == 1", 5),
        ("data and 1", np.zeros(3)),
        ("data == data", np.zeros(3)),
        ("costly == 1", Order(1)),
        ("data.base is None", np.zeros(3)),
        ("data.real == 1", 1),
    ],
)
def test_what_is_too_much_or_makes_no_sense_is_a_fault(condition: str, data: Any) -> None:
    with pytest.raises(guards.Fault):
        holds(condition, data)


@pytest.mark.parametrize(
    ("condition", "column"),
    [("size > 1 and foo(1)", 13), ("é == 1 and ~b", 11), ("  a ** 2", 2), ("a b", 2), ("(a", 0)],
)
def test_a_problem_says_where_it_is(condition: str, column: int) -> None:
    problem = check(condition)
    assert problem is not None
    assert problem.column == column


def test_an_unknown_function_is_told_the_nearest() -> None:
    assert "did you mean 'len'?" in str(check("lenn(data)"))
