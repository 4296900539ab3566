"""Here is where emissions go: the routes of a flow, the levels it drains by, and the worker a message is for.

All of it presumes a flow that `validate` found sound: unknown names are a KeyError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from routilux.graph import Connection, Graph
from routilux.keys import Key, by_key, key_of

__all__ = ["Key", "by_key", "components", "inner", "key_of", "least", "levels", "outputs", "routes"]


def routes(flow: Graph) -> Mapping[tuple[str, str], tuple[Connection, ...]]:
    """For every (routine, event) its connections, in the order they were made."""
    found: dict[tuple[str, str], tuple[Connection, ...]] = {
        (name, event): () for name, node in flow.nodes.items() for event in node.routine.event_names
    }
    for connection in flow.connections:
        found[connection.source, connection.event] += (connection,)
    return MappingProxyType(found)


def outputs(flow: Graph) -> tuple[tuple[str, str], ...]:
    """The (routine, event) connected to nothing: what they emit leaves the flow."""
    return tuple(event for event, connections in routes(flow).items() if not connections)


def least(outstanding: Sequence[int]) -> int:
    """The worker with the fewest messages outstanding; the first of several."""
    return outstanding.index(min(outstanding))


def inner(flow: Graph) -> frozenset[Connection]:
    """The connections inside a cycle: both ends lie in the same strongly connected component."""
    home = {name: number for number, names in enumerate(components(flow)) for name in names}
    return frozenset(
        connection for connection in flow.connections if home[connection.source] == home[connection.target]
    )


def levels(flow: Graph) -> list[list[str]]:
    """The routines by the longest way that leads to them, sources first; a whole cycle lies in one level.

    Nothing of a level leads to an earlier one, and only cycles connect routines of the same level.
    """
    parts = list(components(flow))
    targets = _targets(flow)
    home = {name: number for number, names in enumerate(parts) for name in names}
    depth = [0] * len(parts)
    # Components come sinks first: from the end, every one is final before those it leads to are raised.
    for number in reversed(range(len(parts))):
        for name in parts[number]:
            for target in targets[name]:
                if home[target] != number:
                    depth[home[target]] = max(depth[home[target]], depth[number] + 1)
    found: list[list[str]] = [[] for _ in range(max(depth, default=-1) + 1)]
    for name in flow.nodes:
        found[depth[home[name]]].append(name)
    return found


def components(flow: Graph) -> Iterator[tuple[str, ...]]:
    """The strongly connected components, each before those that lead to it: Tarjan's, without recursion."""
    targets = _targets(flow)
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    settled: set[str] = set()
    for root in targets:
        if root in order:
            continue
        walk = [(root, iter(targets[root]))]
        while walk:
            name, ahead = walk[-1]
            if name not in order:
                order[name] = low[name] = len(order)
                stack.append(name)
            for target in ahead:
                if target not in order:
                    walk.append((target, iter(targets[target])))
                    break
                if target not in settled:
                    low[name] = min(low[name], order[target])
            else:
                walk.pop()
                if walk:
                    parent = walk[-1][0]
                    low[parent] = min(low[parent], low[name])
                if low[name] == order[name]:
                    start = stack.index(name)
                    settled.update(stack[start:])
                    yield tuple(stack[start:])
                    del stack[start:]


def _targets(flow: Graph) -> dict[str, list[str]]:
    targets: dict[str, list[str]] = {name: [] for name in flow.nodes}
    for connection in flow.connections:
        targets[connection.source].append(connection.target)
    return targets
