"""Here are the commands of `routilux`, as typer reads them."""

import sys
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from traceback import format_exception
from typing import Annotated, Any, Literal

import typer

from routilux.cli import arguments, demo, progress, results
from routilux.cli.attendance import attend
from routilux.cli.interrupts import Interrupts
from routilux.cli.target import load
from routilux.cli.traces import own_traceback
from routilux.configuration import nearest
from routilux.errors import FlowError, RoutiluxError
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
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output: everything, for programs.")
    ] = False,
) -> None:
    """Run a flow once and show what comes out.

    Ctrl-C once stops the sources and finishes what is in flight; twice kills.

    Exit code: 0 if the job completed, 1 if it failed or there was no flow to
    run, 2 for wrong options, 130 after Ctrl-C (143 after SIGTERM).
    """
    inputs, wanted = arguments.payloads(payload or ()), arguments.workers(workers or ())
    interrupts: Interrupts = context.obj

    def run() -> JobState:
        flow = load(target)
        _check(flow, wanted)
        runtime = Runtime(engine=engine, workers=wanted)
        crew = progress.crew(flow, wanted, engine)
        with progress.shown(lambda: next(iter(runtime.jobs()), None), crew) as view:
            job = attend(
                interrupts,
                [runtime],
                lambda: runtime.exec(flow, inputs, entry=entry, timeout=timeout).wait(),
                view,
            )
        _show(job, crew, as_json=as_json, is_drained=bool(interrupts.seen))
        return job

    job = _answering(run, interrupts)
    raise typer.Exit(interrupts.exit_code or int(job.status is not ExecutionStatus.COMPLETED))


def _show(job: JobState, crew: Mapping[str, int], *, as_json: bool, is_drained: bool) -> None:
    if as_json:
        results.write_json(job, sys.stdout.buffer)
    else:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a text stream of ours
        if not sys.stderr.isatty():
            for line in progress.totals(crew, job):
                print(line)
        if job.errors:
            print(f"passed over, the first of {len(job.errors):,}: {job.errors[0].args[0]}")
        if job.error is None or is_drained:
            results.show(results.outputs(job))
        sys.stdout.flush()
    if job.error is not None and not (is_drained and job.status is ExecutionStatus.CANCELLED):
        complain(job.error)


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


def _answering(run: Callable[[], Any], interrupts: Interrupts) -> Any:
    """What `run` returns; its errors are told on standard error and end the command."""
    try:
        return run()
    except BrokenPipeError:
        raise
    except Exception as error:  # the user's code runs in here: a setup() inline, say  # noqa: BLE001
        if not interrupts.seen:
            complain(error)
        raise typer.Exit(interrupts.exit_code or 1) from None


def complain(error: BaseException) -> None:
    """Tell an error on standard error: a line for each fault, a traceback where it is the user's."""
    match error:
        case FlowError():
            text = "\n".join(f"error: {fault}" for fault in error.faults)
        case RoutiluxError():
            text = f"error: {error}"
        case _:
            trace = own_traceback(error) or "".join(format_exception(error))  # all ours: our bug
            text = f"error: {type(error).__name__}: {error}\n\n{trace.rstrip()}"
    print(text, file=sys.stderr, flush=True)


@app.command("demo")
def run_demo(
    context: typer.Context,
    directory: Annotated[
        Path | None,
        typer.Option(help="Where to look for Python source; the standard library unless given."),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Measure Python source with one worker and with two, and say what the second one gains."""
    interrupts: Interrupts = context.obj
    say = (lambda _: None) if as_json else (lambda line: print(line, flush=True))
    found: demo.Comparison | None = _answering(lambda: demo.run(interrupts, directory, say), interrupts)
    if found is None or interrupts.seen:
        raise typer.Exit(interrupts.exit_code or 1)
    if as_json:
        demo.write_json(found, sys.stdout.buffer)
    else:
        demo.show(found)
