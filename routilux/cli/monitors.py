"""Here are the monitors that the command line asks: those beside running runtimes, or that of a link."""

import re
import sys
from collections.abc import Iterator
from http.client import HTTPException
from typing import Annotated, Final, NamedTuple, TypeVar
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

import msgspec
import typer

from routilux.commands import AskMonitor, MonitorInfo
from routilux.errors import PeerLost, RoutiluxError
from routilux.frontdesk.visit import ask, runtimes

A = TypeVar("A")

_LINK: Final = re.compile(r"(https?://[^/?#\s]+)/?#token=([A-Za-z0-9._~-]+)")

SECONDS = 10.0
"""For an answer."""

MonitorLink = Annotated[
    str | None,
    typer.Option(
        "--monitor",
        metavar="LINK",
        envvar="ROUTILUX_MONITOR",
        help="The monitor to ask, as it prints its link; if left out, those beside running runtimes.",
        show_default=False,
    ),
]


class Refused(RoutiluxError):
    """The monitor does not do it; the message says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Why(msgspec.Struct, frozen=True):
    code: str
    message: str


class _ErrorAnswer(msgspec.Struct, frozen=True):
    error: _Why


class _Stay(HTTPRedirectHandler):
    """The token is not for whoever a redirect names."""

    def redirect_request(self, *_: object) -> None:
        return None


_open = build_opener(ProxyHandler({}), _Stay).open


class Monitor(NamedTuple):
    """One that listens at `url`, and what it wants to be shown."""

    url: str
    token: str

    @classmethod
    def at(cls, link: str) -> "Monitor":
        """Of a link as it is printed. Raises RoutiluxError for one that is none."""
        found = _LINK.fullmatch(link.strip())
        if found is None:
            shown = link.strip().partition("#")[0]  # what follows may be a token
            raise RoutiluxError(
                f"{shown!r} is no link of a monitor: give it as the monitor prints it, with its token "
                "(http://127.0.0.1:20555/#token=...)"
            )
        return cls(*found.groups())

    def get(self, path: str, kind: type[A]) -> A:
        """What it answers. Raises Refused, or PeerLost if it does not answer."""
        request = Request(f"{self.url}/api/v1{path}")  # noqa: S310 - its scheme was looked at
        request.add_unredirected_header("X-API-Key", self.token)
        try:
            with _open(request, timeout=SECONDS) as answer:
                return msgspec.json.decode(answer.read(), type=kind)
        except HTTPError as error:
            raise self._refusal(error) from None
        except msgspec.MsgspecError as error:
            raise RoutiluxError(f"what answers at {self.url} is no monitor of Routilux: {error}") from None
        except (OSError, HTTPException, ValueError) as error:
            why = getattr(error, "reason", error)
            raise PeerLost(f"the monitor at {self.url} does not answer: {why}") from None

    def _refusal(self, error: HTTPError) -> RoutiluxError:
        with error:
            try:
                why = msgspec.json.decode(error.read(), type=_ErrorAnswer).error
            except (msgspec.MsgspecError, OSError, HTTPException):
                return RoutiluxError(f"what answers at {self.url} is no monitor of Routilux: {error}")
        if why.code in ("UNAUTHORIZED", "FORBIDDEN"):
            return Refused(why.code, f"the monitor at {self.url} does not take this token: {why.message}")
        return Refused(why.code, why.message)


def monitors(link: str | None) -> Iterator[Monitor]:
    """The one that is named, or all that run beside runtimes. Raises RoutiluxError if there is none."""
    if link is not None:
        yield Monitor.at(link)
        return
    is_any = False
    for directory in runtimes():
        try:
            said = ask(directory, AskMonitor())
        except RoutiluxError as error:
            print(f"error: {error}", file=sys.stderr)
            continue
        if isinstance(said, MonitorInfo) and said.link:
            is_any = True
            yield Monitor.at(said.link)
    if not is_any:
        raise RoutiluxError(
            "no running runtime has a monitor beside it: name one by --monitor LINK, the link that "
            "`routilux-monitor` prints at its start"
        )
