"""Here are the notes of log points: lines that one process writes, within a budget."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from routilux.debug.messages import shown
from routilux.debug.rules import Rule

MOST = 200
"""Lines of one process in a second; the next line says how many are missing."""


class Notes:
    """What the log points of one process write. `say` is given a job, a breakpoint's id and a line; whether
    that is on its way.
    """

    def __init__(self, say: Callable[[int, str, bytes], bool]) -> None:
        self._say = say
        self._since = 0.0
        self._written = 0
        self._missed = 0

    def write(self, rule: Rule, job: int, job_id: str, routine: str, value: Any) -> None:
        """Write the line of a hit, unless there have been too many; never waits."""
        now = monotonic()
        if now - self._since >= 1:
            self._since, self._written = now, 0
        self._written += 1
        if self._written > MOST:
            self._missed += 1
            return
        wanted = rule.breakpoint
        said = rule.message(value, job_id, routine) if wanted.log_message is not None else shown(value)
        if self._missed:
            said = f"{said} ({self._missed:,} lines before this one were left out)"
        if self._say(job, wanted.breakpoint_id, said.encode(errors="replace")):
            self._missed = 0
        else:
            self._missed += 1
