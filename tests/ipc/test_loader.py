"""A large payload is pinned just where user code looks at it for longer than its lane holds it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from ipc.rig import FIRST, SOURCE, Rig, publish
from routilux.ipc import blobs
from routilux.ipc.blobs import Pins
from routilux.ipc.channels import Channel, segments
from routilux.ipc.codec import Decoder, Encoder, Large
from routilux.ipc.lanes import Frame
from routilux.worker.loader import Loader

COUNT = 3


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as made:
        yield made


@pytest.fixture
def loader(rig: Rig) -> Loader:
    return Loader(rig.arena, Decoder(), Pins(rig.own(FIRST)))


def sent(rig: Rig) -> Frame:
    """One frame of several arrays, published."""
    heap, writer = rig.blobs(SOURCE), rig.writer(SOURCE, FIRST)
    channel, parts = Channel([writer], lambda _: 0), []
    for number in range(COUNT):
        large = Encoder().encode(np.full(2000, number))
        assert isinstance(large, Large)
        blob, room = heap.room(large.nbytes)
        large.write(room)
        parts.append(blob)
    for segment in segments(1, 0, parts):
        channel.push(segment)
    channel.pump()
    publish(rig, writer)
    frame = rig.reader(SOURCE, FIRST).head()
    assert frame is not None
    return frame


def test_several_large_payloads_come_in_one_frame(rig: Rig, loader: Loader) -> None:
    frame = sent(rig)
    assert frame.messages == COUNT
    assert [array[-1] for array in loader.load(frame, 0)] == [0, 1, 2]


def test_what_lies_in_a_frame_at_the_head_of_its_lane_needs_no_pin(rig: Rig, loader: Loader) -> None:
    frame, before = sent(rig), loader.pins.free
    values = loader.load(frame, 0)
    loader.settle([frame])
    assert loader.pins.free == before
    del values[:2]
    loader.settle([None])
    assert loader.pins.free == before - 1


def test_what_is_not_looked_at_when_its_lane_has_passed_needs_no_pin(rig: Rig, loader: Loader) -> None:
    frame, before = sent(rig), loader.pins.free
    loader.load(frame, 0)
    loader.settle()
    assert (loader.pins.free, loader.leases) == (before, [])


def test_what_finds_no_pin_is_copied(rig: Rig, loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "PINS", COUNT - 1)
    values = loader.load(sent(rig), 0)
    loader.settle()
    assert loader.pins.free == 0
    assert [array[-1] for array in values] == [0, 1, 2]


def test_single_payloads_of_a_frame_can_be_had_as_they_were_encoded(rig: Rig, loader: Loader) -> None:
    frame = sent(rig)
    raw = [loader.raw(frame, index) for index in range(COUNT)]
    assert [Decoder().decode_large(memoryview(each))[0] for each in raw] == [0, 1, 2]  # type: ignore[index]
