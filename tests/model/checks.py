"""Here is what must hold in every reachable state, and what it means to have finished.

S1  what a lane has carried is a beginning of what is expected: nothing lost, doubled, foreign or out of order
S2  consumed <= published <= consumed + capacity, and what is published does not change
S3  per job, created - retired is at least the number of messages that are under way, parked ones apart
S4  a job that is found quiet has nothing that can go on by itself; a job that is over has nothing left at all
S5  a freed blob is referred to by no lane and no record
"""

from __future__ import annotations

from collections import Counter

from .intake import units
from .state import MARK, Frame, State, Violation, Word
from .wiring import Lane, Wiring

Outlets = tuple[tuple[tuple[Frame, ...], ...], ...]


class Checker:
    """The safety of one wiring's states; it remembers which histories it has seen."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self._good: dict[Outlets, bool] = {}

    def check(self, state: State) -> None:
        """Raise Violation if the state breaks one of S1 to S3 or S5; S4 is checked where quiet is found."""
        outlets = tuple(section.outlets for section in state.sections)
        if outlets not in self._good:
            for name in self.wiring.expected:
                self._check_history(state, name)
            self._good[outlets] = self._is_complete(state)
        for lane in self.wiring.lanes:
            _check_positions(state, lane)
        for job in range(self.wiring.flow.jobs):
            counted = sum(s.created[job] - s.retired[job] for s in state.sections)
            if counted < (there := active(self.wiring, state, job)):
                raise Violation(f"S3 job {job}: {counted} counted, {there} under way")
        if state.freed:
            self._check_blobs(state)

    def is_finished(self, state: State) -> bool:
        """Whether all is done, and nothing is left anywhere."""
        if self.wiring.setting.detects and not all(state.done):
            return False
        if any(s.begun or s.unapplied or s.records for s in state.sections):
            return False
        if not self._good[tuple(section.outlets for section in state.sections)]:
            return False
        if any(position < _published(state, lane) for lane, (position, _) in _marks(self.wiring, state)):
            return False
        sent = {f.messages[0][0] for x in self.wiring.large_lanes for f in _frames(state, x)}
        return sent <= state.freed

    # ---- S1 -----------------------------------------------------------------------------------------------

    def _histories(self, state: State, name: str, job: int) -> list[list[int]]:
        """The values that the lanes of a connection have carried. That a mark is missing, a merge shows."""
        lanes = (lane for lane in self.wiring.lanes if lane.connection == name)
        return [
            [
                value
                for frame in _frames(state, lane)
                if frame.job == job
                for value, _ in frame.messages
                if value != MARK
            ]
            for lane in lanes
        ]

    def _check_history(self, state: State, name: str) -> None:
        for job in range(self.wiring.flow.jobs):
            expected = self.wiring.expected[name].get(job, [])
            histories = self._histories(state, name, job)
            found = [value for history in histories for value in history]
            is_ordered = self.wiring.flow.in_order and len(histories) == 1
            if found != expected[: len(found)] if is_ordered else Counter(found) - Counter(expected):
                raise Violation(f"S1 {name}, job {job}: {found} where {expected} is expected")

    def _is_complete(self, state: State) -> bool:
        return all(
            sum(map(len, self._histories(state, name, job))) == len(jobs.get(job, []))
            for name, jobs in self.wiring.expected.items()
            for job in range(self.wiring.flow.jobs)
        )

    # ---- S5 -----------------------------------------------------------------------------------------------

    def _check_blobs(self, state: State) -> None:
        for lane, (position, _) in _marks(self.wiring, state):
            if self.wiring.is_large[lane.number]:
                for frame in _frames(state, lane)[position:]:
                    _check_freed(state, frame)
        for section in state.sections:
            for record in section.records:
                if not record.is_output and self.wiring.is_large[record.place[0]]:
                    _check_freed(state, record.frame)


def _check_freed(state: State, frame: Frame) -> None:
    if frame.messages[0][0] in state.freed:
        raise Violation(f"S5 blob {frame.messages[0][0]} is freed while it is referred to")


def _frames(state: State, lane: Lane) -> tuple[Frame, ...]:
    return state.sections[lane.producer].outlets[lane.outlet]


def _published(state: State, lane: Lane) -> int:
    return len(_frames(state, lane))


def _marks(wiring: Wiring, state: State) -> list[tuple[Lane, tuple[int, int]]]:
    return [(lane, state.sections[lane.consumer].inlets[lane.inlet]) for lane in wiring.lanes]


def _check_positions(state: State, lane: Lane) -> None:
    frames = _frames(state, lane)
    position, used = state.sections[lane.consumer].inlets[lane.inlet]
    if position > len(frames) or (used and used >= len(frames[position].messages)):
        raise Violation(f"S2 lane {lane.number}: more is consumed than published")
    if len(frames) - position > lane.capacity:
        raise Violation(f"S2 lane {lane.number} holds more than it has room for")


def active(wiring: Wiring, state: State, job: int) -> int:
    """Messages of a job in lanes, and unparked ones in pending stores.

    A record counts once its lane has passed it; one that waits for room counts when nothing of its process is
    half stored.
    """
    count = 0
    for lane, (position, used) in _marks(wiring, state):
        frames = _frames(state, lane)
        count += sum(len(frame.messages) for frame in frames[position:] if frame.job == job)
        if used and frames[position].job == job:
            count -= used
    for section in state.sections:
        for record in section.records:
            if record.frame.job != job or record.is_parked:
                continue
            if record.is_output:
                count += 0 if section.unapplied else record.left
            elif record.place[1] < section.inlets[wiring.lanes[record.place[0]].inlet][0]:
                count += record.left
    return count


def check_quiet(wiring: Wiring, state: State, job: int, *, is_over: bool) -> None:
    """S4, when the supervisor has found the job quiet."""
    left = active(wiring, state, job)
    left += sum(
        record.frame.job == job and is_over and not record.is_output
        for section in state.sections
        for record in section.records
    )
    left += sum(
        frame.job == job
        for section in state.sections
        if section.unapplied
        for store in section.log
        if store.word is Word.PUBLISHED and store.number == len(section.outlets[store.at])
        for frame in store.frames
    )
    if left or any(_accepts(wiring, state, i, job) for i in wiring.workers):
        raise Violation(f"S4 job {job} is found {'over' if is_over else 'quiet'} too early")


def _accepts(wiring: Wiring, state: State, i: int, job: int) -> bool:
    """Whether the policy of worker `i` would accept something that is parked there."""
    routine = wiring.routines[i]
    if routine.policy is None:
        return False
    waiting = [0] * routine.slots
    for unit in (unit for mine in units(wiring, state, i) for unit in mine):
        if unit.frame.job == job and not unit.frame.is_token:
            waiting[unit.frame.slot] += unit.left
    return routine.policy(waiting, state.sections[i].final[job]) is not None
