"""Whose the other end of a connection is, by the kernel's table and by real connections."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from routilux.worker import peer

OPENED, ACCEPTED = ("127.0.0.1", 43981), ("127.0.0.1", 8080)
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def row(local: str, remote: str, state: str, uid: int) -> str:
    return (
        f"   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000  {uid}        0 1679 1 0 20\n"
    )


def written(port: str) -> str:
    return ("0100007F:" if sys.byteorder == "little" else "7F000001:") + port


ROW = (written("ABCD"), written("1F90"))


@pytest.mark.parametrize("uid", [0, 1000])
def test_the_owner_is_that_of_the_end_that_was_opened(uid: int) -> None:
    table = HEADER + row(ROW[1], ROW[0], "01", 33) + row(*ROW, "01", uid)
    assert peer.owner_in(table, OPENED, ACCEPTED) == uid


@pytest.mark.parametrize("state", ["04", "05", "06", "0A"])
def test_a_connection_that_is_not_up_has_no_owner(state: str) -> None:
    assert peer.owner_in(HEADER + row(*ROW, state, 0), OPENED, ACCEPTED) is None


def test_a_connection_to_elsewhere_is_another() -> None:
    table = HEADER + row(ROW[0], written("1F91"), "01", 0) + row(written("ABCE"), ROW[1], "01", 0)
    assert peer.owner_in(table, OPENED, ACCEPTED) is None


def test_our_own_connection_is_ours() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0] as accepted,
    ):
        assert peer.owner(accepted) == os.geteuid()
        client.close()
        assert peer.owner(accepted) is None
