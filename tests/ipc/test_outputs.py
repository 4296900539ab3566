"""What several activations emit may lie in the lanes before the one commit that publishes all of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ipc.rig import FIRST, SOURCE, Rig
from routilux.ipc.channels import Channel
from routilux.ipc.codec import Encoder
from routilux.ipc.commit import Transaction
from routilux.ipc.lanes import LARGE
from routilux.ipc.layout import RING
from routilux.ipc.loans import Loans
from routilux.ipc.turns import Turns
from routilux.worker.outputs import EventOutput, Outputs, Target

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
