"""Here is a worker, one step at a time: look, begin, run, commit, store after store, ring.

A step stores at most one word that anybody else acts upon. Two things are private until a later store shows
them, and so belong to that store: the inputs chosen (with `begin`), the log (with `commit`).
"""

from __future__ import annotations

from collections.abc import Callable

from .bugs import Bug
from .commit import log_of, pins_of
from .intake import is_forbidden, look, room
from .state import (
    DEAD,
    Pc,
    Place,
    Plan,
    Process,
    Section,
    State,
    Store,
    Word,
    carry_out,
    put,
    with_process,
    with_section,
)
from .wiring import SUPERVISOR, Wiring


def step(wiring: Wiring, state: State, i: int) -> State | None:
    """What worker `i` does next, which may be to die of a poisonous message; None if it does nothing."""
    return STEPS[state.processes[i].pc](wiring, state, i)


def _go(state: State, i: int, pc: Pc, *, k: int = 0) -> State:
    return with_process(state, i, state.processes[i]._replace(pc=pc, k=k))


# ---- before the commit ------------------------------------------------------------------------------------


def _wait(_: Wiring, state: State, i: int) -> State | None:
    """Sleep until somebody rings. The real one looks now and then all the same; here it must not need to."""
    return with_process(state, i, Process(Pc.LOOK)) if state.processes[i].bell else None


def _look(wiring: Wiring, state: State, i: int) -> State:
    section, bug = state.sections[i], wiring.setting.bug
    plan = look(wiring, state, i)
    if plan is None:
        asleep = with_section(state, i, section._replace(care=False))
        return _go(asleep, i, Pc.ASLEEP)
    planned = with_process(state, i, state.processes[i]._replace(plan=plan, k=0))
    if plan.activations:
        alone = wiring.routines[i].policy is not None or section.care or wiring.routines[i].limit == 1
        section = section._replace(at=plan.activations[0].key, alone=alone, begun=True)
        if bug is Bug.ACK_ON_RECEIVE:
            section = section._replace(begun=False, inlets=plan.inlets)
        planned = with_section(planned, i, section)
    if _pins_to_take(wiring, planned, i) and bug is not Bug.PINNED_AFTER_COMMIT:
        return _go(planned, i, Pc.PIN)
    return _go(planned, i, Pc.RUN) if plan.activations else _commit(wiring, planned, i, plan)


def _pins_to_take(wiring: Wiring, state: State, i: int) -> list[tuple[tuple[int, int], int]]:
    plan = state.processes[i].plan
    if not wiring.large_lanes or plan is None:
        return []
    return sorted(pins_of(wiring, log_of(wiring, state, i, plan)) - set(state.sections[i].pins))


def _pin(wiring: Wiring, state: State, i: int) -> State:
    """Keep one more blob for a record that the coming commit makes."""
    section, plan = state.sections[i], state.processes[i].plan
    assert plan is not None
    missing = _pins_to_take(wiring, state, i)
    if missing:
        return with_section(state, i, section._replace(pins=(*section.pins, missing[0])))
    return _go(state, i, Pc.RUN) if plan.activations else _commit(wiring, state, i, plan)


def _run(wiring: Wiring, state: State, i: int) -> State | None:
    """User code; then the log, which is private, and the commit word: one store that others see."""
    plan, name = state.processes[i].plan, wiring.names[i]
    assert plan is not None
    for activation in plan.activations:
        values = [value for slot in activation.slots for value in slot]
        if not is_forbidden(wiring, state, i, activation.key) and any(
            (name, value) in wiring.flow.poison for value in values
        ):
            at_it = state.sections[i]._replace(at=activation.key)
            is_first = activation is plan.activations[0]
            return died(wiring, state if is_first else with_section(state, i, at_it), i)
    if wiring.setting.bug is Bug.EMIT_BLOCKS and any(
        room(wiring, state, lane.number) <= 0 for lane in wiring.outlets[i]
    ):
        return None
    return _commit(wiring, state, i, plan)


def _commit(wiring: Wiring, state: State, i: int, plan: Plan) -> State:
    section = state.sections[i]
    log = log_of(wiring, state, i, plan)
    if wiring.setting.bug is Bug.NO_COMMIT_WORD:
        section = section._replace(log=log)
    else:
        section = section._replace(log=log, unapplied=True, begun=False)
    committed = with_section(state, i, section)
    # From here on nothing depends on what was planned; the places passed tell later whom to give credit.
    passed = Plan(state.sections[i].inlets)
    return with_process(committed, i, state.processes[i]._replace(pc=Pc.APPLY, k=0, plan=passed))


# ---- after the commit -------------------------------------------------------------------------------------


def stored(wiring: Wiring, section: Section, store: Store) -> Section:
    """The section after one store of its log."""
    if wiring.setting.bug is Bug.RELATIVE_REDO and store.word in {Word.CREATED, Word.RETIRED}:
        row = section.created if store.word is Word.CREATED else section.retired
        store = store._replace(number=row[store.at] + store.number)
    return carry_out(section, store)


