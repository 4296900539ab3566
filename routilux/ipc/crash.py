"""Here are the named points at which a test lets a process die, in the middle of what must not be torn apart.

The supervisor's environment says `ROUTILUX_CRASH="<point>:<nth>[,<worker>]"`, for the first life of that
worker, or of every one; after a `;` follows what its second life is to die of, and so on. Or it says
`any:<probability>:<seed>`, for every life of every worker. `ROUTILUX_CRASH_LOG` names a file that gets a line
with the name of the point for each such death. A worker named `supervisor` is the supervisor's own process.
"""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from random import Random

VARIABLE = "ROUTILUX_CRASH"
LOG = "ROUTILUX_CRASH_LOG"
SPARED = 50
"""Passages that two of three lives of a worker survive by all means: a message is given up after three
deaths.
"""
_OURS = "ROUTILUX_CRASH_POINT"
"""What the supervisor tells one worker of it."""
_ANY = "any:"


class Plan(Protocol):
    """When to die."""

    def is_due(self, point: str) -> bool:
        """Whether this passage of the point is the last one; asked once for each."""


@dataclass
class AtPassage:
    """Die at the nth passage of one point."""

    point: str
    nth: int

    def is_due(self, point: str) -> bool:
        self.nth -= point == self.point
        return point == self.point and self.nth == 0


@dataclass
class AtRandom:
    """Die with a probability at each passage of any point, but for the first `spared`."""

    probability: float
    dice: "Random"
    spared: int

    def is_due(self, _point: str) -> bool:
        self.spared -= 1
        return self.spared < 0 and self.dice.random() < self.probability


def plan(text: str) -> Plan | None:
    """What `<point>:<nth>` or `any:<probability>:<seed>:<spared>` says."""
    match text.split(":"):
        case ["any", probability, seed, spared]:
            from random import Random  # noqa: PLC0415 - not in a worker that is to live

            # The dice decide about nothing but where a test dies.
            return AtRandom(float(probability), Random(seed), int(spared))  # noqa: S311
        case [point, nth]:
            return AtPassage(point, int(nth))
        case _:
            return None


def _own_plan(environment: Mapping[str, str]) -> Plan | None:
    """What this process is to die of."""
    if _OURS in environment:
        return plan(environment[_OURS])
    text, _, victim = environment.get(VARIABLE, "").partition(",")
    return plan(text) if victim == "supervisor" else None


PLAN = _own_plan(os.environ)
"""Asked for before every `here`, so that a process that is to live pays for a branch, not for a call."""


def here(point: str) -> None:
    """The process is at the point; it may be its last."""
    if PLAN is not None and PLAN.is_due(point):
        _note(point)
        os.kill(os.getpid(), signal.SIGKILL)


def _note(point: str) -> None:
    if path := os.environ.get(LOG):
        with open(path, "a", encoding="ascii") as file:  # noqa: PTH123 - pathlib costs 4 ms at the start
            file.write(f"{point}\n")


def environment(worker: str, life: int) -> dict[str, str]:
    """What to add to the environment of a worker that is spawned for the `life`th time, counted from 0."""
    asked = os.environ.get(VARIABLE, "")
    if asked.startswith(_ANY):
        return {_OURS: f"{asked}-{worker}-{life}:{SPARED * bool(life % 3)}"}
    lives = asked.split(";")
    text, _, victim = lives[life].partition(",") if life < len(lives) else ("", "", "")
    return {_OURS: text if victim in {"", worker} else ""}
