"""Facts about the language of conditions: what it can say, and that nothing escapes from it."""

import ast
import collections
import contextlib
import dataclasses
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from routilux.debug import conditions, guards
from routilux.debug.conditions import check, compile_condition
from routilux.debug.messages import compile_hits, compile_message
from routilux.errors import BreakpointError


@dataclasses.dataclass
class Order:
    size: int
    user: str = "ann"

    @property
    def costly(self) -> int:
        raise AssertionError("a property was run")


class Frame(msgspec.Struct):
    number: int


class Point(NamedTuple):
    x: int
    y: int


def holds(condition: str, data: Any) -> Any:
    return compile_condition(condition)(data, "job-1", "resize")


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


ATTACKS = [
    "__import__('os').system('true')",
    "().__class__.__base__.__subclasses__()",
    "data.__class__",
    "data.__init__.__globals__",
    "__builtins__",
    "data['x'].__dict__",
    "job.__class__.__mro__[1]",
    "job.format(data)",
    "'{0.__class__}'.format(data)",
    "f'{data.__class__}'",
    "job.encode()",
    "data.keys()",
    "data.get.__self__",
    "data.get",
    "data.get()",
    "data.get('a', 1, 2)",
    "len.__self__",
    "len",
    "len(data, key=1)",
    "len(*data)",
    "min(**data)",
    "max()",
    "getattr(data, 'x')",
    "eval('1')",
    "exec('1')",
    "open('/etc/passwd')",
    "globals()",
    "vars()",
    "type(data)",
    "print(1)",
    "sorted(data)",
    "sum(data)",
    "any(x for x in data)",
    "[x for x in data]",
    "{x for x in data}",
    "{x: x for x in data}",
    "(x for x in data)",
    "lambda: 1",
    "(lambda: 1)()",
    "(x := 1)",
    "9**9**9",
    "2**data",
    "1 << 10",
    "data >> 1",
    "data & 1",
    "data | 1",
    "data ^ 1",
    "~data",
    "data @ data",
    "data[0:1]",
    "data[:]",
    "data[..., 0]",
    "{'a': 1}",
    "[data]",
    "(data, 1)",
    "[*data]",
    "1j",
    "...",
    "data is job",
    "data is 1",
    "await data",
    "yield 1",
    "import os",
    "x = 1",
    "del data",
    "data; 1",
    "data\nos",
    "if data: 1",
    "every(0)",
    "every(-1)",
    "every(True)",
    "every(data)",
    "every(1.5)",
    "a" * 513,
    "+".join("1" * 120),
    "-" * 300 + "1",
    "not " * 127 + "1",
    "(" * 240 + "1" + ")" * 240,
    "a.b" + ".c" * 120,
    "'\\N{'",
    "\x00",
    "\ud800",
    "",
    "   ",
    "_add(1, 2)",
    "_1",
    "data._field_1",
    "unknown(data)",
    "1()",
    "data()()",
    "data['get']('x')",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_or_comes_to_nothing(attack: str) -> None:
    problem = check(attack)
    if problem is None:  # a field that is not there
        with pytest.raises(guards.Fault, match="has no field"):
            holds(attack, {"a": 1})
        return
    assert 0 <= problem.column <= max(len(attack), conditions.LONGEST)
    with pytest.raises(BreakpointError, match="column"):
        compile_condition(attack)


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


class _Meta(type):
    def __getattr__(cls, name: str) -> Any:
        raise AssertionError(f"the metaclass was asked for {name}")

    def __hash__(cls) -> int:
        raise AssertionError("the metaclass was hashed")

    def __eq__(cls, other: object) -> bool:
        raise AssertionError("the metaclass was compared")

    def __instancecheck__(cls, instance: object) -> bool:
        raise AssertionError("the metaclass was asked for its instances")


def _run(name: str) -> Any:
    def method(*_: Any) -> Any:
        raise AssertionError(f"{name} was run")

    return method


HOOKS = (
    *(
        "__eq__",
        "__ne__",
        "__lt__",
        "__le__",
        "__gt__",
        "__ge__",
        "__hash__",
        "__bool__",
        "__len__",
        "__iter__",
    ),
    *("__contains__", "__getitem__", "__getattr__", "__getattribute__", "__repr__", "__str__", "__format__"),
    *("__add__", "__radd__", "__mul__", "__rmul__", "__mod__", "__rmod__", "__neg__", "__abs__", "__index__"),
    *("__float__", "__int__", "__call__", "get", "keys"),
)
Hostile = _Meta("Hostile", (), {name: _run(name) for name in HOOKS})
LIES = {
    "__class__": property(_run("__class__")),
    "__dict__": property(_run("__dict__")),
    "__dataclass_fields__": {"size": None},
}
Liar = _Meta("Liar", (), {name: _run(name) for name in HOOKS} | LIES)


@pytest.mark.parametrize("kind", [Hostile, Liar])
@pytest.mark.parametrize(
    "condition",
    [
        *(
            "data == 1",
            "1 == data",
            "data == data",
            "data != None",
            "data < 1",
            "1 >= data",
            "data in (1, 2)",
        ),
        *(
            "data",
            "not data",
            "data or 1",
            "len(data)",
            "data.size",
            "size",
            "data[0]",
            "data['a']",
            "data.get('a')",
        ),
        *(
            "data + 1",
            "1 * data",
            "-data",
            "data % 2",
            "abs(data)",
            "min(data, 1)",
            "max(data)",
            "lower(data)",
        ),
        *("startswith(data, 'a')", "typename(data) == 'x'", "isnull(data)", "1 in data", "data in 'abc'"),
        "data is None",
    ],
)
def test_a_payload_that_is_hostile_is_asked_nothing(condition: str, kind: Any) -> None:
    payload = object.__new__(kind)
    test = compile_condition(condition)
    for data in (payload, [payload], (payload, payload), {"size": payload, "a": payload}):
        with contextlib.suppress(guards.Fault):
            test(data, "", "")


def test_a_key_that_is_hostile_is_asked_a_few_times_at_most() -> None:
    asked: list[object] = []

    class Key:
        def __hash__(self) -> int:
            return hash("a")

        def __eq__(self, other: object) -> bool:
            asked.append(other)
            return False

    assert not holds("data.get('a')", {Key(): 1})
    assert len(asked) < 10


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


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_TOKENS = st.sampled_from(
    [
        *(
            "data",
            "a",
            "job",
            "routine_id",
            "len",
            "min",
            "every",
            "typename",
            "__class__",
            "get",
            "_add",
            "lambda",
        ),
        *(
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ".",
            ",",
            ":",
            " ",
            "not ",
            " and ",
            " or ",
            " in ",
            " is ",
            " if ",
            " else ",
        ),
        *(
            "==",
            "!=",
            "<",
            ">=",
            "+",
            "-",
            "*",
            "**",
            "/",
            "//",
            "%",
            "<<",
            "|",
            "~",
            ":=",
            "=",
            "'",
            '"',
            "f'",
            "\\",
        ),
        *(
            "0",
            "1",
            "9999999999",
            "1.5",
            "None",
            "True",
            "'x'",
            "b'x'",
            "...",
            " for x in ",
            "await ",
            "\n",
            "\t",
        ),
    ]
)


@given(st.lists(_TOKENS, max_size=25).map("".join) | st.text(max_size=40), _VALUES)
@example("data" + "[0]" * 20, [[[0]]])
def test_whatever_is_written_is_refused_or_answered(text: str, data: Any) -> None:
    if check(text) is not None:
        return
    try:
        found = compile_condition(text)(data, "job-1", "resize")
    except (guards.Fault, ArithmeticError, ValueError):
        return
    assert found in (True, False)


@given(st.lists(_TOKENS, max_size=25).map("".join) | st.sampled_from(ATTACKS))
def test_what_is_compiled_calls_guards_alone(text: str) -> None:
    if check(text) is not None:
        return
    code = compile_condition(text).__code__
    assert all(name.startswith("_") and not name.startswith("__") for name in code.co_names)
    tree = ast.parse(text.strip(), mode="eval")
    assert not any(isinstance(node, ast.Lambda | ast.Pow | ast.ListComp) for node in ast.walk(tree))


@pytest.mark.parametrize(
    ("text", "hits"),
    [(">= 3", [3, 4, 5, 6]), ("== 5", [5]), ("% 2", [2, 4, 6]), ("<3", [1, 2]), ("> 4", [5, 6])],
)
def test_a_hit_condition_chooses_hits_by_their_number(text: str, hits: list[int]) -> None:
    test = compile_hits(text)
    assert [number for number in range(1, 7) if test(number)] == hits


@pytest.mark.parametrize("text", ["", "3", "% 0", ">= -1", ">= x", "=> 3", ">= 9999999999", None])
def test_what_is_no_hit_condition_is_refused(text: Any) -> None:
    with pytest.raises(BreakpointError, match=">= 3"):
        compile_hits(text)


def test_a_log_message_says_what_its_expressions_come_to() -> None:
    message = compile_message("{{{size + 1}}} of {user} at {routine_id}: {missing}, {data}")
    assert message(Order(2), "j", "r") == "{3} of ann at r: ?, <Order>"


@pytest.mark.parametrize("text", ["{", "}", "{a", "{}", "{a**2}", "{a!r:{b}}", "x" * 513])
def test_what_is_no_log_message_is_refused(text: str) -> None:
    with pytest.raises(BreakpointError):
        compile_message(text)


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 300), 1 << 300),
    st.floats(),
    st.text(max_size=3),
    st.just([]),
)


@given(
    st.dictionaries(st.sampled_from(["a", "b"]), PLAIN), st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
)
@example({"a": True}, "==")
@example({"a": 1 << 300}, ">")
def test_what_is_written_out_comes_to_what_the_guards_say(data: dict[str, Any], comparison: str) -> None:
    """A subclass of dict takes the long way, and `(1 if data else 1)` is no constant."""
    for condition in (
        f"a {comparison} 1",
        f"a {comparison} 0.5",
        f"'x' {comparison} a",
        f"a % 3 {comparison} 1",
    ):
        long = condition.replace("1", "(1 if data else 1)").replace("0.5", "(0.5 if data else 0.5)")
        assert outcome(condition, data) == outcome(long, collections.OrderedDict(data))


def outcome(condition: str, data: Any) -> object:
    """What the condition comes to; None if it cannot be answered."""
    try:
        return holds(condition, data)
    except Exception:  # as a rule takes it  # noqa: BLE001
        return None
