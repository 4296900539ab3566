"""Here are the flows of the fault campaign, and for each what is left of its outputs once the salts are taken
away: what may not depend on who was faster, or who died.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from faults import salted
from routilux import Flow, JobState
from routilux.jobs import Output

Outputs = list[Output]
Counters = Mapping[str, Mapping[str, int]]


class Leak(AssertionError):
    """What an aborted attempt has emitted was seen beside what the committed one has."""


@dataclass(frozen=True)
class Scenario:
    """A flow, the size of its job, and what must come out of it."""

    flow: Flow
    n: int
    digest: Callable[[Outputs], object]

    @property
    def source(self) -> str:
        """Its generator: one message that takes the whole job, which too many deaths would give up."""
        return "numbers-0"


def values(outputs: Outputs) -> object:
    return [output.payload[0] for output in outputs]


def in_any_order(outputs: Outputs) -> object:
    return sorted(output.payload[0] for output in outputs)


def equal_marks(outputs: Outputs) -> object:
    """Numbers whose two ways carry the salt of one attempt."""
    if torn := [output.payload for output in outputs if not output.payload[1]]:
        raise Leak(f"two attempts of one activation have met: {torn[:5]}")
    return in_any_order(outputs)


def by_event(outputs: Outputs) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for output in outputs:
        found[output.event].append(output.payload)
    return found


def equal_batches(outputs: Outputs) -> object:
    """Batches that have left by two events, each time with the same salt."""
    found = by_event(outputs)
    if found["out"] != found["other"]:
        raise Leak("the two events of one activation carry the salts of two attempts")
    return [batch for batch, _ in found["out"]]


def emitted_is_saved(outputs: Outputs) -> object:
    """What was emitted, if it is what was saved."""
    found = by_event(outputs)
    emitted, (saved,) = found["out"], found["saved"]
    if sorted(emitted) != saved:
        raise Leak("what was emitted and what was saved come of two attempts")
    return [value for value, _ in emitted]


def counted(outputs: Outputs) -> object:
    return sorted((value % 7, before, value) for value, before, _ in (output.payload for output in outputs))


def payloads(outputs: Outputs) -> object:
    return [output.payload for output in outputs]


def chain() -> Flow:
    return Flow("chain").pipe(salted.numbers).pipe(salted.stamp, workers=2).pipe(salted.left)


def fan_out(nbytes: int) -> Flow:
    flow = Flow("fan-out").pipe(salted.numbers).pipe(salted.stamp.configure(nbytes=nbytes), "stamp")
    flow.add_routine(salted.left)
    flow.add_routine(salted.right)
    flow.add_routine(salted.Meet(), "meet")
    for way in ("left", "right"):
        flow.connect("stamp", "output", way, "pair")
        flow.connect(way, "output", "meet", way)
    return flow


def batch() -> Flow:
    return Flow("batch").pipe(salted.numbers).pipe(salted.stamp).pipe(salted.Fives())


def ordered() -> Flow:
    return Flow("ordered").pipe(salted.numbers).pipe(salted.stamp, workers=2, ordered=True).pipe(salted.left)


def keyed() -> Flow:
    stamped = Flow("keyed").pipe(salted.numbers).pipe(salted.stamp)
    return stamped.pipe(salted.Count(), workers=2, key=salted.key_of)


def whole() -> Flow:
    return Flow("whole").pipe(salted.numbers).pipe(salted.stamp).pipe(salted.Whole())


def cycle() -> Flow:
    flow = Flow("cycle").pipe(salted.numbers)
    flow.add_routine(salted.Round(), "round")
    flow.connect("numbers", "output", "round", "value")
    flow.connect("round", "again", "round", "value")
    return flow


def early() -> Flow:
    return Flow("early").pipe(salted.numbers).pipe(salted.Early()).pipe(salted.left)


def state() -> Flow:
    return Flow("state").pipe(salted.numbers).pipe(salted.stamp).pipe(salted.Remember())


SCENARIOS: dict[str, Scenario] = {
    "chain": Scenario(chain(), 600, in_any_order),
    "fan-out": Scenario(fan_out(8), 400, equal_marks),
    "large": Scenario(fan_out(20_000), 200, equal_marks),
    "batch": Scenario(batch(), 600, equal_batches),
    "ordered": Scenario(ordered(), 600, values),
    "keyed": Scenario(keyed(), 600, counted),
    "whole": Scenario(whole(), 600, values),
    "cycle": Scenario(cycle(), 300, in_any_order),
    "early": Scenario(early(), 10, payloads),
    "state": Scenario(state(), 400, emitted_is_saved),
}


def found(scenario: Scenario, job: JobState, timeout: float) -> tuple[object, Counters]:
    """What came out of a job, and its counters, once it has completed."""
    job.wait(timeout)
    outputs = list(job.outputs())
    return scenario.digest(outputs), job.counters
