"""Here is the language of conditions: expressions in Python's syntax about one message, and nothing else.

A condition is checked against an allow-list, rewritten so that each of its operations is a guard, and
compiled once. What it can do is what guards.py and operations.py can do.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from routilux.configuration import nearest
from routilux.debug import guards, operations, shortcuts
from routilux.errors import BreakpointError

LONGEST: Final = 512
"""Characters of a condition."""
NODES: Final = 100
"""Of its syntax tree: names, constants, operations."""
NAMES: Final = ("data", "job", "routine_id")
"""What a condition can name beside the fields of the payload."""

_FUNCTIONS: Final[Mapping[str, tuple[Callable[..., Any], int, int | None]]] = {
    "abs": (operations.absolute, 1, 1),
    "endswith": (operations.endswith, 2, 2),
    "every": (guards.truth, 1, 1),  # each use has a counter of its own, see _Rewriter
    "isnull": (guards.isnull, 1, 1),
    "len": (guards.length, 1, 1),
    "lower": (operations.lower, 1, 1),
    "max": (operations.greatest, 1, None),
    "min": (operations.least, 1, None),
    "startswith": (operations.startswith, 2, 2),
    "typename": (guards.typename, 1, 1),
}
"""What can be called: by which guard, with how many values at least and at most."""

_COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[..., bool]]] = {
    ast.Eq: operations.equal,
    ast.NotEq: operations.unequal,
    ast.Lt: operations.less,
    ast.LtE: operations.at_most,
    ast.Gt: operations.more,
    ast.GtE: operations.at_least,
    ast.In: operations.contains,
    ast.NotIn: operations.lacks,
}
_OPERATIONS: Final[Mapping[type[ast.operator], Callable[..., Any]]] = {
    ast.Add: operations.add,
    ast.Sub: operations.subtract,
    ast.Mult: operations.multiply,
    ast.Div: operations.divide,
    ast.FloorDiv: operations.floor_divide,
    ast.Mod: operations.modulo,
}
_CONSTANTS: Final = (bool, int, float, str, bytes, type(None))
_REFUSED: Final[Mapping[type[ast.AST], str]] = {
    ast.Lambda: "a lambda",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.NamedExpr: "an assignment",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
    ast.JoinedStr: "an f-string",
    ast.Starred: "a star",
    ast.Slice: "a slice: index one item",
    ast.Dict: "a dict",
    ast.Pow: "a power",
    ast.LShift: "a shift",
    ast.RShift: "a shift",
    ast.MatMult: "a matrix product",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a condition, from which column on, counted from 0, for how many characters."""

    message: str
    column: int = 0
    length: int = 1

    def __str__(self) -> str:
        return f"{self.message} (column {self.column + 1})"


class _Wrong(Exception):
    def __init__(self, message: str, node: ast.AST | None = None) -> None:
        super().__init__(message)
        self.node = node


Test = Callable[[Any, str, str], Any]
"""The value of an expression for a payload, the job's id and the routine's name. Raises whatever."""


def check(text: str) -> Problem | None:
    """What is wrong with a condition; None if nothing is."""
    found = _compiled(text)
    return found if isinstance(found, Problem) else None


def compile_condition(text: str) -> Test:
    """What tells whether a condition holds: True or False, or an exception. Raises BreakpointError for one
    that is no condition.
    """
    return _made(text, is_condition=True)


def compile_value(text: str) -> Test:
    """What an expression of the same language comes to. Raises BreakpointError."""
    return _made(text, is_condition=False)


def _made(text: str, *, is_condition: bool) -> Test:
    found = _compiled(text, is_condition=is_condition)
    if isinstance(found, Problem):
        raise BreakpointError(f"condition {str(text)[:LONGEST]!r}: {found}")
    return found


def _compiled(text: object, *, is_condition: bool = True) -> Test | Problem:
    if not isinstance(text, str) or not text.strip():
        return Problem('a condition is an expression, such as `data["size"] > 10`')
    if len(text) > LONGEST:
        return Problem(f"a condition has at most {LONGEST} characters, not {len(text)}", LONGEST)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        column = max(0, (error.offset or 1) - 1) + _indent(text)
        return Problem(f"this is no expression: {error.msg}", min(column, len(text) - 1))
    except (ValueError, MemoryError, RecursionError) as error:
        return Problem(f"this is no expression: {str(error) or 'it is nested too deep'}")
    return _rewritten(text, tree.body, is_condition=is_condition)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _rewritten(text: str, expression: ast.expr, *, is_condition: bool) -> Test | Problem:
    try:
        nodes = sum(1 for node in ast.walk(expression) if isinstance(node, ast.expr))
        if nodes > NODES:
            return Problem(f"a condition has at most {NODES} parts, not {nodes}")
        rewriter = _Rewriter()
        body = (rewriter.test if is_condition else rewriter.value)(expression)
        return _assembled(body, rewriter.scope)
    except _Wrong as wrong:
        return _located(text, wrong)
    except RecursionError:
        return Problem("a condition is not nested so deep")


