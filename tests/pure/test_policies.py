"""Which messages an activation gets, policy by policy; time is a number here."""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routilux import policies
from routilux.context import JobView
from routilux.errors import FlowError, KeyRefusedError, PolicyError
from routilux.policies import Inbox, Policy, Taken


@dataclass(frozen=True)
class Note:
    value: Any
    origin: int = 0
    arrived: float = 0.0


@dataclass
class Job:
    job_id: str = "7"
    final: bool = False


def filled(policy: Policy, *puts: tuple[int, Any], slots: int = 2) -> Inbox:
    inbox = policy.inbox([f"s{slot}" for slot in range(slots)], cast("JobView", Job()))
    for slot, value in puts:
        inbox.put(slot, value if isinstance(value, Note) else Note(value))
    return inbox


def accepted(inbox: Inbox, *, final: bool = False, now: float = 0.0) -> Iterator[Taken]:
    while taken := inbox.take(now=now, final=final):
        yield taken


def values(taken: Taken) -> list[list[Any]]:
    return [[message.value for message in messages] for messages in taken.slots]


BUILT_IN = [
    policies.immediate(),
    policies.all_slots_ready(),
    policies.join("origin"),
    policies.batch_size(3),
    policies.batch_size(2, drop_rest=True),
    policies.time_interval(5),
    policies.whole_job(),
    policies.as_policy(lambda slots, job: (job.final, {name: 1 for name in slots if slots[name]}, None)),
]
puts = st.lists(
    st.tuples(st.integers(0, 1), st.builds(Note, st.integers(), st.integers(0, 3), st.floats(0, 9)))
)


# --- of every policy ---


@given(st.sampled_from(BUILT_IN), puts, st.floats(0, 20))
def test_every_message_is_taken_once_or_rests_and_keeps_its_order(
    policy: Policy, sent: list[tuple[int, Note]], now: float
) -> None:
    inbox = filled(policy)
    taken: list[Taken] = []
    for slot, note in sent:
        inbox.put(slot, note)
        taken += accepted(inbox, now=now)
    taken += accepted(inbox, final=True, now=now)
    for slot in range(2):
        seen = [message for each in taken for message in each.slots[slot]] + inbox.rest()[slot]
        arrived = [note for at, note in sent if at == slot]
        assert sorted(map(id, seen)) == sorted(map(id, arrived))
        if not policy.needs_origin:
            assert seen == arrived


@given(st.sampled_from(BUILT_IN), puts)
def test_an_inbox_knows_how_many_messages_it_holds(policy: Policy, sent: list[tuple[int, Note]]) -> None:
    inbox = filled(policy, *sent)
    assert len(inbox) == len(sent)
    taken = sum(len(messages) for each in accepted(inbox, final=True) for messages in each.slots)
    assert len(inbox) == len(sent) - taken == sum(map(len, inbox.rest()))


@pytest.mark.parametrize("policy", BUILT_IN[:-1])
def test_a_policy_travels_as_a_value(policy: Policy) -> None:
    assert pickle.loads(pickle.dumps(policy)) == policy


@pytest.mark.parametrize(
    ("policy", "reasons"),
    [
        (policies.all_slots_ready(), ["all slots ready"] * 2),
        (policies.join(lambda value: value), ["1", "2"]),
        (policies.batch_size(2), ["2 of 2 messages in each slot", "the job ends"]),
        (policies.time_interval(0.5), ["0.5 s have passed", "the job ends"]),
        (policies.whole_job(), ["the job ends"]),
        (policies.as_policy(lambda slots, job: (bool(slots["s0"]), {"s0": 1}, "one")), ["one"] * 3),
        (policies.as_policy(lambda slots, job: (bool(slots["s0"]), {"s0": 1}, None)), [""] * 3),
    ],
)
def test_a_policy_says_why_it_accepts(policy: Policy, reasons: list[str]) -> None:
    inbox = filled(policy, (0, 1), (1, 1), (0, 2), (1, 2))
    taken = [*accepted(inbox, now=1.0)]
    inbox.put(0, Note(3, arrived=1.0))
    taken += accepted(inbox, final=True, now=1.0)
    assert [each.why for each in taken] == reasons


# --- immediate ---


def test_immediate_takes_messages_in_the_order_of_arrival_and_names_the_slot() -> None:
    inbox = filled(policies.immediate(), (1, "a"), (0, "b"))
    first, second = accepted(inbox)
    assert (values(first), first.message, first.many) == ([[], ["a"]], "s1", False)
    assert (values(second), second.message) == ([["b"], []], "s0")


