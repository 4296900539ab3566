"""Here is `routilux record`: the next messages of a place in a flow that runs, to a file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from routilux.cli.answers import answering
from routilux.cli.debugging import find_job
from routilux.cli.interrupts import Interrupts
from routilux.cli.progress import counted
from routilux.cli.wire import RefusedError, Wire
from routilux.commands import Describe, Description
from routilux.debug import recordings
from routilux.debug.recordings import MOST_BYTES, End, Recorded, messages_of
from routilux.debugcommands import StartRecording, TakeRecorded, TapeInfo
from routilux.errors import PeerLost, RoutiluxError
from routilux.frontdesk.visit import ask, runtimes

LOOK = 0.1
"""Seconds between two questions whether there is more."""
WHY = {
    "bytes": "there was no room for more bytes (--max-bytes)",
    "time": "the time was up (--seconds)",
    "ended": "the job, or its runtime, has ended",
    "stopped": "it was stopped",
}


def record(
    context: typer.Context,
    place: Annotated[
        str, typer.Argument(help="a.event->b.slot, a.event or b.slot.", metavar="PLACE", show_default=False)
    ],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The file.", show_default=False)],
    job: Annotated[
        str | None, typer.Option(metavar="ID", help="The job; the only one under way if left out.")
    ] = None,
    flow: Annotated[
        str | None, typer.Option(metavar="NAME", help="All jobs of this flow, whose processes run.")
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="So many messages.")] = 100,
    seconds: Annotated[float, typer.Option(metavar="SECONDS", help="For so long, at most.")] = 60.0,
    max_bytes: Annotated[int, typer.Option(min=1, help="So many bytes, at most.")] = MOST_BYTES,
    condition: Annotated[
        str | None, typer.Option("--if", metavar="CONDITION", help="Only messages for which this holds.")
    ] = None,
) -> None:
    """Record the next messages of a connection, event or slot of a flow that runs.

    They pass as if nobody looked. Ctrl-C ends it early. There is no FILE before
    the end, and then a whole one, for `routilux replay` and `routilux.recorded`.

    Exit code: 0 if all were recorded, 1 if fewer were, or none could be; 130
    after Ctrl-C.
    """
    if job is not None and flow is not None:
        raise typer.BadParameter("give --job or --flow, not both")
    interrupts: Interrupts = context.obj

    def run() -> bool:
        wire, flow_id = _of_flow(flow) if flow is not None else _of_job(job)
        request = StartRecording(place, wire.job_id, flow or "", condition, count, seconds, max_bytes)
        started = wire.ask(request, TapeInfo)
        with interrupts.counted():
            messages, end = _taken(wire, flow_id, started.recording_id, interrupts)
        recordings.write(out, messages, end)
        skipped = f"; {counted(end.skipped, 'message')} more came by and were skipped" if end.skipped else ""
        print(f"recorded {counted(len(messages), 'message')} of {place} in {out}{skipped}")
        if end.reason in WHY:
            print(f"fewer than {count:,}: {WHY[end.reason]}", file=sys.stderr)
        return end.reason == "count"

    is_whole = answering(run, interrupts)
    raise typer.Exit(interrupts.exit_code or int(not is_whole))


def _of_job(job_id: str | None) -> tuple[Wire, str]:
    directory, job, flow = find_job(job_id)
    return Wire(directory, job.job_id), flow.flow_id


def _of_flow(name: str) -> tuple[Wire, str]:
    """A flow whose processes run, wherever. Raises RoutiluxError if it is not clear which."""
    found = []
    for directory in runtimes():
        said = ask(directory, Describe())
        if isinstance(said, Description):
            found += [directory for flow in said.flows if flow.flow_id == name and flow.worker_id]
    if len(found) != 1:
        raise RoutiluxError(f"{len(found) or 'no'} flows named {name!r} run: name a job by --job")
    return Wire(found[0], ""), name


def _taken(wire: Wire, flow_id: str, recording_id: str, interrupts: Interrupts) -> tuple[list[Recorded], End]:
    """All messages, as they come: when the runtime ends, so does what it has."""
    messages: list[Recorded] = []
    skipped, reason = 0, ""
    while not reason:
        request = TakeRecorded(flow_id, recording_id, len(messages), stops=bool(interrupts.seen))
        try:
            page = wire.ask(request, TapeInfo)
        except (PeerLost, RefusedError):
            reason = "ended"
            break
        messages += messages_of(page)
        skipped, reason = page.skipped, page.reason
        if not (reason or page.messages):
            interrupts.wait(LOOK)
    return messages, End(len(messages), skipped, reason)
