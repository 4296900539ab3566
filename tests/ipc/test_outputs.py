"""What several activations emit may lie in the lanes before the one commit that publishes all of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ipc.rig import FIRST, SOURCE, Rig, pass_on
from routilux.ipc.channels import Channel
from routilux.ipc.codec import Decoder, Encoder
from routilux.ipc.commit import Transaction
from routilux.ipc.lanes import LARGE, Frame
from routilux.ipc.layout import RING
from routilux.ipc.loans import Loans
from routilux.ipc.turns import Turns
from routilux.worker.context import WorkerContext
from routilux.worker.outputs import MOST_FILL, EventOutput, Outputs
from routilux.worker.target import Target

SUPERVISOR = 0


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig() as made:
        yield made


@pytest.fixture
def tx(rig: Rig) -> Transaction:
    return rig.tx(SOURCE)


@pytest.fixture
def outputs(rig: Rig) -> Outputs:
    """Of a source with one event, connected to one worker."""
    to_work, to_supervisor = (
        Channel([rig.writer(SOURCE, consumer)], lambda _: 0) for consumer in (FIRST, SUPERVISOR)
    )
    loans = Loans(rig.blobs(SOURCE))
    event = EventOutput(
        "y",
        "source",
        [Target(0, (to_work,))],
        loans,
        encoder=Encoder(),
        turns=Turns(rig.own(SOURCE), 0, 1),
    )
    return Outputs([event], to_supervisor, loans)


def emit(outputs: Outputs, tx: Transaction, job: int, value: object = None) -> None:
    outputs.events[0].emit(value)
    outputs.close(tx, job, 0)


def test_many_jobs_share_a_commit_and_none_is_seen_before_it(
    rig: Rig, outputs: Outputs, tx: Transaction
) -> None:
    reader = rig.reader(SOURCE, FIRST)
    for job in (1, 2, 3):
        emit(outputs, tx, job)
        assert outputs.write(tx)
    assert not reader.waiting
    (lane,) = outputs.pump(tx)
    tx.commit({})
    assert reader.waiting == lane.position


def test_when_a_lane_is_full_no_activation_may_follow(outputs: Outputs, tx: Transaction) -> None:
    payload = bytes(LARGE // 2)
    written = []
    for job in range(1, 2 + 2 * RING // len(payload)):
        emit(outputs, tx, job, payload)
        written.append(outputs.write(tx))
    assert written[0]
    assert not written[-1]


def test_lanes_are_rung_once_for_what_a_commit_has_published(outputs: Outputs, tx: Transaction) -> None:
    emit(outputs, tx, 1)
    assert len(outputs.pump(tx)) == 1
    tx.commit({})
    assert outputs.pump(tx) == []


def frames(rig: Rig) -> list[Frame]:
    """What lies in the lane; it is used up then."""
    reader, found = rig.reader(SOURCE, FIRST), list[Frame]()
    while frame := reader.head():
        found.append(frame._replace(payload=bytes(frame.payload)))
        reader.use(frame, frame.messages)
    pass_on(rig, reader)
    return found


def test_small_messages_of_an_activation_fill_frames_in_their_order(
    rig: Rig, outputs: Outputs, tx: Transaction
) -> None:
    for number in range(10_000):
        outputs.events[0].emit(number)
    outputs.close(tx, 1, 0)
    assert outputs.write(tx)
    tx.commit({})
    found = frames(rig)
    assert [n for frame in found for n in Decoder().decode_batch(frame.payload)] == [*range(10_000)]
    assert {frame.messages for frame in found[:-1]} == {MOST_FILL}


def test_what_finds_no_room_in_the_lane_waits_behind_what_does(
    rig: Rig, outputs: Outputs, tx: Transaction
) -> None:
    texts = [str(number) + "x" * 1000 for number in range(2 * RING // 1000)]
    for text in texts:
        outputs.events[0].emit(text)
    outputs.close(tx, 1, 0)
    arrived: list[object] = []
    while outputs.waiting or not arrived:
        outputs.write(tx)
        tx.commit({})
        arrived += [text for frame in frames(rig) for text in Decoder().decode_batch(frame.payload)]
    assert arrived == texts


def test_the_message_at_hand_is_told_from_how_many_are_left(outputs: Outputs) -> None:
    context = WorkerContext("source", outputs)
    places = [(context.index, value) for value in context.through(["a", "b", "c", "d"], 1, 3)]
    assert places == [(1, "b"), (2, "c")]
    context.index = 7
    assert context.index == 7
