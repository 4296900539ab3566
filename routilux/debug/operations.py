"""Here is what a condition does with values: compare them, search them, reckon with them.

As the guards: no code of the payload's classes is run, and what would take long is a Fault.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from routilux.debug.guards import (
    DEEPEST,
    LARGEST,
    LONGEST,
    MOST,
    NOTHING,
    NUMBERS,
    SCALARS,
    SEQUENCES,
    SETS,
    SIZED,
    TEXTS,
    Fault,
    is_a,
    key,
    mro,
    plain,
    typename,
)

# ---- comparisons ------------------------------------------------------------------------------------------


def equal(a: Any, b: Any) -> bool:
    """Whether they are the same plain data; containers item by item, as far as MOST items. A list equals the
    tuple of the same items: what a condition writes as a list is one.
    """
    kind, other = type(a), type(b)
    if (id(kind) in NUMBERS and id(other) in NUMBERS) or (kind is other is str and len(a) <= LONGEST):
        return bool(a == b)
    return _equal(a, b, [MOST], 0)


def unequal(a: Any, b: Any) -> bool:
    return not equal(a, b)


def _equal(a: Any, b: Any, budget: list[int], depth: int) -> bool:  # noqa: PLR0911 - one for each kind
    a, b = plain(a), plain(b)
    budget[0] -= 1
    if budget[0] < 0 or depth > DEEPEST:
        raise Fault(f"more than {MOST} items, or {DEEPEST} levels, are not compared")
    one, other = type(a), type(b)
    if id(one) in NUMBERS:
        return id(other) in NUMBERS and bool(a == b)
    if id(one) in SEQUENCES and id(other) in SEQUENCES:
        return len(a) == len(b) and all(_equal(x, y, budget, depth + 1) for x, y in zip(a, b, strict=False))
    if id(one) in SETS and id(other) in SETS:
        return len(a) == len(b) and len(a) <= MOST and all(key(each) in b for each in a)
    if one is not other:
        if id(one) in SIZED or id(one) in SCALARS or id(other) in SCALARS:
            return False
        raise Fault(f"a {typename(a)} is not compared with a {typename(b)}")
    if id(one) in TEXTS:
        return len(a) == len(b) and bool(_short(a) == b)
    if a is None:
        return True
    if one is dict:
        return len(a) == len(b) and all(
            (found := b.get(key(name), NOTHING)) is not NOTHING and _equal(value, found, budget, depth + 1)
            for name, value in a.items()
        )
    raise Fault(f"two values of type {typename(a)} are not compared")


def _short(text: Any) -> Any:
    if len(text) > LONGEST:
        raise Fault(f"texts of more than {LONGEST:,} characters are not compared or searched")
    return text


def _ordering(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(a: Any, b: Any) -> bool:
        if id(type(a)) in NUMBERS and id(type(b)) in NUMBERS:
            return compare(a, b)
        return compare(*_comparable(a, b))

    return ordered


def _comparable(a: Any, b: Any) -> tuple[Any, Any]:
    a, b = plain(a), plain(b)
    if id(type(a)) in NUMBERS and id(type(b)) in NUMBERS:
        return a, b
    if type(a) is type(b) and id(type(a)) in TEXTS:
        return _short(a), _short(b)
    raise Fault(f"a {typename(a)} is neither less nor more than a {typename(b)}")


less = _ordering(operator.lt)
at_most = _ordering(operator.le)
more = _ordering(operator.gt)
at_least = _ordering(operator.ge)


def contains(value: Any, container: Any) -> bool:
    """Whether it is a key, an item, or a part of a text."""
    kind = type(container)
    if id(kind) in TEXTS:
        if type(value) is not kind:
            raise Fault(f"a {typename(value)} is not looked for in a {typename(container)}")
        return _short(value) in _short(container)
    if is_a(mro(kind), dict):
        return dict.__contains__(container, key(plain(value)))
    if id(kind) in SETS:
        return key(plain(value)) in container
    if id(kind) in SEQUENCES:
        if len(container) > MOST:
            raise Fault(f"more than {MOST} items are not searched")
        budget = [MOST]
        return any(_alike(each, value, budget) for each in container)
    raise Fault(f"nothing is looked for in a {typename(container)}")


def _alike(each: Any, value: Any, budget: list[int]) -> bool:
    """As `equal`, of an item that need not be plain."""
    if id(type(each)) not in SIZED | SCALARS and each is not plain(each):
        each = plain(each)
    if id(type(each)) in SCALARS or id(type(value)) in SCALARS:
        return id(type(each)) in SCALARS and id(type(value)) in SCALARS and _equal(each, value, budget, 0)
    return _equal(each, value, budget, 0)


def lacks(value: Any, container: Any) -> bool:
    return not contains(value, container)


def among(value: Any, constants: Any) -> bool:
    """As `contains`, of a list that is written in the condition."""
    value = plain(value)
    return id(type(value)) in SCALARS and value in constants


# ---- reckoning --------------------------------------------------------------------------------------------


def _reckoning(reckon: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def reckoned(a: Any, b: Any) -> Any:
        return reckon(number(a), number(b))

    return reckoned


def number(value: Any) -> Any:
    """A number to reckon with, not too large."""
    value = value if id(type(value)) in NUMBERS else plain(value)
    kind = type(value)
    if kind is float or kind is bool:
        return value
    if kind is not int:
        raise Fault(f"there is no reckoning with a {typename(value)}")
    if not -LARGEST < value < LARGEST:
        raise Fault("there is no reckoning with whole numbers of more than 256 bits")
    return value


add = _reckoning(operator.add)
subtract = _reckoning(operator.sub)
multiply = _reckoning(operator.mul)
divide = _reckoning(operator.truediv)
floor_divide = _reckoning(operator.floordiv)
modulo = _reckoning(operator.mod)


def negative(value: Any) -> Any:
    return -number(value)


def positive(value: Any) -> Any:
    return +number(value)


def absolute(value: Any) -> Any:
    return abs(number(value))


def least(*values: Any) -> Any:
    return min(_choices(values))


def greatest(*values: Any) -> Any:
    return max(_choices(values))


def _choices(values: tuple[Any, ...]) -> list[Any]:
    """Numbers, or texts: given one by one, or as one list."""
    found = values[0] if len(values) == 1 else values
    if id(type(found)) not in SEQUENCES or not found or len(found) > MOST:
        raise Fault(f"min and max take 1 to {MOST} values, or a list of them")
    chosen = [plain(each) for each in found]
    for each in chosen:
        _comparable(chosen[0], each)
    return chosen


# ---- texts ------------------------------------------------------------------------------------------------


def startswith(text: Any, start: Any) -> bool:
    _same_text(text, start)
    return bool(text.startswith(start))


def endswith(text: Any, end: Any) -> bool:
    _same_text(text, end)
    return bool(text.endswith(end))


def _same_text(text: Any, other: Any) -> None:
    if id(type(text)) not in TEXTS or type(other) is not type(text):
        raise Fault(f"a {typename(text)} does not start or end with a {typename(other)}")
    _short(other)


def lower(text: Any) -> str:
    if type(text) is not str:
        raise Fault(f"a {typename(text)} has no small letters")
    return str(_short(text).lower())


def same(a: object, b: object) -> bool:
    """Whether they are one and the same: None, True or False."""
    return a is b


def every(each: int) -> Callable[[], bool]:
    """True each time so many have come."""
    seen = 0

    def every() -> bool:
        nonlocal seen
        seen += 1
        return seen % each == 0

    return every
