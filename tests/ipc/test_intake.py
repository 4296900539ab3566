"""What a worker takes first of what lies before it: order within a job, and who may pass whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ipc.rig import FIRST, SOURCE, Rig, publish
from routilux.ipc.blobs import Pins
from routilux.ipc.codec import Decoder, batch
from routilux.ipc.lanes import GUARDED, Frame
from routilux.ipc.layout import Order
from routilux.ipc.records import Records
from routilux.ipc.turns import Turns
from routilux.worker.intake import Batch, Inlet
from routilux.worker.loader import Loader

ONE, OTHER = 1 << 16, 2 << 16 | 1
RUN, HOLD = int(Order.RUN), int(Order.HOLD)
Said = Callable[[int], int]


@contextmanager
def inlet(*sent: tuple[int, bytes, int]) -> Iterator[Inlet]:
    """A lane with so many frames: of a job, with a payload, with flags."""
    with Rig() as rig:
        writer, own = rig.writer(SOURCE, FIRST), rig.own(FIRST)
        for job, payload, flags in sent:
            assert writer.put(Frame(job, 0, 1, batch([payload]), flags))
        publish(rig, writer)
        pins, tx = Pins(own), rig.tx(FIRST)
        made = Inlet(
            rig.reader(SOURCE, FIRST),
            Loader(rig.arena, Decoder(), pins),
            tx,
            Records(own, rig.blobs(FIRST).heap, pins),
            Turns(own, 0, 8),
        )
        yield made
        made._head = None
        made._aside.clear()


def taken(inlet: Inlet, order: Said) -> list[bytes]:
    """All that may be used now, in that order."""
    found = []
    while (head := inlet.next(order)) is not None:
        found.append(bytes(head.frame.payload)[-1:])
        inlet.use(head, 1)
    return found


def running(_job: int) -> int:
    return RUN


def test_a_job_that_is_resumed_between_two_looks_keeps_its_order() -> None:
    said = iter([HOLD, HOLD])
    with inlet((ONE, b"a", 0), (ONE, b"b", 0)) as lane:
        assert taken(lane, lambda _: next(said, RUN)) == []
        assert taken(lane, running) == [b"a", b"b"]


@pytest.mark.parametrize("job", [ONE, OTHER])
def test_behind_a_guarded_message_its_job_waits_and_others_pass(job: int) -> None:
    waits: set[Batch] = set()

    def guard(head: Batch) -> bool:
        waits.add(head)
        return not is_let_go

    is_let_go = False
    with inlet((ONE, b"a", GUARDED), (job, b"b", 0), (OTHER, b"c", 0)) as lane:
        lane.guard = guard
        assert taken(lane, running) == ([b"c"] if job == ONE else [b"b", b"c"])
        is_let_go = True
        assert taken(lane, running) == ([b"a", b"b"] if job == ONE else [b"a"])
    assert len(waits) == 1
