"""A large payload that user code keeps for more than three further activations is told once."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import pytest

from ipc.rig import SINK, Rig
from routilux.ipc.blobs import Pins
from routilux.ipc.layout import PINS
from routilux.worker.keepsakes import FURTHER, Keepsakes


class View:
    """What user code looks through."""


class Watched:
    """A routine's process, as far as it keeps payloads."""

    def __init__(self, rig: Rig) -> None:
        self.pins = Pins(rig.own(SINK))
        self.tx = rig.tx(SINK)
        self.keepsakes = Keepsakes("sink", self.pins, self.tx)

    def keep(self, address: int = 64, nbytes: int = 1000) -> View:
        """What settling does with a payload that has been received and is still looked at."""
        view = View()
        self.pins.keep(address, nbytes, weakref.ref(view))
        self.keepsakes.look()
        return view

    def activate(self, times: int = 1) -> None:
        for _ in range(times):
            self.tx.run(0, 1, 1)
            self.keepsakes.look()
            self.pins.sweep()


@pytest.fixture
def watched() -> Iterator[Watched]:
    with Rig() as rig:
        yield Watched(rig)


def test_what_is_kept_for_long_is_told_once(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    views = [watched.keep(64, 1000), watched.keep(2048, 500)]
    watched.activate(1 + FURTHER)  # the first may be the one that received them
    assert not caplog.records
    watched.activate()
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("routilux.worker", "WARNING")
    message = record.getMessage()
    assert "routine 'sink' keeps views of large payloads (2 of them, 1,500 bytes)" in message
    assert "Slot(copy=True)" in message
    assert f"more than {PINS} of them" in message
    views.append(watched.keep())
    watched.activate(9)
    assert len(caplog.records) == 1


def test_what_is_let_go_in_time_is_not_told(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(20):
        view = watched.keep()
        watched.activate(FURTHER)
        del view
        watched.pins.sweep()
    assert not caplog.records


def test_what_waits_in_a_record_is_not_the_users(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    row = watched.pins.hold(64, 1000)
    view = watched.keep(64, 1000)
    watched.activate(20)
    watched.pins.release(row)
    watched.activate(1 + FURTHER)
    assert not caplog.records
    watched.activate(2)
    assert len(caplog.records) == 1
    del view
