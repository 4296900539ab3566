"""Here is the submission: what a user asks of a flow, checked against it, before any engine sees it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from routilux.configuration import nearest
from routilux.errors import FlowError, PayloadError
from routilux.flow import Flow
from routilux.graph import Node
from routilux.ipc.codec import EncodeError
from routilux.ipc.large import Large, region_parts
from routilux.slottypes import demand_of, refuser

TRIGGER = "trigger"
MOST_METADATA = 64 << 10
"""Bytes of one job's metadata, as JSON."""


@dataclass(frozen=True, slots=True)
class Seed:
    """One payload for one slot."""

    routine: str
    slot: int
    payload: Any


@dataclass(frozen=True, slots=True)
class Sealed:
    """A payload that is encoded already. It goes as it is, and only its receiver decodes it."""

    data: bytes
    is_large: bool

    def part(self) -> bytes | Large:
        """As an encoder would have made it."""
        if not self.is_large:
            return self.data
        body, buffers = region_parts(memoryview(self.data))
        return Large(bytes(body), tuple(buffers))


def encoded_part(seed: Seed, encode: Callable[[object], bytes | Large]) -> bytes | Large:
    """The payload of a seed, encoded; PayloadError, naming the routine, if it cannot be."""
    if isinstance(seed.payload, Sealed):
        return seed.payload.part()
    try:
        return encode(seed.payload)
    except EncodeError as error:
        message = f"cannot send a {error.type_name} to routine {seed.routine!r}: {error.reason}"
        raise PayloadError(message) from error


def entry_seeds(
    flow: Flow, entry: str | None, inputs: Mapping[str, Any] | None, slots: Mapping[str, Any]
) -> list[Seed]:
    """The payloads of one submission to the entry routine, by slot; FlowError when they do not fit its
    slots.
    """
    name = flow.entry(entry)
    node = flow.nodes[name]
    given = {**_mapping(inputs), **slots}
    names = node.routine.slot_names
    for slot in given:
        if slot not in names:
            raise FlowError(f"entry routine {name!r} has no slot {slot!r}: {nearest(slot, names)}")
    if not (given and node.routine.activation_policy.immediate):
        defaults = _defaults(node)
        if given or len(defaults) == len(names):
            given = {**defaults, **given}  # the policy waits for every slot
    if not given:
        wanted = ", ".join(f"{slot}=..." for slot in names)
        raise FlowError(f"entry routine {name!r} needs a value for its slot: pass {wanted}")
    return [slot_seed(flow, name, slot, payload) for slot, payload in given.items()]


def slot_seed(flow: Flow, routine: str, slot: str, payload: Any) -> Seed:
    """One payload for any slot of any routine."""
    return seeder(flow, routine, slot)(payload)


def seeder(flow: Flow, routine: str, slot: str) -> Callable[[Any], Seed]:
    """What makes the Seeds of one slot; it raises PayloadError for what the slot does not take."""
    if routine not in flow.nodes:
        raise FlowError(f"flow {flow.name!r} has no routine {routine!r}: {nearest(routine, flow.nodes)}")
    names = flow.nodes[routine].routine.slot_names
    if slot not in names:
        raise FlowError(f"routine {routine!r} has no slot {slot!r}: {nearest(slot, names)}")
    position, demand = names.index(slot), demand_of(flow, routine, slot)
    refuse = refuser(demand) if demand is not None else None

    def seed(payload: Any) -> Seed:
        if refuse is not None and (reason := refuse(payload)) is not None:
            raise PayloadError(f"cannot send a {type(payload).__qualname__} to routine {routine!r}: {reason}")
        return Seed(routine, position, payload)

    return seed


def logic_of(node: Node) -> Callable[..., object]:
    """What a user has written to be run."""
    return (
        node.routine.spec().additions.logic
        or getattr(node.routine, "__wrapped__", None)
        or node.routine.logic
    )


def _mapping(inputs: object) -> Mapping[str, Any]:
    if inputs is None:
        return {}
    if not isinstance(inputs, Mapping):
        raise FlowError(f"inputs must be a mapping from slot names to payloads, not {type(inputs).__name__}")
    return inputs


def _defaults(node: Node) -> dict[str, Any]:
    """What the entry's slots get when nothing is given for them: its trigger, the defaults of its
    parameters.
    """
    names = node.routine.slot_names
    if names == (TRIGGER,):
        return {TRIGGER: None}
    parameters = [p for p in inspect.signature(logic_of(node)).parameters.values() if p.name != "self"]
    return {name: p.default for name, p in zip(names, parameters, strict=False) if p.default is not p.empty}


def checked_metadata(metadata: object) -> dict[str, Any]:
    """A copy of what a job is to be known by. Raises FlowError for what JSON does not know."""
    try:
        encoded = msgspec.json.encode(metadata)
    except (TypeError, ValueError, RecursionError) as error:
        raise FlowError(f"metadata={metadata!r:.80}: give a dict of what JSON knows ({error})") from error
    if not isinstance(metadata, Mapping) or len(encoded) > MOST_METADATA:
        raise FlowError(
            f"metadata={metadata!r:.80}: give a dict of at most {MOST_METADATA:,} bytes as JSON, with what "
            "is to be known of the job; data goes into its slots"
        )
    return msgspec.json.decode(encoded, type=dict[str, Any])
