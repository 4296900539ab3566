"""Here are the named points at which a test lets a worker die, in the middle of what must not be torn apart.

The supervisor's environment says `ROUTILUX_CRASH="<point>:<nth>[,<worker>]"`, for the first life of that
worker, or of every one; after a `;` follows what its second life is to die of, and so on.
"""

import os
import signal
from typing import NamedTuple

VARIABLE = "ROUTILUX_CRASH"
_OURS = "ROUTILUX_CRASH_POINT"
"""What the supervisor tells one worker of it."""


class Plan(NamedTuple):
    """Die at the nth passage of a point."""

    point: str
    nth: int


def plan(text: str) -> Plan | None:
    """What `<point>:<nth>` says."""
    point, _, nth = text.partition(":")
    return Plan(point, int(nth)) if nth else None


PLAN = plan(os.environ.get(_OURS, ""))
"""Asked for before every `here`, so that a process that is to live pays for a branch, not for a call."""
_passed = 0


def here(point: str) -> None:
    """The process is at the point; it may be its last."""
    global _passed  # noqa: PLW0603 - one process dies once
    if PLAN is None or point != PLAN.point:
        return
    _passed += 1
    if _passed == PLAN.nth:
        os.kill(os.getpid(), signal.SIGKILL)


def environment(worker: str, life: int) -> dict[str, str]:
    """What to add to the environment of a worker that is spawned for the `life`th time, counted from 0."""
    lives = os.environ.get(VARIABLE, "").split(";")
    text, _, victim = lives[life].partition(",") if life < len(lives) else ("", "", "")
    return {_OURS: text if victim in {"", worker} else ""}
