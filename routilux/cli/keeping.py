"""Here is `routilux resume`, and the options that say where a run is kept."""

from pathlib import Path
from typing import Annotated

import typer

from routilux.cli import progress
from routilux.cli.answers import answering, show
from routilux.cli.attendance import Drain, attend
from routilux.cli.interrupts import Interrupts
from routilux.jobs import JobState
from routilux.lifecycle import ExecutionStatus
from routilux.runtime import Runtime

JobStoreFile = Annotated[
    Path | None,
    typer.Option(
        "--job-store", metavar="FILE", help="Record jobs there, for `routilux jobs`.", show_default=False
    ),
]
DeadLettersFile = Annotated[
    Path | None,
    typer.Option(
        "--dead-letters",
        metavar="FILE",
        help="Keep messages that kill there, for `routilux dead-letters`.",
        show_default=False,
    ),
]
DrainSeconds = Annotated[
    float | None,
    typer.Option(
        "--drain",
        min=0.0,
        metavar="SECONDS",
        help="How long Ctrl-C or SIGTERM may take to finish things: 2 after Ctrl-C, else 30.",
        show_default=False,
    ),
]


def resume(
    context: typer.Context,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="What was given as --state-dir.", show_default=False)
    ],
    *,
    job_store: JobStoreFile = None,
    dead_letters: DeadLettersFile = None,
    drain: DrainSeconds = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per job and line.")] = False,
) -> None:
    """Go on with a run that was suspended or killed, and show what comes out of its jobs.

    Those that had ended before are shown too. Signals and exit code are those of
    `routilux run`; it is 0 if all jobs have completed.
    """
    interrupts: Interrupts = context.obj

    def run() -> list[JobState]:
        runtime = Runtime.resume(directory, job_store=job_store, dead_letters=dead_letters)
        found = runtime.resumed
        crew = {name: number for job in found for name, number in job.control.workers().items()}
        with progress.shown(lambda: next((job for job in found if not job.ended), None), crew) as view:
            attend(
                interrupts,
                [runtime],
                lambda: [job.wait() for job in found],
                view,
                Drain(drain, directory),
            )
        for job in found:
            if not as_json and len(found) > 1:
                print(f"job {job.job_id} of flow {job.flow_name}: {job.status}")
            show(job, job.control.workers(), as_json=as_json, is_drained=bool(interrupts.seen))
        if not found and not as_json:
            print(f"there is nothing to resume in {str(directory)!r}")
        return found

    jobs = answering(run, interrupts)
    failed = any(job.status is not ExecutionStatus.COMPLETED for job in jobs)
    raise typer.Exit(interrupts.exit_code or int(failed))
