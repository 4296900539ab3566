"""Here are the commands of `routilux jobs`."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from routilux.cli import presence
from routilux.cli.answers import answering, existing
from routilux.cli.listing import moment, print_fields, print_table, write_lines
from routilux.cli.results import MOST
from routilux.ipc.codec import split
from routilux.ipc.preview import preview
from routilux.jobrecord import JobRecord
from routilux.jobstore import JobStore

app = typer.Typer(
    help="Look at jobs that a runtime has recorded, also after it has ended.", no_args_is_help=True
)

Store = Annotated[
    Path,
    typer.Option("--store", metavar="FILE", help="The file of Runtime(job_store=FILE).", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output, for programs.")]


@app.command("list")
def list_jobs(
    context: typer.Context,
    *,
    store: Annotated[
        Path | None,
        typer.Option(
            "--store",
            metavar="FILE",
            help="The file of Runtime(job_store=FILE); without it, the runtimes are asked that run now.",
            show_default=False,
        ),
    ] = None,
    status: Annotated[
        Literal["pending", "running", "paused", "completed", "failed", "cancelled", "lost"] | None,
        typer.Option(help="Only jobs of this status; lost: their runtime was killed."),
    ] = None,
    flow: Annotated[str | None, typer.Option(metavar="NAME", help="Only jobs of this flow.")] = None,
    job: Annotated[str | None, typer.Option(metavar="ID", help="Only jobs of this id.")] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Only jobs that began from then on, local time.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(help="Only jobs that began before, local time.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first."""

    def run() -> None:
        if store is None:
            wanted = presence.Wanted(job, status, flow, since, until)
            presence.list_jobs(wanted, limit, as_json=as_json)
            return
        found = JobStore(existing(store)).jobs(
            job_id=job,
            status=status,
            flow=flow,
            since=None if since is None else since.timestamp(),
            until=None if until is None else until.timestamp(),
            limit=limit + 1,
        )
        if as_json:
            write_lines(asdict(record) for record in found[:limit])
        else:
            heads = ("number", "job", "flow", "status", "began", "seconds", "bytes", "error")
            print_table(heads, map(_row, found[:limit]), right=("number", "seconds", "bytes"))
            if len(found) > limit:
                print(f"… and more than these {limit:,}; --limit lists more")

    answering(run, context.obj)


def _row(record: JobRecord) -> tuple[object, ...]:
    return (
        record.number,
        record.job_id,
        record.flow,
        record.status,
        moment(record.began_at),
        _seconds(record),
        record.nbytes,
        "" if record.error is None else record.error.message,
    )


def _seconds(record: JobRecord) -> str:
    if record.started_at is None or record.finished_at is None:
        return ""
    return f"{max(0.0, record.finished_at - record.started_at):.3f}"


@app.command("show")
def show_job(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="The id of a job (its last run), or its number in `list`.")],
    *,
    store: Store,
    as_json: AsJson = False,
) -> None:
    """Show one job: its end, its errors, its counters, its outputs. No payload is decoded."""

    def run() -> None:
        opened = JobStore(existing(store))
        record = _find(opened, job)
        if as_json:
            _write_json(opened, record)
        else:
            _print(opened, record)

    answering(run, context.obj)


def _find(store: JobStore, name: str) -> JobRecord:
    """An id goes before a number."""
    is_number = name.isascii() and name.isdigit() and not store.jobs(job_id=name, limit=1)
    return store.job(int(name) if is_number else name)


def _outputs(store: JobStore, record: JobRecord) -> Iterator[dict[str, Any]]:
    for source, data in store.batches(record):
        for index, part in enumerate([data] if source.is_large else split(data)):
            yield {
                "routine": source.routine,
                "event": source.event,
                "message_id": f"{record.job_id}/{source.place}:{index}",
                "nbytes": len(part),
                "preview": preview(part, is_large=source.is_large),
            }


def _write_json(store: JobStore, record: JobRecord) -> None:
    """One object on one line. Outputs are written one by one: there may be more than fit into memory."""
    file = sys.stdout.buffer
    head = asdict(record) | {"errors": store.errors(record)}
    file.write(msgspec.json.encode(head)[:-1] + b',"outputs":[')
    for number, output in enumerate(_outputs(store, record)):
        file.write((b"," if number else b"") + msgspec.json.encode(output))
    file.write(b"]}\n")
    file.flush()


def _print(store: JobStore, record: JobRecord) -> None:
    times = {name: moment(getattr(record, name)) for name in ("began_at", "started_at", "finished_at")}
    fields = asdict(record) | times
    del fields["counters"], fields["error"]
    print_fields(fields)
    if record.counters:
        heads = ("routine", *next(iter(record.counters.values())))
        rows = [(name, *counters.values()) for name, counters in record.counters.items()]
        print_table(heads, rows, right=heads[1:])
    if record.error is not None:
        print(f"error: {record.error.message}\n{record.error.traceback}".rstrip() + "\n")
    for error in store.errors(record):
        print(f"passed over: {error.message}")
    found = _outputs(store, record)
    for output in islice(found, MOST):
        print(f"{output['routine']}.{output['event']}: {output['preview']}")
    if more := sum(1 for _ in found):
        print(f"… and {more:,} more outputs; --json gives all")
