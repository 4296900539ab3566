"""Here are the commands of `routilux`, as typer reads them."""

import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Annotated, Literal

import typer

from routilux.cli import (
    arguments,
    deadletters,
    debugging,
    demo,
    jobs,
    keeping,
    progress,
    recording,
    replaying,
    serving,
    watching,
)
from routilux.cli.answers import answering, show
from routilux.cli.attendance import Drain, attend, stay
from routilux.cli.interrupts import Interrupts
from routilux.cli.target import load
from routilux.configuration import nearest
from routilux.errors import FlowError
from routilux.flow import Flow
from routilux.jobs import JobState
from routilux.lifecycle import ExecutionStatus
from routilux.runtime import Runtime

app = typer.Typer(
    help="Run CPU-bound Python pipelines on every core of this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(jobs.app, name="jobs")
app.add_typer(deadletters.app, name="dead-letters")
app.command("resume")(keeping.resume)
app.command("serve")(serving.serve)
app.command("debug")(debugging.debug)
app.command("record")(recording.record)
app.command("replay")(replaying.replay)


def _say_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    if wanted:
        print(f"routilux {version()}")
        raise typer.Exit


def version() -> str:
    try:
        return metadata.version("routilux")
    except metadata.PackageNotFoundError:
        return "(run from a checkout, not installed)"


@app.callback()
def options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    """Run CPU-bound Python pipelines on every core of this machine."""


@app.command("run")
def run_flow(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            help="MODULE:FLOW or path/FILE.py:FLOW. FLOW is a Flow, a function without parameters that "
            "returns one, or the name of a registered flow.",
            show_default=False,
        ),
    ],
    *,
    payload: Annotated[
        list[str] | None,
        typer.Option(
            "--payload",
            "-p",
            metavar="SLOT=VALUE",
            help="A payload for a slot of the entry routine: JSON, or else plain text. Once per slot.",
        ),
    ] = None,
    workers: Annotated[
        list[str] | None,
        typer.Option(
            "--workers",
            "-w",
            metavar="ROUTINE=N",
            help="Run a routine in N processes, whatever the flow says. Once per routine.",
        ),
    ] = None,
    engine: Annotated[
        Literal["local", "inline"],
        typer.Option(help="A process per worker, or everything in this one (for a debugger)."),
    ] = "local",
    entry: Annotated[
        str | None,
        typer.Option(metavar="ROUTINE", help="Which routine gets the payloads, if several could."),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="SECONDS", help="Fail the job if it has not ended by then."),
    ] = None,
    state_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keep what is under way in files, for `routilux resume DIR`.",
            show_default=False,
        ),
    ] = None,
    job_store: keeping.JobStoreFile = None,
    dead_letters: keeping.DeadLettersFile = None,
    drain: keeping.DrainSeconds = None,
    monitor: watching.MonitorWanted = False,
    monitor_port: watching.MonitorPort = None,
    keep: watching.Keep = False,
    allow_attach: watching.AllowAttach = False,
    breaks: debugging.Breaks = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output: everything, for programs.")
    ] = False,
) -> None:
    """Run a flow once and show what comes out.

    Ctrl-C or SIGTERM once stops the sources and finishes what is in flight, for
    at most --drain seconds (2 after Ctrl-C, else 30); then the job is suspended
    if there is a --state-dir, and cancelled if not. Twice kills.

    Exit code: 0 if the job completed, 1 if it failed or there was no flow to
    run, 2 for wrong options, 130 after Ctrl-C (143 after SIGTERM), 3 if not all
    was finished then.
    """
    inputs, wanted = arguments.payloads(payload or ()), arguments.workers(workers or ())
    interrupts: Interrupts = context.obj

    def run() -> JobState:
        flow = load(target)
        _check(flow, wanted)
        places = debugging.places_of(flow, breaks or ())
        runtime = Runtime(
            engine=engine,
            workers=wanted,
            state_dir=state_dir,
            job_store=job_store,
            dead_letters=dead_letters,
            monitor=watching.wish(monitor_port, is_wanted=monitor),
            allow_attach=allow_attach,
        )
        watching.tell_link(runtime)
        debugging.tell_breaks(places)
        crew = progress.crew(flow, wanted, engine)
        with progress.shown(lambda: next(iter(runtime.jobs()), None), crew) as view:
            job = attend(
                interrupts,
                [runtime],
                lambda: runtime.exec(flow, inputs, entry=entry, timeout=timeout, breakpoints=places).wait(),
                view,
                Drain(drain, state_dir),
                keeps=keep,
            )
        show(job, crew, as_json=as_json, is_drained=bool(interrupts.seen))
        if keep and not interrupts.seen:
            stay(interrupts, runtime)
        return job

    job = answering(run, interrupts)
    is_completed = job.status is ExecutionStatus.COMPLETED
    raise typer.Exit(
        int(not is_completed) if keep and is_completed else interrupts.exit_code or int(not is_completed)
    )


def _check(flow: Flow, wanted: Mapping[str, int]) -> None:
    """Raise FlowError with everything that is wrong with the flow, or with what is wanted of it."""
    faults = [str(fault) for fault in flow.validate() if fault.severity == "error"]
    faults += [
        f"--workers {name}={number}: flow {flow.name!r} has no routine {name!r}: {nearest(name, flow.nodes)}"
        for name, number in wanted.items()
        if name not in flow.nodes
    ]
    if faults:
        raise FlowError(*faults)


@app.command("demo")
def run_demo(
    context: typer.Context,
    directory: Annotated[
        Path | None,
        typer.Option(help="Where to look for Python source; the standard library unless given."),
    ] = None,
    *,
    monitor: watching.MonitorWanted = False,
    monitor_port: watching.MonitorPort = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Measure Python source with one worker and with two, and say what the second one gains."""
    interrupts: Interrupts = context.obj
    say = (lambda _: None) if as_json else (lambda line: print(line, flush=True))
    found: demo.Comparison | None = answering(
        lambda: demo.run(interrupts, directory, say, watching.wish(monitor_port, is_wanted=monitor)),
        interrupts,
    )
    if found is None or interrupts.seen:
        raise typer.Exit(interrupts.exit_code or 1)
    if as_json:
        demo.write_json(found, sys.stdout.buffer)
    else:
        demo.show(found)
