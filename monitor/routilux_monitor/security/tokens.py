"""Here are tokens: one to look, one to do everything; and the bound on how often somebody may be wrong."""

import hmac
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from routilux import clock
from routilux_monitor.roles import Role

SHORTEST = 16
"""Characters of a token: it cannot be found by trying."""
LONGEST = 512

FAILURES = 20
WINDOW = 60.0


class TokenError(Exception):
    """A token that was given is not fit to be one."""


@dataclass(frozen=True, repr=False)
class Tokens:
    """Compared in constant time, both each time."""

    debug: str
    view: str

    def role(self, given: str) -> Role | None:
        """What a token is good for; None if it is wrong."""
        sent = given.encode("utf-8", "surrogateescape")
        is_debug = hmac.compare_digest(sent, self.debug.encode())
        is_view = hmac.compare_digest(sent, self.view.encode())
        if is_debug:
            return Role.DEBUG
        return Role.VIEW if is_view else None

    @classmethod
    def make(cls, debug: str | None = None, view: str | None = None) -> "Tokens":
        """Those that are given, checked, and random ones for the others."""
        made = cls(
            secrets.token_urlsafe(32) if debug is None else checked(debug, "the token"),
            secrets.token_urlsafe(32) if view is None else checked(view, "the view token"),
        )
        if made.debug == made.view:
            raise TokenError("the token and the view token are the same: give two, or only the first")
        return made

    @classmethod
    def from_settings(cls, file: Path | None, environment: Mapping[str, str]) -> "Tokens":
        """From a file, else from ROUTILUX_TOKEN and ROUTILUX_VIEW_TOKEN, else random."""
        debug, view = environment.get("ROUTILUX_TOKEN"), environment.get("ROUTILUX_VIEW_TOKEN")
        if file is not None:
            lines = read(file)
            debug, view = lines[0], lines[1] if len(lines) > 1 else view
        return cls.make(debug, view)


def checked(token: str, name: str) -> str:
    # Of characters that a header and a subprotocol of a WebSocket take as they are.
    if not (
        SHORTEST <= len(token) <= LONGEST and all(c.isascii() and (c.isalnum() or c in "-._~") for c in token)
    ):
        raise TokenError(
            f"{name} must have {SHORTEST} to {LONGEST} letters, digits or any of -._~; "
            'make one with python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    return token


def read(file: Path) -> list[str]:
    """The lines of a file that nobody else can read: the token, and the view token if there are two."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise TokenError(f"the token file {file} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as opened:
        status = os.fstat(opened.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise TokenError(f"the token file {file} is no regular file")
        if status.st_mode & 0o077 or status.st_uid != os.geteuid():
            raise TokenError(f"the token file {file} must be yours, and for you alone: chmod 600 {file}")
        text = opened.read(2 * LONGEST + 16).decode("ascii", "replace")
    lines = text.split()
    if not 1 <= len(lines) <= 2:
        raise TokenError(
            f"the token file {file} must have one line with the token, or a second with the view token"
        )
    return lines


class Failures:
    """Counts wrong tokens in the last minute. A right token is never held up by the wrong ones of others."""

    def __init__(self, most: int = FAILURES, window: float = WINDOW) -> None:
        self._most = most
        self._window = window
        self._since = clock.monotonic()
        self._count = 0

    def one_more(self) -> bool:
        """Whether there were too many, with this one."""
        now = clock.monotonic()
        if now - self._since >= self._window:
            self._since, self._count = now, 0
        self._count += 1
        return self._count > self._most

    @property
    def wait(self) -> int:
        """Seconds until wrong tokens are looked at again."""
        return max(1, int(self._since + self._window - clock.monotonic()) + 1)
