"""Here is how the outputs of a job are shown: tables for people, one JSON object for programs."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, BinaryIO, TextIO

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from routilux.cli.progress import seconds
from routilux.errors import JobFailed, RoutiluxError
from routilux.jobs import JobState, Output

MOST = 40
"""Rows of one table."""
WIDEST = 200
"""Characters of one cell."""
ENDLESS = 10_000
"""Columns of what is no terminal: nothing is cut there."""
GROUPED = 10_000
"""From here on an int is written with separators; below it may be a year or a port."""


def outputs(job: JobState) -> Iterator[Output]:
    """What an ended job has put out, be it by failing; each is handed out once."""
    try:
        yield from job.outputs()
    except RoutiluxError as error:
        if error is not job.error:
            raise


# --- for people ---


def show(found: Iterable[Output], file: TextIO | None = None) -> None:
    """Print each output; those of one event that have the same fields share a table."""
    file = file or sys.stdout
    console = Console(
        file=file, highlight=False, markup=False, emoji=False, width=None if file.isatty() else ENDLESS
    )
    for (routine, event), group in groupby(found, lambda output: (output.routine, output.event)):
        _show_event(console, f"{routine}.{event}", (output.payload for output in group))


def _show_event(console: Console, title: str, payloads: Iterator[Any]) -> None:
    few = list(islice(payloads, MOST))
    more = sum(1 for _ in payloads)
    if len(few) > 1 and are_records(few):
        _show_table(console, title, records(few))
    else:
        for payload in few:
            _show_payload(console, title, payload)
    _say_more(console, more, "outputs")


def _show_payload(console: Console, title: str, payload: Any) -> None:
    match payload:
        case dict() if payload:
            _show_table(console, title, pairs(payload))
            _say_more(console, len(payload) - MOST, "fields")
        case list() if are_records(payload):
            _show_table(console, title, records(payload))
            _say_more(console, len(payload) - MOST, "rows before the last")
        case _:
            console.print(f"{title}: {brief(payload)}", soft_wrap=True)


def _show_table(console: Console, title: str, table: Table) -> None:
    console.print(title, style="bold", soft_wrap=True)  # a table's own title is cut to its width
    console.print(table)


def _say_more(console: Console, number: int, noun: str) -> None:
    if number > 0:
        console.print(f"… and {number:,} more {noun}; --json gives all")


def are_records(payloads: Sequence[Any]) -> bool:
    """Whether all are dicts with the same keys."""
    first = payloads[0] if payloads else None
    return (
        isinstance(first, dict)
        and bool(first)
        and all(isinstance(p, dict) and p.keys() == first.keys() for p in payloads)
    )


def records(rows: Sequence[Mapping[Any, Any]]) -> Table:
    """A column per field, the first rows, and the last: it is often the total."""
    table = new_table()
    shown = [*rows[: MOST - 1], rows[-1]] if len(rows) > MOST else rows
    for field in rows[0]:
        is_number = all(isinstance(row[field], int | float) for row in shown)
        table.add_column(Text(cell(field)), justify="right" if is_number else "left", overflow="fold")
    for row in shown:
        table.add_row(*(Text(cell(row[field])) for field in rows[0]))
    return table


def pairs(payload: Mapping[Any, Any]) -> Table:
    """A row per field."""
    table = new_table()
    table.add_column("field", overflow="fold")
    table.add_column("value", overflow="fold")
    for field, value in islice(payload.items(), MOST):
        table.add_row(Text(cell(field)), Text(cell(value)))
    return table


def new_table() -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False)


def cell(value: object) -> str:
    """A value in a table: text as it is, without what would move the cursor."""
    if isinstance(value, str):
        return _cut(printable(value[: WIDEST + 1]))
    return brief(value)


def printable(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def brief(value: object) -> str:
    """A value in a line: bytes by their size, an array by its shape, anything else as Python writes it."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    match value:
        case bool():
            return str(value)
        case int():
            return f"{value:,}" if abs(value) >= GROUPED else str(value)
        case float():
            return f"{value:,.6g}" if abs(value) < 1e15 else str(value)
        case bytes() | bytearray():
            return f"{type(value).__name__} of {len(value):,} B"
        case _ if isinstance(shape, tuple) and shape and dtype is not None:
            return f"array {'×'.join(map(str, shape))} {dtype}"
        case _:
            return _cut(repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


# --- for programs ---


def write_json(job: JobState, file: BinaryIO) -> None:
    """One object on one line. Outputs are written one by one: there may be more than fit into memory."""
    head = {"job_id": job.job_id, "status": str(job.status), "seconds": round(seconds(job), 6)}
    file.write(msgspec.json.encode(head)[:-1] + b',"results":[')
    for number, output in enumerate(outputs(job)):
        file.write(b"," if number else b"")
        file.write(result(output))
    tail = {"counters": job.counters, "error": None if job.error is None else error_record(job.error)}
    file.write(b"]," + msgspec.json.encode(tail)[1:] + b"\n")
    file.flush()


def result(output: Output) -> bytes:
    """One output in JSON; what JSON has not is told as Python writes it."""
    head = {"routine": output.routine, "event": output.event}
    try:
        return _json.encode({**head, "payload": output.payload})
    except (
        TypeError,
        ValueError,
        RecursionError,
        msgspec.MsgspecError,
    ):  # keys that are tuples, lone surrogates, a circle
        return _json.encode({**head, "payload": repr(output.payload)})


def error_record(error: BaseException) -> dict[str, str]:
    """The error in JSON: its class, its one line, and the routine's traceback if it failed there."""
    found = {"type": type(error).__name__, "message": str(error.args[0]) if error.args else str(error)}
    if isinstance(error, JobFailed):
        found |= {"routine": error.routine, "cause": error.cause_type, "traceback": error.traceback}
    return found


_json = msgspec.json.Encoder(enc_hook=repr)
