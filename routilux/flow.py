"""Here is the Flow: a static graph of routines and connections, which every engine only reads."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import FunctionType, MappingProxyType
from typing import Any, Literal, TypedDict, Unpack

from routilux.configuration import nearest
from routilux.diagram import dot, mermaid
from routilux.errors import FlowError
from routilux.function import routine as as_routine
from routilux.graph import Connection, Fault, Node
from routilux.limits import is_amount, is_count
from routilux.routine import Routine
from routilux.strategies import Action, OnError, as_on_error, retry
from routilux.validation import validate

__all__ = ["Connection", "Fault", "Flow", "Node", "OnError", "retry"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_log = logging.getLogger("routilux.flow")


class Options(TypedDict, total=False):
    """How a routine is run; `Flow.add_routine` says what each means."""

    workers: int
    key: str | Callable[[Any], object] | None
    ordered: bool
    on_error: Action | OnError | None
    max_activations: int | None
    max_rss_mb: float | None
    timeout: float | None


class Flow:
    """A static graph; `on_error` holds for every routine that names no strategy of its own.

    Building only records, so connections may name routines added later; `check()` says whether it can run.
    """

    def __init__(self, name: str = "flow", *, on_error: Action | OnError = "stop") -> None:
        self.name = _checked_name(name, "flow")
        self.on_error = as_on_error(on_error)
        self._nodes: dict[str, Node] = {}
        self._connections: list[Connection] = []
        self.version = 0

    def __repr__(self) -> str:
        return f"<Flow {self.name!r}: {len(self._nodes)} routines, {len(self._connections)} connections>"

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The routines by name, in the order they were added."""
        return MappingProxyType(self._nodes)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The connections, in the order they were made."""
        return tuple(self._connections)

    def add_routine(
        self,
        routine: Routine | type[Routine] | Callable[..., Any],
        name: str | None = None,
        **options: Unpack[Options],
    ) -> str:
        """Add a routine and return its name, which is that of its class or function unless given.

        A class is instantiated with its defaults, a plain function is made a routine. Options: `workers`
        processes run it; messages with the same `key` (a field's name, or a callable of the payload) go to
        the same one. With `ordered` outputs leave in the order of the inputs. `on_error` is "stop", "skip",
        "continue" or `retry(...)`. After `max_activations`, or beyond `max_rss_mb` of private memory, a
        process is replaced. An activation may take `timeout` seconds.
        """
        node = self._node(routine, name, options)
        self._nodes[node.name] = node
        self.version += 1
        return node.name

    def connect(self, source: str, event: str, target: str, slot: str) -> Connection:
        """Deliver what `source` emits on `event` to `slot` of `target`; either may be added later."""
        names = (source, event, target, slot)
        if not all(isinstance(name, str) for name in names):
            raise FlowError(f"connect{names!r}: name the routines, the event and the slot by str")
        connection = Connection(*names)
        self._connections.append(connection)
        self.version += 1
        return connection

    def pipe(
        self,
        routine: Routine | type[Routine] | Callable[..., Any],
        name: str | None = None,
        **options: Unpack[Options],
    ) -> Flow:
        """Add a routine and connect the one added before it: its only event to the new one's only slot."""
        node = self._node(routine, name, options)
        if self._nodes:
            source = next(reversed(self._nodes.values()))
            event = _only(source.routine.event_names, source.name, "event")
            slot = _only(node.routine.slot_names, node.name, "slot")
            self.connect(source.name, event, node.name, slot)
        self._nodes[node.name] = node
        self.version += 1
        return self

    def entries(self) -> tuple[str, ...]:
        """The routines that no connection leads to."""
        targets = {connection.target for connection in self._connections}
        return tuple(name for name in self._nodes if name not in targets)

    def entry(self, name: str | None = None) -> str:
        """The routine that takes submissions: the one named, else the only one no connection leads to."""
        if name is not None:
            if name not in self._nodes:
                raise FlowError(f"flow {self.name!r} has no routine {name!r}: {nearest(name, self._nodes)}")
            return name
        match self.entries():
            case (only,):
                return only
            case ():
                raise FlowError(
                    f"every routine of flow {self.name!r} has incoming connections: pass entry=..."
                )
            case several:
                raise FlowError(
                    f"flow {self.name!r} has {len(several)} routines without incoming connections "
                    f"({', '.join(several)}): pass entry=..."
                )

    def validate(self) -> list[Fault]:
        """Every fault of this flow at once; it can run if none of them is an error."""
        return validate(self)

    def check(self, workers: Mapping[str, int] | None = None) -> None:
        """Raise FlowError with all errors; warnings go to the log "routilux.flow". `workers` are the numbers
        of processes that a Runtime gives in place of the flow's own.
        """
        numbers = workers or {}
        nodes = {
            name: replace(node, workers=numbers.get(name, node.workers)) for name, node in self._nodes.items()
        }
        faults = validate(_AsRun(self.name, nodes, self.connections))
        for fault in faults:
            if fault.severity == "warning":
                _log.warning("flow %r: %s", self.name, fault)
        if errors := [str(fault) for fault in faults if fault.severity == "error"]:
            raise FlowError(*errors)

    def diagram(self, style: Literal["mermaid", "dot"] = "mermaid") -> str:
        """The graph as text for Mermaid or for Graphviz."""
        match style:
            case "mermaid":
                return mermaid(self)
            case "dot":
                return dot(self)
            case _:
                raise FlowError(f'diagram({style!r}): choose "mermaid" or "dot"')

    def _node(
        self, routine: Routine | type[Routine] | Callable[..., Any], name: str | None, options: Options
    ) -> Node:
        instance = _instance(routine)
        name = _checked_name(_default_name(instance) if name is None else name, "routine")
        if name in self._nodes:
            raise FlowError(f"flow {self.name!r} has a routine {name!r} already: give this one another name")
        _check_options(name, options)
        on_error = options.get("on_error")
        return Node(
            name,
            instance,
            workers=options.get("workers", 1),
            key=options.get("key"),
            ordered=options.get("ordered", False),
            on_error=self.on_error if on_error is None else as_on_error(on_error),
            max_activations=options.get("max_activations"),
            max_rss_mb=options.get("max_rss_mb"),
            timeout=options.get("timeout"),
        )


@dataclass(frozen=True)
class _AsRun:
    """A flow with the numbers of workers that it is run with."""

    name: str
    nodes: Mapping[str, Node]
    connections: tuple[Connection, ...]


def _instance(routine: object) -> Routine:
    match routine:
        case Routine():
            return routine
        case type() if issubclass(routine, Routine):
            return routine()
        case FunctionType():
            return as_routine(routine)
    raise FlowError(f"{routine!r} is no routine: add a Routine, a subclass of it or a function")


def _default_name(routine: Routine) -> str:
    return getattr(routine, "__name__", "") or _WORD.sub("_", type(routine).__name__).lower()


def _checked_name(name: object, kind: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise FlowError(
            f"{name!r} cannot name a {kind}: give it a name of letters, digits, '_', '.' and '-' "
            "that begins with a letter"
        )
    return name


def _check_options(name: str, options: Options) -> None:
    given: dict[str, object] = {option: value for option, value in options.items() if value is not None}
    faults = [
        f"routine {name!r} knows no option {option!r}: {nearest(option, Options.__annotations__)}"
        for option in given
        if option not in Options.__annotations__
    ]
    faults += [
        f"routine {name!r}: {option}={given[option]!r} must be a whole number, 1 or more"
        for option in ("workers", "max_activations")
        if option in given and not is_count(given[option])
    ]
    faults += [
        f"routine {name!r}: {option}={given[option]!r} must be a number above 0"
        for option in ("max_rss_mb", "timeout")
        if option in given and not is_amount(given[option])
    ]
    if "key" in given and not (given["key"] and (isinstance(given["key"], str) or callable(given["key"]))):
        faults.append(f"routine {name!r}: key={given['key']!r} must be a field's name or a callable")
    if not isinstance(given.get("ordered", False), bool):
        faults.append(f"routine {name!r}: ordered={given['ordered']!r} must be True or False")
    if faults:
        raise FlowError(*faults)


def _only(names: tuple[str, ...], routine: str, port: str) -> str:
    if len(names) == 1:
        return names[0]
    raise FlowError(
        f"pipe() cannot tell which {port} of {routine!r} to connect, it has {len(names)}: "
        "use add_routine() and connect()"
    )
