"""Here is how the body of a breakpoint becomes what a runtime takes."""

from typing import Any

from msgspec import UNSET, structs

from routilux_monitor.contract.debugging import BreakpointPost, BreakpointPut


def fields_of(body: BreakpointPost) -> dict[str, Any]:
    """The fields of a new breakpoint."""
    return {name: value for name, value in structs.asdict(body).items() if value is not None}


def changes_of(body: BreakpointPut) -> dict[str, Any]:
    """The fields to change, those that are to be taken away among them."""
    return {name: value for name, value in structs.asdict(body).items() if value is not UNSET}
