"""Here is recovery: what the supervisor does with the section of a worker that has died, and what it decides
for the next incarnation.

Only after the process has been reaped: until then it may be stopped, and wake up to write again.
"""

from collections import deque
from dataclasses import dataclass

from routilux.clock import monotonic
from routilux.ipc.arena import Arena, OwnSection
from routilux.ipc.commit import redo
from routilux.ipc.layout import REPLAY_HEAD, REPLAY_WORDS, REPLAYS, WORD, Status
from routilux.plan import SUPERVISOR, Plan
from routilux.supervisor.journal import Journal

ATTEMPTS = 3
"""Times that one message may kill its process while it is the only one at work there."""
CAREFUL = 4096
"""Transactions of one message each that follow a crash, unless there is nothing left to do before."""
DEATHS, SECONDS = 5, 30.0
"""Restart intensity: how many deaths in a row of one worker that has done nothing since it was started, in
how many seconds, its flow survives.
"""
FIRST_DELAY, LONGEST_DELAY = 0.1, 5.0
"""Seconds before a process that died outside an activation is spawned again: doubled each time."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a death was: of which attempt at one message, or outside any activation, or no death at all but
    the planned end of a worn process.
    """

    in_activation: bool = False
    attempt: int = 0
    delay: float = 0.0
    gives_up: bool = False
    is_planned: bool = False


class Recovery:
    """The deaths of one flow's workers."""

    def __init__(self, arena: Arena, journal: Journal | None = None) -> None:
        self._arena = arena
        self._journal = journal
        self._attempts = journal.attempts() if journal is not None else {}
        self._idle: dict[int, deque[float]] = {}
        self._done: dict[int, int] = {}
        self.restarts = 0

    def recover_all(self, plan: Plan) -> None:
        """After the end of everything: first the supervisor's own section, which orders nothing any more."""
        own = OwnSection(self._arena, SUPERVISOR)
        try:
            redo(own)
            for name in ("drain", "exit"):
                own.words[own.index(own.section.words[name])] = 0
        finally:
            own.close()
        for process in plan.processes[1:]:
            self.recover(process.index)
            self._hasten(process.index)
        self.restarts = 0

    def _hasten(self, index: int) -> None:
        """What waits for another attempt has waited: since then the machine may have started its clock
        anew.
        """
        own = OwnSection(self._arena, index)
        try:
            due, used = (own.index(own.section.words[name]) for name in ("record_due", "rows_used"))
            rows = own.words[used]
            own.words[due : due + rows] = memoryview(bytes(WORD * rows)).cast("Q")
        finally:
            own.close()

    def recover(self, index: int) -> Verdict:
        """Finish what the dead worker had committed, charge its death, and tell its successor how to go
        on.
        """
        own = OwnSection(self._arena, index)
        try:
            redo(own)
            status = own.index(own.section.words["status"])
            verdict = Verdict(is_planned=True)
            if own.words[status] != Status.WORN:
                verdict = self._judge(own, index, is_held=own.words[status] == Status.HELD)
                self.restarts += 1
            own.words[status] = Status.STARTING
            own.words[own.index(own.section.words["running_since"])] = 0
        finally:
            own.close()
        return verdict

    def _judge(self, own: OwnSection, index: int, *, is_held: bool) -> Verdict:
        def word(name: str) -> int:
            return own.index(own.section.words[name])

        words = own.words
        done = words[word("commit")]
        before, self._done[index] = self._done.get(index, 0), done
        if words[word("begin")] <= done:
            return self._outside_activation(index, has_worked=done > before)
        words[word("begin")] = done  # charged once: the next incarnation may die before it begins anything
        words[word("care")] = CAREFUL
        if is_held or not words[word("at_once")]:  # whoever was held did nothing that could kill it
            return Verdict(in_activation=True, attempt=1)
        key = (index, words[word("at")])
        rows = range(word("replay"), word("replay") + REPLAYS * REPLAY_WORDS, REPLAY_WORDS)
        total = REPLAY_HEAD.index("total")
        sent = sum(words[row + total] for row in rows if words[row] == key[1])
        attempts, sent_before = self._attempts.get(key, (0, 0))
        attempt = (
            attempts + 1 if sent <= sent_before else 1
        )  # it gets further each time: it is not what kills
        self._attempts[key] = (attempt, sent)
        if self._journal is not None:
            self._journal.charged(*key, attempt if attempt < ATTEMPTS else 0, sent)
            self._journal.flush()
        if attempt >= ATTEMPTS:
            words[word("poison")] = key[1]
            del self._attempts[key]
        return Verdict(in_activation=True, attempt=attempt)

    def _outside_activation(self, index: int, *, has_worked: bool) -> Verdict:
        idle = self._idle.setdefault(index, deque())
        if has_worked:
            idle.clear()
            return Verdict(attempt=1)
        now = monotonic()
        idle.append(now)
        while idle[0] < now - SECONDS:
            idle.popleft()
        deaths = len(idle)
        delay = min(FIRST_DELAY * 2 ** (deaths - 1), LONGEST_DELAY)
        return Verdict(attempt=deaths, delay=delay, gives_up=deaths > DEATHS)
