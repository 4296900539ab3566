"""Here is how a producer frees its blobs: word by word, all positions first, then all pins.

A new incarnation looks in the same order at what its heap may hold: its rebuilding is a look like any other.
"""

from __future__ import annotations

from collections.abc import Iterator

from .bugs import Bug
from .state import Pc, State
from .wiring import Lane, Wiring


def looks(wiring: Wiring, state: State) -> Iterator[State]:
    """The next words that producers may read of their blobs."""
    if state.freeing is not None:
        yield _read(wiring, state, *state.freeing)
        return
    for lane in wiring.large_lanes:
        if state.processes[lane.producer].pc not in {Pc.DEAD, Pc.APPLY}:
            for frame in state.sections[lane.producer].outlets[lane.outlet]:
                blob = frame.messages[0][0]
                if blob not in state.freed and _is_sent(state, lane.producer, blob):
                    yield _read(wiring, state, blob, 0)


def _is_sent(state: State, producer: int, blob: int) -> bool:
    """Whether all frames that refer to it are known, and none waits for room."""
    return not any(r.is_output and (blob in dict(r.frame.messages)) for r in state.sections[producer].records)


def _read(wiring: Wiring, state: State, blob: int, k: int) -> State:
    """Read one word: the position of a lane, or the pins of a consumer."""
    lanes = wiring.large_lanes
    consumers = sorted({lane.consumer for lane in lanes})
    reads = [*(("position", n) for n in range(len(lanes))), *(("pins", i) for i in consumers)]
    if wiring.setting.bug is Bug.PINS_READ_FIRST:
        reads.sort()
    kind, index = reads[k]
    if kind == "position":
        frees = is_passed(state, lanes[index], blob)
    else:
        pinned = {pin for _, pin in state.sections[index].pins}
        frees = blob not in pinned or wiring.setting.bug is Bug.PINS_IGNORED
    if not frees:
        return state._replace(freeing=None)
    if k + 1 < len(reads):
        return state._replace(freeing=(blob, k + 1))
    return state._replace(freeing=None, freed=state.freed | {blob})


def is_passed(state: State, lane: Lane, blob: int) -> bool:
    """Whether the consumer has passed every frame of the lane that refers to the blob."""
    frames = state.sections[lane.producer].outlets[lane.outlet]
    position = state.sections[lane.consumer].inlets[lane.inlet][0]
    return all(frame.messages[0][0] != blob for frame in frames[position:])