def _located(text: str, wrong: _Wrong) -> Problem:
    """Where it is: columns of the syntax tree count bytes, ours characters."""
    node, indent = wrong.node, _indent(text)
    if node is None or not isinstance(node, ast.expr) or node.lineno != 1:
        return Problem(str(wrong), indent)
    line = text.strip().split("\n", 1)[0].encode()
    column = len(line[: node.col_offset].decode(errors="replace"))
    end = node.end_col_offset if node.end_lineno == 1 else len(line)
    stop = len(line[:end].decode(errors="replace"))
    return Problem(str(wrong), column + indent, max(1, stop - column))


def _assembled(body: ast.expr, scope: dict[str, Any]) -> Test:
    arguments = ast.arguments([], [ast.arg(name) for name in NAMES], None, [], [], None, [])
    tree = ast.Expression(ast.Lambda(arguments, body))
    code = compile(ast.fix_missing_locations(tree), "<condition>", "eval")
    test: Test = eval(code, {"__builtins__": {}, **scope})  # noqa: S307 - made of guards alone, see _Rewriter
    return test


class _Rewriter:
    """Makes of an expression one that calls guards; raises _Wrong for what is not in the allow-list.

    Only names with a leading underscore occur in the result, beside NAMES; none that a user writes does.
    """

    def __init__(self) -> None:
        self.scope: dict[str, Any] = dict(shortcuts.SCOPE)
        self._temporaries = 0

    def value(self, node: ast.expr) -> ast.expr:  # noqa: C901, PLR0911, PLR0912 - a case each
        """What the expression comes to."""
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name():
                return self._name(node)
            case ast.Attribute():
                self._check_field(node.attr, node)
                return self._looked_up(guards.field, self.value(node.value), ast.Constant(node.attr))
            case ast.Subscript():
                if isinstance(node.slice, ast.Slice):
                    raise self._refused(node.slice)
                if shortcuts.is_key(node.slice):
                    return self._looked_up(guards.item, self.value(node.value), node.slice)
                return self._call(guards.item, self.value(node.value), self.value(node.slice))
            case ast.Call():
                return self._called(node)
            case ast.UnaryOp():
                return self._unary(node)
            case ast.BinOp():
                return self._binary(node)
            case ast.BoolOp():
                return self._either(node)
            case ast.Compare():
                return self._compare(node)
            case ast.IfExp():
                return ast.IfExp(self.test(node.test), self.value(node.body), self.value(node.orelse))
            case ast.Tuple() | ast.List() | ast.Set():
                return self._literal(node)
        raise self._refused(node)

    def test(self, node: ast.expr) -> ast.expr:
        """Whether it is true; no `__bool__` of a payload is asked."""
        match node:
            case ast.BoolOp():
                return ast.BoolOp(node.op, [self.test(each) for each in node.values])
            case ast.UnaryOp(op=ast.Not()):
                return ast.UnaryOp(ast.Not(), self.test(node.operand))
            case ast.Compare():
                return self._compare(node)
        return self._call(guards.truth, self.value(node))

    def _guard(self, function: Callable[..., Any]) -> ast.Name:
        name = f"_{function.__name__}_{id(function)}"
        self.scope[name] = function
        return ast.Name(name, ast.Load())

    def _call(self, function: Callable[..., Any], *values: ast.expr) -> ast.Call:
        return ast.Call(self._guard(function), list(values), [])

    def _refused(self, node: ast.AST) -> _Wrong:
        what = _REFUSED.get(type(node), f"{type(node).__name__} (an element of Python)")
        return _Wrong(f"a condition cannot have {what}", node)

    def _constant(self, node: ast.Constant) -> ast.expr:
        if type(node.value) not in _CONSTANTS:
            raise _Wrong(f"a condition cannot have the constant {node.value!r}", node)
        return node

    def _name(self, node: ast.Name) -> ast.expr:
        if node.id in NAMES:
            return node
        if node.id in _FUNCTIONS:
            raise _Wrong(f"{node.id} is a function: call it, as {node.id}(...)", node)
        self._check_field(node.id, node)
        return self._looked_up(guards.field, ast.Name("data", ast.Load()), ast.Constant(node.id))

    def _looked_up(self, guard: Callable[..., Any], value: ast.expr, key: ast.expr) -> ast.expr:
        return shortcuts.lookup(value, key, self._once, lambda again: self._call(guard, again, key))

    def _check_field(self, name: str, node: ast.AST) -> None:
        if name.startswith("__"):
            raise _Wrong(f"a condition cannot look at {name!r}", node)

    def _called(self, node: ast.Call) -> ast.expr:
        if node.keywords:
            raise _Wrong("functions of a condition take no keywords", node)
        for each in node.args:
            if isinstance(each, ast.Starred):
                raise self._refused(each)
        values = [self.value(each) for each in node.args]
        if isinstance(node.func, ast.Attribute):
            return self._got(node, node.func, values)
        if not isinstance(node.func, ast.Name) or node.func.id not in _FUNCTIONS:
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            raise _Wrong(
                f"a condition can call only {', '.join(_FUNCTIONS)}: {nearest(name, _FUNCTIONS)}", node
            )
        name = node.func.id
        function, fewest, most = _FUNCTIONS[name]
        if len(values) < fewest or (most is not None and len(values) > most):
            wanted = str(fewest) if fewest == most else f"{fewest} or more"
            raise _Wrong(f"{name}() takes {wanted} values, not {len(values)}", node)
        if name == "every":
            function = self._counter(node)
            values = []
        return self._call(function, *values)

    def _got(self, node: ast.Call, function: ast.Attribute, values: list[ast.expr]) -> ast.expr:
        if function.attr != "get":
            raise _Wrong(f"a condition can call no method but get(), not {function.attr}()", node)
        if not 1 <= len(values) <= 2:
            raise _Wrong(f"get() takes a key and perhaps a default, not {len(values)} values", node)
        return self._call(guards.get, self.value(function.value), *values)

    def _counter(self, node: ast.Call) -> Callable[[], bool]:
        match node.args:
            case [ast.Constant(value=int() as each)] if not isinstance(each, bool) and 0 < each < 1 << 32:
                return operations.every(each)
        raise _Wrong("every() takes a whole number above 0, as in every(100)", node)

    def _unary(self, node: ast.UnaryOp) -> ast.expr:
        match node.op:
            case ast.Not():
                return self.test(node)
            case ast.USub():
                return self._call(operations.negative, self.value(node.operand))
            case ast.UAdd():
                return self._call(operations.positive, self.value(node.operand))
        raise _Wrong("a condition cannot have ~", node)

    def _binary(self, node: ast.BinOp) -> ast.expr:
        guard = _OPERATIONS.get(type(node.op))
        if guard is None:
            what = _REFUSED.get(type(node.op), "an operation on bits")
            raise _Wrong(f"a condition cannot have {what}", node)
        values = self.value(node.left), self.value(node.right)
        short = shortcuts.reckoning(node.op, values, self._once, lambda a, b: self._call(guard, a, b))
        return short or self._call(guard, *values)

    def _either(self, node: ast.BoolOp) -> ast.expr:
        """`a or b` comes to a or b: each is worked out once, and only when it is needed."""
        *firsts, last = node.values
        found = self.value(last)
        for each in reversed(firsts):
            kept, name = self._kept(self.value(each))
            is_true = self._call(guards.truth, kept)
            again = ast.Name(name, ast.Load())
            found = (
                ast.IfExp(is_true, again, found)
                if isinstance(node.op, ast.Or)
                else ast.IfExp(is_true, found, again)
            )
        return found

    def _once(self, value: ast.expr) -> tuple[ast.expr, ast.expr]:
        if isinstance(value, ast.NamedExpr):
            return value, ast.Name(value.target.id, ast.Load())
        if shortcuts.is_plain(value):
            return value, value
        kept, name = self._kept(value)
        return kept, ast.Name(name, ast.Load())

    def _kept(self, value: ast.expr) -> tuple[ast.expr, str]:
        self._temporaries += 1
        name = f"_{self._temporaries}"
        return ast.NamedExpr(ast.Name(name, ast.Store()), value), name

    def _compare(self, node: ast.Compare) -> ast.expr:
        parts: list[ast.expr] = []
        left: ast.expr = self.value(node.left)
        for place, (operator, right) in enumerate(zip(node.ops, node.comparators, strict=True)):
            before = node.left if place == 0 else node.comparators[place - 1]
            value, again = self.value(right), ""
            if place + 1 < len(node.ops):
                value, again = self._kept(value)
            parts.append(self._compared(node, operator, (left, value), (before, right)))
            left = ast.Name(again, ast.Load())
        return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), parts)

    def _compared(
        self,
        node: ast.Compare,
        operator: ast.cmpop,
        values: tuple[ast.expr, ast.expr],
        written: tuple[ast.expr, ast.expr],
    ) -> ast.expr:
        is_literal = isinstance(written[1], ast.Tuple | ast.List | ast.Set)
        if is_literal and isinstance(operator, ast.In | ast.NotIn):
            found = self._call(operations.among, *values)
            return found if isinstance(operator, ast.In) else ast.UnaryOp(ast.Not(), found)
        if not isinstance(operator, ast.Is | ast.IsNot):
            guard = _COMPARISONS[type(operator)]
            short = shortcuts.comparison(operator, values, self._once, lambda a, b: self._call(guard, a, b))
            return short or self._call(guard, *values)
        if any(map(shortcuts.is_single, written)):
            compared = self._call(operations.same, *values)
            return compared if isinstance(operator, ast.Is) else ast.UnaryOp(ast.Not(), compared)
        raise _Wrong("`is` compares with None, True or False alone: use ==", node)

    def _literal(self, node: ast.Tuple | ast.List | ast.Set) -> ast.expr:
        """Constants only, made once."""
        return ast.Constant(self._item(node))  # type: ignore[arg-type] # a tuple is one, once compiled

    def _item(self, node: ast.expr) -> object:
        match node:
            case ast.Constant():
                self._constant(node)
                return node.value
            case ast.Tuple() | ast.List():
                return tuple(self._item(each) for each in node.elts)
            case ast.Set():
                return frozenset(self._item(each) for each in node.elts)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as size)):
                return -size
        raise _Wrong("a list in a condition is one of constants", node)
