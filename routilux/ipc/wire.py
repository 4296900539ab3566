"""Here are the record that a worker is born with."""

from dataclasses import dataclass

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
    keys: bytes
    """Per connection to a routine with a key, the key's source; by cloudpickle."""
    demands: bytes
    """Per connection to a slot with a type, its Demand; by cloudpickle."""
    node: bytes
    """The routine, by cloudpickle."""
    main: bytes
    """What the user's `__main__` defines, by cloudpickle; put into the worker's `__main__` before anything
    else.
    """
