"""Here is the supervisor, one step at a time: recovery, the collecting of outputs, the look for quiet jobs,
the tokens.

It is one thread: what it does is never at two places at once, but each of its steps may come between any two
of the workers'.
"""

from __future__ import annotations

from collections.abc import Iterator

from .bugs import Bug
from .checks import check_quiet
from .commit import collect
from .state import (
    IDLE,
    TOKEN,
    UNTAGGED,
    Desk,
    Doing,
    Frame,
    Pc,
    Process,
    State,
    Store,
    Word,
    put,
    with_process,
    with_section,
)
from .wiring import SUPERVISOR, Wiring
from .worker import applied, rung, stored


def steps(wiring: Wiring, state: State) -> Iterator[State]:
    """Everything that the supervisor may do next."""
    match state.desk.doing:
        case Doing.NOTHING:
            yield from _begin(wiring, state)
        case Doing.REDO | Doing.APPLY:
            yield _carry_out(wiring, state)
        case Doing.CHARGE:
            yield _charge(wiring, state)
        case Doing.RESYNC:
            yield _resync(wiring, state)
        case Doing.SPAWN:
            yield _spawn(wiring, state)
        case Doing.SUM:
            yield _sum(wiring, state)


def _begin(wiring: Wiring, state: State) -> Iterator[State]:
    """What there is to begin with: its own log if it was killed itself, then anything, in any order."""
    if state.sections[SUPERVISOR].unapplied and wiring.setting.bug is not Bug.TOKENS_NOT_REDONE:
        yield state._replace(desk=Desk(Doing.APPLY, SUPERVISOR))
        return
    for i in wiring.workers:
        if state.processes[i].pc is Pc.DEAD:
            yield state._replace(desk=Desk(Doing.REDO, i))
    log = collect(wiring, state)
    if log:
        yield _commit(state, log)
    if wiring.setting.detects:
        for job, is_done in enumerate(state.done):
            if not is_done and not state.paused[job]:
                yield state._replace(desk=Desk(Doing.SUM, job))
    last = len(state.done) - 1
    if state.paused[last] and all(state.done[:last]):
        yield _resume(wiring, state, last)


def _resume(wiring: Wiring, state: State, job: int) -> State:
    """The job may go on: its order says so, then everybody is told to look at the orders."""
    state = state._replace(paused=put(state.paused, job, False))  # noqa: FBT003 - an item, not a flag
    for i in wiring.workers:
        state = rung(state, i)
    return state


# ---- its own transactions ---------------------------------------------------------------------------------


def _commit(state: State, log: tuple[Store, ...]) -> State:
    own = state.sections[SUPERVISOR]._replace(log=log, unapplied=True)
    return with_section(state, SUPERVISOR, own)._replace(desk=Desk(Doing.APPLY, SUPERVISOR))


def _tokens(wiring: Wiring, state: State, job: int) -> State:
    """Tell the workers of the next level that nothing more of the job can come."""
    own = state.sections[SUPERVISOR]
    level, lanes = own.level[job] + 1, wiring.levels[own.level[job]]
    if wiring.setting.bug is Bug.FLUSHED_AT_ONCE:
        level, lanes = len(wiring.levels), tuple(lane for lanes in wiring.levels for lane in lanes)
    token = Frame(job, 0, UNTAGGED, ((TOKEN, 0),))
    created = Store(Word.CREATED, job, own.created[job] + len(lanes))
    published = [
        Store(Word.PUBLISHED, lane.outlet, len(own.outlets[lane.outlet]), frames=(token,)) for lane in lanes
    ]
    return _commit(state, (created, *published, Store(Word.LEVEL, job, level)))


