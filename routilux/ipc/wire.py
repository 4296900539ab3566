"""Here is the record that a worker is born with."""

import contextlib
import pickle
import sys
from types import ModuleType

import msgspec

from routilux.graph import Connection
from routilux.plan import Plan, Route

NO_JOB = 0xFFFFFFFF
"""In a frame's job field: the process itself, not one of its jobs."""


class Boot(msgspec.Struct, frozen=True):
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
    classes, functions = pickle.loads(shipped)  # noqa: S301 - made by ship_main
    for name, code in (classes | functions if only_missing else classes).items():
        if only_missing and hasattr(main, name):
            continue
        with contextlib.suppress(Exception):  # what cannot be had here may not be needed here either
            setattr(main, name, pickle.loads(code))  # noqa: S301 - as above
    if not only_missing:
        _find_later(main, functions)


def _find_later(main: ModuleType, functions: dict[str, bytes]) -> None:
    """Let functions be found in `main` when they are first asked for. Most never are, and the one that runs
    the flow needs the whole runtime.
    """
    for name in functions:
        vars(main).pop(name, None)

    def find(name: str) -> object:
        try:
            found = pickle.loads(functions[name])  # noqa: S301 - made by ship_main
        except Exception as error:  # as above
            raise AttributeError(f"module '__main__' has no attribute {name!r}") from error
        setattr(main, name, found)
        return found

    vars(main)["__getattr__"] = find
