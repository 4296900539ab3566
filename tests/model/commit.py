"""Here is the log of a transaction: the absolute values of the writer's own words, in the order in which they
are stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .bugs import Bug
from .flow import Connection
from .intake import Unit, is_forbidden, outcome, room, units
from .state import MARK, UNTAGGED, Activation, Frame, Plan, Record, State, Store, Word
from .wiring import SUPERVISOR, Channel, Wiring


def log_of(wiring: Wiring, state: State, i: int, plan: Plan) -> tuple[Store, ...]:
    """What one commit of process `i` stores."""
    return _Log(wiring, state, i, plan).stores()


class _Log:
    def __init__(self, wiring: Wiring, state: State, i: int, plan: Plan) -> None:
        self.wiring = wiring
        self.state = state
        self.i = i
        self.plan = plan
        self.section = state.sections[i]
        self.bug = wiring.setting.bug
        self.created: Counter[int] = Counter()
        self.retired: Counter[int] = Counter()
        self.next_tag: dict[int, int] = {}
        self.late: list[Store] = []
        self.live: list[Store] = []
        self.emitted: list[list[Frame]] = [[] for _ in wiring.channels[i]]

    def stores(self) -> tuple[Store, ...]:
        for activation in self.plan.activations:
            self._emit(activation)
        published = list(self._pump())
        self._pass_inputs()
        tags = [Store(Word.NEXT_TAG, job, tag) for job, tag in self.next_tag.items()]
        consumed = [
            Store(Word.CONSUMED, n, at, 0 if self.bug is Bug.USED_NOT_STORED else used)
            for n, (at, used) in enumerate(self.plan.inlets)
            if (at, used) != self.section.inlets[n]
        ]
        created = list(self._counted(Word.CREATED, self.created, self.section.created))
        retired = list(self._counted(Word.RETIRED, self.retired, self.section.retired))
        middle = [*self.live, *tags, *self.late]
        if self.bug is Bug.CREATED_AFTER_PUBLISHED:
            return (*published, *middle, *created, *consumed, *retired)
        if self.bug is Bug.RETIRED_BEFORE_CONSUMED:
            return (*created, *published, *middle, *retired, *consumed)
        return (*created, *published, *middle, *consumed, *retired)

    def _counted(self, word: Word, more: Counter[int], row: tuple[int, ...]) -> Iterable[Store]:
        for job, by in sorted(more.items()):
            if by:
                yield Store(word, job, by if self.bug is Bug.RELATIVE_REDO else row[job] + by)

    # ---- out ----------------------------------------------------------------------------------------------

    def _emit(self, activation: Activation) -> None:
        """What the activation emits, from each channel's point of view."""
        is_dead = is_forbidden(self.wiring, self.state, self.i, activation.key)
        found = outcome(self.wiring, self.state, self.i, activation)
        for number, channel in enumerate(self.wiring.channels[self.i]):
            values = list(found[number]) if number < len(found) else []
            if is_dead and number == self.wiring.reports[self.i]:
                values = [value for slot in activation.slots for value in slot]
            if not values and self._leaves_mark(channel.connection, activation, is_dead=is_dead):
                values = [MARK]
            if values:
                self._put(number, channel, activation, values)
        if is_dead:
            self.late.append(Store(Word.POISON))

    def _leaves_mark(self, connection: Connection, activation: Activation, *, is_dead: bool) -> bool:
        omits = Bug.DEAD_WITHOUT_TAGS if is_dead else Bug.FILTERED_WITHOUT_TAGS
        return connection.is_ordered and activation.tag != UNTAGGED and self.bug is not omits

    def _put(self, number: int, channel: Channel, activation: Activation, values: list[int]) -> None:
        job, connection = activation.job, channel.connection
        tag = activation.tag if connection.is_ordered else UNTAGGED
        if connection.is_numbered:
            tag = self.next_tag.get(job, self.section.next_tag[job])
            self.next_tag[job] = tag + 1
        messages = tuple((value, self.state.kills) for value in values)
        self.emitted[number].append(Frame(job, connection.slot, tag, messages))
        self.created[job] += len(messages)

    def _pump(self) -> Iterable[Store]:
        """Write what there is room for; what there is none for goes into the pending store, or stays."""
        written: dict[int, list[Frame]] = {}
        for number, channel in enumerate(self.wiring.channels[self.i]):
            waiting = [r for r in self.section.records if r.is_output and r.place[0] == number]
            turn = waiting[-1].place[1] + 1 if waiting else 0
            fresh = [
                Record(is_output=True, place=(number, turn + n), frame=frame, used=0, is_parked=False)
                for n, frame in enumerate(self.emitted[number])
            ]
            for record in (*waiting, *fresh):
                rest = self._send(channel, record, written)
                if rest.left and record in waiting and self.bug is Bug.REST_NOT_STORED:
                    continue
                if rest.left if record in fresh else rest != record:
                    self.live.append(Store(Word.LIVE, number=rest.left, record=rest))
        for number, frames in written.items():
            lane = self.wiring.lanes[number]
            there = len(self.section.outlets[lane.outlet])
            yield Store(Word.PUBLISHED, lane.outlet, there, frames=tuple(frames))

    def _send(self, channel: Channel, record: Record, written: dict[int, list[Frame]]) -> Record:
        """Send of an emission what fits; what is left of it. A lane that is behind gets less."""
        while record.left:
            rooms = [
                (room(self.wiring, self.state, lane.number) - len(written.get(lane.number, ())), lane.number)
                for lane in channel.lanes
            ]
            best, number = max(rooms, key=lambda item: (item[0], -item[1]))
            if best <= 0:
                break
            upto = record.used + channel.connection.cut
            part = record.frame._replace(messages=record.frame.messages[record.used : upto])
            written.setdefault(number, []).append(part)
            record = record._replace(used=record.used + len(part.messages))
        return record

    # ---- in -----------------------------------------------------------------------------------------------

    def _pass_inputs(self) -> None:
        used = dict(self.plan.used)
        for mine, (position, _) in zip(units(self.wiring, self.state, self.i), self.plan.inlets, strict=True):
            for unit in mine:
                is_passed = unit.record is not None or unit.place[1] < position
                if is_passed or unit.place in used:  # what has come since the look is not ours yet
                    self._pass(unit, used.get(unit.place, 0), stays=not is_passed)

    def _pass(self, unit: Unit, used: int, *, stays: bool) -> None:
        """`used` messages of the unit are used up; the rest `stays` in the lane, or is kept."""
        job, left = unit.frame.job, unit.left - used
        if job in self.plan.flushed:
            left, gone = 0, left
        else:
            gone = 0
        is_parked = unit.is_parked or (job in self.plan.parked and not unit.frame.is_token)
        if not unit.is_parked:
            self.retired[job] += used + gone + (left if is_parked else 0)
        if used and not left:
            self._finish_unit(unit)
        rest = Record(
            is_output=False,
            place=unit.place,
            frame=unit.frame,
            used=unit.used + used,
            is_parked=is_parked and self.bug is not Bug.PARKED_NOT_STORED,
        )
        has_changed = bool(used or gone) or is_parked != unit.is_parked
        if has_changed if unit.record is not None else (left and not stays):
            self.live.append(Store(Word.LIVE, number=left, record=rest))

    def _finish_unit(self, unit: Unit) -> None:
        job = unit.frame.job
        if unit.frame.is_token and self.bug is not Bug.FINAL_IN_MEMORY:
            self.late.append(Store(Word.FINAL, job, 1))
        if self.wiring.routines[self.i].in_order and unit.frame.tag != UNTAGGED:
            self.next_tag[job] = unit.frame.tag + 1


def pins_of(wiring: Wiring, log: Iterable[Store]) -> set[tuple[tuple[int, int], int]]:
    """The blobs that the new records of a log refer to."""
    return {
        (store.record.place, store.record.frame.messages[0][0])
        for store in log
        if store.record is not None
        and store.number
        and not store.record.is_output
        and wiring.is_large[store.record.place[0]]
    }


def collect(wiring: Wiring, state: State) -> tuple[Store, ...]:
    """What the supervisor stores when it takes all outputs of its lanes; nothing if there are none."""
    section = state.sections[SUPERVISOR]
    retired: Counter[int] = Counter()
    consumed = []
    for n, mine in enumerate(units(wiring, state, SUPERVISOR)):
        for unit in mine:
            retired[unit.frame.job] += unit.left
        if mine:
            consumed.append(Store(Word.CONSUMED, n, mine[-1].place[1] + 1))
    rows = [Store(Word.RETIRED, job, section.retired[job] + by) for job, by in sorted(retired.items())]
    return (*consumed, *rows)
