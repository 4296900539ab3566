"""Here is the choice of an engine, by its name.

They are imported only here and then: a worker imports its user's module, and Runtime with it, and makes none.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from routilux.engine import Engine, Settings
from routilux.errors import FlowError, RoutiluxError
from routilux.statedir import StateDirectory


def new_engine(
    name: str,
    settings: Settings,
    workers: Mapping[str, int],
    place: Callable[[], Path],
    state: StateDirectory | None,
) -> Engine:
    """The engine of that name; `place` makes the directory for its sockets. Raises FlowError if there is no
    such engine, RoutiluxError if it cannot run here.
    """
    match name:
        case "local" if sys.platform != "linux":
            message = f"the local engine runs on Linux, not on {sys.platform}: use Runtime(engine='inline')"
            raise RoutiluxError(message)
        case "local":
            from routilux.engines.local import LocalEngine  # noqa: PLC0415

            return LocalEngine(settings, workers, place, state)
        case "inline":
            from routilux.engines.inline import InlineEngine  # noqa: PLC0415

            return InlineEngine(settings)
        case _:
            raise FlowError(f"engine={name!r}: there are 'local' and 'inline'")


def quarter_of_memory() -> int:
    """Bytes: a quarter of what this machine, or this process's control group, has."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return max(64 << 20, total // 4)