# --- all_slots_ready ---


def test_all_slots_ready_waits_for_the_last_slot() -> None:
    inbox = filled(policies.all_slots_ready(), (0, "a"), (0, "b"))
    assert inbox.take(now=0, final=False) is None
    inbox.put(1, Note("c"))
    assert [values(taken) for taken in accepted(inbox)] == [[["a"], ["c"]]]


def test_a_message_without_partner_rests() -> None:
    inbox = filled(policies.all_slots_ready(), (0, "a"))
    assert list(accepted(inbox, final=True)) == []
    assert inbox.rest() == [[Note("a")], []]


# --- join ---


def test_join_by_field_finds_it_in_mappings_and_objects() -> None:
    inbox = filled(policies.join(on="value"), (0, {"value": 1}), (0, {"value": 2}), (1, Note(Note(2))))
    (taken,) = accepted(inbox)
    assert values(taken) == [[{"value": 2}], [Note(2)]]
    assert taken.message == 2


def test_join_by_callable_pairs_equal_keys_in_order() -> None:
    inbox = filled(policies.join(on=str.lower), (0, "A"), (0, "a"), (1, "a"), (1, "A"))
    assert [values(taken) for taken in accepted(inbox)] == [[["A"], ["a"]], [["a"], ["A"]]]


def test_join_by_origin_pairs_what_one_submission_caused() -> None:
    inbox = filled(policies.join("origin"), (0, Note("a", 1)), (1, Note("b", 2)), (1, Note("c", 1)))
    assert [values(taken) for taken in accepted(inbox)] == [[["a"], ["c"]]]
    assert inbox.rest() == [[], [Note("b", 2)]]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4))))
def test_join_makes_as_many_rows_of_a_key_as_its_rarest_slot_has(sent: list[tuple[int, int]]) -> None:
    inbox = filled(policies.join("origin"), *((slot, Note(None, key)) for slot, key in sent), slots=3)
    rows: dict[int, int] = defaultdict(int)
    for taken in accepted(inbox):
        assert {messages[0].origin for messages in taken.slots} == {taken.message}
        rows[taken.message] += 1
    for key in range(5):
        assert rows[key] == min(sent.count((slot, key)) for slot in range(3))


def test_join_refuses_a_payload_without_the_field() -> None:
    with pytest.raises(KeyRefusedError, match=r"'frame'.*type int has no such field"):
        filled(policies.join(on="frame"), (0, 3))


def test_join_refuses_a_key_that_cannot_be_hashed_and_keeps_nothing_of_it() -> None:
    inbox = filled(policies.join(on=lambda value: value))
    with pytest.raises(KeyRefusedError, match="slot 's1' is a list, which cannot be hashed"):
        inbox.put(1, Note([]))
    assert len(inbox) == 0


# --- batch_size ---


@given(st.integers(1, 5), st.lists(st.integers()))
def test_a_batch_keeps_the_order_of_arrival(n: int, sent: list[int]) -> None:
    inbox = filled(policies.batch_size(n), *((0, value) for value in sent), slots=1)
    batches = [values(taken)[0] for final in (False, True) for taken in accepted(inbox, final=final)]
    assert batches == [sent[start : start + n] for start in range(0, len(sent), n)]


def test_a_batch_waits_until_every_slot_has_n() -> None:
    inbox = filled(policies.batch_size(2), (0, 1), (0, 2), (0, 3), (1, 4))
    assert inbox.take(now=0, final=False) is None
    inbox.put(1, Note(5))
    (taken,) = accepted(inbox)
    assert (values(taken), taken.many) == ([[1, 2], [4, 5]], True)


def test_the_last_batches_are_never_larger_than_n() -> None:
    inbox = filled(policies.batch_size(2), (0, 1), (0, 2), (0, 3), (1, 4))
    assert [values(taken) for taken in accepted(inbox, final=True)] == [[[1, 2], [4]], [[3], []]]


def test_a_dropped_rest_stays_in_the_inbox() -> None:
    inbox = filled(policies.batch_size(2, drop_rest=True), (0, 1), (0, 2), (0, 3), slots=1)
    assert [values(taken) for taken in accepted(inbox, final=True)] == [[[1, 2]]]
    assert inbox.rest() == [[Note(3)]]


# --- time_interval ---


def test_an_interval_starts_with_the_first_message() -> None:
    inbox = filled(policies.time_interval(5), (0, Note("a", arrived=10)), (1, Note("b", arrived=14)))
    assert inbox.due() == 15
    assert inbox.take(now=14.9, final=False) is None
    taken = inbox.take(now=15, final=False)
    assert taken is not None
    assert values(taken) == [["a"], ["b"]]
    assert inbox.due() is None


