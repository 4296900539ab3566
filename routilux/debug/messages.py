"""Here are the smaller languages of breakpoints: hit conditions, and log messages with expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from routilux.debug import guards
from routilux.debug.conditions import LONGEST, Test, compile_value
from routilux.errors import BreakpointError

_HIT: Final = re.compile(r"\s*(==|>=|<=|>|<|%)\s*([0-9]{1,9})\s*")
_HOLE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def compile_hits(text: object) -> Callable[[int], bool]:
    """Whether a hit counts, by its number, from 1: `">= 3"`, `"% 10"`, `"== 5"`. Raises BreakpointError."""
    found = _HIT.fullmatch(text) if isinstance(text, str) else None
    if found is None or (found[1] == "%" and int(found[2]) == 0):
        raise BreakpointError(
            f'hit_condition {str(text)[:LONGEST]!r}: give a comparison with a whole number, such as ">= 3", '
            '"== 5" or "% 10"'
        )
    limit = int(found[2])
    tests: dict[str, Callable[[int], bool]] = {
        "==": lambda number: number == limit,
        ">=": lambda number: number >= limit,
        "<=": lambda number: number <= limit,
        ">": lambda number: number > limit,
        "<": lambda number: number < limit,
        "%": lambda number: number % limit == 0,
    }
    return tests[found[1]]


def compile_message(text: object) -> Callable[[Any, str, str], str]:
    """A log message with expressions in braces, `"{len(data)} of {job}"`; what cannot be answered shows as
    `?`. Raises BreakpointError.
    """
    if not isinstance(text, str) or len(text) > LONGEST:
        raise BreakpointError(f"a log message is a text of at most {LONGEST} characters")
    parts = list(_parts(text))

    def message(data: Any, job: str, routine_id: str) -> str:
        said = (part if isinstance(part, str) else _said(part, data, job, routine_id) for part in parts)
        return "".join(said)

    return message


def _parts(text: str) -> Iterator[str | Test]:
    at = 0
    for hole in _HOLE.finditer(text):
        yield text[at : hole.start()]
        at = hole.end()
        if hole[0] in ("{{", "}}"):
            yield hole[0][0]
        elif hole[1] is not None:
            yield compile_value(hole[1])
        else:
            raise BreakpointError(f"log message {text!r}: a single {hole[0]} (column {hole.start() + 1})")
    yield text[at:]


def _said(test: Test, data: Any, job: str, routine_id: str) -> str:
    try:
        found = test(data, job, routine_id)
    except Exception:  # a payload may be anything  # noqa: BLE001
        return "?"
    return str(found)[: guards.MOST] if type(found) is str else shown(found)


def shown(value: Any, depth: int = 0) -> str:
    """A short line about a value; no code of its class is run."""
    value = guards.plain(value)
    kind = type(value)
    if id(kind) in guards.TEXTS:
        return repr(value[:80]) + ("…" if len(value) > 80 else "")
    if kind is int and not -guards.LARGEST < value < guards.LARGEST:
        return "a whole number of more than 256 bits"
    if id(kind) in guards.SCALARS:
        return repr(value)
    if id(kind) in guards.SEQUENCES or kind is dict:
        return _items_shown(value, depth)
    return f"<{guards.typename(value)}>"


def _items_shown(value: Any, depth: int) -> str:
    opening, closing = (
        ("{", "}") if type(value) is dict else ("[", "]") if type(value) is list else ("(", ")")
    )
    if depth > 2:
        return f"{opening}…{closing}"
    said: list[str] = []
    pairs = value.items() if type(value) is dict else ((None, each) for each in value)
    for key, each in pairs:
        if len(said) == 8:
            said.append("…")
            break
        name = f"{shown(key, depth + 1)}: " if type(value) is dict else ""
        said.append(name + shown(each, depth + 1))
    return f"{opening}{', '.join(said)}{closing}"
