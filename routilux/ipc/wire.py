"""Here is the record that a worker is born with."""

import contextlib
import pickle
import sys
from dataclasses import dataclass

from routilux.graph import Connection
from routilux.plan import Plan, Route

NO_JOB = 0xFFFFFFFF
"""In a frame's job field: the process itself, not one of its jobs."""


@dataclass(frozen=True)
class Boot:
    """All that one worker needs to know; written once into the arena, read again by each incarnation."""

    plan: Plan
    jobs: int
    heap: int
    index: int
    directory: str
    routes: tuple[Route, ...]
    connections: tuple[Connection, ...]
    """Those of the flow, by their number."""
    keys: bytes
    """Per connection to a routine with a key, the key's source; by cloudpickle."""
    demands: bytes
    """Per connection to a slot with a type, its Demand; by cloudpickle."""
    node: bytes
    """The routine, by cloudpickle."""
    hooks: bytes
    """The user's hooks, by cloudpickle; empty if there are none."""
    main: bytes
    """What the user's `__main__` defines, by cloudpickle; put into the worker's `__main__` before anything
    else.
    """


def adopt_main(shipped: bytes, *, only_missing: bool = False) -> None:
    """Put what the submitter's `__main__` defines into ours, so that payloads of its classes can be read."""
    main = sys.modules["__main__"]
    for name, code in pickle.loads(shipped).items():  # noqa: S301 - made by ship_main
        if only_missing and hasattr(main, name):
            continue
        with contextlib.suppress(Exception):  # what cannot be had here may not be needed here either
            setattr(main, name, pickle.loads(code))  # noqa: S301 - as above
