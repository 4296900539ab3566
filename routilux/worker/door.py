"""Here is the door by which an editor comes to this process: a port on loopback, for one client.

Whoever comes in may run anything. So it has to be our own user, and to begin as the Debug Adapter Protocol
does: a web page, which can reach loopback too, cannot.
"""

import os
import socket
from time import monotonic

from routilux.debug.attachment import HOST
from routilux.worker import peer

HEAD = b"Content-Length:"
"""How every message of the protocol begins."""
SILENT = 5.0
"""Seconds that a connection has to begin with that."""
MOST = 16
"""Connections that are refused at a time."""


class Door:
    """Open until somebody has come in, or it is shut."""

    def __init__(self) -> None:
        self._listener: socket.socket | None = None
        self._guest: socket.socket | None = None
        """A connection of our user that has not said enough yet, and"""
        self._came = 0.0
        """since when it is there."""

    def open(self) -> int:
        """The port; the same as long as it is open."""
        if self._listener is None:
            self._listener = socket.create_server((HOST, 0))
            self._listener.settimeout(0)
        port: int = self._listener.getsockname()[1]
        return port

    def shut(self) -> None:
        """Nobody comes in any more. Idempotent."""
        for each in (self._listener, self._guest):
            if each is not None:
                each.close()
        self._listener = self._guest = None

    def admitted(self) -> socket.socket | None:
        """The client, if one has come in now: then the door is shut. Does not wait."""
        guest = self._guest or self._welcome()
        if guest is None:
            return None
        head, self._guest = _heard(guest), None
        if head == HEAD:
            self.shut()
            guest.settimeout(None)
            return guest
        if head is None or not HEAD.startswith(head) or monotonic() > self._came + SILENT:
            guest.close()
        else:
            self._guest = guest
        return None

    def _welcome(self) -> socket.socket | None:
        """The next connection of our own user; others are refused."""
        for _ in range(MOST if self._listener is not None else 0):
            try:
                guest, _address = self._listener.accept()  # type: ignore[union-attr]  # see above
            except OSError:  # nobody is there, or not any more
                return None
            if peer.owner(guest) == os.geteuid():
                self._came = monotonic()
                guest.settimeout(0)
                return guest
            guest.close()
        return None


def _heard(guest: socket.socket) -> bytes | None:
    """What it has begun with, which stays unread; None if it has hung up."""
    try:
        return guest.recv(len(HEAD), socket.MSG_PEEK) or None
    except BlockingIOError:
        return b""
    except OSError:
        return None