def test_the_end_of_a_job_ends_the_interval() -> None:
    inbox = filled(policies.time_interval(5), (0, "a"))
    assert [values(taken) for taken in accepted(inbox, final=True)] == [[["a"], []]]


def test_only_a_time_interval_is_timed() -> None:
    assert [policy for policy in BUILT_IN if policy.timed] == [policies.time_interval(5)]


# --- whole_job ---


def test_whole_job_takes_everything_once_at_the_end() -> None:
    inbox = filled(policies.whole_job(), (0, 1), (0, 2), (1, 3))
    assert list(accepted(inbox)) == []
    assert [values(taken) for taken in accepted(inbox, final=True)] == [[[1, 2], [3]]]


# --- custom ---


def until_stop(slots: dict[str, list[Any]], job: Any) -> tuple[bool, dict[str, Any], str]:
    ahead = list(takewhile(lambda value: value != "stop", slots["s0"]))
    whole = len(ahead) < len(slots["s0"])
    return whole or job.final, {"s0": ahead + ["stop"] * whole}, f"job {job.job_id}"


def test_a_callable_chooses_a_prefix_and_the_rest_stays() -> None:
    inbox = filled(policies.as_policy(until_stop), (0, "a"), (0, "stop"), (0, "b"), slots=1)
    (taken,) = accepted(inbox)
    assert (values(taken), taken.many, taken.message) == ([["a", "stop"]], True, "job 7")
    assert inbox.rest() == [[Note("b")]]


def test_a_callable_is_asked_at_the_end_until_it_declines() -> None:
    inbox = filled(policies.as_policy(until_stop), (0, "stop"), (0, "a"), slots=1)
    assert [values(taken) for taken in accepted(inbox, final=True)] == [[["stop"]], [["a"]]]


def test_a_callable_that_changes_its_lists_changes_nothing() -> None:
    def greedy(slots: dict[str, list[Any]], job: Any) -> tuple[bool, dict[str, int], None]:
        slots["s0"].clear()
        return False, {}, None

    inbox = filled(policies.as_policy(greedy), (0, "a"))
    assert list(accepted(inbox)) == []
    assert len(inbox) == 1


def test_choosing_nothing_is_declining() -> None:
    assert list(accepted(filled(policies.as_policy(lambda slots, job: (True, {}, None)), (0, "a")))) == []


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (None, "returned None, not a tuple"),
        ((True, {}), "not a tuple"),
        ((True, 1, None), "data_slice 1, not a mapping"),
        ((True, {"x": 1}, None), "slot 'x', but the slots are 's0', 's1'"),
        ((True, {"s0": 2}, None), "2 messages of slot 's0', where 1 wait"),
        ((True, {"s0": True}, None), "True from slot 's0'"),
        ((True, {"s0": ["b"]}, None), "not the first in slot 's0'"),
        ((True, {"s0": "a"}, None), "neither a number nor a list"),
    ],
)
def test_an_answer_that_is_none_names_the_policy(answer: Any, complaint: str) -> None:
    def mine(slots: dict[str, list[Any]], job: Any) -> Any:
        return answer

    with pytest.raises(PolicyError, match=rf"mine.*{complaint}"):
        filled(policies.as_policy(mine), (0, "a")).take(now=0, final=False)


# --- making one ---


@pytest.mark.parametrize("n", [0, -1, True, 1.5, "3"])
def test_a_batch_needs_a_whole_number(n: Any) -> None:
    with pytest.raises(FlowError, match="1 or more"):
        policies.batch_size(n)


@pytest.mark.parametrize("seconds", [0, -1, True, float("inf"), float("nan"), "3"])
def test_an_interval_needs_a_time(seconds: Any) -> None:
    with pytest.raises(FlowError, match="seconds above 0"):
        policies.time_interval(seconds)


@pytest.mark.parametrize("on", ["", None, 3])
def test_join_needs_something_to_join_on(on: Any) -> None:
    with pytest.raises(FlowError, match="name of a field"):
        policies.join(on)


def test_a_policy_that_was_not_called_is_refused() -> None:
    with pytest.raises(FlowError, match=r"write policies.immediate\("):
        policies.as_policy(cast("Policy", policies.immediate))


@pytest.mark.parametrize("policy", [3, "immediate", lambda slots: None])
def test_what_is_no_policy_is_refused(policy: Any) -> None:
    with pytest.raises(FlowError, match="is no activation policy"):
        policies.as_policy(policy)
