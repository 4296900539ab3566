"""Here is what a flow is made of: Nodes, Connections, and the Faults found in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from routilux.routine import Routine, RoutineSpec
from routilux.strategies import OnError


@dataclass(frozen=True)
class Node:
    """A routine in a flow, and how it is run there."""

    name: str
    routine: Routine
    workers: int = 1
    key: str | Callable[[Any], object] | None = None
    ordered: bool = False
    on_error: OnError = field(default_factory=OnError)
    max_activations: int | None = None
    max_rss_mb: float | None = None
    timeout: float | None = None

    @property
    def spec(self) -> RoutineSpec:
        """The routine as it travels to a worker."""
        return self.routine.spec()


@dataclass(frozen=True, order=True)
class Connection:
    """An edge from an event to a slot."""

    source: str
    event: str
    target: str
    slot: str

    @property
    def id(self) -> str:
        return f"{self.source}.{self.event}->{self.target}.{self.slot}"

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True)
class Fault:
    """Something wrong with a flow; an error keeps it from running."""

    severity: Literal["error", "warning"]
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class Graph(Protocol):
    """What the pure functions over a flow need of it."""

    @property
    def name(self) -> str: ...
    @property
    def nodes(self) -> Mapping[str, Node]: ...
    @property
    def connections(self) -> tuple[Connection, ...]: ...
