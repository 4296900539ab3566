"""Here are the rules a flow must keep, each a function that yields the Faults it finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from inspect import Parameter
from typing import get_args, get_origin, get_type_hints

from routilux.configuration import nearest
from routilux.errors import FlowError
from routilux.function import FunctionRoutine
from routilux.graph import Connection, Fault, Graph, Node
from routilux.invoke import Logic
from routilux.policies import AllSlotsReady, Join, Policy
from routilux.ports import Event
from routilux.routine import Routine
from routilux.shipping import culprit
from routilux.slottypes import checker


def validate(flow: Graph) -> list[Fault]:
    """Every fault of `flow`: first those of its connections, then routine by routine."""
    faults = list(_emptiness(flow))
    for connection in flow.connections:
        faults += _unknown_names(flow, connection)
    faults += _duplicates(flow)
    sound = [connection for connection in flow.connections if not any(_unknown_names(flow, connection))]
    for connection in sound:
        faults += _types(flow, connection)
    for node in flow.nodes.values():
        for rule in (_policy, _logic, _slot_types, _finish, _settings, _shipping):
            faults += rule(node)
        incoming = [connection for connection in sound if connection.target == node.name]
        faults += _unfed_slots(flow, node, incoming)
        faults += _order(flow, node, incoming)
        faults += _partners(flow, node, sound)
    return faults


def _error(where: object, message: str) -> Fault:
    return Fault("error", str(where), message)


def _warning(where: object, message: str) -> Fault:
    return Fault("warning", str(where), message)


# --- the graph ---


def _emptiness(flow: Graph) -> Iterator[Fault]:
    if not flow.nodes:
        yield _error(f"flow {flow.name!r}", "has no routine: call add_routine() first")


def _unknown_names(flow: Graph, connection: Connection) -> Iterator[Fault]:
    for name in dict.fromkeys((connection.source, connection.target)):
        if name not in flow.nodes:
            yield _error(connection, f"there is no routine {name!r}: {nearest(name, flow.nodes)}")
    if source := flow.nodes.get(connection.source):
        events = source.routine.event_names
        if connection.event not in events:
            yield _error(
                connection,
                f"{source.name!r} has no event {connection.event!r}: {nearest(connection.event, events)}",
            )
    if target := flow.nodes.get(connection.target):
        slots = target.routine.slot_names
        if connection.slot not in slots:
            yield _error(
                connection,
                f"{target.name!r} has no slot {connection.slot!r}: {nearest(connection.slot, slots)}",
            )


def _duplicates(flow: Graph) -> Iterator[Fault]:
    for connection, times in Counter(flow.connections).items():
        if times > 1:
            yield _error(connection, f"is connected {times} times: connect it once")


def _unfed_slots(flow: Graph, node: Node, incoming: list[Connection]) -> Iterator[Fault]:
    # Where every routine has an incoming connection, submissions enter a cycle through one of its free slots.
    has_entry = {connection.target for connection in flow.connections} < set(flow.nodes)
    fed = {connection.slot for connection in incoming}
    if not fed or not has_entry:
        return
    for slot in node.routine.slot_names:
        if slot not in fed:
            yield _error(
                node.name, f"nothing feeds its slot {slot!r}: connect an event to it, or remove the slot"
            )


def _types(flow: Graph, connection: Connection) -> Iterator[Fault]:
    emitted = _event_type(flow.nodes[connection.source].routine, connection.event)
    taken = flow.nodes[connection.target].routine.slots[connection.slot].type
    if (
        not isinstance(emitted, type)
        or not isinstance(taken, type)
        or get_origin(emitted)
        or get_origin(taken)
    ):
        return  # only plain classes are compared
    if issubclass(emitted, taken) or issubclass(taken, emitted) or (emitted, taken) == (int, float):
        return
    yield _error(connection, f"emits {emitted.__name__}, but the slot takes {taken.__name__}")


def _event_type(routine: Routine, event: str) -> object:
    """The T of an attribute annotated `Event[T]` or made by `Event[T]()`; None where it cannot be told."""
    try:
        annotation = get_type_hints(type(routine)).get(event)
    except Exception:  # noqa: BLE001 - an annotation is any expression, and serves static checkers only
        annotation = None
    made = getattr(getattr(type(routine), event, None), "__orig_class__", None)
    for declared in (annotation, made):
        if get_origin(declared) is Event:
            return get_args(declared)[0]
    return None


# --- one routine ---


def _policy(node: Node) -> Iterator[Fault]:
    try:
        _ = node.routine.activation_policy
    except FlowError as error:
        yield _error(node.name, str(error))


def _logic(node: Node) -> Iterator[Fault]:
    routine = node.routine
    if not routine.has_logic:
        yield _error(node.name, "has no logic: define logic(self, ...) or call set_logic(...)")
        return
    try:
        logic = routine.logic_in_force()
    except FlowError as error:
        yield _error(node.name, str(error))
        return
    for misfit in logic.signature.misfits(routine.slot_names):
        yield _error(node.name, f"its logic {misfit}")
    yield from _unset_keywords(node, logic)
    yield from _generator(node, logic, "logic")


def _slot_types(node: Node) -> Iterator[Fault]:
    for name, slot in node.routine.slots.items():
        try:
            checker(slot.type)
        except TypeError as error:
            yield _error(
                node.name,
                f"its slot {name!r} has a type that values cannot be checked against: {error}; "
                "give a class, or an expression of classes such as dict[str, int] or int | None",
            )


def _finish(node: Node) -> Iterator[Fault]:
    if not node.routine.has_finish:
        return
    try:
        finish = node.routine.finish_in_force()
    except FlowError as error:
        yield _error(node.name, str(error))
        return
    if finish.signature.is_async:
        yield _error(node.name, "its finish is async: write a plain `def`")
    if finish.signature.required:
        yield _error(node.name, "its finish takes arguments, but there are none to give: use self")
    yield from _generator(node, finish, "finish")


def _unset_keywords(node: Node, logic: Logic) -> Iterator[Fault]:
    given = node.routine.config if isinstance(node.routine, FunctionRoutine) else {}
    for name, default in logic.signature.keywords.items():
        if default is Parameter.empty and name not in given:
            yield _error(
                node.name,
                f"its keyword-only parameter {name!r} has no value: "
                f"give it a default, or one by configure({name}=...) on a @routine function",
            )


def _generator(node: Node, logic: Logic, what: str) -> Iterator[Fault]:
    events = node.routine.event_names
    if logic.signature.is_generator and len(events) != 1:
        yield _error(
            node.name,
            f"its {what} yields, which needs exactly one event, but it has {len(events)}: "
            "emit by name (self.<event>.emit(value)) instead",
        )


def _settings(node: Node) -> Iterator[Fault]:
    if node.key is not None and node.workers == 1:
        yield _warning(
            node.name, "key= chooses among workers, but there is one: add workers=, or leave out key="
        )


def _shipping(node: Node) -> Iterator[Fault]:
    if found := culprit(node):
        yield _error(node.name, f"cannot be sent to a worker: {found}")


# --- one routine among the others ---


def _order(flow: Graph, node: Node, incoming: list[Connection]) -> Iterator[Fault]:
    if not node.ordered:
        return
    if len(incoming) > 1:
        yield _error(node.name, f"ordered=True needs one incoming connection, but there are {len(incoming)}")
    for source in dict.fromkeys(connection.source for connection in incoming):
        if (workers := flow.nodes[source].workers) > 1:
            yield _error(
                node.name,
                f"ordered=True needs its inputs from one process, but {source!r} has {workers} workers",
            )
    policy = _policy_of(node)
    if policy is not None and not policy.immediate:
        yield _error(node.name, f"ordered=True needs the immediate policy, not {policy}")
    for name in dict.fromkeys(c.target for c in flow.connections if c.source == node.name):
        target = flow.nodes.get(name)
        if target is not None and target.workers > 1 and target.key is None and node.workers > 1:
            yield _warning(
                node.name,
                f"its order is lost at {name!r}, whose {target.workers} workers share the messages: "
                "give it key=, or one worker",
            )


def _partners(flow: Graph, node: Node, connections: list[Connection]) -> Iterator[Fault]:
    policy = _policy_of(node)
    if len(node.routine.slot_names) < 2 or not isinstance(policy, AllSlotsReady | Join):
        return
    if node.workers > 1 and node.key is None:
        yield _warning(
            node.name,
            f"its {node.workers} workers share the messages, so partners may part: add key=",
        )
    if isinstance(policy, AllSlotsReady):
        several = [name for name in _ancestors(node.name, connections) if flow.nodes[name].workers > 1]
        for name in several:
            yield _warning(
                node.name,
                f"pairs messages by arrival, but the workers of {name!r} before it "
                "overtake each other: use policies.join(on=...)",
            )


def _policy_of(node: Node) -> Policy | None:
    return None if any(_policy(node)) else node.routine.activation_policy


def _ancestors(name: str, connections: list[Connection]) -> list[str]:
    found: dict[str, None] = {}
    ahead = [name]
    while ahead:
        target = ahead.pop()
        for connection in connections:
            if connection.target == target and connection.source not in found:
                found[connection.source] = None
                ahead.append(connection.source)
    found.pop(name, None)
    return list(found)
