"""Here is what lets an editor's debugger attach to held workers: how they are started, and when they may."""

import sys

from routilux.errors import AttachRefused
from routilux.supervisor.clients import Clients
from routilux.supervisor.waitingroom import Held

NOT_ALLOWED = (
    "no editor's debugger may attach to this runtime: start it with `--allow-attach`, or as "
    "Runtime(allow_attach=True)"
)
IN_NO_PROCESS = (
    "what is held at routine {!r} waits by itself, in no process's logic: there is no process to attach to; "
    "`step_into` leads there"
)


def interpreter_options(*, allow_attach: bool) -> tuple[str, ...]:
    """Frozen modules have no files: a debugger would miss their frames, and says so on standard error."""
    return ("-Xfrozen_modules=off",) if allow_attach and "frozen_modules" not in sys._xoptions else ()  # noqa: SLF001 - its documented name


def check(held: Held, *, is_allowed: bool) -> None:
    """Raise AttachRefused if an editor's debugger must not attach to what is held, or has nothing to."""
    if not is_allowed:
        raise AttachRefused(NOT_ALLOWED)
    if held.peer is None:
        raise AttachRefused(IN_NO_PROCESS.format(held.routine))


def heard(clients: Clients, held: Held, what: str) -> bool:
    """What an editor that is attached to the held process has done; whether it lets the message go on. While
    it is there, nothing goes on by itself.
    """
    if what == "goes on":
        clients.note(held.job, "resume", f"{held.hold_id} by an editor")
    elif what == "stays":
        clients.renew(held.job)
    else:
        clients.note(held.job, f"editor {what}", held.hold_id)
    return what == "goes on"
