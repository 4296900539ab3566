"""Here are the options for a monitor beside a run."""

import sys
from typing import Annotated, Literal

import typer

from routilux.monitoring import Monitor, Wish
from routilux.runtime import Runtime

MonitorWanted = Annotated[
    bool, typer.Option("--monitor", help="Watch the run in a browser: the link is told at its start.")
]
MonitorPort = Annotated[
    int | None,
    typer.Option(
        "--monitor-port", min=0, max=65535, metavar="N", help="The same, on that port.", show_default=False
    ),
]
AllowAttach = Annotated[
    bool,
    typer.Option(
        "--allow-attach",
        help="Let an editor's debugger attach to a held process, on request. It can run anything there.",
    ),
]
Keep = Annotated[
    bool, typer.Option("--keep", help="Stay when the run is over, with its monitor, until Ctrl-C.")
]


def wish(port: int | None, *, is_wanted: bool) -> Wish | Literal[False]:
    """What `Runtime(monitor=...)` is to be given."""
    return Wish(port or 0) if is_wanted or port is not None else False


def tell_link(runtime: Runtime) -> None:
    """On standard error: what comes out of the run has standard output for itself."""
    if runtime.monitor is not None:
        print(link(runtime.monitor), file=sys.stderr, flush=True)


def link(monitor: Monitor) -> str:
    return f"monitor: {monitor.link}"
