"""Here is what lets an editor's debugger attach to held workers: how they are started, and when they may."""

import sys

from routilux.errors import AttachRefused
from routilux.supervisor.waitingroom import Held

NOT_ALLOWED = (
    "no editor's debugger may attach to this runtime: start it with `--allow-attach`, or as "
    "Runtime(allow_attach=True)"
)
AT_SUPERVISOR = (
    "{!r} was submitted to routine {!r}, which does not have it yet: there is no process to attach to; "
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
        raise AttachRefused(AT_SUPERVISOR.format(held.hold_id, held.routine))