def _carry_out(wiring: Wiring, state: State) -> State:
    """One store of a log: of its own, or of a reaped worker's (R2)."""
    desk = state.desk
    section = state.sections[desk.whom]
    is_own = desk.whom == SUPERVISOR
    if section.unapplied and wiring.setting.bug is Bug.NO_REDO and not is_own:
        section = applied(section)
    if section.unapplied and desk.k < len(section.log):
        section = stored(wiring, section, section.log[desk.k])
        return with_section(state, desk.whom, section)._replace(desk=desk._replace(k=desk.k + 1))
    state = with_section(state, desk.whom, applied(section))
    if not is_own:
        return state._replace(desk=Desk(Doing.CHARGE, desk.whom))
    for store in section.log:
        if store.word is Word.PUBLISHED:
            state = rung(state, wiring.outlets[SUPERVISOR][store.at].consumer)
        if store.word is Word.CONSUMED:
            state = rung(state, wiring.inlets[SUPERVISOR][store.at].producer)
    return state._replace(desk=IDLE)


# ---- recovery ---------------------------------------------------------------------------------------------


def _charge(wiring: Wiring, state: State) -> State:
    """R3: charge the death to the input at hand, if it was at one. None of these words is read by others."""
    i = state.desk.whom
    section, bug = state.sections[i], wiring.setting.bug
    after = state._replace(desk=Desk(Doing.RESYNC, i))
    if not section.begun:
        return after
    was_careful, key = section.care, section.at
    section = section._replace(begun=False, care=bug is not Bug.NOT_CAREFUL)
    if section.alone:
        counts = {(worker, of): n for worker, of, n in state.attempts}
        attempt = counts.pop((i, key), 1 if was_careful else 0) + 1
        if attempt >= wiring.setting.attempts:
            section = section._replace(poison=key)
        else:
            counts[i, key] = attempt
        rows = sorted((worker, of, n) for (worker, of), n in counts.items())
        after = after._replace(attempts=tuple(rows))
    return with_section(after, i, section)


def _resync(wiring: Wiring, state: State) -> State:
    """R3, continued: the bells that died with the worker are rung again, for all who live."""
    desk = state.desk
    if wiring.setting.bug is Bug.NO_RESYNC:
        return state._replace(desk=Desk(Doing.SPAWN, desk.whom))
    for i in wiring.workers:
        state = rung(state, i)
    return state._replace(desk=Desk(Doing.SPAWN, desk.whom))


def _spawn(wiring: Wiring, state: State) -> State:
    """R4: a successor, which looks at everything, whether a bell rings or not."""
    i = state.desk.whom
    pc = Pc.RESTORE if wiring.large_lanes else Pc.LOOK
    if wiring.setting.bug is Bug.BELL_IS_TRUTH:
        pc = Pc.ASLEEP
    return with_process(state, i, Process(pc))._replace(desk=IDLE)


# ---- quiet ------------------------------------------------------------------------------------------------


def _sum(wiring: Wiring, state: State) -> State:
    """Read one more counter of the job: the workers' `retired` one after the other, then their `created`.

    Its own two words cannot change meanwhile, so it looks at them last.
    """
    desk = state.desk
    n, job = len(wiring.workers), desk.whom
    rows = [section.retired for section in state.sections[1:]]
    more = [section.created for section in state.sections[1:]]
    sign = -1
    if wiring.setting.bug is Bug.CREATED_READ_FIRST:
        rows, more, sign = more, rows, 1
    by = sign * rows[desk.k][job] if desk.k < n else -sign * more[desk.k - n][job]
    desk = desk._replace(k=desk.k + 1, difference=desk.difference + by)
    if desk.k < 2 * n:
        return state._replace(desk=desk)
    own = state.sections[SUPERVISOR]
    state = state._replace(desk=IDLE)
    if desk.difference + own.created[job] - own.retired[job]:
        return state
    return _settle(wiring, state, job)


def _settle(wiring: Wiring, state: State, job: int) -> State:
    """The job is quiet: its next level is told, or it is over."""
    is_last = state.sections[SUPERVISOR].level[job] == len(wiring.levels)
    check_quiet(wiring, state, job, is_over=is_last)
    if not is_last:
        return _tokens(wiring, state, job)
    return state._replace(done=put(state.done, job, True))  # noqa: FBT003 - an item, not a flag
