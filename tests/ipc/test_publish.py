"""Facts about the publisher of hook events, with plain SUB sockets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq

from routilux.hookevents import LOG, ROUTINE, STATS, Envelope, LogLine
from routilux.ipc.endpoints import endpoint
from routilux.ipc.publish import MOST, Publisher, hooks_name

PATIENCE_MS = 20_000


class Stage:
    """A publisher and its audience."""

    def __init__(self, directory: Path) -> None:
        self.context: zmq.Context[Any] = zmq.Context()
        self.publisher = Publisher(self.context, directory, process=3, epoch=7)
        self._directory = directory
        self._sockets: list[zmq.Socket[Any]] = []

    def subscriber(self, topic: bytes) -> "zmq.Socket[Any]":
        socket: zmq.Socket[Any] = self.context.socket(zmq.SUB)
        socket.set(zmq.RCVTIMEO, PATIENCE_MS)
        socket.set(zmq.SUBSCRIBE, topic)
        socket.connect(endpoint(self._directory, hooks_name(3)))
        self._sockets.append(socket)
        return socket

    def looked(self) -> bool:
        """Look once there is something to see."""
        assert self.publisher.socket.poll(PATIENCE_MS)
        return self.publisher.look()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.context.destroy(linger=0)


def envelope(socket: "zmq.Socket[Any]") -> Envelope:
    return msgspec.msgpack.decode(socket.recv_multipart()[1], type=Envelope)


def line(text: str) -> LogLine:
    return LogLine(1, "r", 0, "job-1", "INFO", text)


def test_nobody_is_heard_before_he_subscribes(stage: Stage) -> None:
    made = stage.publisher
    assert not made.look()
    assert not made.is_heard
    assert not any(made.wants.values())


def test_a_subscriber_makes_his_topic_wanted(stage: Stage) -> None:
    made = stage.publisher
    stage.subscriber(STATS)
    assert stage.looked()
    assert made.wants[STATS]
    assert not made.wants[ROUTINE]


def test_a_second_subscriber_is_noticed_though_the_topic_is_wanted(stage: Stage) -> None:
    stage.subscriber(b"")
    assert stage.looked()
    stage.subscriber(b"")
    assert stage.looked()


def test_who_leaves_is_not_heard_any_more(stage: Stage) -> None:
    made = stage.publisher
    socket = stage.subscriber(b"")
    stage.looked()
    socket.close(linger=0)
    assert not stage.looked()
    assert not made.is_heard


def test_envelopes_are_numbered_over_all_topics(stage: Stage) -> None:
    made = stage.publisher
    socket = stage.subscriber(b"")
    stage.looked()
    for topic in (STATS, ROUTINE, LOG):
        made.publish(topic, [line("a")])
    got = [envelope(socket) for _ in range(3)]
    assert [(each.process, each.epoch, each.number) for each in got] == [(3, 7, 1), (3, 7, 2), (3, 7, 3)]


def test_a_stretch_that_nobody_has_heard_is_a_gap(stage: Stage) -> None:
    made = stage.publisher
    first = stage.subscriber(b"")
    stage.looked()
    made.publish(LOG, [line("a")])
    assert envelope(first).number == 1
    first.close(linger=0)
    stage.looked()
    second = stage.subscriber(b"")
    stage.looked()
    made.publish(LOG, [line("b")])
    assert envelope(second).number == 3


def test_many_events_are_cut_into_envelopes(stage: Stage) -> None:
    made = stage.publisher
    socket = stage.subscriber(LOG)
    stage.looked()
    made.publish(LOG, [line(str(at)) for at in range(MOST + 1)])
    texts = [event.text for _ in range(2) for event in envelope(socket).events if isinstance(event, LogLine)]
    assert texts == [str(at) for at in range(MOST + 1)]


def test_a_subscriber_that_reads_nothing_holds_nobody_up(stage: Stage) -> None:
    made = stage.publisher
    slow = stage.subscriber(LOG)
    stage.looked()
    for number in range(5000):
        made.publish(LOG, [line("x" * 1000 + str(number))])
    numbers = [envelope(slow).number]
    while slow.poll(0):
        numbers.append(envelope(slow).number)
    assert numbers[0] == 1
    assert len(numbers) < 5000
