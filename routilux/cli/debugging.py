"""Here is `routilux debug`: a debugger in the terminal, for a job of any runtime that runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from routilux.cli.answers import answering
from routilux.cli.debugshell import DebugShell
from routilux.cli.lease import Lease
from routilux.cli.wire import Wire
from routilux.commands import Describe, Description, FlowInfo, JobInfo
from routilux.debug.ancestry import Ancestry, Names
from routilux.debug.follower import Follower
from routilux.errors import RoutiluxError
from routilux.frontdesk.visit import ask, runtimes

ENDS = ("completed", "failed", "cancelled", "lost")

Found = tuple[Path, JobInfo, FlowInfo]


def debug(
    context: typer.Context,
    job: Annotated[
        str | None,
        typer.Argument(
            metavar="[JOB]", help="The id of a job under way; the only one if left out.", show_default=False
        ),
    ] = None,
) -> None:
    """Debug a job under way: break, look, step, edit, continue; `help` lists the commands.

    It is the same session as the monitor's. What is held goes on thirty seconds
    after the last debugger has left.
    """

    def run() -> None:
        directory, found, flow = find_job(job)
        wire = Wire(directory, found.job_id)
        ancestry = Ancestry(Names.of(flow), found.job_id)
        with Lease(wire), Follower(flow.directory, ancestry) as follower:
            DebugShell(wire, flow, follower).cmdloop()

    answering(run, context.obj)


def find_job(job_id: str | None) -> Found:
    """The job, wherever it runs. Raises RoutiluxError if it is not clear which."""
    found = [
        each for directory in runtimes() for each in _jobs(directory) if job_id in (None, each[1].job_id)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise RoutiluxError(
            "no job is under way: start one, perhaps with start_paused=True"
            if job_id is None
            else f"no job {job_id!r} is under way; `routilux jobs list` lists the jobs of running runtimes"
        )
    names = ", ".join(sorted(info.job_id for _, info, _ in found)[:10])
    raise RoutiluxError(f"{len(found)} jobs are under way: name one of {names}")


def _jobs(directory: Path) -> list[Found]:
    try:
        said = ask(directory, Describe())
    except RoutiluxError as error:
        print(f"error: {error}", file=sys.stderr)
        return []
    if not isinstance(said, Description):
        return []
    flows = {flow.flow_id: flow for flow in said.flows}
    return [(directory, job, flows[job.flow_id]) for job in said.jobs if job.status not in ENDS]
