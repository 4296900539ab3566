"""Here is how one request to a route is answered: its path, query and body are typed, the handler's answer
is encoded.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import web

from routilux_monitor import wire
from routilux_monitor.contract.errors import ApiError
from routilux_monitor.contract.fields import Body
from routilux_monitor.masking import masked
from routilux_monitor.monitor import Monitor
from routilux_monitor.roles import Role
from routilux_monitor.routes import Call, File, NoBody, Route

LARGEST_BODY = 1 << 20
"""Bytes."""

Answerer = Callable[[web.Request], Awaitable[web.StreamResponse]]
ROLE: web.RequestKey[Role] = web.RequestKey("role", Role)


def endpoint(monitor: Monitor, route: Route) -> Answerer:
    """Answers requests to `route`; the request has its role by then."""

    async def answer(request: web.Request) -> web.StreamResponse:
        role = request[ROLE]
        body = await _body(request, route) if route.changes else NoBody()
        call = Call(dict(request.match_info), wire.query(request.query, route.query), body, role)
        made = await route.handler(monitor, call)
        return _response(made, route.status, role)

    return answer


async def _body(request: web.Request, route: Route) -> Body:
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise ApiError("UNSUPPORTED_MEDIA_TYPE", "send the body as it is, not compressed")
    raw = await request.read()
    if not raw and route.body is NoBody:
        return NoBody()
    return wire.body(raw, route.body)


def _response(made: object, status: int, role: Role) -> web.Response:
    if made is None:
        return web.Response(status=status)
    headers = {}
    if isinstance(made, File):
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(made.name, safe='')}"
        made = made.content
    shown = masked(made) if role is Role.VIEW else made
    return web.Response(status=status, body=wire.encode(shown), content_type=wire.JSON, headers=headers)
