"""Segments of a channel: how they are cut and joined, and the frames that they become."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ipc.parts import blob, encoded
from ipc.rig import FIRST, SOURCE, Rig
from routilux.ipc.blobs import Blob
from routilux.ipc.channels import LARGE_FRAME, Channel, Part, Segment, Turn, segments
from routilux.ipc.codec import split
from routilux.ipc.lanes import ERROR, LARGE, MARK, MAX_COUNT, MAX_PAYLOAD

PARTS = st.lists(
    st.one_of(
        st.builds(encoded, st.integers(0, 1000), st.integers(0, 30)),
        st.builds(encoded, st.integers(0, 1000), st.integers(0, LARGE - 20)),
        st.builds(blob, st.integers(1, 100_000)),
    ),
    max_size=30,
)


@given(PARTS)
def test_segments_are_the_run_cut_where_small_and_large_ones_meet(parts: list[Part]) -> None:
    cut = segments(1, 2, parts, origin=3, flags=ERROR)
    assert [part for segment in cut for part in segment.parts] == parts
    for segment in cut:
        assert (segment.job, segment.port, segment.origin, segment.flags) == (1, 2, 3, ERROR)
        assert {isinstance(part, Blob) for part in segment.parts} == {segment.is_large}
    assert all(a.is_large != b.is_large for a, b in pairwise(cut))


@given(st.lists(PARTS, min_size=1, max_size=5), st.integers(1, 50))
def test_frames_on_the_way_to_an_ordered_routine_number_each_message(
    emitted: list[list[Part]], most: int
) -> None:
    tags, at = list[int](), 1
    for parts in emitted:
        for segment in joined(segments(1, 2, parts, turn=Turn(at, is_numbered=True))):
            while segment:
                frame, _ = segment.take(most)
                tags += range(frame.tag, frame.tag + frame.messages)
                segment.at += frame.messages
        at += len(parts)
    assert tags == list(range(1, at))


@given(st.lists(st.tuples(PARTS, st.integers(1, 3)), min_size=1, max_size=6), st.integers(1, 50))
def test_frames_that_answer_inputs_end_each_of_them_once(
    answers: list[tuple[list[Part], int]], most: int
) -> None:
    """Whoever takes the frames in turn gets every message, and comes to the end of all inputs."""
    cut: list[Segment] = []
    first = 1
    for parts, span in answers:
        cut += segments(1, 2, parts, turn=Turn(first, span))
        first += span
    expected, got = 1, list[object]()
    for segment in joined(cut):
        while segment:
            frame, large = segment.take(most)
            assert frame.tag == expected
            expected += frame.span
            if not frame.flags & MARK:
                got += large or [*split(frame.payload)]
            segment.at += frame.messages
    assert got == [part for parts, _ in answers for part in parts]
    assert expected == first


def joined(cut: list[Segment]) -> list[Segment]:
    """As in a channel: what follows is taken in where one frame could hold both."""
    found: list[Segment] = []
    for segment in cut:
        if not (found and found[-1].join(segment)):
            found.append(segment)
    return found


@given(PARTS, st.integers(1, MAX_COUNT))
def test_frames_of_a_segment_hold_its_messages_in_order_and_fit(parts: list[Part], most: int) -> None:
    for segment in segments(1, 2, parts):
        taken: list[Part] = []
        while segment:
            frame, large = segment.take(most)
            assert 0 < frame.messages <= most
            assert len(frame.payload) <= MAX_PAYLOAD
            taken += large or [*split(frame.payload)]
            assert len(large) < 2 or sum(blob.nbytes for blob in large) <= LARGE_FRAME
            assert not large or frame.payload == b"".join(blob.reference for blob in large)
            segment.at += frame.messages
        assert taken == segment.parts


KINDS = st.builds(
    Segment,
    st.integers(1, 2),
    st.integers(0, 1),
    st.builds(lambda size: [encoded(0, size)], st.integers(0, 20)) | st.builds(lambda: [blob()]),
    origin=st.integers(0, 1),
    flags=st.sampled_from([0, ERROR]),
    turn=st.sampled_from([Turn(0), Turn(1)]),
)


@given(st.lists(KINDS, max_size=20))
def test_joins_keep_order_and_what_differs_apart(pushed: list[Segment]) -> None:
    kinds = [(s.job, s.port, s.origin, s.flags, s.turn.tag) for s in pushed for _ in s.parts]
    parts = [part for segment in pushed for part in segment.parts]
    with Rig() as rig:
        channel = Channel([rig.writer(SOURCE, FIRST)], lambda _: 0)
        for segment in pushed:
            channel.push(segment)
        joined = list(channel.queue)
        assert [part for segment in joined for part in segment.parts] == parts
        assert [(s.job, s.port, s.origin, s.flags, s.turn.tag) for s in joined for _ in s.parts] == kinds
        assert len(channel) == len(parts)
        assert all({isinstance(p, Blob) for p in s.parts} == {s.is_large} for s in joined)


def test_what_is_in_the_pending_store_is_joined_with_nothing() -> None:
    first, second = Segment(1, 0, [encoded(1, 0)]), Segment(1, 0, [encoded(2, 0)])
    first.row = 0
    assert not first.join(second)
    assert len(first) == 1
