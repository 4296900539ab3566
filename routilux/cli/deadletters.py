"""Here are the commands of `routilux dead-letters`."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from routilux.cli import arguments, progress
from routilux.cli.answers import answering, complain, existing, show
from routilux.cli.attendance import Drain, attend
from routilux.cli.interrupts import Interrupts
from routilux.cli.listing import moment, print_fields, print_table, write_lines
from routilux.cli.target import load
from routilux.deadletters import DeadLetter, DeadLetters
from routilux.errors import RoutiluxError
from routilux.flow import Flow
from routilux.jobs import JobState
from routilux.lifecycle import ExecutionStatus
from routilux.runtime import Runtime

app = typer.Typer(
    help="Look at the messages that have killed their process too often; send them again, or forget them.",
    no_args_is_help=True,
)

Store = Annotated[
    Path,
    typer.Option(
        "--store", metavar="FILE", help="The file of Runtime(dead_letters=FILE).", show_default=False
    ),
]
Ids = Annotated[list[int], typer.Argument(metavar="ID...", help="Letters, as `list` numbers them.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output, for programs.")]
OfFlow = Annotated[str | None, typer.Option(metavar="NAME", help="Only letters of this flow.")]
OfJob = Annotated[str | None, typer.Option(metavar="ID", help="Only letters of this job.")]


def opened(path: Path) -> DeadLetters:
    return DeadLetters(existing(path))


@app.command("list")
def list_letters(
    context: typer.Context,
    *,
    store: Store,
    flow: OfFlow = None,
    job: OfJob = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List dead letters, the oldest first. No payload is decoded."""

    def run() -> None:
        letters = opened(store).all(flow=flow, job_id=job, limit=limit + 1)
        if as_json:
            write_lines(record(letter) for letter in letters[:limit])
        else:
            heads = ("id", "when", "flow", "job", "slot", "what happened", "bytes", "payload")
            print_table(heads, [_row(letter) for letter in letters[:limit]], right=("id", "bytes"))
            if len(letters) > limit:
                print(f"… and more than these {limit:,}; --limit lists more")

    answering(run, context.obj)


def _row(letter: DeadLetter) -> tuple[object, ...]:
    slot = f"{letter.routine}.{letter.slot}"
    return (
        letter.id,
        moment(letter.at),
        letter.flow,
        letter.job_id,
        slot,
        letter.reason,
        letter.nbytes,
        letter.preview,
    )


def record(letter: DeadLetter) -> dict[str, Any]:
    """All that is told of a letter in JSON."""
    return {name: getattr(letter, name) for name in letter.__dataclass_fields__ if not name.startswith("_")}


@app.command("show")
def show_letter(
    context: typer.Context,
    letter_id: Annotated[int, typer.Argument(metavar="ID", help="The letter, as `list` numbers it.")],
    *,
    store: Store,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter. Its payload is not decoded."""

    def run() -> None:
        found = record(opened(store).get(letter_id))
        if as_json:
            write_lines([found])
            return
        found["at"] = moment(found["at"])
        traceback = found.pop("traceback")
        print_fields(found)
        if traceback:
            print(f"\n{traceback.rstrip()}")

    answering(run, context.obj)


@app.command("discard")
def discard_letters(
    context: typer.Context,
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID...", help="Which letters.")] = None,
    *,
    store: Store,
    everything: Annotated[bool, typer.Option("--all", help="All, or all of --flow or --job.")] = False,
    flow: OfFlow = None,
    job: OfJob = None,
) -> None:
    """Forget dead letters."""
    if bool(ids) == everything:
        raise typer.BadParameter("name the letters to discard, or all of them by --all")
    if ids and (flow or job):
        raise typer.BadParameter("--flow and --job go with --all")

    def run() -> None:
        letters = opened(store)
        if everything:
            print(f"discarded {progress.counted(letters.discard_all(flow=flow, job_id=job), 'letter')}")
            return
        missing = [str(letter_id) for letter_id in ids or () if not letters.discard(letter_id)]
        print(f"discarded {progress.counted(len(ids or ()) - len(missing), 'letter')}")
        if missing:
            raise RoutiluxError(f"there is no dead letter {', '.join(missing)} in {str(store)!r}")

    answering(run, context.obj)


@app.command("requeue")
def requeue_letters(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(help="The flow, as `routilux run` takes it: MODULE:FLOW or path/FILE.py:FLOW."),
    ],
    ids: Ids,
    *,
    store: Store,
    workers: Annotated[
        list[str] | None,
        typer.Option("--workers", "-w", metavar="ROUTINE=N", help="Run a routine in N processes."),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="SECONDS", help="Fail a job if it has not ended by then."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON object on a line for each letter, as `run` writes it.")
    ] = False,
) -> None:
    """Send dead letters to the slots they were before, each as a job of its own, and show what comes out.

    A letter leaves the store when its job begins. If it kills again, it is a new letter.

    Exit code: as `routilux run`; 0 if every job completed.
    """
    wanted = arguments.workers(workers or ())
    interrupts: Interrupts = context.obj

    def run() -> bool:
        letters = opened(store)
        flow = load(target)
        runtime = Runtime(workers=wanted, dead_letters=letters)

        def work() -> tuple[list[JobState], RoutiluxError | None]:
            return requeued(runtime, flow, ids, timeout)

        # a letter has left the store: only a second signal cuts it short
        jobs, failure = attend(interrupts, [runtime], work, progress.Quiet(), Drain(math.inf))
        crew = progress.crew(flow, wanted, "local")
        for letter_id, job in zip(ids, jobs, strict=False):
            if not as_json:
                print(f"letter {letter_id} is {job.job_id}, {job.status}")
            show(job, crew, as_json=as_json, is_drained=bool(interrupts.seen))
        if failure is not None and not interrupts.seen:
            complain(failure)
        return failure is None and all(job.status is ExecutionStatus.COMPLETED for job in jobs)

    is_done = answering(run, interrupts)
    raise typer.Exit(interrupts.exit_code or int(not is_done))


def requeued(
    runtime: Runtime, flow: Flow, ids: list[int], timeout: float | None
) -> tuple[list[JobState], RoutiluxError | None]:
    """The jobs of the letters, ended; and why one could not be requeued, nor those after it."""
    jobs: list[JobState] = []
    failure: RoutiluxError | None = None
    try:
        jobs.extend(runtime.requeue(letter_id, flow=flow, timeout=timeout) for letter_id in ids)
    except RoutiluxError as error:  # what has begun is to end all the same
        failure = error
    for job in jobs:
        job.wait()
    return jobs, failure
