"""Doorbells wake, never block, and are not impressed by what is no descriptor."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st

from routilux.ipc.endpoints import endpoint
from routilux.ipc.sockets import DESCRIPTOR, WATERMARK, Bell, Descriptor, Doorbells, groups, slots

PATIENCE = 10.0

pytestmark = pytest.mark.usefixtures("no_strays")


@contextmanager
def doorbells() -> Iterator[tuple[Doorbells, Doorbells]]:
    """Of processes 0 and 1, each ready to wake the other."""
    with tempfile.TemporaryDirectory() as directory:
        one, other = Doorbells(directory, 0), Doorbells(directory, 1)
        try:
            one.connect(1)
            other.connect(0)
            yield one, other
        finally:
            one.close()
            other.close()


@pytest.fixture
def pair() -> Iterator[tuple[Doorbells, Doorbells]]:
    with doorbells() as both:
        yield both


def collected(bells: Doorbells, count: int) -> list[Descriptor]:
    """What has been rung, as soon as there are so many descriptors."""
    found: list[Descriptor] = []
    while len(found) < count:
        assert bells.pull.poll(int(PATIENCE * 1000)), f"only {len(found)} of {count} came"
        found += bells.rung()
    return found


@given(st.sets(st.integers(0, 0xFFFF), max_size=300))
def test_every_job_slot_that_is_named_in_a_group_is_heard(named: set[int]) -> None:
    told = groups(named)
    assert all(bits < 1 << 64 for bits in told.values())
    assert sorted(slot for group, bits in told.items() for slot in slots(group, bits)) == sorted(named)


def test_what_one_rings_the_other_hears(pair: tuple[Doorbells, Doorbells]) -> None:
    one, other = pair
    one.ring(1, Bell.PUBLISHED, 7, 1 << 40)
    one.ring(1, Bell.STATUS)
    other.ring(0, Bell.CREDIT, 3)
    assert collected(other, 2) == [(Bell.PUBLISHED, 7, 1 << 40), (Bell.STATUS, 0, 0)]
    assert collected(one, 1) == [(Bell.CREDIT, 3, 0)]


def test_a_ring_ends_the_wait(pair: tuple[Doorbells, Doorbells]) -> None:
    one, other = pair
    one.ring(1, Bell.QUIET)
    assert other.wait(PATIENCE)


def test_the_wait_forgets_what_was_rung(pair: tuple[Doorbells, Doorbells]) -> None:
    one, other = pair
    for _ in range(100):
        one.ring(1, Bell.QUIET)
    while other.wait(1.0):  # not all may have come by the first time
        pass
    assert other.rung() == []


def test_what_is_not_forgotten_wakes_again(pair: tuple[Doorbells, Doorbells]) -> None:
    one, other = pair
    one.ring(1, Bell.QUIET)
    one.ring(1, Bell.QUIET)
    assert other.wait(PATIENCE, forget=False)
    assert other.wait(PATIENCE)
    assert not other.wait(0.0)


@pytest.mark.parametrize("seconds", [0.0, 0.0001, 0.02])
def test_the_wait_ends_by_itself(pair: tuple[Doorbells, Doorbells], seconds: float) -> None:
    start = monotonic()
    assert not pair[0].wait(seconds)
    assert seconds / 2 <= monotonic() - start < PATIENCE  # ZeroMQ counts in milliseconds, and rounds


def test_nobody_has_rung_at_first(pair: tuple[Doorbells, Doorbells]) -> None:
    assert pair[0].rung() == []


def test_a_peer_that_is_not_there_keeps_nobody(pair: tuple[Doorbells, Doorbells]) -> None:
    one, _ = pair
    one.connect(9)
    for _ in range(2 * WATERMARK):
        one.ring(9, Bell.PUBLISHED)


def test_a_peer_may_come_later() -> None:
    with tempfile.TemporaryDirectory() as directory:
        early = Doorbells(directory, 0)
        early.connect(1)
        early.ring(1, Bell.STATUS, 5)
        late = Doorbells(directory, 1)
        assert collected(late, 1) == [(Bell.STATUS, 5, 0)]
        early.close()
        late.close()


DESCRIPTORS = st.builds(
    Descriptor, st.integers(0, 255), st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 64) - 1)
)
NONSENSE = st.lists(st.binary(max_size=40), min_size=1, max_size=5).filter(
    lambda parts: [len(part) for part in parts] != [DESCRIPTOR.size]
)


@settings(max_examples=25)
@given(st.lists(st.one_of(DESCRIPTORS, NONSENSE), max_size=30))
def test_malformed_messages_are_counted_and_ignored(messages: list[Descriptor | list[bytes]]) -> None:
    with doorbells() as (one, other):
        with one.context.socket(zmq.PUSH) as push:
            push.connect(endpoint(one._directory, "worker-1"))
            for message in [*messages, Descriptor(99, 0, 0)]:
                push.send_multipart(
                    [DESCRIPTOR.pack(*message)] if isinstance(message, Descriptor) else message
                )
            expected = [message for message in messages if isinstance(message, Descriptor)]
            assert collected(other, len(expected) + 1)[:-1] == expected
        assert other.malformed == len(messages) - len(expected)


def test_a_message_of_many_parts_wakes_once_and_leaves_nothing(pair: tuple[Doorbells, Doorbells]) -> None:
    one, other = pair
    one._push[1].send_multipart([b"", DESCRIPTOR.pack(1, 2, 3), b"x"])
    assert other.wait(PATIENCE)
    assert not other.wait(0.01)
    one.ring(1, Bell.STATUS)
    assert collected(other, 1) == [(Bell.STATUS, 0, 0)]
    assert other.malformed == 2  # the parts that are no descriptors
