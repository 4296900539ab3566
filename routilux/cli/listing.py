"""Here is how what a store holds is listed: tables for people, a JSON object on a line for programs."""

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from routilux.cli.results import ENDLESS, cell, new_table, printable


def moment(at: float | None) -> str:
    """Unix seconds as the local time; empty for none."""
    return "" if at is None else datetime.fromtimestamp(at).astimezone().isoformat(" ", "seconds")[:19]


def print_table(heads: Sequence[str], rows: Iterable[Sequence[object]], right: Collection[str] = ()) -> None:
    """A column per head; those in `right` are numbers."""
    made = new_table()
    for head in heads:
        made.add_column(head, justify="right" if head in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell(value)) for value in row))
    _console().print(made)


def print_fields(fields: Mapping[str, Any]) -> None:
    """A row per field; long values are not cut."""
    made = new_table()
    made.add_column("field")
    made.add_column("value", overflow="fold")
    for name, value in fields.items():
        made.add_row(Text(name), Text(printable(value) if isinstance(value, str) else cell(value)))
    _console().print(made)


def write_lines(records: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object on a line for each."""
    for record in records:
        sys.stdout.buffer.write(msgspec.json.encode(record) + b"\n")
    sys.stdout.buffer.flush()


def _console() -> Console:
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a text stream of ours
    width = None if sys.stdout.isatty() else ENDLESS
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, width=width)
