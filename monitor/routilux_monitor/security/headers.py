"""Here are the headers that every answer has, errors and files included."""

from types import MappingProxyType
from typing import Final

from aiohttp import web
from multidict import CIMultiDict

from routilux_monitor.security.access import Access

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

ALWAYS: Final = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Server": "routilux-monitor",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)

_METHODS = "GET, POST, PUT, DELETE"
_HEADERS = "Authorization, Content-Type, X-API-Key, X-Request-Id"


def secure(headers: CIMultiDict[str]) -> None:
    headers.update(ALWAYS)
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"


def share(request: web.BaseRequest, headers: CIMultiDict[str], access: Access) -> None:
    """Let a page of an allowed origin read the answer. Without `--allow-origin` there are none."""
    if not access.allowed_origins:
        return
    headers["Vary"] = "Origin"
    origin = request.headers.get("Origin")
    if origin in access.allowed_origins:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = "X-Request-Id"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def may_come(headers: CIMultiDict[str]) -> None:
    """The answer to a page that asks before it asks."""
    headers["Access-Control-Allow-Methods"] = _METHODS
    headers["Access-Control-Allow-Headers"] = _HEADERS
    headers["Access-Control-Max-Age"] = "600"