def applied(section: Section) -> Section:
    """The log has been carried out, and nobody will look at it again."""
    return section._replace(unapplied=False, log=())


def _apply(wiring: Wiring, state: State, i: int) -> State:
    section, process = state.sections[i], state.processes[i]
    if process.k < len(section.log):
        after = with_section(state, i, stored(wiring, section, section.log[process.k]))
        return _go(after, i, Pc.APPLY, k=process.k + 1)
    bells = _whom_to_ring(wiring, state, i)
    after = with_section(state, i, applied(section)._replace(begun=False))
    pc = Pc.UNPIN if wiring.large_lanes else Pc.RING if bells else Pc.LOOK
    dropped = Plan((), used=_dropped(section)) if wiring.large_lanes else None
    return with_process(after, i, Process(pc, plan=dropped, bell=process.bell, rings=bells))


def _dropped(section: Section) -> tuple[tuple[Place, int], ...]:
    """The records that the log has ended."""
    return tuple(
        (store.record.place, 0)
        for store in section.log
        if store.record is not None and not store.number and not store.record.is_output
    )


def _whom_to_ring(wiring: Wiring, state: State, i: int) -> tuple[int, ...]:
    """Those for whom something was published; and the producers that may be waiting for room."""
    section, plan = state.sections[i], state.processes[i].plan
    assert plan is not None
    written = {store.at for store in section.log if store.word is Word.PUBLISHED}
    peers = {wiring.outlets[i][outlet].consumer for outlet in written}
    if wiring.setting.bug is not Bug.NO_CREDIT:
        for lane, before in zip(wiring.inlets[i], plan.inlets, strict=True):
            published = len(state.sections[lane.producer].outlets[lane.outlet])
            is_passed = section.inlets[lane.inlet][0] > before[0]
            if is_passed and published - before[0] >= lane.capacity:
                peers.add(lane.producer)
    return tuple(sorted(peers - {SUPERVISOR, i}))


def _unpin(wiring: Wiring, state: State, i: int) -> State:
    """Let go of one blob whose record has ended, or (a new incarnation) never came to be; then go on."""
    section, process, bug = state.sections[i], state.processes[i], wiring.setting.bug
    kept = {r.place: r.frame.messages[0][0] for r in section.records if not r.is_output}
    if bug is Bug.PINNED_AFTER_COMMIT and (missing := sorted(set(kept.items()) - set(section.pins))):
        return with_section(state, i, section._replace(pins=(*section.pins, missing[0])))
    if process.plan is not None:
        gone = set(dict(process.plan.used))
    elif bug is Bug.PINS_DROPPED:
        gone = {place for place, _ in section.pins}
    elif bug is Bug.PINS_LEFT:
        gone = set()
    else:
        gone = {place for place, _ in section.pins} - set(kept)
    for pin in section.pins:
        if pin[0] in gone:
            rest = tuple(other for other in section.pins if other != pin)
            return with_section(state, i, section._replace(pins=rest))
    pc = Pc.RING if process.rings else Pc.LOOK
    return with_process(state, i, process._replace(pc=pc, k=0, plan=None))


def rung(state: State, i: int) -> State:
    """A doorbell for `i`. Only who sleeps hears it: whoever is awake says that it sleeps and looks once more,
    in one step here; that this may be one step is for the litmus to say. It is lost on the dead.
    """
    process = state.processes[i]
    return with_process(state, i, process._replace(bell=True)) if process.pc is Pc.ASLEEP else state


def _ring(wiring: Wiring, state: State, i: int) -> State:
    rings = state.processes[i].rings
    now, later = (rings[:1], rings[1:]) if wiring.setting.fine else (rings, ())
    for peer in now:
        state = rung(state, peer)
    process = state.processes[i]._replace(pc=Pc.RING if later else Pc.LOOK, rings=later)
    return with_process(state, i, process)


# ---- death ------------------------------------------------------------------------------------------------


def died(wiring: Wiring, state: State, i: int) -> State:
    """Worker `i` is gone, and with it all that was not in its section."""
    if wiring.setting.bug is Bug.OUTBOX_IN_MEMORY:
        kept = tuple(record for record in state.sections[i].records if not record.is_output)
        state = with_section(state, i, state.sections[i]._replace(records=kept))
    if any(lane.producer == i for lane in wiring.large_lanes):
        state = state._replace(freeing=None)
    return state._replace(processes=put(state.processes, i, DEAD))


def _lie(_: Wiring, _state: State, _i: int) -> None:
    """The dead do nothing."""


STEPS: dict[Pc, Callable[[Wiring, State, int], State | None]] = {
    Pc.DEAD: _lie,
    Pc.RESTORE: _unpin,
    Pc.ASLEEP: _wait,
    Pc.LOOK: _look,
    Pc.PIN: _pin,
    Pc.RUN: _run,
    Pc.APPLY: _apply,
    Pc.UNPIN: _unpin,
    Pc.RING: _ring,
}
