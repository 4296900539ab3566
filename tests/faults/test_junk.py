"""Junk on the sockets of a running flow is ignored and counted, and changes no result."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faults.crashes import restarts, supervisor_of
from faults.routines import Everything, double, numbers
from routilux import Flow, Runtime
from routilux.commands import DESK
from routilux.ipc import sockets
from routilux.ipc.control import NAME, Ask
from routilux.ipc.endpoints import endpoint
from routilux.ipc.publish import hooks_name
from routilux.ipc.sockets import DESCRIPTOR, Doorbells

TIMEOUT = 50.0
PATIENCE_MS = 10_000

BIG = b"a megabyte"
DESCRIPTORS = st.builds(
    DESCRIPTOR.pack, st.integers(0, 255), st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 64) - 1)
)
"""Of any kind, of lanes and jobs that there are or not, at positions past, future and unaligned."""
ASKS = st.builds(
    lambda *fields: msgspec.msgpack.encode(fields),
    st.integers(0, (1 << 64) - 1),
    st.integers(0, (1 << 64) - 1),
    st.sampled_from(["get", "set", "delete", "keys", "pop"]),
    st.text(max_size=5),
    st.binary(max_size=5),
)
PART = st.one_of(
    DESCRIPTORS,
    DESCRIPTORS.map(lambda data: data[:-1]),
    ASKS,
    st.binary(max_size=40),
    st.just(BIG),
)
JUNK = st.lists(
    st.tuples(st.integers(0, 6), st.lists(PART, min_size=1, max_size=4)), min_size=20, max_size=20
)
"""To which socket, and the parts of the message."""


PLACES = (
    *((zmq.PUSH, f"worker-{number}") for number in range(4)),
    (zmq.DEALER, NAME),
    (zmq.DEALER, f"../{DESK}"),
    (zmq.XSUB, hooks_name(0)),
)
"""The doorbells of the supervisor and of three workers, the control line, the front desk, the hook events."""


class Vandal:
    """Whoever else is connected to the sockets of a flow."""

    def __init__(self, directory: Path) -> None:
        self._context = zmq.Context()
        self._directory = directory
        self._sockets = [self._to(number) for number in range(len(PLACES))]

    def _to(self, number: int) -> zmq.Socket[bytes]:
        """To one of PLACES."""
        kind, name = PLACES[number]
        made = self._context.socket(kind)
        made.set(zmq.SNDTIMEO, 1000)
        made.connect(endpoint(self._directory, name))
        return made

    def send(self, number: int, parts: list[bytes]) -> None:
        try:
            self._sockets[number].send_multipart([bytes(1 << 20) if part == BIG else part for part in parts])
        except zmq.Again:  # it was cut off in the middle of a message, and never gets over that
            self._sockets[number].close(linger=0)
            self._sockets[number] = self._to(number)

    def replies(self) -> bool:
        """Whether the control line has answered."""
        return bool(self._sockets[4].poll(PATIENCE_MS))

    def close(self) -> None:
        self._context.destroy(linger=0)


@pytest.fixture
def running() -> Iterator[tuple[Runtime, Flow, Vandal]]:
    """A flow, and somebody who means it no good."""
    flow = Flow().pipe(numbers).pipe(double).pipe(Everything())
    runtime = Runtime()
    runtime.exec(flow, n=1).wait(TIMEOUT)
    vandal = Vandal(Path(supervisor_of(runtime, flow)._bells._directory))
    yield runtime, flow, vandal
    vandal.close()
    runtime.close(grace=1.0)


def exact_in_spite_of(running: tuple[Runtime, Flow, Vandal], junk: list[tuple[int, list[bytes]]]) -> None:
    runtime, flow, vandal = running
    job = runtime.exec(flow, n=300)
    for number, parts in junk:
        vandal.send(number, parts)
    assert job.result(TIMEOUT) == list(range(0, 600, 2))
    assert job.counters["double"]["activations"] == 300
    assert restarts(supervisor_of(runtime, flow)) == 0


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JUNK)
def test_junk_changes_no_result(running: Any, junk: list[tuple[int, list[bytes]]]) -> None:
    exact_in_spite_of(running, junk)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JUNK)
def test_ten_thousand_pieces_of_junk_change_no_result(
    running: Any, junk: list[tuple[int, list[bytes]]]
) -> None:
    exact_in_spite_of(running, junk)


def test_the_supervisor_counts_junk(running: tuple[Runtime, Flow, Vandal]) -> None:
    runtime, flow, vandal = running
    supervisor = supervisor_of(runtime, flow)
    before = supervisor._bells.malformed, supervisor._answerer.malformed
    for _ in range(100):
        vandal.send(0, [b"junk"])
        vandal.send(4, [b"junk"])
    deadline = monotonic() + TIMEOUT
    while (supervisor._bells.malformed, supervisor._answerer.malformed) != tuple(n + 100 for n in before):
        assert monotonic() < deadline
        runtime.exec(flow, n=1).wait(TIMEOUT)


def test_bytes_that_are_no_message_at_all_change_no_result(running: tuple[Runtime, Flow, Vandal]) -> None:
    runtime, flow, _ = running
    directory = Path(supervisor_of(runtime, flow)._bells._directory)
    for name in ("worker-0", "worker-1", NAME, f"../{DESK}", hooks_name(0), hooks_name(1)):
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(str(directory / name))
            raw.sendall(b"GET / HTTP/1.1\r\n\r\n" + bytes(1000))
    exact_in_spite_of(running, [])


@pytest.mark.parametrize("way", ["rung", "wait"])
def test_junk_that_never_ends_is_handled_piece_by_piece(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr(sockets, "WATERMARK", 10)
    with tempfile.TemporaryDirectory() as directory:
        bells = Doorbells(directory, 0)
        context = zmq.Context()
        push = context.socket(zmq.PUSH)
        push.connect(endpoint(directory, "worker-0"))
        for _ in range(11):
            push.send(b"junk")
        bells.pull.poll(PATIENCE_MS)
        while bells.malformed < 11:
            before = bells.malformed
            _ = bells.rung() if way == "rung" else bells.wait(1.0)
            assert bells.malformed - before <= 11
        context.destroy(linger=0)
        bells.close()


def test_a_question_of_nobody_is_answered_that_it_is_over(running: tuple[Runtime, Flow, Vandal]) -> None:
    runtime, flow, vandal = running
    vandal.send(4, [msgspec.msgpack.encode(Ask(1, 1 << 40, "get", "key"))])
    assert vandal.replies()
    exact_in_spite_of((runtime, flow, vandal), [])
