"""Here are shortcuts: what most payloads are asked, written out in the compiled condition without a call.

Each looks whether the value is just a dict, a number or a text of Python's own, where the operation itself
runs nobody's code and is short; anything else is left to the guard, which is called as before.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Final

from routilux.debug.guards import LARGEST

SCOPE: Final = {"_type": type, "_dict": dict, "_int": int, "_float": float, "_str": str}
"""What the shortcuts name."""

Keep = Callable[[ast.expr], tuple[ast.expr, ast.expr]]
"""An expression to be worked out once: where it is, and what it is called from there on."""
_EQUALITY: Final = (ast.Eq, ast.NotEq)
_ORDER: Final = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _is_just(value: ast.expr, kind: str) -> ast.expr:
    return ast.Compare(ast.Call(_name("_type"), [value], []), [ast.Is()], [_name(kind)])


def lookup(value: ast.expr, key: ast.expr, keep: Keep, guard: Callable[[ast.expr], ast.expr]) -> ast.expr:
    """What a dict has under a constant key, if it has it."""
    first, again = keep(value)
    has = ast.Compare(key, [ast.In()], [again])
    is_there = ast.BoolOp(ast.And(), [_is_just(first, "_dict"), has])
    return ast.IfExp(is_there, ast.Subscript(again, key, ast.Load()), guard(again))


def comparison(
    operator: ast.cmpop,
    values: tuple[ast.expr, ast.expr],
    keep: Keep,
    guard: Callable[[ast.expr, ast.expr], ast.expr],
) -> ast.expr | None:
    """A value and a constant: numbers, or texts that are the same or not. None if it is not that."""
    left, right = values
    side = 1 if isinstance(right, ast.Constant) else 0
    constant = values[side]
    if not isinstance(constant, ast.Constant) or isinstance(values[1 - side], ast.Constant):
        return None
    kind = type(constant.value)
    first, again = keep(values[1 - side])
    if kind in (int, float) and isinstance(operator, _EQUALITY + _ORDER):
        # of two checks the first is that for the constant's own kind
        kinds = ("_int", "_float") if kind is int else ("_float", "_int")
        fits: ast.expr = ast.BoolOp(ast.Or(), [_is_just(first, kinds[0]), _is_just(again, kinds[1])])
    elif kind is str and isinstance(operator, _EQUALITY):
        fits = _is_just(first, "_str")
    else:
        return None
    one, other = (again, right) if side else (left, again)
    return ast.IfExp(fits, ast.Compare(one, [operator], [other]), guard(one, other))


def reckoning(
    operator: ast.operator,
    values: tuple[ast.expr, ast.expr],
    keep: Keep,
    guard: Callable[[ast.expr, ast.expr], ast.expr],
) -> ast.expr | None:
    """A whole number and a constant one that is not 0. None if it is not that."""
    value, constant = values
    if not isinstance(constant, ast.Constant) or type(constant.value) is not int or not constant.value:
        return None
    if not -LARGEST < constant.value < LARGEST:
        return None
    first, again = keep(value)
    limits = ast.Compare(ast.Constant(-LARGEST), [ast.Lt(), ast.Lt()], [again, ast.Constant(LARGEST)])
    fits = ast.BoolOp(ast.And(), [_is_just(first, "_int"), limits])
    return ast.IfExp(fits, ast.BinOp(again, operator, constant), guard(again, constant))


def is_key(node: ast.expr) -> bool:
    """Whether it is a text that stands in the condition."""
    return isinstance(node, ast.Constant) and type(node.value) is str


def is_single(node: ast.expr) -> bool:
    """Whether it is the only one of its kind, None, True or False, so that it can be told by what it is."""
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


def is_plain(node: ast.expr) -> bool:
    """Whether to write it twice costs nothing."""
    return isinstance(node, ast.Name | ast.Constant)
