"""After a crash each job has the state that the last commit has saved, and a job that is over has none."""

from __future__ import annotations

import copy

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ipc.rig import FIRST, JOBS, Rig, check, is_all_free
from routilux.errors import ArenaFull
from routilux.ipc.codec import Decoder, EncodeError
from routilux.ipc.heap import Extent
from routilux.worker.state import State, States

VALUES = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=5),
    st.integers(0, 30_000).map(bytes),
)
KEYS = st.sampled_from(["a", "b", "c"])
Saved = dict[int, dict[str, object]]


class StatesMachine(RuleBasedStateMachine):
    """The states of a few jobs, some of which have had each other's slot."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig(heap=1 << 17)
        self.committed: Saved = {}
        self.next: Saved = {}
        """What the next commit makes true."""
        self.states: dict[int, State] = {}
        self.gone: list[int] = []
        self.generation = dict.fromkeys(range(3), 1)
        self.start()

    def start(self) -> None:
        own = self.rig.own(FIRST)
        self.tx, self.heap = self.rig.tx(FIRST), self.rig.blobs(FIRST).heap
        self.all = States(own, self.heap)
        self.states.clear()
        self.gone.clear()
        decoder = Decoder()
        for number, saved in self.all.restore(JOBS):
            self.states[number] = self.all.new(number)
            self.states[number].load(saved, decoder)
        assert {number: dict(state) for number, state in self.states.items()} == self.committed
        self.next = copy.deepcopy(self.committed)
        for number in self.states:
            self.is_over(number)

    def is_over(self, number: int) -> None:
        """Whether another job has the slot by now; then the state is forgotten soon."""
        if number >> 16 != self.generation[number & 0xFFFF]:
            self.gone.append(number)

    def state(self, slot: int) -> State:
        number = self.generation[slot] << 16 | slot
        if number not in self.states:
            self.states[number] = self.all.new(number)
        return self.states[number]

    @rule(slot=st.integers(0, 2), key=KEYS, value=VALUES)
    def assign(self, slot: int, key: str, value: object) -> None:
        state = self.state(slot)
        state[key] = value
        assert state[key] == value

    @rule(slot=st.integers(0, 2), key=KEYS)
    def delete(self, slot: int, key: str) -> None:
        state = self.state(slot)
        if key in state:
            del state[key]
        assert key not in state

    @rule(slot=st.integers(0, 2))
    def another_job_gets_the_slot(self, slot: int) -> None:
        number = self.generation[slot] << 16 | slot
        self.generation[slot] += 1
        if number in self.states:
            self.all.touched.pop(number, None)
            self.gone.append(number)

    @rule()
    def save(self) -> None:
        for number, state in list(self.all.touched.items()):
            try:
                self.all.save(self.tx, state)
            except ArenaFull:
                self.another_job_gets_the_slot(number & 0xFFFF)  # the job fails
                continue
            slot = number & 0xFFFF
            self.next = {n: values for n, values in self.next.items() if n & 0xFFFF != slot}
            self.next[number] = dict(state)
        self.all.touched.clear()

    @rule()
    def forget(self) -> None:
        for number in self.gone:
            self.all.forget(self.tx, number)
            self.states.pop(number)
            self.next.pop(number, None)
        self.gone.clear()

    @rule()
    def commit(self) -> None:
        self.tx.commit({})
        self.committed = copy.deepcopy(self.next)
        self.all.settle()

    @rule(after_commit=st.booleans())
    def crash(self, *, after_commit: bool) -> None:
        if after_commit:
            self.tx.commit({})
            self.committed = copy.deepcopy(self.next)
        self.start()

    @precondition(lambda self: self.states)
    @invariant()
    def extents_belong_to_somebody(self) -> None:
        check(self.heap, taken(self.all))

    def teardown(self) -> None:
        self.gone = list(self.states)
        self.forget()
        self.commit()
        assert is_all_free(self.heap)
        assert list(self.all.restore(JOBS)) == []
        self.rig.close()


def taken(states: States) -> list[Extent]:
    return [*(extent for _, extent in states._extents.values()), *states._old]


TestStatesMachine = StatesMachine.TestCase


def saved(rig: Rig) -> Saved:
    """What a crash at this moment would leave."""
    states, decoder = States(rig.own(FIRST), rig.blobs(FIRST).heap), Decoder()
    found: Saved = {}
    for number, values in states.restore(JOBS):
        state = states.new(number)
        state.load(values, decoder)
        found[number] = dict(state)
    return found


def test_only_what_a_commit_has_saved_survives() -> None:
    with Rig() as rig:
        states, tx = States(rig.own(FIRST), rig.blobs(FIRST).heap), rig.tx(FIRST)
        state = states.new(1)
        state["kept"] = 1
        states.save(tx, state)
        tx.commit({})
        state["lost"] = 2
        states.save(tx, state)
        assert saved(rig) == {1: {"kept": 1}}


def test_a_value_changed_in_place_is_not_saved() -> None:
    with Rig() as rig:
        states, tx = States(rig.own(FIRST), rig.blobs(FIRST).heap), rig.tx(FIRST)
        state = states.new(1)
        state["list"] = [1]
        states.save(tx, state)
        state["list"].append(2)
        state["other"] = 0
        states.save(tx, state)
        tx.commit({})
        assert saved(rig) == {1: {"list": [1], "other": 0}}


def test_the_end_of_a_job_does_not_touch_the_next_one_of_its_slot() -> None:
    """Both in one commit: so it is when the next job's first activation assigns to its state."""
    with Rig() as rig:
        states, tx = States(rig.own(FIRST), rig.blobs(FIRST).heap), rig.tx(FIRST)
        earlier, later = states.new(1 << 16), states.new(2 << 16)
        earlier["a"] = "earlier"
        states.save(tx, earlier)
        tx.commit({})
        states.settle()
        later["a"] = "later"
        states.save(tx, later)
        states.forget(tx, earlier.number)
        tx.commit({})
        states.settle()
        assert saved(rig) == {2 << 16: {"a": "later"}}


def test_a_state_that_finds_no_room_leaves_the_one_before() -> None:
    with Rig(heap=1 << 16) as rig:
        heap, tx = rig.blobs(FIRST).heap, rig.tx(FIRST)
        states = States(rig.own(FIRST), heap)
        state = states.new(1)
        state["a"] = 1
        states.save(tx, state)
        tx.commit({})
        states.settle()
        state["a"] = bytes(1 << 17)
        with pytest.raises(ArenaFull):
            states.save(tx, state)
        tx.commit({})
        states.settle()
        check(heap, taken(states))
        assert len(taken(states)) == 1
        assert saved(rig) == {1: {"a": 1}}


def test_a_value_that_cannot_be_encoded_is_refused() -> None:
    with Rig() as rig:
        states, tx = States(rig.own(FIRST), rig.blobs(FIRST).heap), rig.tx(FIRST)
        state = states.new(1)
        state["lock"] = (number for number in range(3))
        with pytest.raises(EncodeError):
            states.save(tx, state)
        assert tx.is_empty


def test_what_is_saved_stays_whole_until_the_commit_of_what_replaces_it() -> None:
    with Rig() as rig:
        states, tx = States(rig.own(FIRST), rig.blobs(FIRST).heap), rig.tx(FIRST)
        state = states.new(1)
        for number in range(5):
            state["a"] = number
            states.save(tx, state)
            if number == 0:
                tx.commit({})
                states.settle()
        assert saved(rig) == {1: {"a": 0}}
        tx.commit({})
        assert saved(rig) == {1: {"a": 4}}
