"""Here is what a worker sees in front of it, and what it decides to do next.

As in the real worker, a routine without a policy leaves what it has not used in the lane, half a frame if
need be, and sets aside only what is in the way; a routine with a policy takes everything off its lanes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .bugs import Bug
from .flow import Outputs, Routine
from .state import Activation, Consumed, Frame, Key, Place, Plan, Record, State
from .wiring import Wiring


class Unit(NamedTuple):
    """A frame in a lane, or what the pending store keeps of one."""

    place: Place
    frame: Frame
    used: int
    record: Record | None

    @property
    def left(self) -> int:
        return len(self.frame.messages) - self.used

    @property
    def is_parked(self) -> bool:
        return self.record is not None and self.record.is_parked

    def key(self, index: int) -> Key:
        return (*self.place, index)


def units(wiring: Wiring, state: State, i: int) -> list[list[Unit]]:
    """Per in-lane, the oldest first: what has been taken off it, then what lies in it."""
    section, found = state.sections[i], []
    for lane, (position, used) in zip(wiring.inlets[i], section.inlets, strict=True):
        kept = [r for r in section.records if not r.is_output and r.place[0] == lane.number]
        mine = [Unit(r.place, r.frame, r.used, r) for r in kept]
        frames = state.sections[lane.producer].outlets[lane.outlet]
        mine.extend(
            Unit((lane.number, at), frames[at], used if at == position else 0, None)
            for at in range(position, len(frames))
        )
        found.append(mine)
    return found


def room(wiring: Wiring, state: State, lane_number: int) -> int:
    """How many more frames the lane holds."""
    lane = wiring.lanes[lane_number]
    published = len(state.sections[lane.producer].outlets[lane.outlet])
    return lane.capacity - (published - state.sections[lane.consumer].inlets[lane.inlet][0])


def look(wiring: Wiring, state: State, i: int) -> Plan | None:
    """The next transaction of worker `i`; None when there is nothing to do."""
    section = state.sections[i]
    waiting = {record.place[0] for record in section.records if record.is_output}
    if waiting:
        lanes = (lane for channel in waiting for lane in wiring.channels[i][channel].lanes)
        if any(room(wiring, state, lane.number) > 0 for lane in lanes):
            return Plan(section.inlets)
        return _relief(wiring, state, i)
    seen = units(wiring, state, i)
    gathers = wiring.routines[i].policy is not None
    return Gathering(wiring, state, i, seen).plan() if gathers else Taking(wiring, state, i, seen).plan()


def _relief(wiring: Wiring, state: State, i: int) -> Plan | None:
    """A worker that waits for room empties its lanes in a cycle, so that the cycle always moves."""
    inlets = state.sections[i].inlets
    if wiring.setting.bug is Bug.INNER_LANES_WAIT:
        return None
    passed = tuple(
        _end(state, lane.producer, lane.outlet) if wiring.inner[lane.number] else mark
        for lane, mark in zip(wiring.inlets[i], inlets, strict=True)
    )
    return Plan(passed) if passed != inlets else None


def _end(state: State, producer: int, outlet: int) -> Consumed:
    return len(state.sections[producer].outlets[outlet]), 0


def is_forbidden(wiring: Wiring, state: State, i: int, key: Key) -> bool:
    """Whether the message has killed its process too often. Without a policy only a careful worker asks."""
    section = state.sections[i]
    return section.poison == key and (section.care or wiring.routines[i].policy is not None)


def outcome(wiring: Wiring, state: State, i: int, activation: Activation) -> Outputs:
    """What user code emits, per connection."""
    routine = wiring.routines[i]
    if is_forbidden(wiring, state, i, activation.key) and wiring.setting.bug is not Bug.POISON_KEPT:
        return ()
    if activation.is_finish:
        return routine.finish() if routine.finish else ()
    return routine.logic(activation.slots) if routine.logic else ()


class _Choice:
    """What is shared by the two ways of choosing."""

    def __init__(self, wiring: Wiring, state: State, i: int, seen: list[list[Unit]]) -> None:
        self.wiring = wiring
        self.state = state
        self.i = i
        self.seen = seen
        self.section = state.sections[i]
        self.routine: Routine = wiring.routines[i]
        self.limit = 1 if self.section.care else self.routine.limit
        self.heads_only = wiring.setting.bug is Bug.HEADS_ONLY
        self.inlets = list(self.section.inlets)
        self.used: dict[Place, int] = {}
        self.activations: list[Activation] = []
        self.parked: set[int] = set()
        self.flushed: set[int] = set()
        self.has_emitted = False

    @property
    def may_run(self) -> bool:
        return len(self.activations) < self.limit and not self.has_emitted

    def add(self, activation: Activation) -> bool:
        """Run it in this transaction; whether it emits."""
        self.activations.append(activation)
        return any(outcome(self.wiring, self.state, self.i, activation))

    def result(self) -> Plan | None:
        plan = Plan(
            tuple(self.inlets),
            tuple(self.activations),
            tuple(sorted(self.used.items())),
            tuple(sorted(self.parked)),
            tuple(sorted(self.flushed)),
        )
        return None if plan == Plan(self.section.inlets) else plan


class Taking(_Choice):
    """The choice of a routine that takes each message by itself."""

    def plan(self) -> Plan | None:
        for number, mine in enumerate(self.seen):
            self._take_from(number, mine)
        if self.wiring.setting.bug is Bug.MERGE_PARKS and self.routine.in_order and not self.activations:
            mine = [unit for inlet in self.seen for unit in inlet if not unit.is_parked]
            self.parked = {unit.frame.job for unit in mine if not self._is_its_turn(unit)}
        return self.result()

    def _take_from(self, number: int, mine: list[Unit]) -> None:
        passed_over: set[int] = set()
        for unit in mine:
            if not self.may_run:
                return
            job = unit.frame.job
            is_held = job in passed_over or self.state.paused[job]
            if not is_held and self._is_its_turn(unit):
                self._use(number, unit)
                continue
            if is_held:
                passed_over.add(job)
            if self.heads_only:
                return
            if unit.record is None:
                self.inlets[number] = (unit.place[1] + 1, 0)

    def _is_its_turn(self, unit: Unit) -> bool:
        frame = unit.frame
        if not self.routine.in_order or frame.is_token:
            return True
        return not self.activations and frame.tag == self.section.next_tag[frame.job]

    def _use(self, number: int, unit: Unit) -> None:
        """Run as many of the messages as fit into the transaction."""
        count = min(unit.left, self.limit - len(self.activations))
        frame = unit.frame
        for index in range(unit.used, unit.used + count):
            values: list[tuple[int, ...]] = [()] * self.routine.slots
            values[frame.slot] = (frame.messages[index][0],)
            activation = Activation(frame.job, frame.tag, tuple(values), unit.key(index), frame.is_token)
            self.has_emitted |= self.add(activation)
        self.used[unit.place] = count
        if unit.record is None:
            at = unit.place[1]
            self.inlets[number] = (at, unit.used + count) if count < unit.left else (at + 1, 0)


class Gathering(_Choice):
    """The choice of a routine whose policy gathers, job by job."""

    def plan(self) -> Plan | None:
        if self.heads_only:
            self.seen = [self._leading(mine) for mine in self.seen]
        else:
            self.inlets = [
                _end(self.state, lane.producer, lane.outlet) for lane in self.wiring.inlets[self.i]
            ]
        for job in dict.fromkeys(unit.frame.job for mine in self.seen for unit in mine):
            if not self.state.paused[job]:
                self._work_on(job)
            if self.section.care and self.activations:
                break
        if self.heads_only:
            self._pass_what_is_used()
        return self.result()

    def _work_on(self, job: int) -> None:
        mine = [unit for inlet in self.seen for unit in inlet if unit.frame.job == job]
        tokens = [unit for unit in mine if unit.frame.is_token]
        is_final = bool(tokens) or self.section.final[job]
        queues: list[list[tuple[Unit, int]]] = [[] for _ in range(self.routine.slots)]
        for unit in mine:
            if not unit.frame.is_token:
                queues[unit.frame.slot] += ((unit, at) for at in range(unit.used, len(unit.frame.messages)))
        has_settled = False
        while self.may_run and not has_settled:
            counts = self._ask([len(queue) for queue in queues], is_final=is_final)
            if counts is None:
                has_settled = True
            else:
                self._activate(job, queues, counts)
        if has_settled and tokens and not self.has_emitted:
            self.flushed.add(job)
            self.used.update((token.place, 1) for token in tokens)
            self.has_emitted |= self.add(Activation(job, -1, (), tokens[0].key(0), is_finish=True))
        elif self._may_park(has_settled=has_settled) and any(self._rests(unit) for unit in mine):
            self.parked.add(job)

    def _ask(self, waiting: Sequence[int], *, is_final: bool) -> tuple[int, ...] | None:
        assert self.routine.policy is not None
        return self.routine.policy(waiting, is_final)

    def _activate(self, job: int, queues: list[list[tuple[Unit, int]]], counts: Sequence[int]) -> None:
        taken = [queue[:count] for queue, count in zip(queues, counts, strict=True)]
        for queue, count in zip(queues, counts, strict=True):
            del queue[:count]
        for unit, _ in (item for queue in taken for item in queue):
            self.used[unit.place] = self.used.get(unit.place, 0) + 1
        first, index = next(item for queue in taken for item in queue)
        values = tuple(tuple(unit.frame.messages[at][0] for unit, at in queue) for queue in taken)
        activation = Activation(job, first.frame.tag, values, first.key(index), is_finish=False)
        self.has_emitted |= self.add(activation)

    def _may_park(self, *, has_settled: bool) -> bool:
        return has_settled or self.wiring.setting.bug is Bug.PARKED_TOO_EARLY

    def _rests(self, unit: Unit) -> bool:
        """Whether something of the unit is left that is not parked yet."""
        return not unit.is_parked and unit.left > self.used.get(unit.place, 0)

    # ---- the seeded mistake -------------------------------------------------------------------------------

    @staticmethod
    def _leading(mine: list[Unit]) -> list[Unit]:
        return [unit for unit in mine if unit.frame.job == mine[0].frame.job]

    def _pass_what_is_used(self) -> None:
        self.parked.clear()
        for number, mine in enumerate(self.seen):
            for unit in mine:
                if unit.left > self.used.get(unit.place, 0):
                    break
                self.inlets[number] = (unit.place[1] + 1, 0)
