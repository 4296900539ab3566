"""Who comes in by the door for an editor, and who does not."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from routilux.debug.attachment import HOST
from routilux.worker import door, peer
from routilux.worker.door import HEAD, Door

HEADER = HEAD + b" 2\r\n\r\n{}"
LOOKS = 100


@pytest.fixture
def opened() -> Iterator[tuple[Door, int]]:
    made = Door()
    yield made, made.open()
    made.shut()


def knock(port: int, said: bytes) -> socket.socket:
    client = socket.create_connection((HOST, port), 10)
    client.sendall(said)
    return client


def admitted(made: Door) -> socket.socket | None:
    """What has been said is there at once on loopback: the first look or the second takes it."""
    found = (made.admitted() for _ in range(LOOKS))
    return next((each for each in found if each is not None), None)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def is_hung_up(client: socket.socket) -> bool:
    """With a reset if something was not read."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def test_who_speaks_the_protocol_comes_in_and_all_can_be_read(opened: tuple[Door, int]) -> None:
    made, port = opened
    with knock(port, HEADER):
        client = admitted(made)
        assert client is not None
        with client:
            assert client.recv(100) == HEADER
    assert not is_open(port)


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n", b"content-length: 2", b"\x00", b"Contents"])
def test_who_says_something_else_is_hung_up_on(opened: tuple[Door, int], said: bytes) -> None:
    made, port = opened
    with knock(port, said) as stranger:
        assert admitted(made) is None
        assert is_hung_up(stranger)
    assert made.open() == port


@pytest.mark.parametrize("said", [b"", b"Content"])
def test_who_says_too_little_does_not_keep_others_out(
    opened: tuple[Door, int], said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, port = opened
    with knock(port, said) as silent, knock(port, HEADER):
        assert admitted(made) is None
        monkeypatch.setattr(door, "SILENT", 0.0)
        client = admitted(made)
        assert client is not None
        client.close()
        assert is_hung_up(silent)


@pytest.mark.parametrize("owner", [None, 12345])
def test_another_user_is_hung_up_on(
    opened: tuple[Door, int], owner: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, port = opened
    monkeypatch.setattr(peer, "owner", lambda _: owner)
    with knock(port, HEADER):
        assert admitted(made) is None


def test_a_shut_door_lets_nobody_in_and_opens_again(opened: tuple[Door, int]) -> None:
    made, port = opened
    made.shut()
    made.shut()
    assert not is_open(port)
    assert admitted(made) is None
    with knock(made.open(), HEADER):
        client = admitted(made)
        assert client is not None
        client.close()
