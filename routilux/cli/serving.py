"""Here is `routilux serve`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from routilux.cli import arguments, keeping, progress, watching
from routilux.cli.answers import answering
from routilux.cli.attendance import Drain, attend
from routilux.cli.interrupts import Interrupts
from routilux.cli.target import load
from routilux.monitoring import Wish
from routilux.runtime import Runtime

PORT = 20555


def serve(
    context: typer.Context,
    targets: Annotated[
        list[str], typer.Argument(metavar="TARGET...", help="As for `routilux run`.", show_default=False)
    ],
    *,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Listen there instead of on 127.0.0.1 and ::1.")
    ] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = PORT,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The tokens, instead of new ones.", show_default=False),
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(metavar="FILE", show_default=False)] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", show_default=False)] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Allow --host without TLS.")] = False,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME:PORT", help="Answer to this name too.")
    ] = None,
    workers: Annotated[
        list[str] | None,
        typer.Option("--workers", "-w", metavar="ROUTINE=N", help="As for `routilux run`."),
    ] = None,
    job_store: keeping.JobStoreFile = None,
    dead_letters: keeping.DeadLettersFile = None,
    drain: keeping.DrainSeconds = None,
    allow_attach: watching.AllowAttach = False,
) -> None:
    """Keep flows warm, and take jobs for them by REST until stopped.

    The first Ctrl-C or SIGTERM takes no more jobs, stops the sources and finishes
    what is in flight, for at most --drain seconds (2 after Ctrl-C, else 30);
    what is left then is cancelled. The second kills.

    Exit code: 0 if all was finished, 1 if it could not start, 3 if something was
    cancelled.
    """
    wanted = arguments.workers(workers or ())
    single = {"--host": host, "--token-file": token_file, "--tls-cert": tls_cert, "--tls-key": tls_key}
    options = [text for name, value in single.items() if value for text in (name, str(value))]
    options += [text for name in allow_host or () for text in ("--allow-host", name)]
    options += ["--insecure"] if insecure else []
    interrupts: Interrupts = context.obj

    def run() -> None:
        flows = [load(target) for target in targets]
        runtime = Runtime(
            workers=wanted,
            job_store=job_store,
            dead_letters=dead_letters,
            monitor=Wish(port, tuple(options)),
            allow_attach=allow_attach,
        )
        draining = Drain(drain)

        def work() -> None:
            for flow in flows:
                runtime.start(flow)
            print(watching.link(runtime.monitor) if runtime.monitor else "", flush=True)
            draining.told.wait()
            runtime.drain()

        attend(interrupts, [runtime], work, progress.Quiet(), draining)

    answering(run, interrupts)
    sys.stdout.flush()
    raise typer.Exit(interrupts.exit_code or 0 if interrupts.is_late else 0)
