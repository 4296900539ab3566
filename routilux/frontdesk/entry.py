"""Here is how the JSON of a submission becomes the payloads of a flow's slots."""

from collections.abc import Mapping
from typing import Any

import msgspec

from routilux.commands import Submit
from routilux.configuration import nearest
from routilux.flow import Flow
from routilux.frontdesk.refused import Refused
from routilux.slottypes import demand_of, name_of
from routilux.submission import TRIGGER, Seed, entry_seeds


def seeds_of(flow: Flow, flow_id: str, submit: Submit) -> list[Seed]:
    """The payloads of a submission, each of its slot's type. Raises Refused for what does not fit."""
    name = submit.routine_id
    if name and name not in flow.nodes:
        raise Refused(
            "ROUTINE_NOT_FOUND", f"flow {flow_id!r} has no routine {name!r}: {nearest(name, flow.nodes)}"
        )
    name = flow.entry(name or None)
    given = _given(flow, name, submit)
    return entry_seeds(flow, name, {s: typed(flow, name, s, value) for s, value in given.items()}, {})


def _given(flow: Flow, routine: str, submit: Submit) -> Mapping[str, Any]:
    """What each slot gets."""
    names = flow.nodes[routine].routine.slot_names
    if submit.inputs is not None:
        if submit.data is not None or submit.slot_name:
            raise _invalid("give `inputs`, or `slot_name` and `data`: not both", "inputs")
        given: Mapping[str, Any] = submit.inputs
    elif submit.slot_name:
        given = {submit.slot_name: submit.data}
    elif submit.data is None:
        return {}
    elif len(names) == 1:
        given = {names[0]: submit.data}
    else:
        raise _invalid(f"routine {routine!r} has the slots {', '.join(names)}: name one", "slot_name")
    for slot in given:
        if slot not in names:
            raise Refused(
                "SLOT_NOT_FOUND", f"routine {routine!r} has no slot {slot!r}: {nearest(slot, names)}"
            )
    return given


def typed(flow: Flow, routine: str, slot: str, value: Any) -> Any:
    """The plain JSON as what the slot takes. Raises Refused if it does not fit."""
    demand = demand_of(flow, routine, slot)
    if demand is None or (slot == TRIGGER and value is None):
        return value
    what = f"slot {slot!r} of routine {routine!r} takes {name_of(demand.type)}"
    try:
        return msgspec.convert(value, demand.type)
    except msgspec.ValidationError as error:
        raise _invalid(f"{what}: {error}", "data", slot=slot) from error
    except (TypeError, ValueError, RecursionError, NameError) as error:  # a type that msgspec does not know
        raise _invalid(f"{what}, which JSON cannot give ({error})", "data", slot=slot) from error


def _invalid(message: str, field: str, **details: Any) -> Refused:
    return Refused("VALIDATION_ERROR", message, {"field": field, **details})
