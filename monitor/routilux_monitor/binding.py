"""Here is where the monitor listens: its sockets, bound before anything else starts, and the names it
answers to.
"""

import contextlib
import errno
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass

LOOPBACK = ("127.0.0.1", "::1")
BACKLOG = 128
TRIES = 20
"""To find a port that is free on both loopback addresses."""


class BindError(Exception):
    """The monitor cannot listen there; the message says what to do."""


@dataclass
class Binding:
    """Bound sockets, all on one port; to be closed by whoever holds it."""

    sockets: list[socket.socket]
    port: int
    names: tuple[str, ...]
    """Host names and addresses that lead here, as a URL writes them."""
    is_loopback: bool

    def hosts(self, scheme: str, more: Iterable[str] = ()) -> frozenset[str]:
        """What a Host header may say. A browser leaves out the scheme's own port."""
        named = {f"{name}:{self.port}" for name in self.names}
        if self.port == {"http": 80, "https": 443}[scheme]:
            named |= set(self.names)
        return frozenset(named | set(more))

    def url(self, scheme: str) -> str:
        return f"{scheme}://{self.names[0]}:{self.port}"

    def close(self) -> None:
        for one in self.sockets:
            one.close()


def loopback(port: int) -> Binding:
    """On 127.0.0.1 and, where there is IPv6, on ::1; port 0 takes one that is free on both."""
    for _ in range(TRIES if port == 0 else 1):
        first = _first_loopback(port)
        taken = first.getsockname()[1]
        sockets = [first]
        if first.family == socket.AF_INET and _has("::1"):
            try:
                sockets.append(_bind(socket.AF_INET6, "::1", taken))
            except BindError:
                first.close()
                if port:
                    raise
                continue
        return Binding(sockets, taken, ("127.0.0.1", "localhost", "[::1]"), is_loopback=True)
    raise BindError("no port is free on both 127.0.0.1 and ::1")


def _first_loopback(port: int) -> socket.socket:
    if _has("127.0.0.1"):
        return _bind(socket.AF_INET, "127.0.0.1", port)
    return _bind(socket.AF_INET6, "::1", port)


def address(host: str, port: int) -> Binding:
    """On an address or host name that somebody has chosen."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise BindError(f"--host {host}: no such address ({error})") from error
    sockets: list[socket.socket] = []
    with contextlib.ExitStack() as stack:
        for family, _, _, _, place in dict.fromkeys(found):
            taken = sockets[0].getsockname()[1] if sockets else port
            sockets.append(_bind(family, str(place[0]), taken))
            stack.callback(sockets[-1].close)
        stack.pop_all()
    name = f"[{host}]" if ":" in host else host
    is_loopback = all(ipaddress.ip_address(s.getsockname()[0]).is_loopback for s in sockets)
    return Binding(sockets, sockets[0].getsockname()[1], (name,), is_loopback=is_loopback)


def is_every_address(host: str) -> bool:
    """Whether `host` stands for all of the machine's addresses, and so for no name."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return host == ""


def _has(place: str) -> bool:
    family = socket.AF_INET6 if ":" in place else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((place, 0))
    except OSError:
        return False
    return True


def _bind(family: int, host: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        made.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        made.close()
        raise BindError(_why(error, host, port)) from error
    made.setblocking(False)  # noqa: FBT003 - its only argument
    return made


def _why(error: Exception, host: str, port: int) -> str:
    if isinstance(error, PermissionError):
        return f"port {port} is for privileged users: choose one from 1024 on, or --port 0 for a free one"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use: is a monitor running already? --port 0 takes a free one"
    if isinstance(error, OverflowError):
        return f"there is no port {port}: ports go from 0 to 65535"
    return f"cannot listen on {host}, port {port}: {error}"
