"""Here is whose the other end of a connection on loopback is: the kernel tells."""

import socket
import sys
from pathlib import Path

Address = tuple[str, int]

_TABLE = Path("/proc/net/tcp")
_ESTABLISHED = "01"
"""Of a connection that its owner has closed the kernel knows no owner any more, and says 0: root."""


def owner(connection: socket.socket) -> int | None:
    """The user that has opened the other end, on this machine; None if that cannot be told."""
    try:
        table = _TABLE.read_text(encoding="ascii")
        return owner_in(table, connection.getpeername(), connection.getsockname())
    except OSError:
        return None


def owner_in(table: str, opened: Address, accepted: Address) -> int | None:
    """As `owner`, of the connection between those two, by the kernel's table."""
    ends = (_written(opened), _written(accepted), _ESTABLISHED)
    for line in table.splitlines()[1:]:
        fields = line.split()
        if tuple(fields[1:4]) == ends:
            return int(fields[7])
    return None


def _written(address: Address) -> str:
    """As in the table: the number as this machine has it in memory."""
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
