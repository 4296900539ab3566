"""Here is what an engine gives a routine while it runs: the Context, and within it the JobView."""

from __future__ import annotations

import logging
from collections.abc import Callable, MutableMapping
from typing import Any, Protocol

from routilux.errors import NotRunningError


class JobView(Protocol):
    """The job as its routines see it."""

    @property
    def job_id(self) -> str: ...

    @property
    def data(self) -> MutableMapping[str, Any]:
        """Values shared by all routines of the job; each get and set asks the supervisor."""

    @property
    def final(self) -> bool:
        """True once nothing more of the job can arrive at this routine."""


class Context(Protocol):
    """One process's side of a routine; an engine keeps it pointed at the job and message at hand."""

    @property
    def state(self) -> MutableMapping[str, Any]: ...

    @property
    def job(self) -> JobView: ...

    @property
    def message_id(self) -> str: ...

    @property
    def log(self) -> logging.Logger: ...

    @property
    def cursor(self) -> Any: ...

    def emitter(self, event: int, /) -> Callable[[object], None]:
        """What emits on the event at this index of `Routine.event_names`; the same for the process's life."""

    def flush(self, cursor: Any = None) -> None: ...

    def loan(self, event: int, shape: Any, dtype: Any) -> Any: ...


class Unbound:
    """The context of a routine that nothing runs: every use of it raises NotRunningError."""

    def __init__(self, routine: str) -> None:
        self._routine = routine

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # asked while it is copied or unpickled, before it has any attribute
            raise AttributeError(name)
        raise NotRunningError(
            f"routine {self._routine!r} is not running, so it has no {name!r} yet: "
            "use it inside setup(), logic() or finish()"
        )
