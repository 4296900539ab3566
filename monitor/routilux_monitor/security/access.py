"""Here is the decision about a request: whether it comes to the right host, from a page that may, with a
token that is good for it. It is made before any handler, on every path.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from aiohttp import web
from multidict import CIMultiDictProxy

from routilux_monitor.contract.errors import ApiError
from routilux_monitor.roles import Role
from routilux_monitor.security.tokens import Failures, Tokens

SUBPROTOCOL_PREFIX = "token."
READS = ("GET", "HEAD")


class Needs(Enum):
    """What a path asks of whoever asks."""

    NOTHING = "nothing"
    """It is the same for everybody, and tells nothing about this machine."""
    VIEW = "view"
    DEBUG = "debug"


@dataclass
class Access:
    """The rules of one monitor."""

    hosts: frozenset[str]
    """What a Host header may say, to the letter."""
    scheme: str
    tokens: Tokens
    allowed_origins: frozenset[str] = frozenset()
    failures: Failures = field(default_factory=Failures)

    def check_place(self, request: web.BaseRequest) -> None:
        """Host and Origin. Another site's name that leads to this address gets no further than here."""
        hosts = request.headers.getall("Host", [])
        # In absolute form the target would overrule the header.
        if len(hosts) != 1 or hosts[0] not in self.hosts or not request.raw_path.startswith("/"):
            raise ApiError("MISDIRECTED_REQUEST", "this monitor does not answer to that host")
        origins = request.headers.getall("Origin", [])
        if not origins:
            return
        mine = f"{self.scheme}://{hosts[0]}"
        if len(origins) != 1 or not (origins[0] == mine or origins[0] in self.allowed_origins):
            raise ApiError("FORBIDDEN", "this monitor does not answer to pages of that origin")

    def role(self, request: web.BaseRequest, *, is_websocket: bool) -> Role | None:
        """What the request's token is good for; None if it has none. Raises if it is wrong, or if there are
        several that differ.
        """
        given = {token for token in self._given(request, is_websocket=is_websocket) if token}
        if not given:
            return None
        roles = {self.tokens.role(token) for token in given}
        if len(given) > 1 or None in roles:
            if self.failures.one_more():
                raise ApiError(
                    "TOO_MANY_FAILURES", "too many wrong tokens: wait", retry_after=self.failures.wait
                )
            raise ApiError("FORBIDDEN", "the token is wrong")
        return roles.pop()

    def _given(self, request: web.BaseRequest, *, is_websocket: bool) -> Iterator[str]:
        headers: CIMultiDictProxy[str] = request.headers
        for value in headers.getall("Authorization", []):
            kind, _, token = value.partition(" ")
            yield token.strip() if kind.lower() == "bearer" else value
        yield from headers.getall("X-API-Key", [])
        if is_websocket:
            for value in headers.getall("Sec-WebSocket-Protocol", []):
                for name in value.split(","):
                    if name.strip().startswith(SUBPROTOCOL_PREFIX):
                        yield name.strip().removeprefix(SUBPROTOCOL_PREFIX)
            if self.allowed_origins:
                yield from request.query.getall("api_key", [])

    @staticmethod
    def check_role(role: Role | None, needs: Needs, method: str) -> None:
        """Whether a token, or none, is enough for this."""
        if needs is Needs.NOTHING and method in READS:
            return
        if role is None:
            raise ApiError(
                "UNAUTHORIZED", "a token is needed: Authorization: Bearer <token>, or X-API-Key: <token>"
            )
        if role is Role.VIEW and (needs is Needs.DEBUG or method not in READS):
            raise ApiError("FORBIDDEN", "the view token only looks: this needs the other one")
