"""Here is the diagram of a flow, as text that other tools draw."""

from __future__ import annotations

from routilux.graph import Graph, Node


def mermaid(flow: Graph) -> str:
    """A Mermaid flowchart; ids are numbers, since a name may hold what Mermaid allows in no id."""
    ids = _ids(flow)
    lines = ["flowchart LR"]
    lines += [f'    {ids[name]}["{_label(node)}"]' for name, node in flow.nodes.items()]
    lines += [
        f'    {ids[edge.source]} -->|"{edge.event} → {edge.slot}"| {ids[edge.target]}'
        for edge in flow.connections
        if edge.source in ids and edge.target in ids
    ]
    return "\n".join(lines) + "\n"


def dot(flow: Graph) -> str:
    """A Graphviz digraph."""
    ids = _ids(flow)
    lines = [f'digraph "{flow.name}" {{', "    rankdir=LR;", "    node [shape=box];"]
    lines += [f'    {ids[name]} [label="{_label(node)}"];' for name, node in flow.nodes.items()]
    lines += [
        f'    {ids[edge.source]} -> {ids[edge.target]} [label="{edge.event} → {edge.slot}"];'
        for edge in flow.connections
        if edge.source in ids and edge.target in ids
    ]
    return "\n".join([*lines, "}"]) + "\n"


def _ids(flow: Graph) -> dict[str, str]:
    return {name: f"r{number}" for number, name in enumerate(flow.nodes)}


def _label(node: Node) -> str:
    return f"{node.name} x{node.workers}" if node.workers > 1 else node.name
