"""Here is how the pairs of the command line are read: SLOT=VALUE and ROUTINE=N."""

from collections.abc import Iterable
from typing import Any

import msgspec
import typer


def payloads(pairs: Iterable[str]) -> dict[str, Any]:
    """A payload per slot."""
    return {slot: value(text) for slot, text in _pairs(pairs, "SLOT=VALUE").items()}


def value(text: str) -> Any:
    """What the text says as JSON; if it is none, the text."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):  # an argument that is no UTF-8 has lone surrogates
        return text


def workers(pairs: Iterable[str]) -> dict[str, int]:
    """A number of processes per routine."""
    return {routine: _number(routine, text) for routine, text in _pairs(pairs, "ROUTINE=N").items()}


def _number(routine: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise typer.BadParameter(f"{routine}={text}: give a whole number of processes, 1 or more")
    return int(text)


def _pairs(pairs: Iterable[str], form: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"{pair!r} is not of the form {form}")
        if name in found:
            raise typer.BadParameter(f"{name!r} is given twice")
        found[name] = text
    return found
