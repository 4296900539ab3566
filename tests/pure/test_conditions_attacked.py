"""Nothing escapes from the language of conditions, whatever is written and whatever is asked."""

import ast
import collections
import contextlib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pure.orders import holds
from routilux.debug import conditions, guards
from routilux.debug.conditions import check, compile_condition
from routilux.errors import BreakpointError

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
