"""Here is the exploration: every interleaving of everybody's steps and of every fault, breadth first, and
then backwards from the finished states.

L1  from every reachable state the finished state can be reached without another fault: nobody waits for ever
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from .blobs import looks
from .bugs import Bug
from .checks import Checker
from .commit import log_of
from .flow import Flow, Setting
from .state import (
    DEAD,
    IDLE,
    Pc,
    State,
    Violation,
    Zombie,
    put,
    with_process,
    with_section,
)
from .supervisor import steps
from .wiring import SUPERVISOR, Wiring
from .worker import died, step, stored

MOST = 4_000_000
"""States after which an exploration gives up."""
BUSY = frozenset({Pc.PIN, Pc.RUN, Pc.APPLY, Pc.UNPIN, Pc.RING})


@dataclass(frozen=True)
class Verdict:
    """What an exploration has found: how many states, and what is wrong with one of them, if anything."""

    states: int
    fault: str = ""

    @property
    def is_sound(self) -> bool:
        return not self.fault


def explore(flow: Flow, setting: Setting) -> Verdict:
    """Look at every state that the flow can reach in this setting."""
    was_enabled = gc.isenabled()
    gc.disable()  # nothing here is cyclic, and there is much of it
    try:
        return _Exploration(Wiring(flow, setting)).verdict()
    finally:
        if was_enabled:
            gc.enable()


class _Exploration:
    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.checker = Checker(wiring)
        self.found: list[State] = [wiring.begin()]
        self.number: dict[State, int] = {self.found[0]: 0}
        self.before: list[list[int]] = [[]]
        """Per state, those from which a step leads there that is no fault."""
        self.finished: list[int] = []
        self.checker.check(self.found[0])

    def verdict(self) -> Verdict:
        at = 0
        try:
            while at < len(self.found):
                self._visit(at)
                at += 1
                if at > MOST:
                    return Verdict(at, "X1 too many states")
        except Violation as violation:
            return Verdict(len(self.found), str(violation))
        stuck = len(self.found) - self._can_finish()
        return Verdict(len(self.found), f"L1 {stuck:,} states cannot finish" if stuck else "")

    def _visit(self, at: int) -> None:
        state = self.found[at]
        if self.checker.is_finished(state):
            self.finished.append(at)
        for is_fault, successor in successors(self.wiring, state):
            number = self.number.setdefault(successor, len(self.found))
            if number == len(self.found):
                self.found.append(successor)
                self.before.append([])
                if successor.sections is not state.sections or successor.freed is not state.freed:
                    self.checker.check(successor)
            if not is_fault:
                self.before[number].append(at)

    def _can_finish(self) -> int:
        """How many states can still reach a finished one."""
        can = bytearray(len(self.found))
        todo = deque(self.finished)
        for at in self.finished:
            can[at] = 1
        while todo:
            for earlier in self.before[todo.popleft()]:
                if not can[earlier]:
                    can[earlier] = 1
                    todo.append(earlier)
        return sum(can)


def successors(wiring: Wiring, state: State) -> Iterator[tuple[bool, State]]:
    """(whether it is a fault, the next state) for everything that can happen next."""
    for i in wiring.workers:
        if state.processes[i].pc is not Pc.DEAD:
            after = step(wiring, state, i)
            if after is not None:
                yield False, _hurried(wiring, after, i)
            if state.kills and wiring.killable[i]:
                yield from _killed(wiring, state, i)
    for after in steps(wiring, state):
        yield False, after
    if wiring.large_lanes:
        for after in looks(wiring, state):
            yield False, after
    if state.zombie is not None:
        yield from _zombie_steps(wiring, state, state.zombie)
    if state.pauses and not state.paused[-1]:
        last = wiring.flow.jobs - 1
        yield True, state._replace(pauses=state.pauses - 1, paused=put(state.paused, last, True))  # noqa: FBT003 - an item
    if state.restarts:
        gone = tuple(p if i == SUPERVISOR else DEAD for i, p in enumerate(state.processes))
        yield (
            True,
            state._replace(processes=gone, desk=IDLE, freeing=None, zombie=None, restarts=state.restarts - 1),
        )


def _hurried(wiring: Wiring, state: State, i: int) -> State:
    """A reduction: in a swift setting nobody looks closely any more once the last fault is spent."""
    setting = wiring.setting
    if not setting.swift or setting.detects or state.kills or state.restarts or state.pauses:
        return state
    while state.processes[i].pc in BUSY:
        after = step(wiring, state, i)
        if after is None:
            break
        state = after
    return state


def _killed(wiring: Wiring, state: State, i: int) -> Iterator[tuple[bool, State]]:
    dead = died(wiring, state, i)._replace(kills=state.kills - 1)
    yield True, dead
    if wiring.setting.bug is Bug.RECOVERED_BEFORE_REAPED and state.zombie is None:
        process, section = state.processes[i], state.sections[i]
        if process.pc in {Pc.RUN, Pc.APPLY}:
            yield True, dead._replace(zombie=Zombie(i, process, section.log))


def _zombie_steps(wiring: Wiring, state: State, zombie: Zombie) -> Iterator[tuple[bool, State]]:
    """It wakes up, and goes on where it was."""
    i, process, log = zombie
    section = state.sections[i]
    if process.pc is Pc.RUN:
        assert process.plan is not None
        section = section._replace(unapplied=True)
        log = log_of(wiring, with_process(state, i, process), i, process.plan)
    elif process.k == len(log):
        yield False, with_section(state, i, section._replace(unapplied=False))._replace(zombie=None)
        return
    else:
        section = stored(wiring, section, log[process.k])
    k = 0 if process.pc is Pc.RUN else process.k + 1
    later = Zombie(i, process._replace(pc=Pc.APPLY, k=k), log)
    yield False, with_section(state, i, section)._replace(zombie=later)
